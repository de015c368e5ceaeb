package broker

import (
	"log/slog"
	"sync"
	"time"

	"github.com/leveretmq/leveret/message"
	"github.com/leveretmq/leveret/queue"
)

const (
	// maxBurials is how much may wait to be dead-lettered before publishers are
	// held back, in octets.
	maxBurials = 16 << 20
	// exhumation is how long the undertaker waits before it tries once more what
	// must not be lost.
	exhumation = time.Second
	// maxCircles is how many circles the undertaker remembers to have told of.
	maxCircles = 1024
)

// undertaker publishes what queues have dropped to their dead-letter exchanges,
// on one goroutine: so that no queue calls another one, and what falls out of
// the next queue in its turn is only more work.
//
// A batch is published first and then taken out of the queue that it died in.
// The store does both in this order, so that a crash finds each message in one
// of the queues at least.
type undertaker struct {
	broker *Broker
	log    *slog.Logger

	mu     sync.Mutex // a leaf: taken under the locks of queues' callers
	more   sync.Cond  // there is work, or the end has come
	less   sync.Cond  // some of the work is done
	work   []burial
	octets int64
	closed bool
	ended  chan struct{}

	circles map[[2]string]struct{} // of the goroutine; that were told of
}

// burial is dead messages of one queue.
type burial struct {
	queue *queue.Queue
	dead  []queue.Dead
	// done says that other queues have them already.
	done bool
	// octets is what the messages count in the undertaker's octets: what is
	// confirmed later leaves the burial, and comes back in one of its own.
	octets int64
}

func (b *burial) size() (n int64) {
	for i := range b.dead {
		if m := b.dead[i].Message; m != nil {
			n += int64(m.Footprint())
		}
	}
	return n
}

// newUndertaker makes an undertaker; somebody has to run it.
func newUndertaker(b *Broker) *undertaker {
	u := &undertaker{broker: b, log: b.log, ended: make(chan struct{}), circles: make(map[[2]string]struct{})}
	u.more.L, u.less.L = &u.mu, &u.mu
	return u
}

// Bury implements queue.Undertaker.
func (u *undertaker) Bury(q *queue.Queue, dead []queue.Dead) {
	u.add(burial{queue: q, dead: dead})
}

func (u *undertaker) add(b burial) {
	u.mu.Lock()
	defer u.mu.Unlock()
	b.octets = b.size()
	u.work = append(u.work, b)
	u.octets += b.octets
	u.more.Signal()
}

// throttle blocks while too much waits to be dead-lettered.
func (u *undertaker) throttle(flow queue.Flow) {
	u.mu.Lock()
	defer u.mu.Unlock()
	for u.octets > flow.Room(maxBurials) {
		u.less.Wait()
	}
}

// close ends the goroutine when all work is done.
func (u *undertaker) close() {
	u.mu.Lock()
	u.closed = true
	u.more.Signal()
	u.mu.Unlock()
	<-u.ended
}

func (u *undertaker) run() {
	defer close(u.ended)
	for {
		work := u.take()
		if work == nil {
			return
		}
		for i := range work {
			u.bury(&work[i])
			u.finished(work[i].octets)
		}
	}
}

func (u *undertaker) take() (work []burial) {
	u.mu.Lock()
	defer u.mu.Unlock()
	for len(u.work) == 0 && !u.closed {
		u.more.Wait()
	}
	work, u.work = u.work, nil
	return work
}

func (u *undertaker) finished(octets int64) {
	u.mu.Lock()
	defer u.mu.Unlock()
	u.octets -= octets
	u.less.Broadcast()
}

// bury publishes a batch and takes it out of its queue.
func (u *undertaker) bury(b *burial) {
	if !b.done {
		b.dead = u.publish(b)
	}
	if len(b.dead) > 0 {
		b.queue.Buried(b.dead)
	}
}

// publish hands the batch to where it belongs, and returns what is done with:
// all but what has to be confirmed first.
func (u *undertaker) publish(b *burial) (buried []queue.Dead) {
	var mail mail
	now := time.Now()
	for _, dead := range b.dead {
		c, ok := u.prepare(b.queue, &dead, now)
		if !ok {
			buried = append(buried, dead) // it is lost, which the store has told
			continue
		}
		targets := u.route(b.queue, &dead, c)
		if !dead.Letter.AtLeastOnce {
			buried = append(buried, dead)
			mail.add(targets, c.message, nil)
			continue
		}
		v := &vigil{undertaker: u, burial: burial{queue: b.queue, dead: []queue.Dead{dead}}}
		if len(targets) == 0 {
			v.Settle(0, refused)
			continue
		}
		mail.add(targets, c.message, message.NewReceipt(v, 0, len(targets)))
	}
	mail.send()
	return buried
}

// prepare makes the message that is published for a dead one.
func (u *undertaker) prepare(q *queue.Queue, dead *queue.Dead, now time.Time) (corpse, bool) {
	old := q.Read(&dead.Entry)
	if old == nil {
		return corpse{}, false
	}
	return layOut(old.Message, q.Name(), dead.Reason, dead.Letter, now), true
}

// route finds the queues that a dead message goes to, without those from which
// it would come back for ever.
func (u *undertaker) route(from *queue.Queue, dead *queue.Dead, c corpse) (targets []*queue.Queue) {
	vhost, ok := u.broker.VHost(from.Spec().VHost)
	if !ok {
		return nil
	}
	for _, q := range vhost.routeDead(dead.Letter.Exchange, c.keys, c.message) {
		if dead.Reason != queue.Refused && c.deaths.circle(q.Name()) {
			u.tellCircle(from, q)
			continue
		}
		targets = append(targets, q)
	}
	return targets
}

// tellCircle logs that messages go no further, once for each pair of queues.
func (u *undertaker) tellCircle(from, to *queue.Queue) {
	pair := [2]string{from.Spec().String(), to.Spec().String()}
	if _, told := u.circles[pair]; told {
		return
	}
	if len(u.circles) == maxCircles {
		clear(u.circles) // rather twice than that queues of generated names fill the memory
	}
	u.circles[pair] = struct{}{}
	u.log.Warn("messages are dead-lettered in a circle and dropped", "from", pair[0], "to", pair[1])
}

// routeDead finds the queues of a dead message. An exchange that does not exist
// has none.
func (v *VHost) routeDead(exchange string, keys []string, m *message.Message) []*queue.Queue {
	v.mu.RLock()
	defer v.mu.RUnlock()
	node, ok := v.exchanges[exchange]
	if !ok {
		return nil
	}
	if node.delay != nil && queue.Delay(m) > 0 {
		return node.delay
	}
	r := route{vhost: v}
	r.match(node, keys, m)
	return r.queues
}

// mail is messages by the queues that they go to.
type mail struct {
	order  []*queue.Queue
	bundle map[*queue.Queue][]queue.Publication
}

func (l *mail) add(targets []*queue.Queue, m *message.Message, r *message.Receipt) {
	if l.bundle == nil {
		l.bundle = make(map[*queue.Queue][]queue.Publication)
	}
	m.Share(len(targets))
	for _, q := range targets {
		if _, known := l.bundle[q]; !known {
			l.order = append(l.order, q)
		}
		l.bundle[q] = append(l.bundle[q], queue.Publication{Message: m, Receipt: r})
	}
}

func (l *mail) send() {
	for _, q := range l.order {
		q.Deposit(l.bundle[q])
	}
}

// vigil is kept by a message that must not be lost until all queues that it goes
// to have it.
type vigil struct {
	undertaker *undertaker
	burial     burial
}

// refused is the fate of a message that nobody takes.
const refused = false

// Settle implements message.Settler.
func (v *vigil) Settle(_ uint64, accepted bool) {
	if accepted {
		v.burial.done = true
		v.undertaker.add(v.burial)
		return
	}
	time.AfterFunc(exhumation, func() { v.undertaker.add(v.burial) })
}
