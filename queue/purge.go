package queue

// purge drops all messages that are ready or wait for their time, and returns
// their number. Nobody holds any message above the head, so the rest of a lane
// goes as one span.
func (c *core) purge() int {
	n := c.lanes.len() + c.waiting.len()
	if c.unique != nil {
		c.unique.forgetReady(&c.lanes)
	}
	c.lanes.each(func(r *ready) { c.purgeLane(r) })
	for _, w := range c.waiting.list {
		c.forget(w.Entry)
	}
	c.waiting, c.tally.waiting = waiting{}, 0
	c.generation++
	return n
}

func (c *core) purgeLane(r *ready) {
	r.eachInMemory(func(e *Entry) {
		c.memory -= e.charge()
		if e.stored() {
			c.tally.durable.remove(e.size())
		}
	})
	c.tally.durable = c.tally.durable.minus(r.low.durableIn()).minus(r.out.durableIn())
	for _, e := range r.returned {
		if e.stored() {
			c.effects.gone = append(c.effects.gone, entryID{seq: e.Seq, level: e.level})
		}
	}
	purge := func(s Span) { c.effects.purged = append(c.effects.purged, laneSpan{Span: s, level: r.level}) }
	for _, s := range r.low.view().spans {
		purge(s)
	}
	if rest, any := r.storedSpan(); any && c.law.dense() {
		purge(rest)
	} else if any {
		r.eachStored(purge)
	}
	c.free(r.low.view().pages)
	c.free(r.out.view().pages)
	*r = ready{level: r.level}
}

// storedSpan is the span of all stored messages from the head on.
func (r *ready) storedSpan() (s Span, any bool) {
	r.eachStored(func(stored Span) {
		if !any {
			s.First = stored.First
		}
		s.Last, any = stored.Last, true
	})
	return s, any
}

// eachStored visits the spans of stored messages from the head on.
func (r *ready) eachStored(visit func(Span)) {
	each := func(list *ring[Entry]) {
		for i := range list.len() {
			if e := list.at(i); e.stored() {
				visit(Span{First: e.Seq, Last: e.Seq})
			}
		}
	}
	each(&r.head)
	for _, out := range r.out.view().spans {
		visit(out)
	}
	each(&r.tail)
}

// end drops everything and returns the number of ready messages. The consumers
// are woken to learn of it.
func (c *core) end() int {
	n := c.lanes.len() + c.waiting.len()
	c.lanes.each(func(r *ready) {
		c.free(r.low.view().pages)
		c.free(r.out.view().pages)
	})
	*c = core{
		generation: c.generation + 1,
		tally:      tally{counters: c.tally.counters, dropped: c.tally.dropped, reburied: c.tally.reburied},
		effects:    effects{wake: c.consumers, freed: c.effects.freed},
	}
	return n
}
