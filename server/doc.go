// Package server speaks AMQP 0-9-1 on sockets: listeners, connections and
// channels over the virtual hosts of package broker.
//
// # Goroutines
//
// A connection has two: the reader parses what the client sends and acts on
// it, the writer puts on the wire what the reader answers and what the queues
// have for the connection's consumers. There is none per channel, consumer or
// queue. Heartbeats are timers.
//
// # The pump
//
// Delivery is pulled. A queue that has something for a consumer raises a flag
// and signals the connection; the writer then fetches from each such consumer
// in turn, up to one write's worth of octets, records what has to be
// acknowledged, encodes, and writes. While the socket does not take more, the
// writer waits in that write and fetches nothing: the messages stay in their
// queues for others.
//
// # Direct replies
//
// A consumer of amq.rabbitmq.reply-to has an inbox (reply.go), whose address the
// virtual host knows. A publish to that address goes into the inbox, past all
// queues, and the writer takes it from there. The inbox has bounds: above the
// first one responders wait, up to a second and as long as the client reads
// something; above the second one replies are lost.
//
// # Timeouts of acknowledgements
//
// Messages have no time stamps. A consumer that has to acknowledge in time has a
// watch (timeout.go), which notes at intervals what the newest delivery is, and so
// knows which ones are too old. It has a timer, which runs only while something is
// unacknowledged. What is too old is taken back by the timer's goroutine under
// connection.mu; only where the channel has to be closed for it, the reader is
// interrupted.
//
// # Order on the wire
//
// All frames are appended to one buffer under the connection's lock, by the
// reader and by the writer alike. So consume-ok is before the first delivery,
// nothing is delivered after cancel-ok, and a basic.return is before its
// confirm, without any further rule.
//
// # Batches
//
// The reader handles all frames that one read brought. Consecutive publishes
// of a channel to the same route gather and enter the queues under one lock;
// so do acknowledgements of one queue. Both are handed over when the read is
// used up, when the route or queue changes, and before any other method.
//
// # What it counts and shows
//
// A channel counts for each exchange that it publishes to and each queue that it gets
// messages of (traffic.go): publishes by the reader, once a batch, all else under
// connection.mu. The state that lists show (inventory.go) is changed under connection.mu
// or atomic; the reader looks at it without the lock, as nobody else changes it. What the
// handshake has settled can be read by everybody once opened is set.
//
// # Locks
//
// connection.mu guards the buffer and what reader and writer share of the
// channels: unacknowledged messages and consumers. It may be held while a
// queue is called; a queue never calls back. The list of consumers and
// channels that want the writer has a lock of its own (wants), which is a
// leaf: it is taken by other connections and by the store.
//
// # Alarms
//
// While the broker is short of something (broker.Alarms), the reader of a
// connection that publishes stands still when it
// does not heed the warning; see blockade.
//
// # Errors
//
// An *amqp.Error ends the channel or the connection, as its code says, with
// RabbitMQ's rules for each state of the connection.
package server
