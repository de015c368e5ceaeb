package queue

import (
	"fmt"
	"sync/atomic"
	"time"

	"github.com/leveretmq/leveret/amqp"
	"github.com/leveretmq/leveret/internal/lockorder"
	"github.com/leveretmq/leveret/message"
)

// Queue is one queue. All methods are safe for concurrent use; see the
// package comment for the order of locks.
type Queue struct {
	spec  Spec
	args  *Arguments
	owner any // the connection that an exclusive queue belongs to
	store Store
	pager *Pager // nil if nothing leaves memory
	host  Host

	mu      lockorder.Mutex[lockorder.Queue]
	core    core          // guarded by mu
	policy  Policy        // guarded by mu; what it says is in core
	loading chan struct{} // guarded by mu; closed when the running load ends, nil if none runs
	drained chan struct{} // guarded by mu; closed when publishers may go on, nil if none waits
	charged int64         // guarded by mu; what the pager knows of core.memory
	crowded atomic.Bool   // changed under mu; publishers should wait, see Pace
	futile  bool          // guarded by mu; waiting has not helped
	deleted bool          // guarded by mu; set once
	asked   bool          // guarded by mu; the pager has been asked to load
	known   bool          // guarded by mu; the pager knows that the queue has messages in memory
	clock   *clock        // guarded by mu; nil while no time matters
	use     use           // guarded by mu
	used    int64         // guarded by mu; when something was done last, in milliseconds since 1970
	coarse  *CoarseClock  // nil if nobody wants to know that

	unwritten []*page // of the pager's goroutine; pages that are not written yet
}

// Options is what a queue needs besides its specification.
type Options struct {
	// Store keeps the persistent messages of a durable queue. It may be nil
	// for a queue that is not durable and has no pager.
	Store Store
	// Pager takes messages out of memory where that is short. Without it all
	// stay.
	Pager *Pager
	// Owner identifies the connection that an exclusive queue belongs to.
	Owner any
	// Policy is what operators say about the queue.
	Policy Policy
	// NextSeq is the lowest sequence number that was never used.
	NextSeq uint64
	// KeepAll makes a durable queue keep messages over a restart that are not
	// persistent.
	KeepAll bool
	// Clock tells roughly what time it is; nil if nobody wants to know when the
	// queue was used.
	Clock *CoarseClock
	// Host does what a queue cannot do itself. It may be nil for a queue that
	// neither drops messages nor expires.
	Host Host
}

// Host is what a queue needs of the broker around it.
type Host interface {
	Undertaker
	// Expired tells that nobody has used the queue for as long as it may be
	// unused. It is called with no lock held.
	Expired(q *Queue)
}

// New makes the queue that the specification describes. The caller has checked
// a new specification with Validate.
func New(spec Spec, o Options) (*Queue, error) {
	args, err := spec.meaning(o.Policy.Definition)
	if err != nil {
		return nil, err
	}
	q := &Queue{spec: spec, args: args, policy: o.Policy, owner: o.Owner, store: o.Store, pager: o.Pager, host: o.Host}
	if q.coarse = o.Clock; q.coarse != nil {
		q.used = time.Now().UnixMilli()
	}
	q.use.share = 1
	q.core.nextSeq = o.NextSeq
	q.core.obey(args)
	q.core.paused = spec.Paused
	if args.Deduplicates {
		q.core.unique = newUnique()
	}
	q.core.law.keeps = q.core.law.keeps || o.KeepAll
	if q.expires() {
		q.clock = &clock{used: time.Now().UnixMilli()}
		q.mu.Lock()
		q.schedule()
		q.mu.Unlock()
	}
	return q, nil
}

// obey takes over what the arguments say.
func (c *core) obey(args *Arguments) {
	c.wakeAt, c.fresh = never, noPlace
	c.lanes = newLanes(args.Levels)
	c.law = args.law
	c.govern(args.law.Rules)
}

// Spec is what the queue was declared as.
func (q *Queue) Spec() Spec { return q.spec }

// Name is the queue's name.
func (q *Queue) Name() string { return q.spec.Name }

// ID is the queue's number.
func (q *Queue) ID() uint32 { return q.spec.ID }

// LockedFor says whether the queue is exclusive to somebody other than owner.
func (q *Queue) LockedFor(owner any) bool { return q.spec.Exclusive && q.owner != owner }

// Publication is one message on its way into a queue, and who waits for it.
type Publication struct {
	Message *message.Message
	Receipt *message.Receipt
}

// Publish adds messages at the tail; the queue owns one reference to each of
// them. Each receipt is told once: here if the message is only kept in memory,
// by the store after the commit otherwise. A deleted queue takes the messages
// and forgets them (RabbitMQ confirms them).
//
// Consumers may be done with a message before Publish returns.
func (q *Queue) Publish(batch []Publication) { q.PublishFrom(nil, batch) }

// PublishFrom does what Publish does with messages that came through one exchange, and
// counts them for it.
func (q *Queue) PublishFrom(source *Source, batch []Publication) {
	q.publish(batch, source, uint64(len(batch)))
}

// Deposit does what Publish does with messages that no client has published, such
// as dead letters. They do not count as published (RabbitMQ behaviour).
func (q *Queue) Deposit(batch []Publication) { q.publish(batch, nil, 0) }

func (q *Queue) publish(batch []Publication, source *Source, count uint64) {
	q.lock()
	if q.deleted {
		q.mu.Unlock()
		for _, p := range batch {
			p.Receipt.Done(true)
		}
		return
	}
	q.core.tally.counters.Publish += count
	q.core.tally.arrivals.count(source, count)
	var unit Unit
	q.publishLocked(batch, &unit)
	q.finish(&unit)
}

// keeps says whether the message has to survive a restart in this queue.
func (q *Queue) keeps(m *message.Message) bool {
	return q.spec.Durable && (m.Persistent || q.core.law.keeps)
}

// publishLocked adds the messages that the queue takes, and says whether it took
// all of them.
func (q *Queue) publishLocked(batch []Publication, unit *Unit) (complete bool) {
	complete = true
	q.core.fresh = q.core.nextSeq
	for _, p := range batch {
		if q.core.law.bounded() && !q.admit(p.Message) {
			complete = false
			p.Receipt.Done(false)
			continue
		}
		if q.core.unique != nil && q.core.unique.repeats(p.Message) {
			p.Receipt.Done(true)
			continue
		}
		e := q.core.publish(p.Message, q.keeps(p.Message))
		if !e.stored() {
			p.Receipt.Done(true)
			continue
		}
		q.core.tally.counters.DiskWrites++
		p.Message.Keep() // the store does not tell when it is done
		unit.Enqueue = append(unit.Enqueue,
			Enqueue{Queue: q.streamOf(e.level), Seq: e.Seq, Message: p.Message, Receipt: p.Receipt})
	}
	q.core.trimming = q.core.law.bounded()
	q.core.dispatch()
	q.core.fresh = noPlace
	return complete
}

// admit says whether a queue of bounded length takes the message.
func (q *Queue) admit(m *message.Message) bool {
	if q.core.hasRoomFor(m) {
		return true
	}
	if q.core.law.Overflow == RejectPublishDLX {
		q.core.refuse(m)
	}
	return false
}

// finish hands the stored changes over, unlocks, and does what the change asks
// for. It is the end of every change.
func (q *Queue) finish(unit *Unit) {
	q.collectGone(unit)
	if !unit.Empty() {
		q.store.Submit(*unit)
	}
	q.notePace()
	q.noteUse()
	if q.core.timed {
		q.schedule()
	}
	var room [8]*Consumer // most changes wake few, and these need no allocation
	woken := append(room[:0], q.core.effects.wake...)
	after := q.takeEffects()
	q.mu.Unlock()
	wake(woken)
	after.do()
}

// wake tells consumers that they have something to fetch.
func wake(consumers []*Consumer) {
	for _, c := range consumers {
		c.waker.Wake(c)
	}
}

// aftermath is what a change of a queue leaves to be done without its lock,
// beside waking consumers.
type aftermath struct {
	queue *Queue
	dead  []Dead
	freed []uint64
	load  bool
}

// takeEffects collects what is to be done after the unlock. The caller has seen
// to the consumers that are to be woken.
func (q *Queue) takeEffects() aftermath {
	e := &q.core.effects
	a := aftermath{queue: q, dead: e.dead}
	e.dead = nil
	clear(e.wake)
	e.wake = e.wake[:0]
	for _, p := range e.freed {
		if p.number != 0 {
			a.freed = append(a.freed, p.number)
		}
	}
	e.freed = nil
	if q.pager != nil {
		q.chargePager()
		a.load = e.load && q.loading == nil && !q.asked
		q.asked = q.asked || a.load
	}
	e.load = false
	return a
}

// chargePager tells the pager what the queue's messages cost in memory.
func (q *Queue) chargePager() {
	if q.deleted && q.known {
		q.known = false
		q.pager.forget(q)
	}
	if q.core.memory == q.charged {
		return
	}
	if !q.known && !q.deleted {
		q.known = true
		q.pager.meet(q)
	}
	q.pager.charge(q.core.memory - q.charged)
	q.charged = q.core.memory
}

func (a *aftermath) do() {
	if len(a.dead) > 0 {
		a.queue.host.Bury(a.queue, a.dead)
	}
	if len(a.freed) > 0 {
		a.queue.pager.free(a.freed)
	}
	if a.load {
		a.queue.pager.ask(a.queue)
	}
}

func (q *Queue) collectGone(unit *Unit) {
	e := &q.core.effects
	for _, gone := range e.gone {
		unit.Ack = append(unit.Ack, Ack{Queue: q.streamOf(gone.level), Seq: gone.seq})
	}
	if e.gone = e.gone[:0]; cap(e.gone) > keptGone {
		e.gone = nil
	}
	for _, s := range e.purged {
		unit.Purge = append(unit.Purge, Range{Queue: q.streamOf(s.level), Span: s.Span})
	}
	e.purged = nil
}

// keptGone is the longest list of messages that left whose memory is kept for
// the next ones.
const keptGone = 4096

// Get takes the first ready message and returns it with the number of those
// that are left. With noAck it is settled at once. It waits for a message that
// is out of memory.
func (q *Queue) Get(mode AckMode) (d Delivery, remaining int, ok bool) {
	var at place
	take := func() {
		if d.Entry, at = q.core.get(); at == inLow || at == inOut {
			return
		}
		if ok = at != nowhere; ok && mode == AutoAck {
			q.core.release(nil, d.Entry)
		}
		if !q.deleted {
			q.core.countGot(&d.Entry, ok, mode)
		}
		remaining = q.core.lanes.len()
	}
	q.lock()
	q.touch()
	take()
	q.finish(&Unit{})
	for at == inLow || at == inOut {
		q.loadFor(take)
	}
	return Delivery{Entry: d.Entry, Queue: q}, remaining, ok
}

// AckMode says who settles what basic.get fetched.
type AckMode bool

// A message of AutoAck is settled as it is fetched, one of ManualAck by the
// client.
const (
	ManualAck AckMode = false
	AutoAck   AckMode = true
)

// Purge drops all messages that no client has, and returns their number. Done, if
// set, is called when that is durable.
func (q *Queue) Purge(done func(error)) int {
	q.lock()
	n := q.core.purge()
	unit := Unit{Done: done}
	q.collectGone(&unit)
	stored := !unit.Empty()
	q.finish(&unit)
	if !stored && done != nil {
		done(nil)
	}
	return n
}

// Counts is how many messages and consumers a queue has.
type Counts struct {
	Ready     int
	Unacked   int
	Delayed   int
	Consumers int
}

// Counts tells the queue's numbers of this moment.
func (q *Queue) Counts() Counts {
	q.mu.Lock()
	defer q.mu.Unlock()
	return Counts{
		Ready: q.core.lanes.len(), Unacked: q.core.unacked, Delayed: q.core.waiting.len(),
		Consumers: len(q.core.consumers),
	}
}

// Condition is what has to hold for a queue to be deleted.
type Condition struct {
	IfUnused bool
	IfEmpty  bool
}

// Delete ends the queue if the condition holds, and returns the number of
// messages that were ready. Its consumers are told. The caller removes the
// queue from its virtual host and its store.
func (q *Queue) Delete(c Condition) (int, error) {
	q.mu.Lock()
	if q.deleted {
		q.mu.Unlock()
		return 0, nil
	}
	if err := q.checkDelete(c); err != nil {
		q.mu.Unlock()
		return 0, err
	}
	n := q.endLocked()
	return n, nil
}

// End ends the queue whatever holds, as Delete does.
func (q *Queue) End() {
	q.mu.Lock()
	if q.deleted {
		q.mu.Unlock()
		return
	}
	q.endLocked()
}

// endLocked ends the queue and unlocks it.
func (q *Queue) endLocked() (ready int) {
	q.deleted = true
	for _, c := range q.core.consumers {
		c.gone = true
		c.yieldLimit()
		c.assigned.clear()
	}
	ready = q.core.end()
	q.stopClock()
	q.finish(&Unit{})
	return ready
}

func (q *Queue) checkDelete(c Condition) error {
	if err := q.checkQuorumDelete(c); err != nil {
		return err
	}
	if c.IfEmpty && q.core.lanes.len() > 0 {
		return amqp.Errorf(amqp.CodePreconditionFailed, "%s not empty", q.spec)
	}
	if c.IfUnused && len(q.core.consumers) > 0 {
		return amqp.Errorf(amqp.CodePreconditionFailed, "%s in use", q.spec)
	}
	return nil
}

// Redelivered lists the stored messages that a consumer may have seen, and how
// often they have come back: what a clean stop records, so that the next start can
// flag them. Unacknowledged ones have to be back in the queue.
func (q *Queue) Redelivered() (list []Range) {
	q.mu.Lock()
	defer q.mu.Unlock()
	q.core.eachSeen(func(s laneSpan, returns uint16) {
		list = append(list, Range{Queue: q.streamOf(s.level), Span: s.Span, Returns: returns})
	})
	return list
}

// String names the queue as RabbitMQ's texts do.
func (s Spec) String() string { return fmt.Sprintf("queue '%s' in vhost '%s'", s.Name, s.VHost) }
