package broker_test

import (
	"regexp"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/leveretmq/leveret/amqp"
	"github.com/leveretmq/leveret/broker"
	"github.com/leveretmq/leveret/message"
	"github.com/leveretmq/leveret/queue"
)

func (f *fixture) deleteQueue(name string) {
	f.t.Helper()
	_, err := f.vhost.DeleteQueue(name, nil, queue.Condition{})
	require.NoError(f.t, err)
}

func (f *fixture) requireNoQueue(name string) {
	f.t.Helper()
	_, err := f.vhost.Queue(name, nil)
	requireRefused(f.t, "NOT_FOUND - no queue '"+name+"' in vhost '/'", err)
}

// put publishes transient messages straight into a queue.
func put(q *queue.Queue, bodies ...string) {
	for _, body := range bodies {
		q.Publish([]queue.Publication{{Message: &message.Message{RoutingKey: q.Name(), Body: []byte(body)}}})
	}
}

// nobody is a connection that is never there to fetch.
type nobody struct{}

func (nobody) Wake(*queue.Consumer) {}

func consume(t testing.TB, q *queue.Queue) *queue.Consumer {
	t.Helper()
	c := queue.NewConsumer(q, nobody{}, queue.ConsumerOptions{})
	require.NoError(t, q.AddConsumer(c))
	return c
}

func TestQueues_DeclareAgain(t *testing.T) {
	f := start(t)
	first := f.queue("q", durableQueue)
	require.Same(t, first, f.queue("q", durableQueue))
	_, err := f.vhost.DeclareQueue(queue.Spec{VHost: "/", Name: "q"}, nil)
	requireRefused(t, "PRECONDITION_FAILED - inequivalent arg 'durable' for queue 'q' in vhost '/': received 'false' but current is 'true'", err)
	f.deleteQueue("q")
	second := f.queue("q", durableQueue)
	require.NotSame(t, first, second)
	require.Greater(t, second.ID(), first.ID(), "numbers never come back")
}

func TestQueues_ServerNamed(t *testing.T) {
	f := start(t)
	q := f.queue("")
	require.Regexp(t, regexp.MustCompile(`^amq\.gen-[\w-]{22}$`), q.Name())
	require.NotEqual(t, q.Name(), f.queue("").Name())
	found, err := f.vhost.Queue(q.Name(), nil)
	require.NoError(t, err)
	require.Same(t, q, found)
	_, err = f.vhost.DeclareQueue(queue.Spec{VHost: "/", Name: q.Name()}, nil)
	requireCode(t, amqp.CodeAccessRefused, err)
	_, err = f.vhost.DeclareQueue(queue.Spec{
		VHost: "/", Durable: true, Arguments: amqp.Table{{Key: "x-queue-type", Value: "quorum"}},
	}, nil)
	requireRefused(t, "PRECONDITION_FAILED - Cannot declare a server-named queue for type rabbit_quorum_queue", err)
}

func TestQueues_DeleteTellsHowManyMessagesWereReady(t *testing.T) {
	f := start(t)
	q := f.queue("q")
	put(q, "a", "b", "c")
	q.Get(queue.ManualAck)
	n, err := f.vhost.DeleteQueue("q", nil, queue.Condition{})
	require.NoError(t, err)
	require.Equal(t, 2, n)
	n, err = f.vhost.DeleteQueue("q", nil, queue.Condition{})
	require.NoError(t, err)
	require.Zero(t, n)
	f.requireNoQueue("q")
}

// A condition that does not hold changes nothing.
func TestQueues_DeleteConditions(t *testing.T) {
	f := start(t)
	q := f.queue("q")
	f.bind(toQueue("amq.direct", "q", "k"))
	put(q, "a")
	_, err := f.vhost.DeleteQueue("q", nil, queue.Condition{IfEmpty: true})
	requireRefused(t, "PRECONDITION_FAILED - queue 'q' in vhost '/' not empty", err)
	c := consume(t, q)
	_, err = f.vhost.DeleteQueue("q", nil, queue.Condition{IfUnused: true})
	requireRefused(t, "PRECONDITION_FAILED - queue 'q' in vhost '/' in use", err)
	require.Equal(t, []string{"q"}, f.routed("amq.direct", "k"))
	q.RemoveConsumer(c)
	n, err := f.vhost.PurgeQueue("q", nil)
	require.NoError(t, err)
	require.Equal(t, 1, n)
	_, err = f.vhost.DeleteQueue("q", nil, queue.Condition{IfEmpty: true, IfUnused: true})
	require.NoError(t, err)
	require.Empty(t, f.routed("amq.direct", "k"))
}

// What is published to a queue that was deleted since the route was found is
// accepted and forgotten (RabbitMQ behaviour).
func TestQueues_PublishAfterDeleteIsAccepted(t *testing.T) {
	f := start(t)
	q := f.queue("q", durableQueue)
	f.deleteQueue("q")
	told := make(settled, 2)
	for tag, persistent := range []bool{false, true} {
		q.Publish([]queue.Publication{{
			Message: &message.Message{RoutingKey: "q", Persistent: persistent},
			Receipt: message.NewReceipt(told, uint64(tag), 1),
		}})
		require.True(t, <-told)
	}
	require.Zero(t, q.Counts())
}

// settled is told the fates of publishes.
type settled chan bool

func (s settled) Settle(_ uint64, accepted bool) { s <- accepted }

// Exclusive queues belong to a connection and end with it; other connections'
// queues of the same broker stay.
func TestQueues_Exclusive(t *testing.T) {
	f := start(t)
	owner, other := new(client), new(client)
	for _, name := range []string{"one", "two"} {
		q, err := f.vhost.DeclareQueue(queue.Spec{VHost: "/", Name: name, Exclusive: true, Durable: true}, owner)
		require.NoError(t, err)
		require.False(t, q.Spec().Durable, "it ends with its connection")
	}
	_, err := f.vhost.DeclareQueue(queue.Spec{VHost: "/", Name: "theirs", Exclusive: true}, other)
	require.NoError(t, err)
	_, err = f.vhost.DeclareQueue(queue.Spec{VHost: "/", Name: "one", Exclusive: true, Durable: true}, owner)
	require.NoError(t, err, "its owner may declare it again")

	for _, refused := range []func() error{
		func() error {
			_, err := f.vhost.DeclareQueue(queue.Spec{VHost: "/", Name: "one", Exclusive: true}, other)
			return err
		},
		func() error { _, err := f.vhost.Queue("one", other); return err },
		func() error { _, err := f.vhost.PurgeQueue("one", other); return err },
		func() error { _, err := f.vhost.DeleteQueue("one", other, queue.Condition{}); return err },
	} {
		requireCode(t, amqp.CodeResourceLocked, refused())
	}
	require.Equal(t, []string{"one"}, f.routed("", "one"), "anybody may publish to it")

	_, err = f.vhost.DeleteQueue("two", owner, queue.Condition{})
	require.NoError(t, err)
	require.NoError(t, f.vhost.DeleteExclusive(owner))
	require.NoError(t, f.vhost.DeleteExclusive(owner))
	f.requireNoQueue("one")
	_, err = f.vhost.Queue("theirs", other)
	require.NoError(t, err)
}

// An abandoned queue goes, unless somebody consumes again or it is another
// queue by now.
func TestQueues_Abandoned(t *testing.T) {
	f := start(t)
	q := f.queue("q", autoDeleteQueue)
	c := consume(t, q)
	require.True(t, q.RemoveConsumer(c))
	again := consume(t, q)
	require.NoError(t, f.vhost.DeleteAbandoned(q))
	require.False(t, q.RemoveConsumer(c), "it has left before")
	require.True(t, q.RemoveConsumer(again))
	require.NoError(t, f.vhost.DeleteAbandoned(q))
	f.requireNoQueue("q")

	f.queue("q", autoDeleteQueue)
	require.NoError(t, f.vhost.DeleteAbandoned(q, q))
	_, err := f.vhost.Queue("q", nil)
	require.NoError(t, err)
}

func TestQueues_ConsumerOfADeletedQueue(t *testing.T) {
	f := start(t)
	q := f.queue("q")
	f.deleteQueue("q")
	err := q.AddConsumer(queue.NewConsumer(q, nobody{}, queue.ConsumerOptions{}))
	requireRefused(t, "NOT_FOUND - no queue 'q' in vhost '/'", err)
}

func TestGenerateName(t *testing.T) {
	require.NotEqual(t, broker.GenerateName("x-"), broker.GenerateName("x-"))
	require.Regexp(t, regexp.MustCompile(`^x-[\w-]{22}$`), broker.GenerateName("x-"))
}
