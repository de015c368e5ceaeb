package queue

import "math/rand/v2"

// rulesOf are the rules of a queue, which has none at all if there are none.
func rulesOf(r *Rules) Rules {
	if r == nil {
		return NoRules()
	}
	return *r
}

// govern changes the policy, as an operator does at any moment.
func (m *model) govern() {
	rules := m.queue.spec.rules(m.queue.args.Type, anyPolicy(m.rng))
	m.lock()
	if m.law.anywhere {
		m.noteUnseen()
	}
	m.core.govern(rules)
	m.rules = rulesOf(rules)
	if m.timed {
		m.now = m.clock
		m.ripen()
	}
	m.dispatch()
}

// noteUnseen notes which messages a change of the time to live does not find: what is
// with clients or out of memory, unless its end was known before.
func (m *model) noteUnseen() {
	seen := make(map[uint64]bool)
	note := func(e *Entry) { seen[e.Seq] = seen[e.Seq] || e.Message != nil }
	m.lanes.eachAsIs(func(r *ready) { r.eachInMemory(note) })
	for i := range m.waiting.list {
		note(&m.waiting.list[i].Entry)
	}
	for _, e := range m.mortals {
		seen[e.seq] = true
	}
	for _, f := range m.all {
		f.unseen = !seen[f.seq]
	}
}

// bounded says whether the queue has a limit of its length.
func (m *model) bounded() bool { return m.rules.MaxLength >= 0 || m.rules.MaxBytes >= 0 }

// counts says whether the queue counts how often messages come back.
func (m *model) counts() bool {
	return m.queue.args.Type == Quorum || m.rules.DeliveryLimit >= 0 || m.rules.Retry != Retry{}
}

// temporal says whether the rules depend on the time.
func (m *model) temporal() bool {
	return m.rules.TTL >= 0 || m.rules.Expires >= 0 || m.rules.Retry != Retry{}
}

// anyPolicy is a random definition, which often says nothing, or what is usual.
func anyPolicy(rng *rand.Rand) map[string]any {
	definition := make(map[string]any)
	one := func(name string, values ...any) {
		if rng.IntN(3) == 0 {
			definition[name] = values[rng.IntN(len(values))]
		}
	}
	if rng.IntN(3) == 0 {
		return definition
	}
	one("message-ttl", int64(0), int64(3), int64(30), int64(300))
	one("max-length", int64(0), int64(3), int64(30))
	one("max-length-bytes", int64(0), int64(200_000), int64(2_000_000))
	one("overflow", "drop-head", "reject-publish", "reject-publish-dlx")
	one("dead-letter-exchange", "deader")
	one("delivery-limit", int64(-1), int64(0), int64(2))
	if rng.IntN(4) == 0 {
		kinds := []string{"all", "failed", "returned"}
		definition["delayed-retry-type"] = kinds[rng.IntN(len(kinds))]
		definition["delayed-retry-min"], definition["delayed-retry-max"] = int64(rng.IntN(20)), int64(rng.IntN(60))
	}
	return definition
}
