package queue

// returns are the messages of a queue with priorities that have come back, where
// they go before all others, whatever their priority, in the order in which they
// came back (quorum queues). A message is here only as long as it is in memory:
// what leaves memory goes back to its old place.
//
// They make a lane of their own, which differs from the others in that the order is
// not that of the sequence numbers, and that its level means nothing.

// comeBack makes a message ready again that a client had. It has not been given up.
func (c *core) comeBack(e Entry) {
	if !c.law.returnsFirst || c.law.anywhere { // or it would not be found when it expires
		c.giveBack(e)
		return
	}
	c.heavy(&e)
	c.lanes.apart.returns.push(e)
}

// settleReturns puts what has come back to its old place.
func (l *lanes) settleReturns() {
	if l.apart == nil {
		return
	}
	returns := &l.apart.returns
	for returns.head.len() > 0 {
		e := returns.pop(inHead)
		l.of(e.level).giveBack(e)
	}
}
