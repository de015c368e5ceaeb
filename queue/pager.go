package queue

import (
	"cmp"
	"log/slog"
	"slices"
	"sync"
	"sync/atomic"
)

const (
	// defaultBudget is what queued messages may cost in memory together, in
	// octets.
	defaultBudget = 48 << 20
	// loaders is how many goroutines read messages back.
	loaders = 2
	// gatherUnit is how much is gathered on disk in one unit, in octets, so
	// that others need not wait long for theirs.
	gatherUnit = 1 << 20
)

// Pager keeps the memory of all queues together within a budget. Where it is
// exceeded, the longest queues give up what their consumers do not need soon.
// It reads back what they need after all. Its goroutines are the only ones
// beside the readers of connections that wait for the store on a queue's
// behalf. All methods are safe for concurrent use.
type Pager struct {
	store  Store
	log    *slog.Logger
	budget int64

	used      atomic.Int64
	threshold atomic.Int64 // from which the budget counts as exceeded
	relieving atomic.Bool
	exceeded  chan struct{}
	stop      chan struct{}
	ended     sync.WaitGroup

	mu     sync.Mutex // a leaf: taken under the locks of queues
	more   sync.Cond  // loads or freed has grown, or the pager is closed
	room   sync.Cond  // memory has become free, or nobody frees any
	loads  ring[*Queue]
	freed  []uint64            // pages of the store whose space is to be given back
	queues map[*Queue]struct{} // that have messages in memory
	closed bool
}

// PagerOptions is what a pager works with.
type PagerOptions struct {
	Store Store
	// Budget is what the queued messages of all queues may cost in memory
	// together, in octets; zero means 48 MiB. It is exceeded for moments, and
	// by what clients hold unacknowledged.
	Budget int64
	// Logger is told what goes wrong; nil means that nobody is.
	Logger *slog.Logger
}

// NewPager starts a pager. Close ends it.
func NewPager(o PagerOptions) *Pager {
	if o.Logger == nil {
		o.Logger = slog.New(slog.DiscardHandler)
	}
	p := &Pager{
		store: o.Store, log: o.Logger, budget: o.Budget,
		exceeded: make(chan struct{}, 1), stop: make(chan struct{}), queues: make(map[*Queue]struct{}),
	}
	if p.budget == 0 {
		p.budget = defaultBudget
	}
	p.threshold.Store(p.budget)
	p.more.L, p.room.L = &p.mu, &p.mu
	p.ended.Add(1 + loaders)
	go p.run()
	for range loaders {
		go p.runLoader()
	}
	return p
}

// Close ends the pager. No queue may be used any more.
func (p *Pager) Close() {
	p.mu.Lock()
	if !p.closed {
		close(p.stop)
	}
	p.closed = true
	p.more.Broadcast()
	p.room.Broadcast()
	p.mu.Unlock()
	p.ended.Wait()
}

// Flow is how much a publisher has published lately, for who holds publishers back
// when there is too much: so those who make it wait, and others do not wait for them.
type Flow int

const (
	// Flood waits as soon as there is too much.
	Flood Flow = iota
	// Trickle waits when there is twice as much.
	Trickle
)

// Room is how much there may be for a publisher, of what is allowed for a flood.
func (f Flow) Room(flood int64) int64 {
	if f == Trickle {
		return 2 * flood
	}
	return flood
}

// Throttle blocks while memory is far over the budget and is being freed.
// Readers of connections call it, outside of all locks.
func (p *Pager) Throttle(flow Flow) {
	if !p.flooded(flow) {
		return
	}
	p.mu.Lock()
	defer p.mu.Unlock()
	for p.flooded(flow) && !p.closed {
		p.room.Wait()
	}
}

func (p *Pager) flooded(flow Flow) bool {
	return p.used.Load() > flow.Room(2*p.budget) && p.relieving.Load()
}

// Used is what the messages in memory cost, in octets.
func (p *Pager) Used() int64 { return p.used.Load() }

// Budget is what they may cost, in octets.
func (p *Pager) Budget() int64 { return p.budget }

// short says whether memory is short. A queue without a pager always has enough.
func (p *Pager) short() bool { return p != nil && p.used.Load() > p.budget }

// charge notes that a queue costs more memory, or less.
func (p *Pager) charge(octets int64) {
	used, threshold := p.used.Add(octets), p.threshold.Load()
	if octets < 0 && threshold > p.budget {
		p.threshold.Store(min(threshold, p.above(used)))
	}
	if octets < 0 || used <= threshold {
		return
	}
	select {
	case p.exceeded <- struct{}{}:
	default:
	}
}

// above is the threshold while so many octets are used: where they exceed the
// budget and cannot be freed, it is worth another try when there is more.
func (p *Pager) above(used int64) int64 { return max(p.budget, used+p.budget/8) }

// meet makes a queue known that has messages in memory.
func (p *Pager) meet(q *Queue) {
	p.mu.Lock()
	p.queues[q] = struct{}{}
	p.mu.Unlock()
}

// forget is the opposite.
func (p *Pager) forget(q *Queue) {
	p.mu.Lock()
	delete(p.queues, q)
	p.mu.Unlock()
}

// ask has a queue's load called soon.
func (p *Pager) ask(q *Queue) {
	p.mu.Lock()
	p.loads.push(q)
	p.more.Signal()
	p.mu.Unlock()
}

// free has the space of pages given back soon.
func (p *Pager) free(pages []uint64) {
	p.mu.Lock()
	p.freed = append(p.freed, pages...)
	p.more.Signal()
	p.mu.Unlock()
}

// runLoader is the goroutine of one loader.
func (p *Pager) runLoader() {
	defer p.ended.Done()
	for {
		q, freed := p.work()
		switch {
		case q != nil:
			q.load()
		case freed == nil:
			return
		}
		for _, page := range freed {
			p.store.SwapFree(page)
		}
	}
}

// work waits for something that a loader has to do: a queue that wants to load,
// or pages to be freed. There is neither when the pager is closed.
func (p *Pager) work() (q *Queue, freed []uint64) {
	p.mu.Lock()
	defer p.mu.Unlock()
	for p.loads.len() == 0 && len(p.freed) == 0 && !p.closed {
		p.more.Wait()
	}
	switch {
	case p.closed:
	case p.loads.len() > 0:
		q = p.loads.pop()
	default:
		freed, p.freed = p.freed, nil
	}
	return q, freed
}

// run is the goroutine that frees memory.
func (p *Pager) run() {
	defer p.ended.Done()
	for {
		select {
		case <-p.stop:
			return
		case <-p.exceeded:
		}
		if p.used.Load() <= p.budget {
			continue
		}
		p.relieving.Store(true)
		p.relieve()
		p.relieving.Store(false)
		p.threshold.Store(p.above(p.used.Load()))
		p.mu.Lock()
		p.room.Broadcast()
		p.mu.Unlock()
	}
}

// relieve frees memory until three quarters of the budget are used, or nothing
// more can be freed. Heads that are consumed stay, unless there are too many.
func (p *Pager) relieve() {
	for _, keep := range [...]int64{headOctets, shortOctets, 0} {
		for {
			before := p.used.Load()
			excess := before - p.budget/4*3
			if excess <= 0 || p.stopped() {
				return
			}
			if err := p.pageOut(p.choose(excess, keep), keep); err != nil {
				p.log.Warn("messages could not be moved out of memory", "error", err)
				return
			}
			p.mu.Lock()
			p.room.Broadcast()
			p.mu.Unlock()
			if p.used.Load() >= before-p.budget/64 {
				break
			}
		}
	}
}

func (p *Pager) stopped() bool {
	select {
	case <-p.stop:
		return true
	default:
		return false
	}
}

// choose picks the queues that give up memory: those that have most of it, and
// rather those that nobody consumes from.
func (p *Pager) choose(excess, keep int64) (chosen []*Queue) {
	type candidate struct {
		queue  *Queue
		octets int64
		rank   int64
	}
	p.mu.Lock()
	all := make([]*Queue, 0, len(p.queues))
	for q := range p.queues {
		all = append(all, q)
	}
	p.mu.Unlock()
	candidates := make([]candidate, 0, len(all))
	for _, q := range all {
		octets, consumed := q.weight(keep)
		if octets <= 0 {
			p.part(q)
			continue
		}
		c := candidate{queue: q, octets: octets, rank: 4 * octets}
		if consumed {
			c.rank = octets
		}
		candidates = append(candidates, c)
	}
	slices.SortFunc(candidates, func(a, b candidate) int { return cmp.Compare(b.rank, a.rank) })
	for _, c := range candidates {
		if excess <= 0 {
			break
		}
		chosen = append(chosen, c.queue)
		excess -= c.octets
	}
	return chosen
}

// part forgets a queue without messages in memory.
func (p *Pager) part(q *Queue) {
	q.mu.Lock()
	defer q.mu.Unlock()
	if !q.known {
		p.forget(q)
	}
}

// pageOut has queues give up memory, after what they have stored is committed
// and lies side by side.
func (p *Pager) pageOut(queues []*Queue, keep int64) error {
	bounds := make([]uint64, len(queues))
	var unit Unit
	octets := 0
	for i, q := range queues {
		var list []Enqueue
		list, bounds[i] = q.scattered(keep)
		for _, e := range list {
			unit.Gather = append(unit.Gather, e)
			if octets += e.Message.Size() + messageCharge; octets >= gatherUnit {
				p.store.Submit(unit)
				unit, octets = Unit{}, 0
			}
		}
	}
	committed := make(chan error, 1)
	unit.Done = func(err error) { committed <- err }
	p.store.Submit(unit)
	select {
	case <-p.stop:
		return nil
	case err := <-committed:
		if err != nil {
			return err
		}
	}
	for i, q := range queues {
		if err := q.pageOut(bounds[i], keep); err != nil {
			return err
		}
	}
	return nil
}
