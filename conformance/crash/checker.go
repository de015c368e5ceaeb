package crash

import (
	"fmt"
	"slices"
)

// AckPolicy says what a settled ack is worth when the broker crashes.
type AckPolicy uint8

// LenientAcks allows a message to come back after a crash, flagged, although
// its ack was settled; this is what RabbitMQ does. StrictAcks makes it a
// failure.
const (
	LenientAcks AckPolicy = iota
	StrictAcks
)

// Check replays h and judges it. No event may be recorded meanwhile. It takes
// time in proportion to the events, and about 150 octets for each copy.
func Check(h *History, acks AckPolicy) *Report {
	h.mu.Lock()
	defer h.mu.Unlock()
	c := &checker{
		history:  h,
		report:   &Report{Lives: 1, strict: acks == StrictAcks},
		sends:    make(map[Value]*publish),
		copies:   make(map[copyKey]*queued),
		sessions: make([]consumer, h.sessions+1),
		drained:  make(map[uint16]struct{}),
		commits:  make([]commit, len(h.transactions)),
		epoch:    1,
	}
	for _, e := range h.events {
		c.apply(e)
	}
	c.conclude()
	return c.report
}

// publish is what is known about one send.
type publish struct {
	epoch     uint32
	transient bool
	quiet     bool
	answered  bool
	nacked    bool
	acked     bool // by the broker
}

type copyKey struct {
	value Value
	queue uint16
}

// queued is the copy of one message in one queue.
type queued struct {
	delivered bool
	holder    Session // holds it unacked; 0 = nobody, or the holder has ended
	acked     bool    // and not delivered since
	everAcked bool
	settled   bool
	ackEpoch  uint32
	seenEpoch uint32 // of the last delivery
}

type stream struct{ publisher, origin uint16 }

// consumer is the state of one session.
type consumer struct {
	queue    uint16
	open     bool
	last     map[stream]uint32  // highest sequence delivered
	requeued map[Value]struct{} // by this session
	acked    []Value            // not settled yet
}

type checker struct {
	history  *History
	report   *Report
	sends    map[Value]*publish
	order    []Value // of the sends
	copies   map[copyKey]*queued
	sessions []consumer // by number
	drained  map[uint16]struct{}
	commits  []commit // by number
	epoch    uint32
	quiet    bool
	garbled  int // of history.garbled, those seen
}

func (c *checker) apply(e event) {
	switch e.kind {
	case eventSend:
		c.send(e)
	case eventOutcome:
		c.outcome(e.value, e.outcome)
	case eventOpen:
		c.sessions[e.session] = consumer{
			queue: e.queue, open: true,
			last: make(map[stream]uint32), requeued: make(map[Value]struct{}),
		}
	case eventDeliver:
		c.deliver(e)
	case eventGarbled:
		why := c.history.garbled[c.garbled]
		c.garbled++
		c.report.add(Alien, func() string { return fmt.Sprintf("queue %d: %s", c.sessions[e.session].queue, why) })
	case eventAck:
		c.ack(e)
	case eventRequeue:
		c.requeue(e)
	case eventEnd:
		c.end(e.session)
	case eventSettle:
		c.settle(e.session)
	case eventRestart:
		c.restart()
	case eventQuiet:
		c.quiet = true
	case eventDrained:
		c.drained[e.queue] = struct{}{}
	case eventCommit:
		c.commit(e.number)
	case eventCommitted:
		c.committed(e.number)
	}
}

func (c *checker) send(e event) {
	c.report.Sent++
	c.sends[e.value] = &publish{epoch: c.epoch, quiet: c.quiet, transient: e.transient}
	c.order = append(c.order, e.value)
}

func (c *checker) outcome(v Value, o Outcome) {
	sent := c.sends[v]
	if sent == nil {
		c.report.add(Alien, func() string { return fmt.Sprintf("an answer for %v, which was never sent", v) })
		return
	}
	switch o {
	case Confirmed:
		if !sent.acked {
			c.report.Confirmed++
		}
		sent.answered, sent.acked = true, true
	case Nacked:
		sent.answered, sent.nacked = true, true
	case Returned:
		if len(c.history.routes[v.Origin]) > 0 {
			c.report.add(ReturnedButRouted, v.String)
		}
	}
}

func (c *checker) deliver(e event) {
	c.report.Deliveries++
	session := &c.sessions[e.session]
	sent := c.sends[e.value]
	if sent == nil || !slices.Contains(c.history.routes[e.value.Origin], session.queue) {
		c.report.add(Alien, func() string {
			return fmt.Sprintf("%v in queue %d, where it was never sent", e.value, session.queue)
		})
		return
	}
	copied := c.copyOf(e.value, session.queue)
	before := c.report.counts[Duplicated]
	c.judgeRepetition(e, copied)
	if c.report.counts[Duplicated] == before { // else one fault would count twice
		c.judgeOrder(e, session)
	}
	copied.delivered, copied.holder = true, e.session
	copied.acked, copied.settled = false, false
	copied.seenEpoch = c.epoch
	if sent.transient && sent.epoch < c.epoch {
		c.report.add(Outlived, e.value.String)
	}
}

// copyOf returns the state of one copy; it exists from its first delivery on.
func (c *checker) copyOf(v Value, queue uint16) *queued {
	key := copyKey{v, queue}
	copied := c.copies[key]
	if copied == nil {
		copied = &queued{}
		c.copies[key] = copied
	}
	return copied
}

func (c *checker) judgeRepetition(e event, copied *queued) {
	if !copied.delivered {
		return
	}
	describe := func(what string) func() string {
		return func() string {
			return fmt.Sprintf("%v in queue %d, life %d: %s", e.value, c.sessions[e.session].queue, c.epoch, what)
		}
	}
	if e.mark == Unflagged {
		c.report.add(UnflaggedAgain, describe("second delivery without the flag"))
	}
	switch {
	case copied.acked && copied.ackEpoch == c.epoch:
		c.report.add(Duplicated, describe("after its ack"))
	case copied.acked && copied.settled:
		c.report.add(ResurrectedSettled, describe(fmt.Sprintf("acked and settled in life %d", copied.ackEpoch)))
	case copied.acked:
		c.report.add(Resurrected, describe("after an ack"))
	case copied.holder != 0 && c.sessions[copied.holder].open:
		c.report.add(Duplicated, describe("while a session held it"))
	}
}

// judgeOrder compares with the last sequence of the same publisher and origin
// in the session. What the session gave back returns to its place in the queue,
// which lies before what the session has seen meanwhile.
func (c *checker) judgeOrder(e event, session *consumer) {
	if _, own := session.requeued[e.value]; own {
		return
	}
	key := stream{e.value.Publisher, e.value.Origin}
	last := session.last[key]
	if e.value.Seq <= last {
		c.report.add(Reordered, func() string {
			return fmt.Sprintf("%v in queue %d, life %d: after %d", e.value, session.queue, c.epoch, last)
		})
		return
	}
	session.last[key] = e.value.Seq
}

func (c *checker) ack(e event) {
	session := &c.sessions[e.session]
	copied := c.copyOf(e.value, session.queue)
	copied.acked, copied.everAcked, copied.settled = true, true, false
	copied.ackEpoch, copied.holder = c.epoch, 0
	session.acked = append(session.acked, e.value)
}

func (c *checker) requeue(e event) {
	session := &c.sessions[e.session]
	c.copyOf(e.value, session.queue).holder = 0
	session.requeued[e.value] = struct{}{}
}

// end forgets what only an open session needs: a long run has many sessions.
func (c *checker) end(s Session) {
	session := &c.sessions[s]
	session.open = false
	session.last, session.requeued = nil, nil
}

func (c *checker) settle(s Session) {
	session := &c.sessions[s]
	for _, v := range session.acked {
		if copied := c.copyOf(v, session.queue); copied.acked {
			copied.settled = true
		}
	}
	session.acked = nil
}

func (c *checker) restart() {
	c.epoch++
	c.report.Lives++
	for s := range c.sessions {
		if c.sessions[s].open {
			c.end(Session(s))
		}
		c.sessions[s].acked = nil
	}
}

// conclude judges what only the end of the history can show, in the order in
// which the messages were sent.
func (c *checker) conclude() {
	lives := make(map[lifeKey][]bool)
	judged := make(map[uint16]struct{})
	for _, v := range c.order {
		sent := c.sends[v]
		if sent.quiet && !sent.answered {
			c.report.add(NeverConfirmed, v.String)
		}
		key := lifeKey{v.Publisher, sent.epoch}
		for _, queue := range c.history.routes[v.Origin] {
			c.judgeDrained(queue, judged)
			lost := c.concludeCopy(v, sent, queue)
			if sent.acked {
				lives[key] = append(lives[key], lost)
			}
		}
	}
	c.concludeCommits()
	c.placeLosses(lives)
}

// judgeDrained judges each queue once.
func (c *checker) judgeDrained(queue uint16, judged map[uint16]struct{}) {
	if _, ok := judged[queue]; ok {
		return
	}
	judged[queue] = struct{}{}
	if _, ok := c.drained[queue]; !ok {
		c.report.add(Undrained, func() string { return fmt.Sprintf("queue %d", queue) })
	}
}

// concludeCopy tells whether the copy was lost.
func (c *checker) concludeCopy(v Value, sent *publish, queue uint16) bool {
	copied := c.copies[copyKey{v, queue}]
	delivered := copied != nil && copied.delivered
	if !sent.answered && delivered {
		c.report.add(Recovered, v.String)
	}
	// A nack of several copies says only that one of them was refused.
	if sent.nacked && delivered && len(c.history.routes[v.Origin]) == 1 {
		c.report.add(NackedButDelivered, v.String)
	}
	// The final drain acks all it gets: what was never acked is not there.
	lost := sent.acked && !sent.nacked && (copied == nil || !copied.everAcked)
	if sent.transient && sent.epoch < c.epoch {
		lost = false
	}
	if lost {
		c.report.add(Lost, func() string {
			return fmt.Sprintf("%v of life %d, queue %d, delivered before: %t", v, sent.epoch, queue, delivered)
		})
	}
	return lost
}

// placeLosses fills the report's table of where the lost copies lie: lives
// tells of each confirmed copy, in the order of sending, whether it was lost.
func (c *checker) placeLosses(lives map[lifeKey][]bool) {
	c.report.losses = make(map[lifeKey]*lossPlace)
	for key, copies := range lives {
		if !slices.Contains(copies, true) {
			continue
		}
		place := &lossPlace{confirmed: len(copies)}
		c.report.losses[key] = place
		for i, lost := range copies {
			if lost {
				place.thirds[i*3/len(copies)]++
			}
		}
	}
}
