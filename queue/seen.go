package queue

import (
	"maps"
	"slices"
)

// eachSeen visits the stored messages that a consumer may have seen, with the number
// of their returns: in no order, each of them once.
func (c *core) eachSeen(visit func(s laneSpan, returns uint16)) {
	single := func(e *Entry) {
		if e.state&(stored|redelivered) == stored|redelivered {
			visit(laneSpan{Span: Span{First: e.Seq, Last: e.Seq}, level: e.level}, e.Returns)
		}
	}
	c.lanes.each(func(r *ready) {
		r.eachInMemory(single)
		out := func(s Span, returns uint16) { visit(laneSpan{Span: s, level: r.level}, returns) }
		r.low.eachSeen(out)
		r.out.eachSeen(out)
	})
	for i := range c.waiting.list {
		single(&c.waiting.list[i].Entry)
	}
}

// eachSeen visits the redelivered messages, those that have come back one by one.
func (b *backlog) eachSeen(visit func(s Span, returns uint16)) {
	if b == nil {
		return
	}
	returned := slices.Sorted(maps.Keys(b.returns))
	for _, s := range b.flagged {
		for len(returned) > 0 && returned[0] <= s.Last {
			seq := returned[0]
			returned = returned[1:]
			if seq < s.First {
				continue
			}
			if seq > s.First {
				visit(Span{First: s.First, Last: seq - 1}, 0)
			}
			visit(Span{First: seq, Last: seq}, b.returns[seq])
			s.First = seq + 1
		}
		if s.First <= s.Last {
			visit(s, 0)
		}
	}
}
