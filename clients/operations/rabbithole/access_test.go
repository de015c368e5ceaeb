package rabbithole

import (
	"net/http"
	"net/url"
	"testing"

	rabbithole "github.com/michaelklishin/rabbit-hole/v2"
	"github.com/stretchr/testify/require"
)

// user makes a user for one test.
func (b broker) user(t *testing.T, settings rabbithole.UserSettings) string {
	t.Helper()
	name := "u/" + b.vhost
	done(t, http.StatusCreated)(b.PutUser(name, settings))
	t.Cleanup(func() {
		answer, err := b.DeleteUser(name)
		require.NoError(t, err)
		answer.Body.Close()
	})
	return name
}

func TestUsers(t *testing.T) {
	b := connect(t)
	name := b.user(t, rabbithole.UserSettings{Password: "secret", Tags: rabbithole.UserTags{"management", "own"}})
	is := func(u rabbithole.UserInfo) bool { return u.Name == name }
	found(t, is)(b.ListUsers())
	user, err := b.GetUser(name)
	require.NoError(t, err)
	require.Equal(t, rabbithole.UserTags{"management", "own"}, user.Tags)
	require.Equal(t, rabbithole.HashingAlgorithmSHA256, user.HashingAlgorithm)

	hash := rabbithole.Base64EncodedSaltedPasswordHashSHA512("other")
	done(t, http.StatusNoContent)(b.PutUser(name, rabbithole.UserSettings{PasswordHash: hash, HashingAlgorithm: rabbithole.HashingAlgorithmSHA512,
		Tags: rabbithole.UserTags{"management"}}))
	as, err := rabbithole.NewClient(b.Endpoint, name, "other")
	require.NoError(t, err)
	who, err := as.Whoami()
	require.NoError(t, err)
	require.Equal(t, name, who.Name)
	user, err = b.GetUser(name)
	require.NoError(t, err)
	require.Equal(t, hash, user.PasswordHash)

	done(t, http.StatusNoContent)(b.PutUserWithoutPassword(name, rabbithole.UserSettings{Tags: rabbithole.UserTags{"monitoring"}}))
	user, err = b.GetUser(name)
	require.NoError(t, err)
	require.Empty(t, user.PasswordHash)
	done(t, http.StatusNoContent)(b.DeleteUser(name))
	done(t, http.StatusNotFound)(b.DeleteUser(name))
	_, err = b.GetUser(name)
	requireStatus(t, err, http.StatusNotFound)
}

func TestPermissions(t *testing.T) {
	b := connect(t)
	name := b.user(t, rabbithole.UserSettings{Password: "secret"})
	done(t, http.StatusCreated)(b.UpdatePermissionsIn(b.vhost, name, rabbithole.Permissions{Configure: "^a", Write: "b$", Read: ".*"}))
	done(t, http.StatusNoContent)(b.UpdatePermissionsIn(b.vhost, name, rabbithole.Permissions{Configure: "^a", Write: "c$", Read: ".*"}))
	want := rabbithole.PermissionInfo{User: name, Vhost: b.vhost, Configure: "^a", Write: "c$", Read: ".*"}
	one, err := b.GetPermissionsIn(b.vhost, name)
	require.NoError(t, err)
	require.Equal(t, want, one)
	is := func(p rabbithole.PermissionInfo) bool { return p.User == name }
	require.Equal(t, want, found(t, is)(b.ListPermissions()))
	require.Equal(t, want, found(t, is)(b.ListPermissionsOf(name)))
	done(t, http.StatusNoContent)(b.ClearPermissionsIn(b.vhost, name))
	_, err = b.GetPermissionsIn(b.vhost, name)
	requireStatus(t, err, http.StatusNotFound)
}

func TestTopicPermissions(t *testing.T) {
	b := connect(t)
	name := b.user(t, rabbithole.UserSettings{Password: "secret"})
	done(t, http.StatusCreated)(b.UpdateTopicPermissionsIn(b.vhost, name, rabbithole.TopicPermissions{Exchange: "amq.topic", Write: "^a", Read: "^b"}))
	// RabbitMQ calls it new for each exchange but the first, and for none that is there.
	answer, err := b.UpdateTopicPermissionsIn(b.vhost, name, rabbithole.TopicPermissions{Exchange: "other", Write: ".*", Read: ".*"})
	require.NoError(t, err)
	answer.Body.Close()
	want := rabbithole.TopicPermissionInfo{User: name, Vhost: b.vhost, Exchange: "amq.topic", Write: "^a", Read: "^b"}
	is := func(p rabbithole.TopicPermissionInfo) bool { return p.User == name && p.Exchange == "amq.topic" }
	require.Equal(t, want, found(t, is)(b.ListTopicPermissions()))
	require.Equal(t, want, found(t, is)(b.ListTopicPermissionsOf(name)))
	require.Equal(t, want, found(t, is)(b.GetTopicPermissionsIn(b.vhost, name)))
	done(t, http.StatusNoContent)(b.DeleteTopicPermissionsIn(b.vhost, name, "amq.topic"))
	left := found(t, func(p rabbithole.TopicPermissionInfo) bool { return p.User == name })(b.ListTopicPermissions())
	require.Equal(t, "other", left.Exchange)
	done(t, http.StatusNoContent)(b.ClearTopicPermissionsIn(b.vhost, name))
	_, err = b.GetTopicPermissionsIn(b.vhost, name)
	requireStatus(t, err, http.StatusNotFound)
}

func TestUserLimits(t *testing.T) {
	b := connect(t)
	name := b.user(t, rabbithole.UserSettings{Password: "secret"})
	limits := rabbithole.UserLimitsValues{"max-connections": 3, "max-channels": 9}
	done(t, http.StatusNoContent)(b.PutUserLimits(name, limits))
	want := rabbithole.UserLimitsInfo{User: name, Value: limits}
	is := func(l rabbithole.UserLimitsInfo) bool { return l.User == name }
	require.Equal(t, want, found(t, is)(b.GetAllUserLimits()))
	require.Equal(t, want, found(t, is)(b.GetUserLimits(name)))
	done(t, http.StatusNoContent)(b.DeleteUserLimits(name, rabbithole.UserLimits{"max-connections", "max-channels"}))
	left, err := b.GetUserLimits(name)
	require.NoError(t, err)
	for _, limit := range left {
		require.Empty(t, limit.Value)
	}
}

// TestLater asks what later versions of the client ask, in the same words.
func TestLater(t *testing.T) {
	b := connect(t)
	vhost := url.PathEscape(b.vhost)
	for _, path := range []string{"vhosts/" + vhost + "/channels", "vhosts/" + vhost + "/permissions", "connections/username/" + b.Username,
		"auth/attempts/" + nodeName(t, b), "extensions"} {
		status, body := b.ask(t, http.MethodGet, path, "")
		require.Equal(t, http.StatusOK, status, "%s: %s", path, body)
	}
	for _, path := range []string{"deprecated-features", "deprecated-features/used", "auth/hash_password/secret"} {
		status, body := b.ask(t, http.MethodGet, path, "")
		if !b.before4(t) {
			require.Equal(t, http.StatusOK, status, "%s: %s", path, body)
		}
	}
	status, body := b.ask(t, http.MethodGet, "aliveness-test/"+vhost, "")
	require.Equal(t, http.StatusOK, status, body)
	require.JSONEq(t, `{"status":"ok"}`, body)
}
