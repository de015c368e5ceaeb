package broker_test

import (
	"fmt"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/leveretmq/leveret/amqp"
	"github.com/leveretmq/leveret/exchange"
	"github.com/leveretmq/leveret/message"
)

func TestRouting_DefaultExchangeKnowsEveryQueueByItsName(t *testing.T) {
	f := start(t)
	f.queue("a")
	require.Equal(t, []string{"a"}, f.routed("", "a"))
	require.Empty(t, f.routed("", "b"))
	f.queue("b")
	require.Equal(t, []string{"b"}, f.routed("", "b"))
}

// A queue gets one copy, whatever number of ways lead to it.
func TestRouting_OneCopyForEachQueue(t *testing.T) {
	f := start(t)
	f.exchange("in", exchange.Topic)
	f.exchange("left", exchange.Fanout)
	f.exchange("right", exchange.Direct)
	f.queue("a")
	f.queue("b")
	f.bind(
		toQueue("in", "a", "k"), toQueue("in", "a", "#"), toQueue("in", "a", "*"),
		toExchange("in", "left", "k"), toExchange("in", "left", "*"), toExchange("in", "right", "k"),
		toQueue("left", "a", ""), toQueue("left", "b", ""), toQueue("right", "b", "k"),
	)
	require.Equal(t, []string{"a", "b"}, f.routed("in", "k"))
	m := withHeaders("in", "k", amqp.Field{Key: "CC", Value: amqp.Array{"k", "other", "a"}})
	require.Equal(t, []string{"a", "b"}, f.routedMessage(m))
}

// From a certain number of queues on, repeats are looked for in another way.
func TestRouting_OneCopyForEachOfManyQueues(t *testing.T) {
	f := start(t)
	f.exchange("in", exchange.Fanout)
	f.exchange("again", exchange.Fanout)
	f.bind(toExchange("in", "again", ""))
	var want []string
	for i := range 100 {
		name := fmt.Sprintf("q%02d", i)
		want = append(want, name)
		f.queue(name)
		f.bind(toQueue("in", name, ""), toQueue("again", name, ""))
		require.Equal(t, want, f.routed("in", ""))
	}
}

// Bindings of exchanges may form circles.
func TestRouting_Circles(t *testing.T) {
	f := start(t)
	for _, name := range []string{"x", "y", "z"} {
		f.exchange(name, exchange.Fanout)
		f.queue("q" + name)
		f.bind(toQueue(name, "q"+name, ""))
	}
	f.bind(toExchange("x", "x", ""), toExchange("x", "y", ""), toExchange("y", "z", ""), toExchange("z", "x", ""))
	for _, name := range []string{"x", "y", "z"} {
		require.Equal(t, []string{"qx", "qy", "qz"}, f.routed(name, ""))
	}
}

// An exchange is left by its alternate exchange if nothing else leads out of
// it, each exchange for itself.
func TestRouting_AlternateExchange(t *testing.T) {
	f := start(t)
	f.exchange("rest", exchange.Fanout)
	f.exchange("inside", exchange.Fanout, internalExchange)
	f.exchange("x", exchange.Direct, alternate("rest"))
	f.exchange("chain", exchange.Direct, alternate("x"))
	f.exchange("hidden", exchange.Direct, alternate("inside"))
	f.exchange("nowhere", exchange.Direct, alternate("missing"))
	f.exchange("itself", exchange.Direct, alternate("itself"))
	f.exchange("to-default", exchange.Direct, alternate(""))
	f.exchange("first", exchange.Direct)
	for _, name := range []string{"a", "rest", "secret", "deep"} {
		f.queue(name)
	}
	f.bind(toQueue("x", "a", "a"), toQueue("rest", "rest", ""), toQueue("inside", "secret", ""), toExchange("first", "x", "k"))
	for _, c := range []struct {
		exchange, key string
		want          []string
	}{
		{"x", "a", []string{"a"}},
		{"x", "b", []string{"rest"}},
		{"chain", "a", []string{"a"}},
		{"chain", "b", []string{"rest"}},
		{"hidden", "b", []string{"secret"}},
		{"nowhere", "b", []string{}},
		{"itself", "b", []string{}},
		{"to-default", "a", []string{}}, // RabbitMQ behaviour
		{"first", "k", []string{"rest"}},
		{"first", "other", []string{}},
	} {
		require.Equal(t, c.want, f.routed(c.exchange, c.key), "%s/%s", c.exchange, c.key)
	}
}

// An alternate exchange that comes or goes later counts from then on.
func TestRouting_AlternateExchangeComesLater(t *testing.T) {
	f := start(t)
	f.exchange("x", exchange.Direct, alternate("rest"))
	f.queue("q")
	p := f.vhost.NewPublisher("guest")
	route := func() []string {
		queues, err := p.Route(&message.Message{Exchange: "x", RoutingKey: "k"})
		require.NoError(t, err)
		return names(queues)
	}
	require.Empty(t, route())
	f.exchange("rest", exchange.Fanout)
	f.bind(toQueue("rest", "q", ""))
	require.Equal(t, []string{"q"}, route())
	require.NoError(t, f.vhost.DeleteExchange("rest", false))
	require.Empty(t, route())
}

// CC and BCC are keys beside the routing key, for every kind of exchange that
// looks at keys. Who reads the message does not see BCC.
func TestRouting_SenderSelected(t *testing.T) {
	cc := func(keys ...any) amqp.Field { return amqp.Field{Key: "CC", Value: amqp.Array(keys)} }
	bcc := func(keys ...any) amqp.Field { return amqp.Field{Key: "BCC", Value: amqp.Array(keys)} }
	other := amqp.Field{Key: "other", Value: int64(1)}
	f := start(t)
	f.exchange("d", exchange.Direct)
	f.exchange("t", exchange.Topic)
	for _, name := range []string{"a", "b", "c"} {
		f.queue(name)
		f.bind(toQueue("d", name, name), toQueue("t", name, name+".#"))
	}
	for name, c := range map[string]struct {
		exchange, key string
		headers       amqp.Table
		want          []string
		left          amqp.Table
	}{
		"CC":                     {"", "a", amqp.Table{cc("b")}, []string{"a", "b"}, amqp.Table{cc("b")}},
		"BCC":                    {"", "a", amqp.Table{other, bcc("b")}, []string{"a", "b"}, amqp.Table{other}},
		"BCC alone":              {"", "a", amqp.Table{bcc("b")}, []string{"a", "b"}, nil},
		"both":                   {"d", "a", amqp.Table{bcc("b"), other, cc("c")}, []string{"a", "b", "c"}, amqp.Table{other, cc("c")}},
		"topic":                  {"t", "x", amqp.Table{cc("b.x", "c.y.z")}, []string{"b", "c"}, amqp.Table{cc("b.x", "c.y.z")}},
		"other types of element": {"", "a", amqp.Table{cc(int32(1), "b", nil)}, []string{"a", "b"}, amqp.Table{cc(int32(1), "b", nil)}},
		"none":                   {"", "a", amqp.Table{cc()}, []string{"a"}, amqp.Table{cc()}},
		"small letters":          {"", "a", amqp.Table{{Key: "cc", Value: amqp.Array{"b"}}}, []string{"a"}, amqp.Table{{Key: "cc", Value: amqp.Array{"b"}}}},
		"the first counts":       {"", "a", amqp.Table{cc("b"), cc("c")}, []string{"a", "b"}, amqp.Table{cc("b"), cc("c")}},
	} {
		t.Run(name, func(t *testing.T) {
			m := withHeaders(c.exchange, c.key, c.headers...)
			require.Equal(t, c.want, f.routedMessage(m))
			require.Equal(t, c.key, m.RoutingKey)
			require.Equal(t, c.left, m.Headers())
		})
	}
}

// The other properties of a message without its BCC header are as they were.
func TestRouting_RemovalOfBCCLeavesTheOtherProperties(t *testing.T) {
	f := start(t)
	list := amqp.PropertyList{
		ContentType: "CC", Headers: amqp.Table{{Key: "BCC", Value: amqp.Array{}}, {Key: "x", Value: nil}},
		DeliveryMode: 2, Priority: 5, MessageID: "id", Timestamp: 7, AppID: "app",
	}
	m := &message.Message{Properties: list.Encode()}
	f.routedMessage(m)
	list.Headers = amqp.Table{{Key: "x", Value: nil}}
	require.Equal(t, list.Encode(), m.Properties)
}
