// Package sink is the other end of a measurement of the load generator: servers
// that speak as much AMQP as it needs, and do as little as possible for a
// message. They are no brokers. What the generator reaches with them is what it
// can drive at most.
//
//	go sink.Serve(listener, sink.Discard)
//
// A server of the kind Discard throws away what is published. One of the kind
// Relay sends it on, octet for octet, to the connection that has begun to
// consume last: a plain relay of the same octets over the same kind of sockets,
// which is what a broker can be compared with. The consumer gets basic.publish
// where a broker would send basic.deliver.
//
// Serve has a goroutine for each connection, which ends with it.
package sink
