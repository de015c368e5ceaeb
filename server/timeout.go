package server

import (
	"time"

	"github.com/leveretmq/leveret/amqp"
	"github.com/leveretmq/leveret/queue"
)

const (
	// timeoutSteps is how many looks there are at least in the time that a
	// message may stay unacknowledged: it is taken back at most so much of that
	// time too late.
	timeoutSteps = 10
	// timeoutStep is the longest pause between two looks, unless the time is
	// longer than a day.
	timeoutStep = time.Minute
	// timeoutMost is how many looks there are at most.
	timeoutMost = 24 * 60
	// timeoutPause is the shortest pause between two looks.
	timeoutPause = 10 * time.Millisecond
	// lateMost is how many messages that were taken back a channel remembers, so
	// that a late acknowledgement is no error.
	lateMost = 1 << 16
)

// watch takes messages back that a consumer, or basic.get, leaves unacknowledged
// for too long. Messages have no time stamps: at each look the watch notes the
// tag of the newest delivery, which is older than that by the look at which the
// note is as old as the timeout. It looks only while there is something that may
// become too old.
//
// All fields but the first group are guarded by conn.mu.
type watch struct {
	channel *channel
	timeout time.Duration
	step    time.Duration
	of      *queue.Consumer // nil for messages that were fetched by basic.get

	timer   *time.Timer // nil until it is needed
	running bool
	ended   bool   // another watch has taken over
	notes   []note // in the order of time
}

// note says that a delivery was the newest one.
type note struct {
	at  time.Time
	tag uint64
}

func newWatch(ch *channel, timeout time.Duration, of *queue.Consumer) *watch {
	steps := (timeout + timeoutStep - 1) / timeoutStep
	steps = min(max(steps, timeoutSteps), timeoutMost)
	step := max((timeout+steps-1)/steps, timeoutPause)
	return &watch{channel: ch, timeout: timeout, step: step, of: of}
}

// begin is called when there is a new delivery. The caller holds conn.mu.
func (w *watch) begin() {
	if w.running {
		return
	}
	w.running = true
	w.notes = append(w.notes[:0], note{at: time.Now(), tag: w.channel.lastTag})
	if w.timer == nil {
		w.timer = time.AfterFunc(w.step, w.look)
	} else {
		w.timer.Reset(w.step)
	}
}

// end leaves the deliveries to another watch, or to none. The caller holds conn.mu.
func (w *watch) end() {
	w.ended = true
	if w.timer != nil {
		w.timer.Stop()
	}
}

// Retime implements queue.Timed. What the client has already may take as long as the
// new time from now on.
func (c *consumer) Retime(*queue.Consumer) {
	conn := c.channel.conn
	timeout, err := c.Queue().AckTimeout(c.Arguments, conn.server.ConsumerTimeout)
	if err != nil || c.NoAck { // the arguments were checked before
		return
	}
	conn.mu.Lock()
	defer conn.mu.Unlock()
	switch {
	case c.watch == nil && timeout == 0, c.watch != nil && c.watch.timeout == timeout:
		return
	case c.watch != nil:
		c.watch.end()
		c.watch = nil
	}
	c.SetTimeout(timeout)
	if timeout > 0 {
		c.watch = newWatch(c.channel, timeout, c.Consumer)
		c.watch.begin()
	}
}

// look takes back what is too old. It is the timer's.
func (w *watch) look() {
	c := w.channel.conn
	c.mu.Lock()
	if w.ended {
		c.mu.Unlock()
		return
	}
	late := w.late(time.Now())
	back := w.channel.takeBack(late)
	back.timeout = w.timeout
	c.mu.Unlock()
	back.finish()
}

// late takes the deliveries that are too old out of the channel's list, and
// prepares the next look if it is needed. The caller holds conn.mu.
func (w *watch) late(now time.Time) []queue.Delivery {
	ch := w.channel
	late, oldest := ch.unacked.takeLate(w.covered(now), w.watches)
	if oldest == 0 {
		w.running, w.notes = false, nil
		if w.of == nil {
			delete(ch.getWatches, w.timeout)
		}
		return late
	}
	useless := 0
	for useless < len(w.notes) && w.notes[useless].tag < oldest {
		useless++
	}
	w.notes = append(w.notes[:0], w.notes[useless:]...)
	if n := len(w.notes); n == 0 || w.notes[n-1].tag < ch.lastTag {
		w.notes = append(w.notes, note{at: now, tag: ch.lastTag})
	}
	w.timer.Reset(w.step)
	return late
}

// covered is the newest tag that is known to be too old; zero if there is none.
func (w *watch) covered(now time.Time) (tag uint64) {
	for _, n := range w.notes {
		if now.Sub(n.at) < w.timeout {
			break
		}
		tag = n.tag
	}
	return tag
}

// watches says whether a delivery is the watch's business.
func (w *watch) watches(d *queue.Delivery) bool {
	if w.of != nil || d.Consumer != nil {
		return w.of == d.Consumer
	}
	if w.channel.timeoutOfGets(d.Queue) == w.timeout {
		return true
	}
	w.channel.watchGet(d.Queue) // a policy may have changed it since
	return false
}

// takeLate removes those of the deliveries up to the tag that belong to somebody,
// and remembers their tags: who acknowledges them later is not told off. Oldest
// is the tag of the first one that is left; zero if there is none.
func (l *unackedList) takeLate(upTo uint64, belongs func(*queue.Delivery) bool) (late []queue.Delivery, oldest uint64) {
	for i := l.head; i < len(l.items); i++ {
		d := &l.items[i]
		if d.Queue == nil || !belongs(d) {
			continue
		}
		if d.Tag > upTo {
			oldest = d.Tag
			break
		}
		late = append(late, *d)
		*d = queue.Delivery{Tag: d.Tag} // a hole
		l.live--
	}
	if len(late) == 0 {
		return nil, oldest
	}
	if l.late == nil || len(l.late) > lateMost {
		l.late = make(map[uint64]struct{})
	}
	for i := range late {
		l.late[late[i].Tag] = struct{}{}
	}
	l.trim()
	return late, oldest
}

// forgive says whether a tag that is not outstanding is one that was taken back
// because of its age. It is forgiven once.
func (l *unackedList) forgive(tag uint64) bool {
	_, ok := l.late[tag]
	delete(l.late, tag)
	return ok
}

// takenBack is what is left to be done, without the lock, for deliveries that
// were too old.
type takenBack struct {
	channel   *channel
	late      []queue.Delivery
	abandoned []*queue.Queue // auto-delete queues without consumers
	cancelled []string       // tags of consumers that the client is told of
	timeout   time.Duration
	fatal     bool // the channel has to be closed
}

// takeBack ends the consumer of deliveries that are too old; the rest is done by
// finish. The caller holds conn.mu.
func (ch *channel) takeBack(late []queue.Delivery) takenBack {
	back := takenBack{channel: ch, late: late}
	for i := range late {
		of := late[i].Consumer
		if of == nil {
			back.fatal = true
			continue
		}
		c, ok := ch.consumers[of.Tag]
		if !ok || c.Consumer != of {
			continue // it was cancelled
		}
		delete(ch.consumers, of.Tag)
		ch.tellConsumed(c, nobody)
		if of.Queue().RemoveConsumer(of) {
			back.abandoned = append(back.abandoned, of.Queue())
		}
		if !ch.conn.client.consumerCancelNotify {
			back.fatal = true
			continue
		}
		back.cancelled = append(back.cancelled, of.Tag)
	}
	return back
}

// finish brings the deliveries back to their queues. It is called with no lock
// held.
func (b takenBack) finish() {
	if len(b.late) == 0 {
		return
	}
	ch := b.channel
	c := ch.conn
	c.peer.Warn("messages were not acknowledged in time", "channel", ch.id, "messages", len(b.late))
	held := int64(0)
	for i := range b.late {
		if b.late[i].Limited {
			held++
		}
	}
	requeue(b.late, queue.Abandoned)
	if ch.limiter.Release(held) {
		ch.resume()
	}
	for _, tag := range b.cancelled { // whoever knows of it can have the messages
		c.send(ch.id, &amqp.BasicCancel{ConsumerTag: tag, NoWait: true})
	}
	if err := c.vhost.DeleteAbandoned(b.abandoned...); err != nil {
		c.peer.Error("cannot delete auto-delete queues", "error", err)
	}
	if b.fatal {
		c.nudge(overdue{channel: ch, timeout: b.timeout})
	}
}

// overdue is a channel that has to be closed because a message was not
// acknowledged in time, and its client cannot be told otherwise.
type overdue struct {
	channel *channel
	timeout time.Duration
}

// nudge makes the reader close a channel. It may be called from any goroutine,
// with no lock held.
func (c *connection) nudge(o overdue) {
	c.mu.Lock()
	c.overdue = append(c.overdue, o)
	c.mu.Unlock()
	c.nudged.Store(true)
	if err := c.sock.SetReadDeadline(time.Now()); err != nil {
		c.hangUp()
	}
}

// failOverdue closes the channels that the reader was nudged for.
func (c *connection) failOverdue() {
	if !c.nudged.Swap(false) {
		return
	}
	c.input.rearm()
	c.mu.Lock()
	list := c.overdue
	c.overdue = nil
	c.mu.Unlock()
	for _, o := range list {
		if c.state != stateRunning || c.channels[o.channel.id] != o.channel || o.channel.closing {
			continue
		}
		o.channel.fail(amqp.Errorf(amqp.CodePreconditionFailed,
			"delivery acknowledgement on channel %d timed out. Timeout value used: %d ms. "+
				"This timeout value can be configured, see consumers doc guide to learn more",
			o.channel.id, o.timeout.Milliseconds()))
	}
}

// timeoutOfGets is how long a message may stay unacknowledged that basic.get has
// fetched from the queue; zero is for ever.
func (ch *channel) timeoutOfGets(q *queue.Queue) time.Duration {
	timeout, _ := q.AckTimeout(nil, ch.conn.server.ConsumerTimeout) // without arguments there is no error
	return timeout
}

// watchGet makes sure that a message that basic.get has just fetched is watched.
// The caller holds conn.mu.
func (ch *channel) watchGet(q *queue.Queue) {
	timeout := ch.timeoutOfGets(q)
	if timeout == 0 {
		return
	}
	w, ok := ch.getWatches[timeout]
	if !ok {
		if ch.getWatches == nil {
			ch.getWatches = make(map[time.Duration]*watch)
		}
		w = newWatch(ch, timeout, nil)
		ch.getWatches[timeout] = w
	}
	w.begin()
}
