// Package client is an AMQP client for measurements: frames in, frames out. It
// does nothing for a message that a measurement would count by mistake, which
// rules a client library out.
//
// Dial makes a connection with open channels. Request sends a method and waits
// for its answer, RequestMany does so for thousands, and Frame returns what comes
// next; who has to know when octets
// were read takes Fill and Next instead. What is published is appended by the
// caller (amqp.AppendContent) and written as it is, many messages at a time.
//
//	c, err := client.Dial("amqp://guest:guest@localhost:5672/", client.Options{})
//	err = c.Declare("q")
//	err = c.Write(publishes)
//	frame, err := c.Frame()
//
// A Window holds publishers back until what they have sent is settled.
//
// # Concurrency
//
// One goroutine may read while others write: each Write is one piece on the
// wire. Request both writes and reads, so it is for the goroutine that reads.
// A Window is safe for use by many goroutines.
package client
