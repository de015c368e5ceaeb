package queue

import (
	"sort"

	"github.com/leveretmq/leveret/message"
)

// mortal is a message that will expire, wherever in the queue it is then.
type mortal struct {
	deadline int64 // milliseconds since 1970
	ready    int64 // from when on its time counts, in milliseconds since 1970
	own      int64 // the time that the message itself has, in milliseconds; never is none
	seq      uint64
	octets   uint32 // of the body
	level    uint8
}

func (m mortal) before(other mortal) bool { return m.deadline < other.deadline }

// expireAnywhere drops what has expired, be it at the front or not: a queue does so
// if it is declared with x-message-ttl-anywhere. What is unacknowledged or gone is
// not found. Transient messages that are on the disk expire at the front. The result
// says whether any was out of memory.
func (c *core) expireAnywhere() (unread bool) {
	for len(c.mortals) > 0 && c.mortals[0].deadline <= c.now {
		m := c.mortals.pop()
		if e, found := c.lanes.of(m.level).take(m); found {
			if e.Message == nil {
				c.generation++ // a running load might bring it back
				unread = true
			}
			c.drop(e, Expired)
		}
	}
	return unread
}

// expect notes when a message will expire.
func (c *core) expect(e Entry, m *message.Message) {
	if expected := newMortal(c, e, m); expected.deadline != never {
		c.mortals.push(expected)
	}
}

func newMortal(c *core, e Entry, m *message.Message) mortal {
	ready, own := c.lifetime(m)
	expected := mortal{ready: ready, own: own, seq: e.Seq, octets: uint32(m.Size()), level: e.level}
	expected.deadline = c.law.deadline(ready, own)
	return expected
}

// take removes a message from the middle of the lane.
func (r *ready) take(m mortal) (Entry, bool) {
	for _, list := range []*ring[Entry]{&r.head, &r.tail} {
		i := sort.Search(list.len(), func(i int) bool { return list.at(i).Seq >= m.seq })
		if i == list.len() || list.at(i).Seq != m.seq {
			continue
		}
		e := *list.ref(i)
		if e.state&tomb != 0 {
			return e, false
		}
		*list.ref(i) = Entry{Seq: e.Seq, level: e.level, state: tomb}
		r.octets -= int64(e.size())
		if list == &r.head {
			r.headSize -= int64(e.size())
		}
		r.tombs++
		return e, true
	}
	for i := range r.returned {
		if e := r.returned[i]; e.Seq == m.seq {
			r.returned.remove(i)
			r.octets -= int64(e.size())
			return e, true
		}
	}
	for _, b := range []*backlog{r.low, r.out} {
		if e, found := b.take(m); found {
			return e, true
		}
	}
	return Entry{}, false
}

// take removes a stored message.
func (b *backlog) take(m mortal) (Entry, bool) {
	if b == nil {
		return Entry{}, false
	}
	i := sort.Search(len(b.spans), func(i int) bool { return b.spans[i].Last >= m.seq })
	if i == len(b.spans) || b.spans[i].First > m.seq {
		return Entry{}, false
	}
	e := Entry{Seq: m.seq, octets: m.octets, Returns: b.takeReturns(m.seq), level: m.level, state: stored | settled}
	b.spans = subtract(b.spans, []Span{{First: m.seq, Last: m.seq}}, m.seq)
	b.count--
	b.octets -= int64(m.octets)
	return e, true
}

// skipTombs drops what expireAnywhere has left at the front.
func (r *ready) skipTombs() {
	for r.head.len() > 0 && r.head.front().state&tomb != 0 {
		e := r.head.pop()
		r.headSize -= headCost(&e)
		r.tombs--
	}
}
