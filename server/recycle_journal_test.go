package server_test

import (
	"fmt"
	"sync"
	"testing"

	"github.com/leveretmq/leveret/message"
)

// journal knows what has become of each letter in each of its queues.
type journal struct {
	t    testing.TB
	post *post

	mu       sync.Mutex
	records  map[letterID]*record      // guarded by mu
	last     map[int]map[uint32]uint32 // guarded by mu; number that came last, by station and writer
	left     int                       // guarded by mu; passages that have to come
	events   int                       // guarded by mu
	complain int                       // guarded by mu; how often
}

// record is one letter.
type record struct {
	*letter
	fate     fate
	refused  bool // by the station that refuses
	returned int
	passages [stationCount]passage
}

// fate is what the writer knows of a letter.
type fate int

const (
	unknown fate = iota
	published
	withdrawn // rolled back, or never sent as a whole
)

// passage is a letter in one queue.
type passage struct {
	deliveries int
	holder     *bag // who has it unacknowledged
	settled    bool // the acknowledgement was sent
	final      bool // the acknowledgement has arrived
}

func newJournal(t testing.TB, p *post) *journal {
	return &journal{t: t, post: p, records: make(map[letterID]*record), last: make(map[int]map[uint32]uint32)}
}

// wrong notes a failure; one makes many others, which nobody reads. The caller
// holds l.mu.
func (l *journal) wrong(format string, args ...any) {
	if l.complain++; l.complain <= 20 {
		l.t.Errorf(format, args...)
	}
}

// write makes a letter that is about to be published.
func (l *journal) write(id letterID) *letter {
	letter := l.post.letter(id)
	l.mu.Lock()
	defer l.mu.Unlock()
	l.records[id] = &record{letter: letter}
	return letter
}

// expect notes the fate of letters.
func (l *journal) expect(f fate, ids ...letterID) {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.events++
	for _, id := range ids {
		r := l.records[id]
		r.fate = f
		for i := range r.passages {
			p := &r.passages[i]
			switch {
			case r.queues&(1<<i) == 0:
			case f == withdrawn && p.deliveries > 0:
				l.wrong("letter %v was withdrawn, but %q had it", id, stations()[i].queue.Queue)
			case r.obliges(i) && !p.settled:
				l.left++
			}
		}
		if r.queues == 0 && r.mandatory && f == published && r.returned != 1 {
			l.wrong("letter %v came back %d times instead of once", id, r.returned)
		}
	}
}

// refuse notes that a queue did not take a letter, but all others did.
func (l *journal) refuse(id letterID) {
	l.mu.Lock()
	r := l.records[id]
	r.refused = true
	switch {
	case r.queues&(1<<stationFull) == 0:
		l.wrong("letter %v was refused, but goes to no queue with limits", id)
	case r.passages[stationFull].deliveries > 0:
		l.wrong("letter %v was refused, but came", id)
	}
	l.mu.Unlock()
	l.expect(published, id)
}

// obliges says whether the letter has to come to the station.
func (r *record) obliges(station int) bool {
	return r.fate == published && stations()[station].rule != loose && !(station == stationFull && r.refused)
}

// find recognizes a message and looks at all of it. The caller holds l.mu.
func (l *journal) find(where string, a *arrival) *record {
	id, err := a.recognize()
	r := l.records[id]
	switch {
	case err != nil:
	case r == nil:
		err = fmt.Errorf("nobody wrote letter %v", id)
	case r.fate == withdrawn:
		err = fmt.Errorf("letter %v was withdrawn", id)
	default:
		if problem := l.post.compare(r.letter, a); problem != nil {
			err = fmt.Errorf("letter %v: %w", id, problem)
		}
	}
	if err != nil {
		l.wrong("%s: %v", where, err)
		return nil
	}
	return r
}

// glimpse looks at a message that belongs to nobody any more.
func (l *journal) glimpse(where string, a *arrival) (id letterID, ok bool) {
	l.mu.Lock()
	defer l.mu.Unlock()
	r := l.find(where, a)
	if r == nil {
		return id, false
	}
	return r.letterID, true
}

// sentBack notes that a letter came back to its writer.
func (l *journal) sentBack(a *arrival) {
	l.mu.Lock()
	defer l.mu.Unlock()
	if r := l.find("returned", a); r != nil {
		if r.returned++; r.queues != 0 || !r.mandatory || r.returned > 1 {
			l.wrong("letter %v, which goes to %b, came back %d times", r.letterID, r.queues, r.returned)
		}
	}
}

// deliver notes that a letter came out of a queue. Without a holder it needs no
// acknowledgement.
func (l *journal) deliver(station int, a *arrival, redelivered bool, holder *bag) (id letterID, ok bool) {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.events++
	where := stations()[station]
	r := l.find(where.queue.Queue, a)
	if r == nil {
		return id, false
	}
	p := &r.passages[station]
	if problem := l.objection(where, r, p, redelivered); problem != "" {
		l.wrong("%s: letter %v (redelivered: %v, deliveries: %d, settled: %v) %s",
			where.queue.Queue, r.letterID, redelivered, p.deliveries, p.settled, problem)
	}
	if station == stationFull && r.refused {
		l.wrong("full: letter %v was refused", r.letterID)
	}
	if where.ordered && r.mode() != modeCareless {
		l.checkOrder(station, r)
	}
	p.deliveries++
	if p.holder = holder; holder == nil {
		l.settle(station, r)
		p.final = true
	}
	return r.letterID, true
}

// objection says why a letter should not have come.
func (l *journal) objection(where station, r *record, p *passage, redelivered bool) string {
	switch {
	case r.queues&(1<<l.index(where)) == 0:
		return "does not go there"
	case where.rule == once && (redelivered || p.deliveries > 0):
		return "came again"
	case p.final:
		return "has been acknowledged"
	case p.holder != nil:
		return "is held by somebody"
	case p.deliveries > 0 && !redelivered:
		return "does not say that it came before"
	}
	return ""
}

func (l *journal) index(where station) int {
	for i, s := range stations() {
		if s.queue.Queue == where.queue.Queue {
			return i
		}
	}
	return stationCount
}

func (l *journal) checkOrder(station int, r *record) {
	last := l.last[station]
	if last == nil {
		last = make(map[uint32]uint32)
		l.last[station] = last
	}
	if before, any := last[r.writer]; any && before >= r.number {
		l.wrong("%s: letter %v came behind %d", stations()[station].queue.Queue, r.letterID, before)
	}
	last[r.writer] = r.number
}

// settle notes that an acknowledgement is on its way. The caller holds l.mu.
func (l *journal) settle(station int, r *record) {
	p := &r.passages[station]
	if !p.settled && r.obliges(station) {
		l.left--
	}
	p.settled, p.holder = true, nil
}

// step is what happens to letters that somebody holds.
type step int

const (
	gaveBack    step = iota // they may come to anybody
	acknowledge             // the acknowledgement is about to be sent
	confirmed               // the acknowledgement has arrived
)

// note is to be called before the step gaveBack or acknowledge is told to the
// server.
func (l *journal) note(s step, station int, ids ...letterID) {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.events += len(ids)
	for _, id := range ids {
		r := l.records[id]
		switch p := &r.passages[station]; s {
		case gaveBack:
			p.holder = nil
		case acknowledge:
			l.settle(station, r)
		case confirmed:
			p.final = true
		}
	}
}

// state tells how many passages are left, and a number that changes with each
// event.
func (l *journal) state() (left, events int) {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.left, l.events
}

// missing lists some passages that are left.
func (l *journal) missing() (list []string) {
	l.mu.Lock()
	defer l.mu.Unlock()
	for id, r := range l.records {
		for i, p := range r.passages {
			if len(list) < 10 && r.queues&(1<<i) != 0 && r.obliges(i) && !p.settled {
				list = append(list, fmt.Sprintf("%v of %d octets in %s, delivered %d times, held: %v",
					id, r.size, stations()[i].queue.Queue, p.deliveries, p.holder != nil))
			}
		}
	}
	return list
}

// inspect looks at a message of the server itself.
func (p *post) inspect(where string, m *message.Message) error {
	a := &arrival{exchange: m.Exchange, key: m.RoutingKey, properties: m.Properties, body: m.Body}
	id, err := a.recognize()
	if err == nil {
		err = p.compare(p.letter(id), a)
	}
	if err != nil {
		return fmt.Errorf("%s: letter %v: %w", where, id, err)
	}
	return nil
}
