package server

import "github.com/leveretmq/leveret/amqp"

// awaitAlarm holds a client that publishes back while the broker is short of
// something: nothing is read from it, acknowledgements neither, until the alarm
// is over. As with RabbitMQ it begins when the content header of a publish has
// been read: without a body the publish is complete and counts, with one it
// goes on afterwards. Whoever does not publish does not notice. What the writer
// sends goes on: deliveries, confirms and heartbeats. The client's silence does
// not count meanwhile; that it is gone shows when something is sent to it.
func (c *connection) awaitAlarm() {
	alarm := c.server.Broker.Alarms().State()
	if alarm.Reason == "" || c.state != stateRunning {
		return
	}
	c.handOver()
	c.log.Warn("the connection is blocked", "reason", alarm.Reason)
	if c.client.connectionBlocked {
		c.send(0, &amqp.ConnectionBlocked{Reason: alarm.Reason})
	}
	for alarm.Reason != "" {
		select {
		case <-alarm.Changed():
			alarm = c.server.Broker.Alarms().State()
		case <-c.server.stopping:
			return // the client has to be told
		case <-c.written:
			return // the client is gone
		}
	}
	c.log.Info("the connection is unblocked")
	if c.client.connectionBlocked {
		c.send(0, &amqp.ConnectionUnblocked{})
	}
}
