package management

import (
	"slices"
	"sync"
	"time"
)

// sampleInterval is the time between two looks at all counters, RabbitMQ's: rates are
// those of the last interval.
const sampleInterval = 5 * time.Second

// step is one resolution in which counters are remembered.
type step struct {
	rounds int // between two samples
	keep   int // samples after the oldest
}

// every is the time between two samples.
func (s step) every() time.Duration { return time.Duration(s.rounds) * sampleInterval }

// reach is how far back the samples go.
func (s step) reach() time.Duration { return time.Duration(s.keep) * s.every() }

// policy makes the steps of a retention policy, which is given as RabbitMQ has it: for
// how long, and with which time between samples.
func policy(reach ...[2]time.Duration) []step {
	steps := make([]step, len(reach))
	for i, r := range reach {
		steps[i] = step{rounds: int(r[1] / sampleInterval), keep: int(r[0] / r[1])}
	}
	return steps
}

// basicPolicy is for single objects, globalPolicy for virtual hosts, the node and the
// whole: RabbitMQ's defaults.
func basicPolicy() []step {
	return policy([2]time.Duration{10 * time.Minute, sampleInterval}, [2]time.Duration{time.Hour, time.Minute})
}

func globalPolicy() []step {
	return append(basicPolicy(), policy([2]time.Duration{8 * time.Hour, 10 * time.Minute},
		[2]time.Duration{24 * time.Hour, 30 * time.Minute})...)
}

// history is what is remembered of one object. One that is idle for as long as the
// longest step reaches back needs nothing but its last values, and one whose counters
// are all zero is not remembered at all.
type history struct {
	round  int64
	last   []byte  // values of the last round, packed
	recent []byte  // what the last round has changed, packed; nil for nothing
	passed int64   // rounds since the one before
	trails []trail // one for each step; nil for an idle object
}

// series is the histories of all objects of a kind. Rounds are counted from 1970, so
// that samples are taken at even times. All methods are safe for concurrent use.
type series[K comparable] struct {
	width int // counters of an object
	grow  int // the first so many of them never decrease while the object lives
	steps []step

	mu      sync.RWMutex
	round   int64          // guarded by mu
	objects map[K]*history // guarded by mu
	now     []int64        // guarded by mu; for record
	diff    []int64        // guarded by mu; for record
}

func newSeries[K comparable](width, grow int, steps []step) *series[K] {
	return &series[K]{
		width: width, grow: grow, steps: steps, objects: make(map[K]*history),
		now: make([]int64, width), diff: make([]int64, width),
	}
}

// record takes the counters of all objects at a round; fill calls each for every
// object. Objects that it does not name any more are forgotten. The values are not
// kept. No lock is held while fill is on its way. One goroutine calls it.
func (s *series[K]) record(round int64, fill func(each func(key K, values []int64))) {
	s.mu.Lock()
	first := s.round == 0
	passed := max(round-s.round, 1)
	s.round = round
	s.mu.Unlock()
	fill(func(key K, values []int64) {
		s.mu.Lock()
		defer s.mu.Unlock()
		s.take(key, values, first, passed)
	})
	s.mu.Lock()
	defer s.mu.Unlock()
	for key, h := range s.objects {
		if h.round != round {
			delete(s.objects, key)
		}
	}
}

// take notes the values of one object; the caller holds the lock. What is seen for the first time has counted
// from zero, unless nothing was looked at before.
func (s *series[K]) take(key K, values []int64, first bool, passed int64) {
	h := s.objects[key]
	if h == nil {
		if !slices.ContainsFunc(values, func(n int64) bool { return n != 0 }) {
			return
		}
		h = &history{last: appendPacked(nil, s.diff[:0])}
		if first {
			h.last = appendPacked(h.last[:0], values)
		}
		s.objects[key] = h
	}
	h.round, h.passed = s.round, passed
	if s.compare(h, values) {
		h.recent = appendPacked(h.recent[:0], s.diff)
		h.last = appendPacked(h.last[:0], values)
	} else {
		h.recent = nil
	}
	if h.trails != nil || h.recent != nil {
		s.extend(h)
	}
}

// compare puts the difference to the last round into s.diff and says whether there is
// any. A counter that has decreased is that of another object with the same name.
func (s *series[K]) compare(h *history, values []int64) (changed bool) {
	clear(s.now)
	addPacked(s.now, h.last)
	for i := range s.grow {
		if values[i] < s.now[i] {
			clear(s.now)
			h.trails = nil
			break
		}
	}
	for i, n := range values {
		s.diff[i] = n - s.now[i]
		changed = changed || s.diff[i] != 0
	}
	return changed
}

// extend writes the round into the trails; s.now are the values before it, and s.diff
// is what it has changed.
func (s *series[K]) extend(h *history) {
	if h.trails == nil {
		h.trails = make([]trail, len(s.steps))
		for i := range h.trails {
			h.trails[i] = trail{base: slices.Clone(s.now)}
		}
	}
	idle := true
	for i, step := range s.steps {
		s.advance(&h.trails[i], step, h.passed)
		idle = idle && h.trails[i].quiet >= step.keep
	}
	if idle {
		h.trails = nil
	}
}

// advance brings one trail to the round of now. Rounds that were left out, because the
// process was held up, count as without a change.
func (s *series[K]) advance(t *trail, at step, passed int64) {
	times := s.round/int64(at.rounds) - (s.round-passed)/int64(at.rounds)
	if times == 0 {
		return
	}
	for range min(times-1, int64(at.keep)) {
		t.push(nil, at.keep)
	}
	diff := s.diff
	if at.rounds > 1 { // the trail knows nothing of the rounds between its times
		diff = t.newest()
		for i := range diff {
			diff[i] = s.now[i] + s.diff[i] - diff[i]
		}
	}
	t.push(diff, at.keep)
}
