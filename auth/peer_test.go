package auth_test

import (
	"net"
	"net/netip"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/leveretmq/leveret/auth"
)

func mustAddrPort(address string) netip.AddrPort { return netip.MustParseAddrPort(address) }

// namedAddr is an address of a kind that package net does not have, such as
// that of a wrapped connection.
type namedAddr string

func (namedAddr) Network() string  { return "named" }
func (a namedAddr) String() string { return string(a) }

func TestLoopbackUserComesFromThisMachineOnly(t *testing.T) {
	tcp := func(address string) net.Addr { return net.TCPAddrFromAddrPort(mustAddrPort(address)) }
	i := newInternal(t)
	for _, c := range []struct {
		remote net.Addr
		local  bool
	}{
		{tcp("127.0.0.1:5000"), true},
		{tcp("127.255.0.9:5000"), true},
		{tcp("[::1]:5000"), true},
		{tcp("[::ffff:127.0.0.1]:5000"), true},
		{&net.TCPAddr{IP: net.ParseIP("127.0.0.1"), Port: 5000}, true},
		{&net.UnixAddr{Name: "@", Net: "unix"}, true},
		{namedAddr("127.0.0.1:5000"), true},
		{tcp("[::ffff:10.0.0.1]:5000"), false},
		{tcp("10.0.0.1:5000"), false},
		{tcp("128.0.0.1:5000"), false},
		{tcp("0.0.0.0:5000"), false},
		{tcp("[fe80::1%eth0]:5000"), false},
		{&net.TCPAddr{}, false},
		{namedAddr("10.0.0.1:5000"), false},
		{namedAddr("pipe"), false},
		{nil, false},
	} {
		_, err := i.Login("PLAIN", "\x00guest\x00guest", auth.Peer{Remote: c.remote})
		if c.local {
			require.NoError(t, err, "%v", c.remote)
			continue
		}
		require.ErrorIs(t, err, auth.ErrRefused, "%v", c.remote)
		require.EqualError(t, err, "PLAIN login refused: user 'guest' - can only connect via localhost")
	}

	_, err := i.Login("PLAIN", "\x00app\x00s3cret", from("10.0.0.1:5000"))
	require.NoError(t, err, "a user who is not listed may come from anywhere")
}
