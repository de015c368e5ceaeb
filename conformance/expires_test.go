package conformance

import (
	"testing"
	"time"

	"github.com/rabbitmq/amqp091-go"
	"github.com/stretchr/testify/require"
)

// expiresAfter is how long the queues of these tests may be unused. It is long enough
// that a busy machine can use them in time.
const expiresAfter = time.Second

// expiringQueue declares a queue that goes when it is not used.
func expiringQueue(t *testing.T, ch *amqp091.Channel, more amqp091.Table) string {
	t.Helper()
	return queueSpec{args: expiresArgs(more)}.mustDeclare(t, ch)
}

func expiresArgs(more amqp091.Table) amqp091.Table {
	args := amqp091.Table{"x-expires": expiresAfter.Milliseconds()}
	for name, value := range more {
		args[name] = value
	}
	return args
}

// expiresExists looks whether a queue is there, without using it: a mandatory message
// to a queue that is missing is returned.
func expiresExists(t *testing.T, queue string) bool {
	t.Helper()
	return exchangeMandatory(t, "", queue) == nil
}

// expiresAwait waits until the queue is gone, which must be as long after its last use as
// its argument says.
func expiresAwait(t *testing.T, queue string, used time.Time) {
	t.Helper()
	eventually(t, "the queue expires", func() bool { return !expiresExists(t, queue) })
	require.GreaterOrEqual(t, time.Since(used), expiresAfter-ttlRounding)
}

// A publish is no use.
func TestQueue_ExpiresUnlessItIsUsed(t *testing.T) {
	rule(t, "queue")
	c := dial(t)
	ch := channelOn(t, c)
	used := time.Now()
	q := expiringQueue(t, ch, nil)
	expiresAwait(t, q, used)
	queueMustNotExist(t, c, q)
}

func TestQueue_ExpiresWithoutDeadLetters(t *testing.T) {
	rule(t, "queue")
	ch := openChannel(t)
	target := tempQueue(t, ch)
	used := time.Now()
	q := expiringQueue(t, ch, deadAmong(nil, target))
	publish(t, ch, "", q, "m")
	expiresAwait(t, q, used)
	basicEmptyEventually(t, ch, target)
}

// A queue that is declared again after it has expired is a new one: without messages and
// bindings.
func TestQueue_ExpiresWithItsMessagesAndBindings(t *testing.T) {
	rule(t, "queue")
	ch := openChannel(t)
	x := tempExchange(t, ch, "fanout")
	spec := queueSpec{name: uniqueName(t, "q"), durable: true, args: expiresArgs(nil)}
	used := time.Now()
	spec.mustDeclare(t, ch)
	exchangeBinding{source: x, destination: spec.name}.bindQueue(t, ch)
	publish(t, ch, x, "", "m")
	expiresAwait(t, spec.name, used)
	q, err := spec.declare(ch)
	require.NoError(t, err)
	require.Zero(t, q.Messages)
	require.Zero(t, exchangeCopies(t, ch, x, "", spec.name))
}

// expiresUse is a way to use a queue.
type expiresUse struct {
	name string
	use  func(t *testing.T, ch *amqp091.Channel, spec queueSpec)
}

func expiresUses() []expiresUse {
	return []expiresUse{
		{"get", func(t *testing.T, ch *amqp091.Channel, spec queueSpec) {
			t.Helper()
			requireEmpty(t, ch, spec.name)
		}},
		{"declare", func(t *testing.T, ch *amqp091.Channel, spec queueSpec) {
			t.Helper()
			_, err := spec.declare(ch)
			require.NoError(t, err)
		}},
		{"passive declare", func(t *testing.T, ch *amqp091.Channel, spec queueSpec) {
			t.Helper()
			_, err := spec.declarePassive(ch)
			require.NoError(t, err)
		}},
		{"consumer that comes and goes", func(t *testing.T, ch *amqp091.Channel, spec queueSpec) {
			t.Helper()
			basicConsumer{tag: "c"}.startOn(t, ch, spec.name)
			require.NoError(t, ch.Cancel("c", false))
		}},
	}
}

func TestQueue_ExpiresLaterWhenItIsUsed(t *testing.T) {
	rule(t, "queue")
	for _, row := range expiresUses() {
		t.Run(row.name, func(t *testing.T) {
			rule(t, "queue")
			t.Parallel()
			ch := openChannel(t)
			spec := queueSpec{args: expiresArgs(nil)}
			spec.name = spec.mustDeclare(t, ch)
			var used time.Time
			began := time.Now()
			eventually(t, "twice the time", func() bool {
				used = time.Now()
				row.use(t, ch, spec)
				return time.Since(began) > 2*expiresAfter
			})
			expiresAwait(t, spec.name, used)
		})
	}
}

func TestQueue_ExpiresWhateverIsPublishedOrBound(t *testing.T) {
	rule(t, "queue")
	for name, use := range map[string]func(*testing.T, *amqp091.Channel, string) error{
		"publish": func(t *testing.T, ch *amqp091.Channel, queue string) error {
			publish(t, ch, "", queue, "m")
			return nil
		},
		"bind": func(_ *testing.T, ch *amqp091.Channel, queue string) error {
			return ch.QueueBind(queue, "key", "amq.direct", false, nil)
		},
		"purge": func(_ *testing.T, ch *amqp091.Channel, queue string) error {
			_, err := ch.QueuePurge(queue, false)
			return err
		},
	} {
		t.Run(name, func(t *testing.T) {
			rule(t, "queue")
			t.Parallel()
			observer := openChannel(t)
			used := time.Now()
			q := expiringQueue(t, observer, nil)
			ch := openChannel(t)
			eventually(t, "the queue expires", func() bool {
				if err := use(t, ch, q); err != nil {
					require.Equal(t, amqp091.NotFound, queueErrorCode(err))
					return true
				}
				return !expiresExists(t, q)
			})
			require.GreaterOrEqual(t, time.Since(used), expiresAfter-ttlRounding)
			require.Less(t, time.Since(used), 3*expiresAfter)
		})
	}
}

// A queue with a consumer is in use, whether the consumer gets anything or not.
func TestQueue_ExpiresOnlyWithoutConsumers(t *testing.T) {
	rule(t, "queue")
	for name, leave := range map[string]func(*testing.T, *amqp091.Connection, *amqp091.Channel) error{
		"cancel":         func(_ *testing.T, _ *amqp091.Connection, ch *amqp091.Channel) error { return ch.Cancel("c", false) },
		"channel end":    func(_ *testing.T, _ *amqp091.Connection, ch *amqp091.Channel) error { return ch.Close() },
		"connection end": func(_ *testing.T, c *amqp091.Connection, _ *amqp091.Channel) error { return c.Close() },
	} {
		t.Run(name, func(t *testing.T) {
			rule(t, "queue")
			t.Parallel()
			c, observer := dial(t), openChannel(t)
			ch := channelOn(t, c)
			q := expiringQueue(t, observer, nil)
			basicConsumer{tag: "c"}.startOn(t, ch, q)
			for range 2 {
				used := time.Now()
				expiresAwait(t, expiringQueue(t, observer, nil), used)
			}
			require.True(t, expiresExists(t, q))
			used := time.Now()
			require.NoError(t, leave(t, c, ch))
			expiresAwait(t, q, used)
		})
	}
}

// Messages that a client has taken by basic.get do not keep the queue; their
// acknowledgement is for nothing, and no error.
func TestQueue_ExpiresThoughMessagesAreOut(t *testing.T) {
	rule(t, "queue")
	ch := openChannel(t)
	q := expiringQueue(t, ch, nil)
	publish(t, ch, "", q, "m")
	basicAwaitReady(t, ch, q, 1)
	used := time.Now()
	d := basicTake(t, ch, q)
	expiresAwait(t, q, used)
	require.NoError(t, d.Ack(basicSingle))
	basicRoundTrip(t, ch)
}
