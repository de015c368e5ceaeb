package broker_test

import (
	"slices"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/leveretmq/leveret/amqp"
	"github.com/leveretmq/leveret/binding"
	"github.com/leveretmq/leveret/exchange"
	"github.com/leveretmq/leveret/queue"
)

// A binding is there once, however often it was made.
func TestBindings_TwiceIsOnce(t *testing.T) {
	f := start(t)
	f.exchange("x", exchange.Direct)
	f.queue("q")
	f.bind(toQueue("x", "q", "k"), toQueue("x", "q", "k"))
	f.unbind(toQueue("x", "q", "k"))
	require.Empty(t, f.routed("x", "k"))
	f.unbind(toQueue("x", "q", "k")) // which is no error
}

// Arguments are part of a binding, whether the exchange looks at them or not;
// their order is not.
func TestBindings_ArgumentsTellBindingsApart(t *testing.T) {
	one, two := amqp.Field{Key: "a", Value: int32(1)}, amqp.Field{Key: "b", Value: "2"}
	for _, kind := range []string{exchange.Direct, exchange.Fanout, exchange.Topic, exchange.Headers} {
		t.Run(kind, func(t *testing.T) {
			f := start(t)
			f.exchange("x", kind)
			f.queue("q")
			route := func() []string { return f.routedMessage(withHeaders("x", "k", one, two)) }
			f.bind(toQueue("x", "q", "k", one, two), toQueue("x", "q", "k", one), toQueue("x", "q", "k", two, one))
			require.Equal(t, []string{"q"}, route())
			f.unbind(toQueue("x", "q", "k", two, one))
			require.Equal(t, []string{"q"}, route())
			f.unbind(toQueue("x", "q", "k")) // there is none without arguments
			require.Equal(t, []string{"q"}, route())
			f.unbind(toQueue("x", "q", "k", one))
			require.Empty(t, route())
		})
	}
}

// A queue and an exchange may have the same name.
func TestBindings_QueueAndExchangeOfOneName(t *testing.T) {
	f := start(t)
	f.exchange("x", exchange.Fanout)
	f.exchange("same", exchange.Fanout)
	f.queue("same")
	f.queue("behind")
	f.bind(toQueue("same", "behind", ""))
	f.bind(toQueue("x", "same", ""), toExchange("x", "same", ""))
	require.Equal(t, []string{"behind", "same"}, f.routed("x", ""))
	f.unbind(toQueue("x", "same", ""))
	require.Equal(t, []string{"behind"}, f.routed("x", ""))
	f.bind(toQueue("x", "same", ""))
	f.unbind(toExchange("x", "same", ""))
	require.Equal(t, []string{"same"}, f.routed("x", ""))
}

func TestBindings_Refusals(t *testing.T) {
	f := start(t)
	f.exchange("h", exchange.Headers)
	f.queue("q")
	for _, c := range []struct {
		spec binding.Spec
		want string
	}{
		{toQueue("", "q", ""), "ACCESS_REFUSED - operation not permitted on the default exchange"},
		{toExchange("h", "", ""), "ACCESS_REFUSED - operation not permitted on the default exchange"},
		{toExchange("", "", ""), "ACCESS_REFUSED - operation not permitted on the default exchange"},
		{toQueue("missing", "nothing", ""), "NOT_FOUND - no exchange 'missing' in vhost '/'"},
		{toQueue("h", "nothing", ""), "NOT_FOUND - no queue 'nothing' in vhost '/'"},
		{toExchange("missing", "nothing", ""), "NOT_FOUND - no exchange 'missing' in vhost '/'"},
		{toExchange("h", "nothing", ""), "NOT_FOUND - no exchange 'nothing' in vhost '/'"},
		{
			toQueue("h", "q", "", amqp.Field{Key: "x-match", Value: "foo"}),
			`PRECONDITION_FAILED - Invalid x-match field value <<"foo">>; expected all, any, all-with-x, or any-with-x`,
		},
	} {
		requireRefused(t, c.want, f.vhost.Bind(c.spec, nil))
	}
	requireCode(t, amqp.CodeAccessRefused, f.vhost.Unbind(toQueue("", "q", ""), nil))
	f.unbind(toQueue("missing", "q", ""), toQueue("h", "nothing", ""), toExchange("h", "nothing", ""))
}

// Exclusive queues are bound and unbound by their owner only.
func TestBindings_ExclusiveQueue(t *testing.T) {
	f := start(t)
	owner, other := new(client), new(client)
	_, err := f.vhost.DeclareQueue(queue.Spec{VHost: "/", Name: "mine", Exclusive: true}, owner)
	require.NoError(t, err)
	spec := toQueue("amq.fanout", "mine", "")
	requireCode(t, amqp.CodeResourceLocked, f.vhost.Bind(spec, other))
	require.Empty(t, f.routed("amq.fanout", ""))
	require.NoError(t, f.vhost.Bind(spec, owner))
	requireCode(t, amqp.CodeResourceLocked, f.vhost.Unbind(spec, other))
	require.Equal(t, []string{"mine"}, f.routed("amq.fanout", ""))
	require.NoError(t, f.vhost.Unbind(spec, owner))
	require.Empty(t, f.routed("amq.fanout", ""))
}

// Bindings are listed in an order that neither the order in which they were made nor a
// restart changes; and each exchange, queue and pair finds its own.
func TestBindings_AreListedInOneOrder(t *testing.T) {
	forms := func(source string) []binding.Spec {
		return []binding.Spec{
			toQueue(source, "q", "k"), toQueue(source, "q", "k", amqp.Field{Key: "a", Value: int32(1)}),
			toQueue(source, "q", "k", amqp.Field{Key: "a", Value: int32(2)}), toQueue(source, "q", "k", amqp.Field{Key: "b", Value: true}),
			toQueue(source, "r", "k"), toQueue(source, "q", "j"), toExchange(source, "y", "k"),
		}
	}
	build := func(order func([]binding.Spec)) *fixture {
		f := start(t)
		f.queue("q", durableQueue)
		f.queue("r", durableQueue)
		f.exchange("x", exchange.Headers, durableExchange)
		f.exchange("y", exchange.Headers, durableExchange)
		bindings := append(forms("x"), forms("y")...)
		order(bindings)
		f.bind(bindings...)
		return f
	}
	f := build(func([]binding.Spec) {})
	want := f.broker.Bindings("/")
	require.Len(t, want, 2+2*7)
	require.Equal(t, want, build(slices.Reverse).broker.Bindings("/"))
	f = f.reopen()
	require.Equal(t, want, f.broker.Bindings("/"))

	of := func(belongs func(b binding.Spec) bool) []binding.Spec {
		return slices.DeleteFunc(slices.Clone(want), func(b binding.Spec) bool { return !belongs(b) })
	}
	require.Equal(t, of(func(b binding.Spec) bool { return b.Source == "x" }), f.broker.BindingsFrom("/", "x"))
	require.Equal(t, of(func(b binding.Spec) bool { return b.Source == "" }), f.broker.BindingsFrom("/", ""))
	require.Equal(t, of(func(b binding.Spec) bool { return b.Destination == "q" }), f.broker.BindingsTo("/", binding.ToQueue, "q"))
	require.Equal(t, of(func(b binding.Spec) bool { return b.Destination == "y" }), f.broker.BindingsTo("/", binding.ToExchange, "y"))
	require.Empty(t, f.broker.BindingsTo("/", binding.ToQueue, "y"))
	require.Empty(t, f.broker.BindingsFrom("elsewhere", "x"))
}
