package server

import "github.com/leveretmq/leveret/amqp"

// blockade is an alarm that a connection has met by publishing. The client is told
// and may go on for a grace: what it had on the way, and above all the
// acknowledgements behind that, by which memory and disk become free. (RabbitMQ
// reads nothing from it any more, and so no acknowledgement.) A client that does not
// heed, or cannot be told, is not read any more when the grace is used up.
type blockade struct {
	// grace is how many octets may still be published; of the reader.
	grace int64
	// over is closed when the alarm has ended and the client knows.
	over chan struct{}
}

// ended says whether the alarm has ended.
func (b *blockade) ended() bool {
	select {
	case <-b.over:
		return true
	default:
		return false
	}
}

// publishCost is what a publish takes of the grace beside its body, in octets.
const publishCost = 64

// meetAlarm is called with the content header of each publish. Whoever does not
// publish does not notice an alarm. While the connection is not read, what the
// writer sends goes on: deliveries, confirms and heartbeats. The client's silence
// does not count meanwhile; that it is gone shows when something is sent to it.
func (c *connection) meetAlarm(header amqp.Frame) {
	if c.blockade != nil && c.blockade.ended() {
		c.setBlockade(nil)
	}
	if c.blockade == nil && !c.block() {
		return
	}
	content, err := amqp.DecodeHeader(header.Payload)
	if err != nil {
		return // the publish was refused
	}
	c.blockade.grace -= publishCost + int64(content.BodySize)
	if c.blockade.grace >= 0 {
		return
	}
	c.handOver()
	select {
	case <-c.blockade.over:
	case <-c.server.stopping: // the client has to be told
	case <-c.written: // the client is gone
	}
}

// block begins a blockade if the broker is short of something.
func (c *connection) block() bool {
	alarm := c.server.Broker.Alarms().State()
	if alarm.Reason == "" || c.state != stateRunning {
		return false
	}
	c.handOver()
	c.log.Warn("the connection is blocked", "reason", alarm.Reason)
	if c.client.connectionBlocked {
		c.send(0, &amqp.ConnectionBlocked{Reason: alarm.Reason})
	}
	c.setBlockade(&blockade{grace: c.server.BlockedGrace, over: make(chan struct{})})
	go c.unblock(c.blockade)
	return true
}

func (c *connection) setBlockade(b *blockade) {
	c.mu.Lock()
	c.blockade = b
	c.mu.Unlock()
}

// unblock ends a blockade when nothing is low any more.
func (c *connection) unblock(b *blockade) {
	for alarm := c.server.Broker.Alarms().State(); alarm.Reason != ""; alarm = c.server.Broker.Alarms().State() {
		select {
		case <-alarm.Changed():
		case <-c.written:
			return // the client is gone
		}
	}
	c.log.Info("the connection is unblocked")
	if c.client.connectionBlocked {
		c.sendUnlessFinished(&amqp.ConnectionUnblocked{})
	}
	close(b.over)
}

// sendUnlessFinished sends a method of the connection that may come at any time,
// but not after the last word.
func (c *connection) sendUnlessFinished(m amqp.Method) {
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.finished {
		return
	}
	c.out = amqp.AppendMethod(c.out, 0, m)
	c.wants.wake()
}
