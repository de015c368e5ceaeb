package crash

import "sync"

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
)

// event is kept small: a night's run records tens of millions.
type event struct {
	kind    eventKind
	mark    Mark
	outcome Outcome
	queue   uint16
	session Session
	value   Value
}

// History records what the clients of a broker did and saw, in one order. It is
// safe for concurrent use. The package comment says what is recorded before and
// what after the octets moved.
type History struct {
	routes [][]uint16 // queues by origin; never changed

	mu       sync.Mutex
	events   []event  // guarded by mu
	garbled  []string // guarded by mu; why, in the order of the eventGarbled
	sessions Session  // guarded by mu; the last number given
}

// NewHistory returns an empty history. routes[origin] are the numbers of the
// queues that get a copy of each message sent to that origin; it is not copied.
func NewHistory(routes [][]uint16) *History {
	return &History{routes: routes}
}

func (h *History) record(e event) {
	h.mu.Lock()
	defer h.mu.Unlock()
	h.events = append(h.events, e)
}

// Send records that v is about to be published.
func (h *History) Send(v Value) { h.record(event{kind: eventSend, value: v}) }

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
