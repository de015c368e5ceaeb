package persistence

import (
	"fmt"
	"math"
	"sort"

	"github.com/leveretmq/leveret/queue"
)

// heldRun is the living records of one queue in one mixed block. Mixed blocks
// are read when the store is opened, because many queues share each of them;
// Recover hands their messages out.
type heldRun struct {
	first   uint64
	records []record
}

// Recover hands out what the directory held of a queue when it was opened, in
// the order of the sequence numbers, and ends with the first error of yield.
// Messages in blocks of the queue's own are not read: what is handed out is
// where they lie, for Load. It is called once for each queue, before anything
// is submitted for it; any number of queues may be recovered at once.
func (s *Store) Recover(id uint32, yield func(queue.Recovered) error) error {
	found, err := s.recovered(id)
	if err != nil {
		return err
	}
	for _, r := range found {
		if err := yield(r); err != nil {
			return err
		}
	}
	return nil
}

// recovered lists what there is of a queue.
func (s *Store) recovered(id uint32) (list []queue.Recovered, err error) {
	s.indexMu.Lock()
	defer s.indexMu.Unlock()
	q := s.index.queues[id]
	if q == nil {
		return nil, nil
	}
	if q.recovered {
		return nil, fmt.Errorf("%w: queue %d", ErrRecovered, id)
	}
	q.recovered = true
	held, stopped := s.held[id], s.stopped[id]
	delete(s.held, id)
	delete(s.stopped, id)
	for i := range q.runs {
		r := &q.runs[i]
		if !r.block.recovered {
			continue
		}
		span := queue.Span{First: r.first, Last: s.endOf(q, i)}
		if len(held) > 0 && held[0].first == r.first {
			for _, record := range held[0].records {
				list = append(list, s.inMemory(record, stopped))
			}
			held = held[1:]
			continue
		}
		found := queue.Recovered{
			Span: span, Count: int(r.live), Octets: int64(r.block.octets) * int64(r.live) / int64(r.block.count),
			Expires: r.block.flags&flagExpires != 0,
		}
		s.recall(&found, stopped)
		list = append(list, found)
	}
	return list, nil
}

// endOf is a number that no message of the run exceeds, and all of later runs
// do. Gaps are not known before a block is read.
func (s *Store) endOf(q *queueIndex, i int) uint64 {
	r := &q.runs[i]
	switch {
	case !r.unread():
		return r.last()
	case i+1 < len(q.runs):
		return q.runs[i+1].first - 1
	}
	return s.floor - 1
}

// inMemory is a message that was read when the store was opened.
func (s *Store) inMemory(r record, stopped []seenSpan) queue.Recovered {
	found := queue.Recovered{
		Span: queue.Span{First: r.seq, Last: r.seq}, Message: r.message, Count: 1, Octets: int64(len(r.message.Body)),
	}
	s.recall(&found, stopped)
	return found
}

// recall says which of the messages consumers may have seen: after a crash nobody
// knows, so all of them, and none has come back.
func (s *Store) recall(found *queue.Recovered, stopped []seenSpan) {
	if !s.clean {
		found.Redelivered = []queue.Span{found.Span}
		return
	}
	i := sort.Search(len(stopped), func(i int) bool { return stopped[i].Last >= found.First })
	for _, r := range stopped[i:] {
		if r.First > found.Last {
			break
		}
		span := queue.Span{First: max(r.First, found.First), Last: min(r.Last, found.Last)}
		found.Redelivered = appendSpan(found.Redelivered, span)
		if r.returns == 0 {
			continue
		}
		if found.Returns == nil {
			found.Returns = make(map[uint64]uint16)
		}
		for seq := span.First; seq-span.First <= span.Last-span.First; seq++ {
			found.Returns[seq] = r.returns
		}
	}
}

// appendSpan adds a span at the end of others, or to the last one if it follows it.
func appendSpan(spans []queue.Span, s queue.Span) []queue.Span {
	if n := len(spans); n > 0 && spans[n-1].Last+1 == s.First {
		spans[n-1].Last = s.Last
		return spans
	}
	return append(spans, s)
}

// learnGaps notes the sequence numbers of a block with gaps, which its key does
// not tell.
func (s *Store) learnGaps(id uint32, b *block, records []record) {
	if b.flags&flagContiguous != 0 {
		return
	}
	s.indexMu.Lock()
	defer s.indexMu.Unlock()
	q := s.index.queues[id]
	if q == nil {
		return
	}
	i := q.find(b.first)
	if i < 0 || q.runs[i].block != b || !q.runs[i].unread() {
		return
	}
	items := make([]item, len(records))
	for j, r := range records {
		items[j] = item{seq: r.seq}
	}
	q.runs[i].gaps = newRun(b, 0, items).gaps
}

// allNumbers is a span that everything lies in.
func allNumbers() queue.Span { return queue.Span{Last: math.MaxUint64} }
