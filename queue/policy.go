package queue

import (
	"cmp"
	"encoding/json"
	"maps"
	"reflect"
	"slices"
	"time"
)

// Policy is what operators say about a queue, beside its arguments. The queue takes
// note of what it knows of the definition.
type Policy struct {
	// Name and Operator are the names of the policy and the operator policy that
	// apply, or empty.
	Name, Operator string
	// Definition is what both say together, with RabbitMQ's keys; integers are int64
	// or json.Number. Nobody changes it.
	Definition map[string]any
}

// Govern changes the policy of the queue, at once and for all of its messages: what is
// too much or too old by it goes, and timers are set anew. Without what an earlier
// policy has said, the queue is as its arguments say.
func (q *Queue) Govern(p Policy) {
	q.lock()
	if q.deleted {
		q.mu.Unlock()
		return
	}
	before := q.policy.Definition[consumerTimeout]
	q.policy = p
	var retimed []*Consumer
	if before != p.Definition[consumerTimeout] {
		retimed = slices.Clone(q.core.consumers)
	}
	q.governLocked(q.spec.rules(q.args.Type, p.Definition))
	for _, c := range retimed {
		if w, ok := c.waker.(Timed); ok {
			w.Retime(c)
		}
	}
}

// consumerTimeout is the key that is no business of the core.
const consumerTimeout = "consumer-timeout"

// governLocked has other rules apply, and unlocks the queue.
func (q *Queue) governLocked(rules *Rules) {
	if reflect.DeepEqual(rules, q.core.law.Rules) {
		q.mu.Unlock()
		return
	}
	expires := q.expiry()
	q.core.govern(rules)
	q.readClock() // which may not have mattered before
	if q.expires() && q.expiry() != expires {
		q.beginUse()
	}
	q.core.dispatch()
	q.finish(&Unit{})
}

// expiry is how long the queue may be unused, in milliseconds; zero is for ever.
func (q *Queue) expiry() int64 {
	if !q.expires() {
		return 0
	}
	return q.core.law.Expires
}

// beginUse counts the time for which the queue is unused from now on.
func (q *Queue) beginUse() {
	if q.clock == nil {
		q.clock = new(clock)
	}
	q.clock.used = time.Now().UnixMilli()
}

// Policy is the policy that applies.
func (q *Queue) Policy() Policy {
	q.mu.Lock()
	defer q.mu.Unlock()
	return q.policy
}

// govern takes over other rules, which may be nil. The caller dispatches.
func (c *core) govern(rules *Rules) {
	c.law.Rules = rules
	c.law.counts = c.law.counted || rules != nil && (rules.DeliveryLimit >= 0 || rules.Retry != Retry{})
	c.timed = c.timed || c.law.timed()
	c.trimming = c.law.bounded()
	c.wakeAt = never
	if c.law.anywhere {
		c.mourn()
	}
}

// mourn notes anew when messages will expire that do so anywhere in the queue. Those
// that are out of memory and would not have expired before do so at the front only.
func (c *core) mourn() {
	known := make(map[uint64]mortal, len(c.mortals))
	for _, m := range c.mortals {
		known[m.seq] = m
	}
	note := func(e *Entry) {
		if e.Message != nil && e.state&tomb == 0 {
			known[e.Seq] = newMortal(c, *e, e.Message)
		}
	}
	c.lanes.each(func(r *ready) { r.eachInMemory(note) })
	for i := range c.waiting.list {
		note(&c.waiting.list[i].Entry)
	}
	c.mortals = c.mortals[:0]
	for _, m := range slices.SortedFunc(maps.Values(known), func(a, b mortal) int { return cmp.Compare(a.seq, b.seq) }) {
		if m.deadline = c.law.deadline(m.ready, m.own); m.deadline != never {
			c.mortals.push(m)
		}
	}
}

// said is what arguments and policies say about a queue together.
type said struct {
	spec   *Spec
	policy map[string]any
}

// integer is what the policy says, if it says an integer.
func (s said) integer(key string) (int64, bool) {
	switch n := s.policy[key].(type) {
	case int64:
		return n, true
	case json.Number:
		i, _ := n.Int64() // the nearest one, if it is out of range
		return i, true
	}
	return 0, false
}

// both are the values of an argument and of its key in policies; limits that do not
// exist are negative.
func (s said) both(key string) (argument, policy int64) {
	argument = s.spec.integer("x-"+key, unlimited)
	if n, ok := s.integer(key); ok {
		return argument, n
	}
	return argument, unlimited
}

// least is the smaller limit of both (RabbitMQ behaviour).
func (s said) least(key string) int64 {
	a, p := s.both(key)
	if a < 0 || p < 0 {
		return max(a, p)
	}
	return min(a, p)
}

// most is the larger one of two times, or zero.
func (s said) most(key string) int64 {
	a, p := s.both(key)
	return max(a, p, 0)
}

// text is the argument or, without one, what the policy says.
func (s said) text(key string) (string, bool) {
	if value, ok := s.spec.Arguments.Lookup("x-" + key); ok {
		text, ok := value.(string)
		return text, ok
	}
	text, ok := s.policy[key].(string)
	return text, ok
}

// policyFirst is what the policy says or, without that, the argument.
func (s said) policyFirst(key string) string {
	if text, ok := s.policy[key].(string); ok {
		return text
	}
	return s.spec.text("x-" + key)
}

// names says whether either names the key.
func (s said) names(key string) bool {
	if _, ok := s.policy[key]; ok {
		return true
	}
	_, ok := s.spec.Arguments.Lookup("x-" + key)
	return ok
}
