package crash

import "fmt"

// commit is what is known about one tx.commit.
type commit struct {
	epoch    uint32
	answered bool
}

// commit makes the parts of a transaction take effect, as far as is known.
func (c *checker) commit(number uint32) {
	c.commits[number] = commit{epoch: c.epoch}
	t := &c.history.transactions[number]
	for _, v := range t.Publishes {
		c.send(event{value: v})
	}
	for _, v := range t.Acks {
		c.ack(event{session: t.Session, value: v})
	}
}

// committed settles all parts.
func (c *checker) committed(number uint32) {
	c.commits[number].answered = true
	t := &c.history.transactions[number]
	for _, v := range t.Publishes {
		c.outcome(v, Confirmed)
	}
	if len(t.Acks) > 0 {
		c.settle(t.Session)
	}
}

// concludeCommits judges the transactions whose life ended before the answer:
// what is left of each has to be all of it or nothing. Parts of an answered one
// are judged as what was confirmed and settled.
func (c *checker) concludeCommits() {
	for number := range c.commits {
		begun := &c.commits[number]
		if begun.answered || begun.epoch == c.epoch {
			continue
		}
		done, undone := c.evidence(&c.history.transactions[number], begun.epoch)
		if done != "" && undone != "" {
			c.report.add(Torn, func() string {
				return fmt.Sprintf("transaction %d of life %d: %s, but %s", number, begun.epoch, done, undone)
			})
		}
	}
}

// evidence describes a part of a transaction that took effect, and one that did
// not. Nothing is known of a copy that was acked before the crash, as an acked
// one goes either way, and of an ack of what was never confirmed.
func (c *checker) evidence(t *Transaction, epoch uint32) (done, undone string) {
	for _, v := range t.Publishes {
		for _, queue := range c.history.routes[v.Origin] {
			copied := c.copies[copyKey{v, queue}]
			switch {
			case copied != nil && copied.seenEpoch > epoch:
				done = fmt.Sprintf("%v is in queue %d", v, queue)
			case copied == nil || !copied.everAcked:
				undone = fmt.Sprintf("%v is not in queue %d", v, queue)
			}
		}
	}
	for _, v := range t.Acks {
		queue := c.sessions[t.Session].queue
		sent, copied := c.sends[v], c.copies[copyKey{v, queue}]
		switch {
		case copied.seenEpoch > epoch:
			undone = fmt.Sprintf("%v was acked and came back to queue %d", v, queue)
		case sent != nil && sent.acked && !sent.transient:
			done = fmt.Sprintf("the ack of %v in queue %d holds", v, queue)
		}
	}
	return done, undone
}
