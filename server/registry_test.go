package server_test

import (
	"testing"
	"testing/synctest"

	"github.com/stretchr/testify/require"

	"github.com/leveretmq/leveret/amqp"
	"github.com/leveretmq/leveret/auth"
	"github.com/leveretmq/leveret/server"
)

// limited is users with limits.
type limited struct {
	*auth.Internal
	vhost, user auth.Limits
}

// over gives it the users that it is over.
func (l *limited) over(users *auth.Internal) { l.Internal = users }

func (l *limited) Limits(string, auth.User) (ofVHost, ofUser auth.Limits) { return l.vhost, l.user }

// knock tries to open the virtual host and returns the answer.
func knock(t *testing.T, l *listener) (p *peer, answer []string) {
	t.Helper()
	p = connect(t, l)
	p.handshake(tuned)
	p.send(0, &amqp.ConnectionOpen{VirtualHost: "/"})
	synctest.Wait()
	return p, p.heard()
}

const openOk = "0 connection.open-ok{}"

func TestLimits_Connections(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		users := &limited{vhost: auth.NoLimits(), user: auth.NoLimits()}
		l := newListener()
		s := serve(t, l, newVolatile(), server.Options{Authenticator: users})
		users.user.Connections = 1
		first, answer := knock(t, l)
		require.Equal(t, []string{openOk}, answer)
		_, answer = knock(t, l)
		require.Equal(t, []string{`0 connection.close{reply-code: 530, reply-text: "NOT_ALLOWED - connection refused for user 'guest': ` +
			`user connection limit (1) is reached", class-id: 10, method-id: 40}`}, answer)

		users.user, users.vhost.Connections = auth.NoLimits(), 0
		_, answer = knock(t, l)
		require.Equal(t, []string{`0 connection.close{reply-code: 530, reply-text: "NOT_ALLOWED - access to vhost '/' refused for user 'guest': ` +
			`connection limit (0) is reached", class-id: 10, method-id: 40}`}, answer)

		users.vhost.Connections = 1
		first.send(0, &amqp.ConnectionClose{})
		synctest.Wait()
		_, answer = knock(t, l)
		require.Equal(t, []string{openOk}, answer, "a connection that has ended makes room")
		require.NotZero(t, s.server.Open())
	})
}

func TestLimits_ChannelsOfAUser(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		users := &limited{vhost: auth.NoLimits(), user: auth.Limits{Connections: -1, Channels: 2}}
		l := newListener()
		serve(t, l, newVolatile(), server.Options{Authenticator: users})
		a, _ := knock(t, l)
		b, _ := knock(t, l)
		a.send(1, &amqp.ChannelOpen{})
		b.send(1, &amqp.ChannelOpen{})
		b.send(1, &amqp.ChannelClose{})
		b.send(2, &amqp.ChannelOpen{})
		synctest.Wait()
		require.Equal(t, []string{"1 channel.open-ok{}", "1 channel.close-ok{}", "2 channel.open-ok{}"}, b.heard())
		b.send(3, &amqp.ChannelOpen{})
		synctest.Wait()
		require.Contains(t, b.heard()[0], "number of channels opened for user 'guest' has reached the maximum allowed user limit of (2)")
		a.hangUp()
		b.send(0, &amqp.ConnectionCloseOk{})
		synctest.Wait()
		c, _ := knock(t, l)
		c.send(1, &amqp.ChannelOpen{})
		c.send(2, &amqp.ChannelOpen{})
		synctest.Wait()
		require.Equal(t, []string{"1 channel.open-ok{}", "2 channel.open-ok{}"}, c.heard())
	})
}

func TestCloseConnections_OfAVirtualHost(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		l := newListener()
		s := serve(t, l, newVolatile(), server.Options{})
		p, _ := knock(t, l)
		require.Zero(t, s.server.CloseConnections("", "other", "gone"))
		require.Zero(t, s.server.CloseConnections("app", "", "gone"))
		require.Equal(t, 1, s.server.CloseConnections("", "/", "vhost '/' is deleted"))
		synctest.Wait()
		require.Equal(t, []string{`0 connection.close{reply-code: 320, reply-text: "CONNECTION_FORCED - vhost '/' is deleted"}`}, p.heard())
		p.send(0, &amqp.ConnectionCloseOk{})
		synctest.Wait()
		require.True(t, p.ended())
	})
}
