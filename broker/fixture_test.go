package broker_test

import (
	"log/slog"
	"slices"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/leveretmq/leveret/amqp"
	"github.com/leveretmq/leveret/binding"
	"github.com/leveretmq/leveret/broker"
	"github.com/leveretmq/leveret/exchange"
	"github.com/leveretmq/leveret/message"
	"github.com/leveretmq/leveret/persistence"
	"github.com/leveretmq/leveret/queue"
)

// fixture is a broker over the real store, with short words for what tests do
// most.
type fixture struct {
	t      testing.TB
	dir    string
	broker *broker.Broker
	vhost  *broker.VHost
}

// open starts a broker in a directory. It is closed with the test, or before by
// reopen.
func open(t testing.TB, dir string) *fixture {
	t.Helper()
	store, err := persistence.Open(persistence.Options{
		Dir: dir, Durability: persistence.OS, // nobody cuts the power in a test
		Logger: slog.New(slog.DiscardHandler),
		Fatal:  func(err error) { t.Errorf("the store has failed: %v", err) },
		Limits: persistence.Limits{ValueLogFile: 16 << 20},
	})
	require.NoError(t, err)
	b, err := broker.New(broker.Options{Store: store})
	require.NoError(t, err)
	vhost, ok := b.VHost("/")
	require.True(t, ok)
	f := &fixture{t: t, dir: dir, broker: b, vhost: vhost}
	t.Cleanup(func() { _ = b.Close() })
	return f
}

func start(t testing.TB) *fixture {
	t.Helper()
	return open(t, t.TempDir())
}

// reopen stops the broker and starts it again.
func (f *fixture) reopen() *fixture {
	f.t.Helper()
	require.NoError(f.t, f.broker.Close())
	return open(f.t, f.dir)
}

// client stands for the connection that asks.
type client struct{ _ byte }

func (f *fixture) exchange(name, kind string, change ...func(*exchange.Spec)) {
	f.t.Helper()
	spec := exchange.Spec{VHost: "/", Name: name, Type: kind}
	for _, c := range change {
		c(&spec)
	}
	require.NoError(f.t, f.vhost.DeclareExchange(spec))
}

func autoDeleteExchange(s *exchange.Spec) { s.AutoDelete = true }
func durableExchange(s *exchange.Spec)    { s.Durable = true }
func internalExchange(s *exchange.Spec)   { s.Internal = true }

func alternate(name string) func(*exchange.Spec) {
	return func(s *exchange.Spec) {
		s.Arguments = amqp.Table{{Key: exchange.AlternateExchange, Value: name}}
	}
}

func (f *fixture) queue(name string, change ...func(*queue.Spec)) *queue.Queue {
	f.t.Helper()
	spec := queue.Spec{VHost: "/", Name: name}
	for _, c := range change {
		c(&spec)
	}
	q, err := f.vhost.DeclareQueue(spec, nil)
	require.NoError(f.t, err)
	return q
}

func durableQueue(s *queue.Spec)    { s.Durable = true }
func autoDeleteQueue(s *queue.Spec) { s.AutoDelete = true }

// toQueue is a binding of a queue, with the arguments of a headers exchange if
// there are any.
func toQueue(source, name, key string, args ...amqp.Field) binding.Spec {
	return binding.Spec{VHost: "/", Source: source, Destination: name, Kind: binding.ToQueue, RoutingKey: key, Arguments: args}
}

func toExchange(source, name, key string) binding.Spec {
	return binding.Spec{VHost: "/", Source: source, Destination: name, Kind: binding.ToExchange, RoutingKey: key}
}

func (f *fixture) bind(specs ...binding.Spec) {
	f.t.Helper()
	for _, spec := range specs {
		require.NoError(f.t, f.vhost.Bind(spec, nil))
	}
}

func (f *fixture) unbind(specs ...binding.Spec) {
	f.t.Helper()
	for _, spec := range specs {
		require.NoError(f.t, f.vhost.Unbind(spec, nil))
	}
}

// routed are the names of the queues that a message without properties goes
// to, in order.
func (f *fixture) routed(exchange, key string) []string {
	f.t.Helper()
	return f.routedMessage(&message.Message{Exchange: exchange, RoutingKey: key})
}

func (f *fixture) routedMessage(m *message.Message) []string {
	f.t.Helper()
	queues, err := f.vhost.NewPublisher("guest").Route(m)
	require.NoError(f.t, err)
	return names(queues)
}

func names(queues []*queue.Queue) []string {
	list := make([]string, len(queues))
	for i, q := range queues {
		list[i] = q.Name()
	}
	slices.Sort(list)
	return list
}

// withHeaders is a message with a headers table.
func withHeaders(exchange, key string, headers ...amqp.Field) *message.Message {
	return &message.Message{
		Exchange: exchange, RoutingKey: key, Properties: amqp.PropertyList{Headers: headers}.Encode(),
	}
}

// requireCode fails unless the error is an AMQP exception with the code.
func requireCode(t testing.TB, code amqp.Code, err error) {
	t.Helper()
	var protocol *amqp.Error
	require.ErrorAs(t, err, &protocol)
	require.Equal(t, code, protocol.Code, protocol.Text)
}

// requireRefused fails unless the error is an AMQP exception with that reply
// text.
func requireRefused(t testing.TB, text string, err error) {
	t.Helper()
	var protocol *amqp.Error
	require.ErrorAs(t, err, &protocol)
	require.Equal(t, text, protocol.ReplyText())
}
