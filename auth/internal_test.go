package auth_test

import (
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/leveretmq/leveret/auth"
)

func TestNewInternalRefusesUsersThatCannotLogIn(t *testing.T) {
	for name, users := range map[string][]auth.Credentials{
		"no name":         {{Password: "x"}},
		"no password":     {{Name: "app"}},
		"twice":           {{Name: "app", Password: "x"}, {Name: "app", Password: "y"}},
		"NUL in password": {{Name: "app", Password: "x\x00y"}},
		"NUL in name":     {{Name: "a\x00pp", Password: "x"}},
	} {
		_, err := auth.NewInternal(auth.Options{Users: users})
		require.Error(t, err, name)
	}
}

func TestLoopbackUsersNeedNotExist(t *testing.T) {
	_, err := auth.NewInternal(auth.Options{LoopbackUsers: []string{"guest"}})
	require.NoError(t, err)
}

func TestVHostAccess(t *testing.T) {
	i := newInternal(t)
	require.True(t, i.VHostAccess(auth.User{Name: "app"}, "/"))
	require.False(t, i.VHostAccess(auth.User{Name: "app"}, "other"))
	require.False(t, i.VHostAccess(auth.User{Name: "nobody"}, "/"))
}

func TestTagsAreTheStoresOwn(t *testing.T) {
	tags := []string{"monitoring"}
	i, err := auth.NewInternal(auth.Options{Users: []auth.Credentials{{Name: "a", Password: "b", Tags: tags}}})
	require.NoError(t, err)
	tags[0] = "administrator"
	user, err := i.Login("PLAIN", "\x00a\x00b", auth.Peer{})
	require.NoError(t, err)
	require.Equal(t, []string{"monitoring"}, user.Tags)
}
