package queue

import (
	"slices"
)

// load brings the first messages that are out of memory back, one block or so,
// and dispatches them. While one load runs, others wait for it and do nothing.
func (q *Queue) load() { q.loadFor(func() {}) }

// loadFor does the same for somebody who takes a message under the same lock,
// before it may leave memory again or go to somebody else.
func (q *Queue) loadFor(take func()) {
	q.lock()
	q.asked = false
	if running := q.loading; running != nil {
		q.mu.Unlock()
		<-running
		return
	}
	q.core.short = q.pager.short()
	r, any := q.core.beginLoad()
	if !any {
		take()
		q.finish(&Unit{})
		return
	}
	var unwritten []Entry
	number := uint64(0)
	if r.page != nil {
		unwritten, number = r.page.entries, r.page.number
	}
	done := make(chan struct{})
	q.loading = done
	q.mu.Unlock()

	entries := q.read(&r, unwritten, number)

	q.lock()
	q.loading = nil
	if unwritten == nil && !q.deleted {
		q.core.tally.counters.DiskReads += uint64(len(entries))
	}
	q.core.endLoad(&r, entries)
	take()
	q.core.dispatch()
	q.finish(&Unit{})
	close(done)
}

// read fetches what a reading wants, from the store and from the page, which
// may not have been written yet.
func (q *Queue) read(r *reading, unwritten []Entry, number uint64) (entries []Entry) {
	if n := len(r.spans); n > 0 {
		loaded, through := q.store.Load(q.streamOf(r.lane.level), r.spans, r.octets)
		if through < r.spans[n-1].Last {
			r.through = min(r.through, through)
		}
		entries = make([]Entry, 0, len(loaded))
		for _, l := range loaded {
			q.date(l.Message)
			entries = append(entries, Entry{Message: l.Message, Seq: l.Seq, state: stored | settled})
		}
	}
	if r.page == nil {
		return entries
	}
	if unwritten == nil {
		for _, l := range q.store.SwapIn(number) {
			unwritten = append(unwritten, Entry{Message: l.Message, Seq: l.Seq})
		}
	}
	for _, e := range unwritten {
		if e.Seq >= r.page.First && e.Seq <= r.through {
			entries = append(entries, e)
		}
	}
	slices.SortFunc(entries, bySeq)
	return entries
}

// weight is what a queue could give up of its memory if so much is kept at a head
// that is consumed, in octets, and whether somebody consumes from it.
func (q *Queue) weight(keep int64) (octets int64, consumed bool) {
	q.mu.Lock()
	defer q.mu.Unlock()
	if q.core.memory == 0 {
		q.known = false
		return 0, false
	}
	consumed = len(q.core.consumers) > 0
	inMemory := q.core.waiting.memory
	q.core.lanes.each(func(r *ready) {
		inMemory += r.octets + messageCharge*int64(len(r.returned)+r.head.len()+r.tail.len())
	})
	return min(inMemory-q.kept(keep)+q.core.unwritten, q.core.memory), consumed
}

// kept is what stays in memory of a queue that is paged out: nothing that nobody
// consumes, unless it may expire.
func (q *Queue) kept(keep int64) int64 {
	if len(q.core.consumers) > 0 || q.core.timed {
		return keep
	}
	return 0
}

// scattered lists the messages that should be gathered on disk before pageOut,
// and the number up to which pageOut may go once they are.
func (q *Queue) scattered(keep int64) (list []Enqueue, bound uint64) {
	q.mu.Lock()
	defer q.mu.Unlock()
	bound = q.core.nextSeq - 1
	entries := q.core.scattered(bound, q.kept(keep))
	for _, e := range entries {
		e.Message.Keep() // the store does not tell when it is done
		list = append(list, Enqueue{Queue: q.streamOf(e.level), Seq: e.Seq, Message: e.Message})
	}
	return list, bound
}

// pageOut takes messages out of memory, up to the bound, and keeps about so many
// octets at a head that is consumed. What is stored up to the bound is committed.
func (q *Queue) pageOut(bound uint64, keep int64) error {
	q.lock()
	pages := q.core.evict(bound, q.kept(keep))
	q.core.dispatch()
	q.finish(&Unit{})
	q.unwritten = append(q.unwritten, pages...)
	for len(q.unwritten) > 0 {
		p := q.unwritten[0]
		if err := q.write(p); err != nil {
			return err // it stays where it is, for the next time
		}
		q.unwritten = q.unwritten[1:]
	}
	q.unwritten = nil
	return nil
}

// write swaps a page out. Its messages stay in memory until it is written.
func (q *Queue) write(p *page) error {
	q.mu.Lock()
	entries := p.entries
	q.mu.Unlock()
	if entries == nil {
		return nil // it was given up
	}
	list := make([]Loaded, len(entries))
	for i, e := range entries {
		list[i] = Loaded{Seq: e.Seq, Message: e.Message}
	}
	number, err := q.store.SwapOut(list)
	if err != nil {
		return err
	}
	q.mu.Lock()
	gone := p.gone
	if !q.deleted {
		q.core.tally.counters.DiskWrites += uint64(len(list))
	}
	if !gone {
		q.core.written(p, number)
		q.chargePager()
	}
	q.mu.Unlock()
	if gone {
		q.pager.free([]uint64{number})
	}
	return nil
}
