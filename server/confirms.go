package server

import (
	"sync/atomic"

	"github.com/leveretmq/leveret/amqp"
	"github.com/leveretmq/leveret/internal/lockorder"
	"github.com/leveretmq/leveret/message"
)

// confirmWindow is the publishes of a channel in confirm mode that were not
// confirmed yet, in their order. A publish is confirmed once all before it
// are: so the client gets its confirms in order, and one frame for many.
//
// The methods of the reader's goroutine work on nil, which is a channel that
// is not in confirm mode.
type confirmWindow struct {
	channel *channel
	last    uint64        // tag of the newest publish; belongs to the reader
	inlet   *inlet        // of the newest publish; belongs to the reader
	issued  atomic.Uint64 // what last was a moment ago, for others

	sample sample

	mu     lockorder.Mutex[lockorder.Window]
	next   uint64 // guarded by mu; tag of the oldest publish that is not confirmed
	fates  []fate // guarded by mu; of the tags from next on; as long as needed
	asked  bool   // guarded by mu; the writer was told
	closed bool   // guarded by mu
	// entered says through which exchanges the publishes came; guarded by mu.
	entered []entered
}

// fate is what is known of a publish.
type fate byte

const (
	pending fate = iota
	accepted
	rejected
)

var _ message.Settler = (*confirmWindow)(nil)

// receipt makes the receipt of the next publish, which goes to the given
// number of queues.
func (w *confirmWindow) receipt(queues int, in *inlet) *message.Receipt {
	if w == nil {
		return nil
	}
	if in != w.inlet {
		w.enter(in)
	}
	w.last++
	w.sample.begin(w.last, w.channel.conn.arrivedAt)
	return message.NewReceipt(w, w.last, queues)
}

// settleNext confirms the next publish, which no queue has to keep.
func (w *confirmWindow) settleNext(in *inlet) {
	if w == nil {
		return
	}
	if in != w.inlet {
		w.enter(in)
	}
	w.last++
	w.sample.begin(w.last, w.channel.conn.arrivedAt)
	w.Settle(w.last, true)
}

// entered says that publishes came through an inlet, from a tag on.
type entered struct {
	from    uint64
	through *inlet
}

// enter notes that the publishes to come go to another exchange.
func (w *confirmWindow) enter(in *inlet) {
	w.inlet = in
	w.mu.Lock()
	w.entered = append(w.entered, entered{from: w.last + 1, through: in})
	w.mu.Unlock()
}

// countConfirmed counts publishes from a tag on where they came in. The caller holds
// the lock, and conn.mu.
func (w *confirmWindow) countConfirmed(from uint64, n int) {
	past := 0
	for i := 0; n > 0 && i < len(w.entered); i++ {
		here := n
		if i+1 < len(w.entered) {
			next := w.entered[i+1].from
			if next <= from {
				past = i + 1
				continue
			}
			here = int(min(uint64(n), next-from))
		}
		w.entered[i].through.countConfirmed(here)
		from, n = from+uint64(here), n-here
	}
	if past > 0 {
		w.entered = w.entered[:copy(w.entered, w.entered[past:])]
	}
}

// tellIssued tells others how far the publishes are.
func (w *confirmWindow) tellIssued() {
	if w != nil {
		w.issued.Store(w.last)
	}
}

// unconfirmed is how many publishes are not confirmed yet.
func (w *confirmWindow) unconfirmed() int {
	if w == nil {
		return 0
	}
	w.mu.Lock()
	defer w.mu.Unlock()
	return int(max(int64(w.issued.Load())+1-int64(w.next), 0))
}

// Settle records the fate of a publish; see message.Settler.
func (w *confirmWindow) Settle(tag uint64, ok bool) {
	w.mu.Lock()
	defer w.mu.Unlock()
	if w.closed {
		return
	}
	for w.next+uint64(len(w.fates)) <= tag {
		w.fates = append(w.fates, pending)
	}
	w.fates[tag-w.next] = rejected
	if ok {
		w.fates[tag-w.next] = accepted
	}
	if tag == w.next && !w.asked {
		w.asked = true
		w.channel.conn.wants.confirm(w.channel) // a leaf lock and a signal
	}
}

// close forgets all outstanding confirms (RabbitMQ behaviour at the end of a
// channel).
func (w *confirmWindow) close() {
	if w == nil {
		return
	}
	w.mu.Lock()
	w.closed, w.fates = true, nil
	w.mu.Unlock()
}

// appendConfirms appends what can be confirmed now. The caller holds conn.mu.
func (ch *channel) appendConfirms(dst []byte) []byte {
	w := ch.confirms
	w.mu.Lock()
	defer w.mu.Unlock()
	w.asked = false
	done := 0
	for done < len(w.fates) && w.fates[done] != pending {
		run := done + 1
		for run < len(w.fates) && w.fates[run] == w.fates[done] {
			run++
		}
		if w.fates[done] == accepted {
			w.countConfirmed(w.next+uint64(done), run-done)
		}
		dst = appendConfirm(dst, ch.id, w.fates[done], w.next+uint64(run)-1, run-done)
		done = run
	}
	rest := copy(w.fates, w.fates[done:])
	w.fates = w.fates[:rest]
	w.next += uint64(done)
	if took, ended := w.sample.end(w.next); ended {
		ch.conn.server.measures.confirms.Observe(ch.conn.number, took.Nanoseconds())
	}
	return dst
}

// flushConfirms sends what is settled already, before the channel ends.
func (ch *channel) flushConfirms() {
	if ch.confirms == nil {
		return
	}
	ch.conn.mu.Lock()
	ch.conn.out = ch.appendConfirms(ch.conn.out)
	ch.conn.mu.Unlock()
}

// appendConfirm appends one frame for the publishes of one fate that end with
// the given tag.
func appendConfirm(dst []byte, channel uint16, f fate, tag uint64, publishes int) []byte {
	multiple := publishes > 1
	if f == accepted {
		return amqp.AppendAck(dst, channel, amqp.BasicAck{DeliveryTag: tag, Multiple: multiple})
	}
	// RabbitMQ leaves the requeue bit at its default, which is set.
	return amqp.AppendNack(dst, channel, amqp.BasicNack{DeliveryTag: tag, Multiple: multiple, Requeue: true})
}

// selectConfirms puts the channel into confirm mode.
func (ch *channel) selectConfirms(m *amqp.ConfirmSelect) error {
	if ch.tx != nil {
		return amqp.Errorf(amqp.CodePreconditionFailed, "cannot switch from tx to confirm mode")
	}
	if ch.confirms == nil {
		ch.conn.mu.Lock()
		ch.confirms = &confirmWindow{channel: ch, next: 1}
		ch.conn.mu.Unlock()
	}
	if !m.NoWait {
		ch.conn.send(ch.id, &amqp.ConfirmSelectOk{})
	}
	return nil
}
