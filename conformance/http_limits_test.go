package conformance

import (
	"net/http"
	"net/url"
	"testing"

	"github.com/rabbitmq/amqp091-go"
	"github.com/stretchr/testify/require"
)

// limitedPlace is a place whose user may do everything in its virtual host.
func limitedPlace(t *testing.T) place {
	t.Helper()
	p := newPlace(t)
	require.Equal(t, 201, ask(t, "", http.MethodPut, "/api/permissions/"+p.vhost+"/"+p.user,
		`{"configure":".*","write":".*","read":".*"}`).status)
	return p
}

// limit sets a limit of "vhost" or "user".
func (p place) limit(t *testing.T, of, name, value string) {
	t.Helper()
	path := "/api/" + of + "-limits/" + map[string]string{"vhost": p.vhost, "user": p.user}[of] + "/" + name
	require.Equal(t, 204, ask(t, "", http.MethodPut, path, `{"value":`+value+`}`).status)
}

// open opens a connection of the place's user.
func (p place) open(t *testing.T) (*amqp091.Connection, error) {
	t.Helper()
	at, err := url.Parse(suite.url)
	require.NoError(t, err)
	at.User, at.Path, at.RawPath = url.UserPassword(p.user, p.user), "/"+p.vhost, ""
	c, err := amqp091.DialConfig(at.String(), amqp091.Config{})
	if err == nil {
		t.Cleanup(func() { closeQuietly(t, c.Close) })
	}
	return c, err
}

// mustOpen is open that has to succeed, at last: RabbitMQ counts what is open a little late.
func (p place) mustOpen(t *testing.T) (c *amqp091.Connection) {
	t.Helper()
	eventually(t, "a connection is let in", func() bool {
		var err error
		c, err = p.open(t)
		return err == nil
	})
	return c
}

// requireRefusedWith opens connections until the broker refuses one with the text.
// RabbitMQ counts what is open a little late.
func (p place) requireRefusedWith(t *testing.T, text string) {
	t.Helper()
	var refused *amqp091.Error
	eventually(t, "a connection is refused", func() bool {
		_, err := p.open(t)
		if err == nil {
			return false
		}
		require.ErrorAs(t, err, &refused)
		return true
	})
	require.Equal(t, 530, refused.Code)
	require.Equal(t, p.fill(text), refused.Reason)
}

func TestLimit_ConnectionsOfAVirtualHost(t *testing.T) {
	rule(t, "http")
	const text = "NOT_ALLOWED - access to vhost '{v}' refused for user '{u}': connection limit "
	p := limitedPlace(t)
	p.limit(t, "vhost", "max-connections", "0")
	p.requireRefusedWith(t, text+"(0) is reached")
	p.limit(t, "vhost", "max-connections", "1")
	first := p.mustOpen(t)
	p.requireRefusedWith(t, text+"(1) is reached")
	require.NoError(t, first.Close())
	p.mustOpen(t)
	p.limit(t, "vhost", "max-connections", "-1")
	p.mustOpen(t)
}

func TestLimit_ConnectionsOfAUser(t *testing.T) {
	rule(t, "http")
	const text = "NOT_ALLOWED - connection refused for user '{u}': user connection limit "
	p := limitedPlace(t)
	p.limit(t, "user", "max-connections", "0")
	p.requireRefusedWith(t, text+"(0) is reached")
	p.limit(t, "user", "max-connections", "1")
	first := p.mustOpen(t)
	p.requireRefusedWith(t, text+"(1) is reached")
	require.NoError(t, first.Close())
	p.mustOpen(t)
	p.limit(t, "user", "max-connections", "-1")
	p.mustOpen(t)
}

func TestLimit_ChannelsOfAUser(t *testing.T) {
	rule(t, "http")
	p := limitedPlace(t)
	p.limit(t, "user", "max-channels", "2")
	c := p.mustOpen(t)
	channelOn(t, c)
	channelOn(t, c)
	// RabbitMQ counts what is open a little late.
	closed := c.NotifyClose(make(chan *amqp091.Error, 1))
	var err error
	eventually(t, "a channel is refused", func() bool {
		_, err = c.Channel()
		return err != nil
	})
	requireClosedWith(t, "connection", closed, err, 530,
		p.fill("NOT_ALLOWED - number of channels opened for user '{u}' has reached the maximum allowed user limit of (2)"))
}

func TestLimit_QueuesOfAVirtualHost(t *testing.T) {
	rule(t, "http")
	p := limitedPlace(t)
	p.limit(t, "vhost", "max-queues", "2")
	c := p.mustOpen(t)
	declare := func(ch *amqp091.Channel, name string) error {
		_, err := ch.QueueDeclare(name, true, false, false, false, nil)
		return err
	}
	ch := channelOn(t, c)
	require.NoError(t, declare(ch, "a"))
	require.NoError(t, declare(ch, "b"))
	require.NoError(t, declare(ch, "a"), "one that is there is no new one")
	requireChannelError(t, ch, func() error { return declare(ch, "c") }, 406,
		p.fill("PRECONDITION_FAILED - cannot declare queue 'c': queue limit in vhost '{v}' (2) is reached"))
	ch = channelOn(t, c)
	_, err := ch.QueueDelete("a", false, false, false)
	require.NoError(t, err)
	require.NoError(t, declare(ch, "c"))
}
