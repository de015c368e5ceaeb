package queue

import "slices"

// rotation is the line in which consumers wait for their turn: one line for
// each priority, the highest first.
type rotation struct {
	lines []*line // descending by priority; a line is kept while a consumer has its priority
}

type line struct {
	priority  int64
	consumers int // that have the priority, in the line or not
	waiting   ring[*Consumer]
}

// join makes room for a consumer.
func (r *rotation) join(c *Consumer) {
	i, found := r.find(c.Priority)
	if !found {
		r.lines = slices.Insert(r.lines, i, &line{priority: c.Priority})
	}
	c.line = r.lines[i]
	c.line.consumers++
}

// leave takes a consumer out for good.
func (r *rotation) leave(c *Consumer) {
	if c.inLine {
		c.inLine = false
		c.line.waiting.remove(func(other *Consumer) bool { return other == c })
	}
	if c.line.consumers--; c.line.consumers == 0 {
		i, _ := r.find(c.Priority)
		r.lines = slices.Delete(r.lines, i, i+1)
	}
}

// enter puts a consumer at the end of its line, unless it stands there.
func (r *rotation) enter(c *Consumer) {
	if !c.inLine {
		c.inLine = true
		c.line.waiting.push(c)
	}
}

// next takes the consumer whose turn it is out of its line, or returns nil.
func (r *rotation) next() *Consumer {
	for _, l := range r.lines {
		if l.waiting.len() > 0 {
			c := l.waiting.pop()
			c.inLine = false
			return c
		}
	}
	return nil
}

// othersLike says whether anybody of the consumer's priority stands in line.
func (r *rotation) othersLike(c *Consumer) bool { return c.line.waiting.len() > 0 }

// waiting says whether anybody stands in line.
func (r *rotation) waiting() bool {
	for _, l := range r.lines {
		if l.waiting.len() > 0 {
			return true
		}
	}
	return false
}

func (r *rotation) find(priority int64) (int, bool) {
	return slices.BinarySearchFunc(r.lines, priority, func(l *line, p int64) int {
		switch {
		case l.priority > p:
			return -1
		case l.priority < p:
			return 1
		}
		return 0
	})
}
