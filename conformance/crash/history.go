package crash

import (
	"slices"
	"sync"
)

// Outcome is the broker's answer to a publish.
type Outcome uint8

// The answers that a publisher with confirms can get. A mandatory message that
// was returned is confirmed as well: both are recorded.
const (
	Confirmed Outcome = iota + 1
	Nacked
	Returned
)

// Mark says whether a delivery carried the redelivered flag.
type Mark uint8

// The two marks of a delivery.
const (
	Unflagged Mark = iota
	Flagged
)

// MarkOf returns the mark for the redelivered field of a delivery.
func MarkOf(redelivered bool) Mark {
	if redelivered {
		return Flagged
	}
	return Unflagged
}

// Session is one consumer channel on one queue. Numbers are not used twice.
type Session uint32

type eventKind uint8

const (
	eventSend eventKind = iota + 1
	eventOutcome
	eventOpen
	eventDeliver
	eventGarbled
	eventAck
	eventRequeue
	eventEnd
	eventSettle
	eventRestart
	eventQuiet
	eventDrained
	eventCommit
	eventCommitted
)

// event is kept small: a night's run records tens of millions.
type event struct {
	kind      eventKind
	mark      Mark
	outcome   Outcome
	transient bool
	queue     uint16
	session   Session
	number    uint32 // of the transaction
	value     Value
}

// Transaction is what one tx.commit makes happen, all of it or nothing.
type Transaction struct {
	Publishes []Value // persistent ones
	Session   Session // that acks; 0 if nothing is acked
	Acks      []Value
}

// History records what the clients of a broker did and saw, in one order. It is
// safe for concurrent use. The package comment says what is recorded before and
// what after the octets moved.
type History struct {
	mu           sync.Mutex
	routes       [][]uint16    // guarded by mu; queues by origin
	events       []event       // guarded by mu
	garbled      []string      // guarded by mu; why, in the order of the eventGarbled
	transactions []Transaction // guarded by mu; by their numbers
	sessions     Session       // guarded by mu; the last number given
}

// NewHistory returns an empty history. routes[origin] are the numbers of the
// queues that get a copy of each message sent to that origin.
func NewHistory(routes [][]uint16) *History {
	return &History{routes: slices.Clone(routes)}
}

// Route adds an origin that leads to queues and returns its number.
func (h *History) Route(queues ...uint16) (origin uint16) {
	h.mu.Lock()
	defer h.mu.Unlock()
	h.routes = append(h.routes, queues)
	return uint16(len(h.routes) - 1)
}

// Clone returns a history that goes on from here on its own: what follows from
// one state of the broker can be tried more than once.
func (h *History) Clone() *History {
	h.mu.Lock()
	defer h.mu.Unlock()
	return &History{
		routes: slices.Clone(h.routes), events: slices.Clone(h.events), garbled: slices.Clone(h.garbled),
		transactions: slices.Clone(h.transactions), sessions: h.sessions,
	}
}

func (h *History) record(e event) {
	h.mu.Lock()
	defer h.mu.Unlock()
	h.events = append(h.events, e)
}

// Send records that v is about to be published as a persistent message.
func (h *History) Send(v Value) { h.record(event{kind: eventSend, value: v}) }

// SendTransient records that v is about to be published as a transient message,
// which the end of a life may take.
func (h *History) SendTransient(v Value) {
	h.record(event{kind: eventSend, value: v, transient: true})
}

// Outcome records the broker's answer to the publish of v.
func (h *History) Outcome(v Value, o Outcome) {
	h.record(event{kind: eventOutcome, value: v, outcome: o})
}

// Open records a new consumer on a queue.
func (h *History) Open(queue uint16) Session {
	h.mu.Lock()
	defer h.mu.Unlock()
	h.sessions++
	h.events = append(h.events, event{kind: eventOpen, queue: queue, session: h.sessions})
	return h.sessions
}

// Deliver records that s received v.
func (h *History) Deliver(s Session, v Value, m Mark) {
	h.record(event{kind: eventDeliver, session: s, value: v, mark: m})
}

// Garbled records that s received a body that [DecodeBody] refused with err.
func (h *History) Garbled(s Session, err error) {
	h.mu.Lock()
	defer h.mu.Unlock()
	h.garbled = append(h.garbled, err.Error())
	h.events = append(h.events, event{kind: eventGarbled, session: s})
}

// Ack records that s is about to acknowledge v. An ack of several messages is
// recorded for each.
func (h *History) Ack(s Session, v Value) {
	h.record(event{kind: eventAck, session: s, value: v})
}

// Requeue records that s is about to give v back.
func (h *History) Requeue(s Session, v Value) {
	h.record(event{kind: eventRequeue, session: s, value: v})
}

// End records that s is about to close its channel: what it holds goes back to
// the queue, and it records no further delivery.
func (h *History) End(s Session) { h.record(event{kind: eventEnd, session: s}) }

// Commit records that the tx.commit of t is about to be written and returns its
// number. Nothing of t is recorded otherwise: before its commit it has no
// effect. t is kept.
func (h *History) Commit(t Transaction) (number uint32) {
	h.mu.Lock()
	defer h.mu.Unlock()
	h.transactions = append(h.transactions, t)
	number = uint32(len(h.transactions) - 1)
	h.events = append(h.events, event{kind: eventCommit, number: number})
	return number
}

// Committed records that the tx.commit-ok of a transaction has arrived.
func (h *History) Committed(number uint32) {
	h.record(event{kind: eventCommitted, number: number})
}

// Settle records that the channel.close-ok of s has arrived: the broker has
// taken every ack that s sent.
func (h *History) Settle(s Session) { h.record(event{kind: eventSettle, session: s}) }

// Restart records that the broker has ended and is about to be started again.
// It ends every session.
func (h *History) Restart() { h.record(event{kind: eventRestart}) }

// Quiet records that nothing disturbs the broker from here on, so that every
// later send has to get its answer.
func (h *History) Quiet() { h.record(event{kind: eventQuiet}) }

// Drained records that the broker reported queue as empty after the last ack.
func (h *History) Drained(queue uint16) {
	h.record(event{kind: eventDrained, queue: queue})
}
