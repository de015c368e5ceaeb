package management

import (
	"context"
	"encoding/json"
	"net"
	"net/url"
	"testing"
	"time"

	amqp091 "github.com/rabbitmq/amqp091-go"
	"github.com/stretchr/testify/require"
)

// dial opens a connection to the broker as a user of the rig.
func (g *rig) dial(t *testing.T, user string) *amqp091.Connection {
	t.Helper()
	_, dial := g.listen(t)
	return dial(user)
}

// listen lets clients in, and returns where and how a user of the rig connects.
func (g *rig) listen(t *testing.T) (address string, dial func(user string) *amqp091.Connection) {
	t.Helper()
	l, err := net.Listen("tcp", "127.0.0.1:0")
	require.NoError(t, err)
	go func() { _ = g.api.server.Serve(l) }()
	t.Cleanup(func() {
		ctx, cancel := context.WithTimeout(context.WithoutCancel(t.Context()), time.Second)
		defer cancel()
		_ = g.api.server.Shutdown(ctx)
	})
	uri := func(user string) string { return "amqp://" + user + ":" + user + "@" + l.Addr().String() + "/" }
	return uri(rootUser), func(user string) *amqp091.Connection {
		c, err := amqp091.DialConfig(uri(user), amqp091.Config{
			Properties: amqp091.Table{"connection_name": "test", "product": "test"},
		})
		require.NoError(t, err)
		t.Cleanup(func() { _ = c.Close() })
		return c
	}
}

func (g *rig) channel(t *testing.T, c *amqp091.Connection) *amqp091.Channel {
	t.Helper()
	ch, err := c.Channel()
	require.NoError(t, err)
	return ch
}

// fetch is the JSON of a path that can be had.
func fetch[T any](t *testing.T, g *rig, user, path string) T {
	t.Helper()
	var v T
	text := g.expect(t, 200, user, get, path, "")
	require.NoError(t, json.Unmarshal([]byte(text), &v), text)
	return v
}

// eventually fetches until the answer is as it should be: what a client has sent may
// still be under way.
func eventually[T any](t *testing.T, g *rig, path string, right func(T) bool) T {
	t.Helper()
	var last T
	require.Eventually(t, func() bool {
		last = fetch[T](t, g, rootUser, path)
		return right(last)
	}, 10*time.Second, time.Millisecond, path)
	return last
}

// item is one of a list with a name.
type item struct {
	Name string `json:"name"`
}

// onlyName is the name of the only item of a list, escaped for a path.
func (g *rig) onlyName(t *testing.T, path string) string {
	t.Helper()
	items := eventually(t, g, path, func(items []item) bool { return len(items) == 1 })
	return url.PathEscape(items[0].Name)
}
