package broker_test

import (
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/leveretmq/leveret/amqp"
	"github.com/leveretmq/leveret/exchange"
)

func (f *fixture) requireExchange(name string) {
	f.t.Helper()
	require.NoError(f.t, f.vhost.FindExchange(name))
}

func (f *fixture) requireNoExchange(name string) {
	f.t.Helper()
	requireRefused(f.t, "NOT_FOUND - no exchange '"+name+"' in vhost '/'", f.vhost.FindExchange(name))
}

func TestExchanges_Predeclared(t *testing.T) {
	f := start(t)
	for _, name := range []string{"amq.direct", "amq.fanout", "amq.topic", "amq.headers", "amq.match", "amq.rabbitmq.trace"} {
		f.requireExchange(name)
		requireCode(t, amqp.CodeAccessRefused, f.vhost.DeleteExchange(name, false))
	}
	requireCode(t, amqp.CodeAccessRefused, f.vhost.FindExchange(""))
	requireCode(t, amqp.CodeAccessRefused, f.vhost.DeleteExchange("", false))
	f.exchange("amq.direct", exchange.Direct, durableExchange) // again, as it is
	requireCode(t, amqp.CodePreconditionFailed,
		f.vhost.DeclareExchange(exchange.Spec{VHost: "/", Name: "amq.direct", Type: exchange.Topic, Durable: true}))
	requireCode(t, amqp.CodeAccessRefused,
		f.vhost.DeclareExchange(exchange.Spec{VHost: "/", Name: "amq.mine", Type: exchange.Topic}))
}

func TestExchanges_DeleteIsIdempotent(t *testing.T) {
	f := start(t)
	f.exchange("x", exchange.Direct)
	require.NoError(t, f.vhost.DeleteExchange("x", false))
	require.NoError(t, f.vhost.DeleteExchange("x", true))
	f.requireNoExchange("x")
}

// An exchange is in use while it is the source of a binding. To be a
// destination does not count.
func TestExchanges_DeleteIfUnused(t *testing.T) {
	f := start(t)
	f.exchange("from", exchange.Direct)
	f.exchange("to", exchange.Direct)
	f.bind(toExchange("from", "to", "k"))
	requireRefused(t, "PRECONDITION_FAILED - exchange 'from' in vhost '/' in use", f.vhost.DeleteExchange("from", true))
	f.requireExchange("from")
	require.NoError(t, f.vhost.DeleteExchange("to", true))
	require.NoError(t, f.vhost.DeleteExchange("from", true)) // its binding went with the other end
}

// A deleted exchange takes its bindings with it, in both directions: a new one
// of the same name has none.
func TestExchanges_DeleteTakesTheBindings(t *testing.T) {
	f := start(t)
	f.queue("q")
	f.exchange("x", exchange.Fanout)
	f.exchange("y", exchange.Fanout)
	f.bind(toExchange("x", "y", ""), toQueue("y", "q", ""))
	require.Equal(t, []string{"q"}, f.routed("x", ""))
	require.NoError(t, f.vhost.DeleteExchange("y", false))
	require.Empty(t, f.routed("x", ""))
	f.exchange("y", exchange.Fanout)
	require.Empty(t, f.routed("x", ""))
	require.Empty(t, f.routed("y", ""))
	f.bind(toQueue("y", "q", ""))
	require.Empty(t, f.routed("x", ""))
	require.NoError(t, f.vhost.DeleteExchange("x", true))
}

// An auto-delete exchange goes when its last binding as a source does, by
// whatever way.
func TestExchanges_AutoDelete(t *testing.T) {
	for name, remove := range map[string]func(*fixture){
		"unbind":             func(f *fixture) { f.unbind(toQueue("x", "q", "1"), toExchange("x", "y", "2")) },
		"delete of the ends": func(f *fixture) { f.deleteQueue("q"); require.NoError(f.t, f.vhost.DeleteExchange("y", false)) },
	} {
		t.Run(name, func(t *testing.T) {
			f := start(t)
			f.queue("q")
			f.exchange("y", exchange.Fanout)
			f.exchange("z", exchange.Fanout)
			f.exchange("x", exchange.Direct, autoDeleteExchange)
			f.requireExchange("x") // it never had a binding
			f.bind(toExchange("z", "x", ""), toQueue("x", "q", "1"), toExchange("x", "y", "2"), toQueue("x", "q", "2"))
			f.unbind(toQueue("x", "q", "2"))
			f.requireExchange("x")
			remove(f)
			f.requireNoExchange("x")
			require.NoError(t, f.vhost.DeleteExchange("z", true)) // the binding to x is gone
		})
	}
}

// Auto-delete goes up a chain of exchanges, and stops at one that has another
// binding.
func TestExchanges_AutoDeleteCascades(t *testing.T) {
	f := start(t)
	f.queue("q")
	for _, name := range []string{"1", "2", "3", "4"} {
		f.exchange(name, exchange.Fanout, autoDeleteExchange)
	}
	f.bind(toExchange("1", "2", ""), toExchange("2", "3", ""), toExchange("3", "4", ""), toQueue("4", "q", ""), toQueue("2", "q", ""))
	require.NoError(t, f.vhost.DeleteExchange("4", false))
	f.requireNoExchange("3")
	f.requireExchange("2")
	f.requireExchange("1")
	require.Equal(t, []string{"q"}, f.routed("1", ""))
	f.deleteQueue("q")
	f.requireNoExchange("2")
	f.requireNoExchange("1")
}

// Circles of auto-delete exchanges, and one that is bound to itself, end
// properly.
func TestExchanges_AutoDeleteInCircles(t *testing.T) {
	f := start(t)
	for _, name := range []string{"a", "b", "c"} {
		f.exchange(name, exchange.Fanout, autoDeleteExchange)
	}
	f.bind(toExchange("a", "b", ""), toExchange("b", "c", ""), toExchange("c", "a", ""), toExchange("a", "a", ""))
	require.NoError(t, f.vhost.DeleteExchange("b", false))
	f.requireExchange("a") // it has the binding to itself
	f.requireExchange("c")
	f.unbind(toExchange("a", "a", ""))
	for _, name := range []string{"a", "b", "c"} {
		f.requireNoExchange(name)
	}
}
