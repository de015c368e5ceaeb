package queue

import "github.com/leveretmq/leveret/message"

// unique is the messages of a queue that drops repeats: of those that it has, ready
// or not.
type unique struct {
	has map[string]struct{}
	of  map[uint64]string // what a message has in its header, by its place
}

func newUnique() *unique { return &unique{has: make(map[string]struct{}), of: make(map[uint64]string)} }

// repeats says whether the queue has a message like this one.
func (u *unique) repeats(m *message.Message) bool {
	id, ok := m.DeduplicationID()
	if !ok {
		return false
	}
	_, repeated := u.has[id]
	return repeated
}

// admit notes a message.
func (u *unique) admit(seq uint64, m *message.Message) {
	if id, ok := m.DeduplicationID(); ok {
		u.has[id] = struct{}{}
		u.of[seq] = id
	}
}

// forget lets a message be repeated.
func (u *unique) forget(seq uint64) {
	if id, ok := u.of[seq]; ok {
		delete(u.has, id)
		delete(u.of, seq)
	}
}

// forgetReady does so with all that are ready.
func (u *unique) forgetReady(l *lanes) {
	within := func(s Span) {
		for seq := range u.of {
			if s.First <= seq && seq <= s.Last {
				u.forget(seq)
			}
		}
	}
	l.each(func(r *ready) {
		r.eachInMemory(func(e *Entry) { u.forget(e.Seq) })
		for _, b := range []backlog{r.low.view(), r.out.view()} {
			for _, s := range b.spans {
				within(s)
			}
			for _, p := range b.pages {
				within(p.Span)
			}
		}
	})
}
