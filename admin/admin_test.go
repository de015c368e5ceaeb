package admin_test

import (
	"bytes"
	"log/slog"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/leveretmq/leveret/admin"
	"github.com/leveretmq/leveret/auth"
	"github.com/leveretmq/leveret/definitions"
	"github.com/leveretmq/leveret/queue"
)

func TestUsersSurvive(t *testing.T) {
	n := restarted(t, func(n *node) {
		created, err := n.PutUser(someone(), definitions.User{Name: "app", Tags: []string{"monitoring"}}, "secret")
		require.NoError(t, err)
		require.True(t, created)
		created, err = n.PutUser(someone(), definitions.User{Name: "app", Tags: []string{"management"}}, "changed")
		require.NoError(t, err)
		require.False(t, created)
		require.ErrorIs(t, n.AddUser(someone(), definitions.User{Name: "app"}, "x"), auth.ErrUserExists)
		require.NoError(t, n.AddUser(someone(), definitions.User{Name: "gone"}, "x"))
		created, err = n.SetPermission(someone(), definitions.Permission{User: "app", VHost: "/", Read: ".*"})
		require.NoError(t, err)
		require.True(t, created)
		require.NoError(t, n.DeleteUser(someone(), "gone"))
		require.Equal(t, []string{"gone||user 'gone' is deleted"}, n.closed)
		require.ErrorIs(t, n.DeleteUser(someone(), "gone"), auth.ErrNoSuchUser)
		require.NoError(t, n.UpdateUser(someone(), "app", func(u *definitions.User) { u.MaxChannels = definitions.LimitOf(3) }))
		require.NoError(t, n.SetPassword(someone(), "app", "last"))
	})
	require.True(t, n.may(t, "app", "last", "/"))
	require.False(t, n.may(t, "app", "changed", "/"))
	u, _ := n.Directory().User("app")
	require.Equal(t, []string{"management"}, u.Tags)
	require.Equal(t, definitions.LimitOf(3), u.MaxChannels)
	_, there := n.Directory().User("gone")
	require.False(t, there)
	require.NoError(t, n.SetPassword(someone(), "app", ""))
	require.False(t, n.may(t, "app", "", "/"))
}

func TestPermissionsSurvive(t *testing.T) {
	n := restarted(t, func(n *node) {
		n.user(t, "app", "secret")
		for _, exchange := range []string{"a", "b"} {
			created, err := n.SetTopicPermission(someone(), definitions.TopicPermission{User: "app", VHost: "/", Exchange: exchange, Write: "x"})
			require.NoError(t, err)
			require.True(t, created)
		}
		created, err := n.SetTopicPermission(someone(), definitions.TopicPermission{User: "app", VHost: "/", Exchange: "b", Write: "y"})
		require.NoError(t, err)
		require.False(t, created)
		require.NoError(t, n.ClearTopicPermissions(someone(), "app", "/", "a"))
		_, err = n.SetPermission(someone(), definitions.Permission{User: "app", VHost: "/", Read: "("})
		require.ErrorIs(t, err, auth.ErrInvalidPattern)
		_, err = n.SetPermission(someone(), definitions.Permission{User: "app", VHost: "/", Read: "."})
		require.NoError(t, err)
		existed, err := n.ClearPermission(someone(), "app", "/")
		require.NoError(t, err)
		require.True(t, existed)
		existed, err = n.ClearPermission(someone(), "app", "/")
		require.NoError(t, err)
		require.False(t, existed)
	})
	require.False(t, n.may(t, "app", "secret", "/"))
	_, there := n.Directory().TopicPermission("app", "/", "a")
	require.False(t, there)
	b, there := n.Directory().TopicPermission("app", "/", "b")
	require.True(t, there)
	require.Equal(t, "y", b.Write)
}

func TestVirtualHosts(t *testing.T) {
	n := restarted(t, func(n *node) {
		shop := n.vhost(t, "shop")
		_, err := shop.DeclareQueue(queue.Spec{VHost: "shop", Name: "kept", Durable: true}, nil)
		require.NoError(t, err)
		require.True(t, n.may(t, "guest", "guest", "shop"), "who makes a virtual host may use it")
		require.NoError(t, n.UpdateVHost(someone(), "shop", func(v *definitions.VHost) {
			v.MaxQueues, v.Tracing, v.DefaultQueueType = definitions.LimitOf(2), true, "quorum"
		}))
		require.True(t, shop.Tracing())

		gone := n.vhost(t, "gone")
		_, err = gone.DeclareQueue(queue.Spec{VHost: "gone", Name: "q", Durable: true}, nil)
		require.NoError(t, err)
		require.NoError(t, n.DeleteVHost(someone(), "gone"))
		require.Equal(t, []string{"|gone|vhost 'gone' is deleted"}, n.closed)
		require.ErrorIs(t, n.DeleteVHost(someone(), "gone"), auth.ErrNoSuchVHost)
		require.ErrorIs(t, n.UpdateVHost(someone(), "gone", func(*definitions.VHost) {}), auth.ErrNoSuchVHost)
		n.vhost(t, "protected")
		require.NoError(t, n.UpdateVHost(someone(), "protected", func(v *definitions.VHost) { v.ProtectedFromDeletion = true }))
		require.ErrorIs(t, n.DeleteVHost(someone(), "protected"), auth.ErrProtected)
	})
	require.Equal(t, []string{"/", "protected", "shop"}, n.broker.VHosts())
	shop, _ := n.broker.VHost("shop")
	require.True(t, shop.Tracing())
	q, err := shop.DeclareQueue(queue.Spec{VHost: "shop", Name: "typed", Durable: true}, nil)
	require.NoError(t, err)
	require.Equal(t, queue.Quorum, q.Spec().Type())
	_, err = shop.DeclareQueue(queue.Spec{VHost: "shop", Name: "third", Durable: true}, nil)
	require.ErrorContains(t, err, "queue limit in vhost 'shop' (2) is reached")
}

func TestAudit(t *testing.T) {
	var lines bytes.Buffer
	plain := open(t, t.TempDir(), usual())
	t.Cleanup(func() { plain.stop(t) })
	a := admin.New(admin.Options{
		Broker: plain.broker, Directory: plain.Directory(), Audit: slog.New(slog.NewTextHandler(&lines, nil)),
	})
	require.NoError(t, a.SetPassword(someone(), "guest", "hidden"))
	require.Error(t, a.DeleteUser(someone(), "nobody"))
	require.Contains(t, lines.String(), `msg=user.password.changed object=guest user=guest peer=127.0.0.1:1 outcome=done`)
	require.Contains(t, lines.String(), `msg=user.delete object=nobody user=guest peer=127.0.0.1:1 outcome="refused: `)
	require.NotContains(t, lines.String(), "hidden")
}

func TestSow(t *testing.T) {
	dir := t.TempDir()
	n := open(t, dir, usual())
	require.True(t, n.may(t, "guest", "guest", "/"))
	require.NoError(t, n.DeleteUser(someone(), "guest"))
	n.stop(t)

	n = open(t, dir, usual())
	require.False(t, n.may(t, "guest", "guest", "/"), "what is only a default does not come back")
	n.stop(t)

	app := admin.Seed{VHost: "shop", KeepVHost: true, KeepUsers: true, Users: []admin.SeedUser{{Name: "app", Password: "a"}}}
	n = open(t, dir, app)
	require.True(t, n.may(t, "app", "a", "shop"))
	require.False(t, n.may(t, "app", "a", "/"))
	_, err := n.ClearPermission(someone(), "app", "shop")
	require.NoError(t, err)
	n.stop(t)

	app.Users[0].Password, app.Users[0].Tags = "b", []string{"management"}
	n = open(t, dir, app)
	t.Cleanup(func() { n.stop(t) })
	require.False(t, n.may(t, "app", "b", "shop"), "what it may do is the operators' business")
	_, err = n.Directory().Authenticate(auth.Attempt{Name: "app", Password: "b"})
	require.NoError(t, err)
	u, _ := n.Directory().User("app")
	require.Equal(t, []string{"management"}, u.Tags)
}
