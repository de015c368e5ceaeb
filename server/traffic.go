package server

import (
	"cmp"
	"slices"
	"sync/atomic"

	"github.com/leveretmq/leveret/broker"
	"github.com/leveretmq/leveret/message"
	"github.com/leveretmq/leveret/queue"
)

// What a channel counts, with RabbitMQ's meanings, for each exchange that it
// publishes to and each queue that it gets messages of: publishes by the reader, a
// batch at once, all else under conn.mu, which is held anyway.

// Traffic is what a channel has exchanged with one exchange or queue.
type Traffic struct {
	// Name is that of the exchange or queue.
	Name     string
	Counters message.Counters
}

// maxTraffic is how many exchanges, and how many queues, a channel tells apart. The
// channel's own counters know of all.
const maxTraffic = 64

// inlet is an exchange that the channel publishes to.
type inlet struct {
	entrance *broker.Entrance

	// The reader counts these.

	published, confirmable, returned, dropped atomic.Uint64

	confirmed uint64 // guarded by conn.mu
}

// outlet is a queue that the channel gets messages of. All but the queue is guarded
// by conn.mu.
type outlet struct {
	queue     *queue.Queue
	counters  message.Counters
	consumers int // that the channel has of the queue
}

// traffic is all of a channel. The reader may look at the lists at any time, and
// changes them under conn.mu, as others do.
type traffic struct {
	inlet   *inlet // of the last publish; the reader's
	inlets  []*inlet
	outlet  *outlet                  // the last one that was looked for; guarded by conn.mu
	outlets map[*queue.Queue]*outlet // guarded by conn.mu
	retired message.Counters         // guarded by conn.mu; of those that are not told apart any more

	passages *passages // nil until somebody wants to know
}

// inletOf is where publishes through an entrance are counted. It belongs to the
// reader.
func (ch *channel) inletOf(entrance *broker.Entrance) *inlet {
	t := &ch.traffic
	if t.inlet != nil && t.inlet.entrance == entrance {
		return t.inlet
	}
	at := slices.IndexFunc(t.inlets, func(i *inlet) bool { return i.entrance == entrance })
	if at < 0 {
		ch.conn.mu.Lock()
		if len(t.inlets) == maxTraffic {
			t.retire(t.inlets[0].counters())
			t.inlets = slices.Delete(t.inlets, 0, 1)
		}
		at = len(t.inlets)
		t.inlets = append(t.inlets, &inlet{entrance: entrance})
		ch.conn.mu.Unlock()
	}
	t.inlet = t.inlets[at]
	return t.inlet
}

// outletOf is where messages of a queue are counted. The caller holds conn.mu.
func (ch *channel) outletOf(q *queue.Queue) *outlet {
	t := &ch.traffic
	if t.outlet != nil && t.outlet.queue == q {
		return t.outlet
	}
	o, known := t.outlets[q]
	if !known {
		if t.outlets == nil {
			t.outlets = make(map[*queue.Queue]*outlet)
		}
		t.makeRoom()
		o = &outlet{queue: q}
		t.outlets[q] = o
	}
	t.outlet = o
	return o
}

// makeRoom forgets a queue if there are many, unless nearly all have consumers.
func (t *traffic) makeRoom() {
	tries := 8
	for q, o := range t.outlets {
		if len(t.outlets) < maxTraffic || tries == 0 {
			return
		}
		if tries--; o.consumers == 0 {
			t.retire(o.counters)
			delete(t.outlets, q)
			t.outlet = nil
			return
		}
	}
}

// dismiss forgets a consumer. The caller holds conn.mu.
func (ch *channel) dismiss(c *consumer) {
	delete(ch.consumers, c.Tag)
	c.outlet.consumers--
}

func (t *traffic) retire(n message.Counters) { t.retired.Add(&n) }

// countPublished counts messages of one route.
func (ch *channel) countPublished(in *inlet, messages, queues int) {
	in.published.Add(uint64(messages))
	if ch.confirms != nil {
		in.confirmable.Add(uint64(messages))
	}
	in.entrance.Published(messages, queues, ch.confirms != nil)
}

// countUnroutable counts a message that no queue has got. Direct replies are among
// these, be they delivered or not (RabbitMQ behaviour).
func (in *inlet) countUnroutable(mandatory bool) {
	if in.entrance.Unroutable(mandatory); mandatory {
		in.returned.Add(1)
	} else {
		in.dropped.Add(1)
	}
}

// countConfirmed counts publishes that were confirmed. The caller holds conn.mu.
func (in *inlet) countConfirmed(n int) {
	in.confirmed += uint64(n)
	in.entrance.Confirmed(n)
}

// counters is what the inlet has counted. The caller holds conn.mu.
func (in *inlet) counters() message.Counters {
	return message.Counters{
		Publish: in.published.Load(), PublishConfirm: in.confirmable.Load(), Confirm: in.confirmed,
		ReturnUnroutable: in.returned.Load(), DropUnroutable: in.dropped.Load(),
	}
}

// countDelivered counts a message for a consumer. The caller holds conn.mu.
func (c *consumer) countDelivered(e *queue.Entry) {
	n := &c.outlet.counters
	if c.NoAck {
		n.DeliverNoAck++
	} else {
		n.Deliver++
	}
	if e.Redelivered() {
		n.Redeliver++
	}
}

// countGot counts what basic.get has found. The caller holds conn.mu.
func (ch *channel) countGot(q *queue.Queue, e *queue.Entry, found, noAck bool) {
	n := &ch.outletOf(q).counters
	switch {
	case !found:
		n.GetEmpty++
		return
	case noAck:
		n.GetNoAck++
	default:
		n.Get++
	}
	if e.Redelivered() {
		n.Redeliver++
	}
}

// countAcks counts deliveries that the client acknowledges. The caller holds
// conn.mu.
func (ch *channel) countAcks(settled []queue.Delivery) {
	for len(settled) > 0 {
		n := 1
		for n < len(settled) && settled[n].Queue == settled[0].Queue {
			n++
		}
		ch.outletOf(settled[0].Queue).counters.Ack += uint64(n)
		settled = settled[n:]
	}
}

// describe tells what the channel has counted, all together and for each exchange and
// queue. The caller holds conn.mu.
func (t *traffic) describe(s *ChannelStatus) {
	s.Counters = t.sum()
	s.Publishes, s.Deliveries = t.lists()
	s.Passages = t.passages.list()
}

// lists tells exchanges and queues apart, those that are still there, in the order of
// their names. The caller holds conn.mu.
func (t *traffic) lists() (publishes, deliveries []Traffic) {
	for _, in := range t.inlets {
		if in.entrance.Open() {
			publishes = append(publishes, Traffic{Name: in.entrance.Name(), Counters: in.counters()})
		}
	}
	for _, out := range t.outlets {
		if !out.queue.Deleted() {
			deliveries = append(deliveries, Traffic{Name: out.queue.Name(), Counters: out.counters})
		}
	}
	byName := func(a, b Traffic) int { return cmp.Compare(a.Name, b.Name) }
	slices.SortFunc(publishes, byName)
	slices.SortFunc(deliveries, byName)
	return publishes, deliveries
}

// sum is what the channel has counted, all together. The caller holds conn.mu.
func (t *traffic) sum() message.Counters {
	all := t.retired
	for _, in := range t.inlets {
		n := in.counters()
		all.Add(&n)
	}
	for _, out := range t.outlets {
		all.Add(&out.counters)
	}
	return all
}
