package auth_test

import (
	"net"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/leveretmq/leveret/auth"
	"github.com/leveretmq/leveret/definitions"
)

func TestCheckNeedsNoMechanism(t *testing.T) {
	d, err := auth.NewDirectory(auth.DirectoryOptions{}, definitions.Set{})
	require.NoError(t, err)
	for _, name := range []string{"bunny", "local"} {
		_, err = d.AddUser(definitions.User{Name: name}, "secret")
		require.NoError(t, err)
	}
	a, err := auth.New(auth.AuthorityOptions{
		Directory: d, Mechanisms: []string{"EXTERNAL"}, LoopbackUsers: []string{"local"},
	})
	require.NoError(t, err)
	here := auth.Peer{Remote: &net.TCPAddr{IP: net.IPv4(127, 0, 0, 1)}}
	away := auth.Peer{Remote: &net.TCPAddr{IP: net.IPv4(192, 0, 2, 1)}}

	user, err := a.Check("bunny", "secret", away)
	require.NoError(t, err)
	require.Equal(t, "bunny", user.Name)
	_, err = a.Check("bunny", "wrong", here)
	require.ErrorIs(t, err, auth.ErrRefused)
	require.NotErrorIs(t, err, auth.ErrLocalOnly)
	_, err = a.Check("local", "secret", here)
	require.NoError(t, err)
	_, err = a.Check("local", "secret", away)
	require.ErrorIs(t, err, auth.ErrLocalOnly)
	require.ErrorIs(t, err, auth.ErrRefused)
	_, err = a.Check("local", "wrong", away)
	require.NotErrorIs(t, err, auth.ErrLocalOnly)
}
