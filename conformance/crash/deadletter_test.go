package crash

import (
	"path/filepath"
	"testing"
	"time"

	amqp "github.com/rabbitmq/amqp091-go"
	"github.com/stretchr/testify/require"
)

// A message that dies in a queue with a dead-letter exchange is in that queue or
// in the next one, whenever the broker ends: in both perhaps, never in neither.
func TestCrash_DeadLetters(t *testing.T) {
	eachEra(t, environmentCount(t, "CRASH_LETTERS", 12), cyclesPerEra, func(t *testing.T, era era) {
		trial := newTrial(t, filepath.Join(t.TempDir(), "data"), era)
		hospice := newHospice(era.seed)
		for range era.cycles {
			hospice.live(t, trial.broker, trial.length(), trial.broker.kill)
		}
		lost, report := hospice.conclude(t, trial.broker)
		t.Logf("slowest start %v\n%v", trial.broker.slowest, report)
		require.Empty(t, lost, "%s=%d; they were confirmed and are in no queue; the broker:\n%s",
			seedVariable, era.seed, trial.broker.output)
		require.Greater(t, report.Confirmed, era.cycles*publisherCount, "the load was too small to show anything")
	})
}

// ward is a queue in which messages die in one way.
type ward struct {
	arguments amqp.Table
	// settle is how its consumer gets rid of messages; nil if it has none.
	settle func(amqp.Delivery) error
	// empties says that nothing stays in it.
	empties bool
	// detour says that its messages come to their last queue by another ward.
	detour bool
}

func wards() []ward {
	reject := func(d amqp.Delivery) error { return d.Reject(false) }
	requeue := func(d amqp.Delivery) error { return d.Nack(false, true) }
	return []ward{
		{arguments: amqp.Table{"x-message-ttl": int32(30)}, empties: true},
		{settle: reject},
		{arguments: amqp.Table{"x-max-length": int32(10)}},
		{arguments: amqp.Table{"x-max-priority": int32(5), "x-max-length-bytes": int32(100_000)}},
		{arguments: amqp.Table{"x-message-ttl": int32(15)}, empties: true, detour: true},
		{arguments: amqp.Table{"x-queue-type": "quorum", "x-delivery-limit": int32(1)}, settle: requeue},
		{arguments: amqp.Table{
			"x-queue-type": "quorum", "x-message-ttl": int32(30), "x-overflow": "reject-publish",
			"x-dead-letter-strategy": "at-least-once",
		}, empties: true},
	}
}

// hospice is publishers to wards, the wards, and the queues that their dead go to.
// Of the numbers of the queues the wards have the first, and their last queues the
// next.
type hospice struct {
	wards      []ward
	history    *History
	inventory  *inventory
	publishers []*publisher
	begun      bool
}

func newHospice(seed uint64) *hospice {
	h := &hospice{wards: wards(), history: NewHistory(nil)}
	h.inventory = &inventory{history: h.history}
	number := numbering{seed: seed, history: h.history}
	for i := range h.wards {
		queues := []uint16{uint16(i), h.last(i)}
		h.history.Route(queues...)
		number.routes = append(number.routes, route{"", queueName(uint16(i)), queues})
	}
	for range publisherCount {
		h.publishers = append(h.publishers, number.publisher())
	}
	return h
}

// last is the queue that the dead of a ward end in.
func (h *hospice) last(ward int) uint16 { return uint16(len(h.wards) + ward) }

// corridor is the ward that those of others pass.
func (h *hospice) corridor() uint16 { return uint16(2 * len(h.wards)) }

// live is one life of the broker under load.
func (h *hospice) live(t *testing.T, b *broker, length time.Duration, end func()) {
	t.Helper()
	h.begin()
	b.start(t)
	g := newGang()
	g.work(b.url(), func(conn *amqp.Connection) error {
		if err := h.declare(conn); err != nil {
			return err
		}
		for i, w := range h.wards {
			if w.settle != nil {
				g.work(b.url(), func(conn *amqp.Connection) error { return w.attend(conn, uint16(i)) })
			}
		}
		for _, p := range h.publishers {
			g.work(b.url(), func(conn *amqp.Connection) error { return p.run(t.Context(), conn, 0) })
		}
		return nil
	})
	<-time.After(length)
	b.requireAlive(t)
	g.expectEnd()
	end()
	g.join(t)
}

// begin tells the history of a new life of the broker, but for the first.
func (h *hospice) begin() {
	if h.begun {
		h.history.Restart()
	}
	h.begun = true
}

func (h *hospice) declare(conn *amqp.Connection) error {
	channel, err := conn.Channel()
	if err != nil {
		return err
	}
	for i, w := range h.wards {
		next := h.last(i)
		if w.detour {
			next = h.corridor()
			if err := declareWard(channel, h.corridor(), w.arguments, h.last(i)); err != nil {
				return err
			}
		}
		if err := declareWard(channel, uint16(i), w.arguments, next); err != nil {
			return err
		}
		if _, err := channel.QueueDeclare(queueName(h.last(i)), true, false, false, false, nil); err != nil {
			return err
		}
	}
	return channel.Close()
}

func declareWard(channel *amqp.Channel, queue uint16, arguments amqp.Table, next uint16) error {
	all := amqp.Table{"x-dead-letter-exchange": "", "x-dead-letter-routing-key": queueName(next)}
	for key, value := range arguments {
		all[key] = value
	}
	_, err := channel.QueueDeclare(queueName(queue), true, false, false, false, all)
	return err
}

// attend gets rid of all messages of a ward until the connection is lost.
func (w *ward) attend(conn *amqp.Connection, queue uint16) error {
	channel, closed, err := openChannel(conn)
	if err != nil {
		return err
	}
	deliveries, err := consume(channel, queue)
	if err != nil {
		return err
	}
	for delivery := range deliveries {
		if err := w.settle(delivery); err != nil {
			return err
		}
	}
	return closed.reason()
}

// conclude runs one more life, without load, takes what is in the queues, and says
// what is in none.
func (h *hospice) conclude(t *testing.T, b *broker) (lost []Value, report survivors) {
	t.Helper()
	h.begin()
	b.start(t)
	deadline := time.Now().Add(joinDeadline)
	for {
		g := newGang()
		g.work(b.url(), h.collect)
		require.NoError(t, g.wait())
		// What a queue has dropped may still be on its way to the next one.
		lost, report = countSurvivors(h.history)
		if len(lost) == 0 || time.Now().After(deadline) {
			break
		}
	}
	b.requireAlive(t)
	require.Empty(t, h.history.garbled)
	return lost, report
}

// collect takes what is in the queues, when no more can die by itself.
func (h *hospice) collect(conn *amqp.Connection) error {
	for i, w := range h.wards {
		if !w.empties {
			continue
		}
		if err := awaitCount(conn, uint16(i), 0); err != nil {
			return err
		}
	}
	if err := awaitCount(conn, h.corridor(), 0); err != nil {
		return err
	}
	for i, w := range h.wards {
		if err := h.inventory.drain(conn, h.last(i)); err != nil {
			return err
		}
		if w.empties {
			continue
		}
		if err := h.inventory.drain(conn, uint16(i)); err != nil {
			return err
		}
	}
	return nil
}
