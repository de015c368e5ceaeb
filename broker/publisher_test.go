package broker_test

import (
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/leveretmq/leveret/amqp"
	"github.com/leveretmq/leveret/exchange"
	"github.com/leveretmq/leveret/message"
	"github.com/leveretmq/leveret/queue"
)

// A publisher remembers its last route. Every change of the topology has to
// make it forget.
func TestPublisher_RouteFollowsTheTopology(t *testing.T) {
	f := start(t)
	f.exchange("x", exchange.Direct)
	f.exchange("y", exchange.Fanout)
	f.queue("a")
	f.queue("b")
	p := f.vhost.NewPublisher("guest")
	now := func(want ...string) {
		t.Helper()
		for range 2 { // found, then remembered
			queues, err := p.Route(&message.Message{Exchange: "x", RoutingKey: "k"})
			require.NoError(t, err)
			require.ElementsMatch(t, want, names(queues))
		}
	}
	now()
	f.bind(toQueue("x", "a", "k"))
	now("a")
	f.bind(toQueue("x", "b", "k"))
	now("a", "b")
	f.unbind(toQueue("x", "a", "k"))
	now("b")
	f.bind(toExchange("x", "y", "k"), toQueue("y", "a", ""))
	now("a", "b")
	require.NoError(t, f.vhost.DeleteExchange("y", false))
	now("b")
	_, err := f.vhost.DeleteQueue("b", nil, queue.Condition{})
	require.NoError(t, err)
	now()
	f.queue("b") // another one of the same name is not bound
	now()
	f.bind(toQueue("x", "b", "k"))
	now("b")

	require.NoError(t, f.vhost.DeleteExchange("x", false))
	_, err = p.Route(&message.Message{Exchange: "x", RoutingKey: "k"})
	requireRefused(t, "NOT_FOUND - no exchange 'x' in vhost '/'", err)
	f.exchange("x", exchange.Fanout)
	f.bind(toQueue("x", "a", ""))
	now("a")
}

// The same message over the same route gives the same slice, by which callers
// tell that the route has not changed.
func TestPublisher_RememberedRouteIsTheSameSlice(t *testing.T) {
	f := start(t)
	f.queue("a")
	p := f.vhost.NewPublisher("guest")
	first, err := p.Route(&message.Message{RoutingKey: "a"})
	require.NoError(t, err)
	again, err := p.Route(&message.Message{RoutingKey: "a"})
	require.NoError(t, err)
	require.Same(t, &first[0], &again[0])
	_, err = p.Route(&message.Message{RoutingKey: "b"})
	require.NoError(t, err)
	other, err := p.Route(&message.Message{RoutingKey: "a"})
	require.NoError(t, err)
	require.NotSame(t, &first[0], &other[0])
}

// What depends on more than exchange and key is not remembered.
func TestPublisher_RouteByHeadersIsNotRemembered(t *testing.T) {
	f := start(t)
	f.exchange("h", exchange.Headers)
	f.exchange("x", exchange.Fanout)
	f.queue("red")
	f.queue("copy")
	f.bind(toExchange("x", "h", ""), toQueue("h", "red", "", amqp.Field{Key: "colour", Value: "red"}))
	p := f.vhost.NewPublisher("guest")
	for range 2 {
		for _, c := range []struct {
			m    *message.Message
			want []string
		}{
			{withHeaders("x", "", amqp.Field{Key: "colour", Value: "red"}), []string{"red"}},
			{withHeaders("x", "", amqp.Field{Key: "colour", Value: "blue"}), []string{}},
			{&message.Message{Exchange: "x"}, []string{}},
			{withHeaders("", "red", amqp.Field{Key: "CC", Value: amqp.Array{"copy"}}), []string{"copy", "red"}},
			{&message.Message{RoutingKey: "red"}, []string{"red"}},
		} {
			queues, err := p.Route(c.m)
			require.NoError(t, err)
			require.Equal(t, c.want, names(queues))
		}
	}
}

func TestPublisher_Refusals(t *testing.T) {
	f := start(t)
	f.exchange("inside", exchange.Fanout, internalExchange)
	properties := func(l amqp.PropertyList) amqp.Properties { return l.Encode() }
	for name, c := range map[string]struct {
		m    message.Message
		want string
	}{
		"no exchange": {
			message.Message{Exchange: "missing", Properties: properties(amqp.PropertyList{Expiration: "x"})},
			"NOT_FOUND - no exchange 'missing' in vhost '/'",
		},
		"internal exchange": {
			message.Message{Exchange: "inside", Properties: properties(amqp.PropertyList{Expiration: "x"})},
			"ACCESS_REFUSED - cannot publish to internal exchange 'inside' in vhost '/'",
		},
		"expiration before headers": {
			message.Message{Properties: properties(amqp.PropertyList{Expiration: "x", Headers: amqp.Table{{Key: "CC", Value: "x"}}})},
			"PRECONDITION_FAILED - invalid expiration 'x': no_integer",
		},
		"headers before user": {
			message.Message{Properties: properties(amqp.PropertyList{UserID: "other", Headers: amqp.Table{{Key: "BCC", Value: int32(1)}}})},
			`PRECONDITION_FAILED - invalid message: {unacceptable_type_in_header,"BCC",signedint}`,
		},
		"user": {
			message.Message{Properties: properties(amqp.PropertyList{UserID: "other"})},
			"PRECONDITION_FAILED - user_id property set to 'other' but authenticated user was 'guest'",
		},
	} {
		t.Run(name, func(t *testing.T) {
			_, err := f.vhost.NewPublisher("guest").Route(&c.m)
			requireRefused(t, c.want, err)
		})
	}
}

func TestPublisher_Impersonates(t *testing.T) {
	f := start(t)
	f.queue("q")
	p := f.vhost.NewPublisher("guest")
	p.Impersonate()
	queues, err := p.Route(&message.Message{RoutingKey: "q", Properties: amqp.PropertyList{UserID: "other"}.Encode()})
	require.NoError(t, err)
	require.Equal(t, []string{"q"}, names(queues))
}

// The topology may change while a message is being routed. What the publisher
// remembers then must not outlive the change: afterwards the new exchange of
// the same name counts.
func TestPublisher_RouteIsNeverStale(t *testing.T) {
	f := start(t)
	f.queue("a")
	p, other := f.vhost.NewPublisher("guest"), f.vhost.NewPublisher("guest")
	const rounds, headers = 40, 20_000
	plain, heavy := &message.Message{Exchange: "x"}, slowToInspect("x", headers)
	for round := range rounds {
		f.exchange("x", exchange.Fanout)
		while := slowToInspect("x", headers*round/rounds)
		begun, routed := make(chan struct{}), make(chan error)
		go func() {
			close(begun)
			_, err := p.Route(heavy)
			routed <- err
		}()
		<-begun
		_, err := other.Route(while)
		require.NoError(t, err)
		require.NoError(t, f.vhost.DeleteExchange("x", false))
		f.exchange("x", exchange.Fanout)
		f.bind(toQueue("x", "a", ""))
		if err := <-routed; err != nil {
			requireCode(t, amqp.CodeNotFound, err)
		}
		queues, err := p.Route(plain)
		require.NoError(t, err)
		require.Equal(t, []string{"a"}, names(queues))
		require.NoError(t, f.vhost.DeleteExchange("x", false))
	}
}

// slowToInspect has headers that take a while to look through, for nothing.
func slowToInspect(exchange string, count int) *message.Message {
	headers := amqp.Table{{Key: "no CC", Value: "in here"}}
	for range count {
		headers = append(headers, amqp.Field{Key: "k", Value: true})
	}
	return withHeaders(exchange, "", headers...)
}
