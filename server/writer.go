package server

import (
	"time"

	"github.com/leveretmq/leveret/amqp"
)

// writeLoop is the connection's writer. It ends when the reader has said its
// last word (finish) and all is written, or when the socket fails.
func (c *connection) writeLoop() {
	defer close(c.written)
	var spare []byte
	for {
		out, last := c.fill(spare)
		if len(out) > 0 {
			if err := c.write(out); err != nil {
				c.abandon(err)
				return
			}
			spare = reusable(out)
			continue
		}
		if last {
			return
		}
		c.delivered.Flush()
		spare = c.park(out, max(cap(out), cap(spare)))
	}
}

// park waits until there is something to write. The buffers of a connection
// that has been busy are given back when it is idle for a while; largest is the
// capacity of the larger one. It returns what is left of the spare buffer.
func (c *connection) park(spare []byte, largest int) []byte {
	if largest <= idleBuffer {
		<-c.wants.signal
		return spare
	}
	if c.idle == nil {
		c.idle = time.NewTimer(shrinkAfter)
	} else {
		c.idle.Reset(shrinkAfter)
	}
	defer c.idle.Stop()
	select {
	case <-c.wants.signal:
		return spare
	case <-c.idle.C:
	}
	c.mu.Lock()
	if len(c.out) == 0 {
		c.out = nil
	}
	c.mu.Unlock()
	<-c.wants.signal
	return nil
}

// write puts octets on the wire. Many go in pieces, so that the heartbeat sees
// that a slow client takes them.
func (c *connection) write(octets []byte) error {
	for len(octets) > 0 {
		n, err := c.sock.Write(octets[:min(len(octets), keptBuffer)])
		c.octetsOut.Add(uint64(n))
		c.writes.Add(1)
		if err != nil {
			return err
		}
		octets = octets[n:]
	}
	return nil
}

// reusable is the buffer for the next write, unless a large message has made
// it too large to keep.
func reusable(buf []byte) []byte {
	if cap(buf) > keptBuffer {
		return nil
	}
	return buf[:0]
}

// fill collects what is to be written: the answers that the reader has
// appended, confirms, and deliveries up to one write's worth. It leaves the
// spare buffer in exchange. Last says that nothing will come any more.
func (c *connection) fill(spare []byte) (out []byte, last bool) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.takeWants()
	for i, ch := range c.confirming {
		c.out = ch.appendConfirms(c.out)
		c.confirming[i] = nil
	}
	c.confirming = c.confirming[:0]
	c.deliverReplies()
	c.pump()
	out, c.out = c.out, spare
	c.roomToWrite.Broadcast()
	return out, c.finished && len(out) == 0
}

// send appends one method and tells the writer.
func (c *connection) send(channel uint16, m amqp.Method) {
	c.mu.Lock()
	c.out = amqp.AppendMethod(c.out, channel, m)
	c.mu.Unlock()
	c.wants.wake()
}

// awaitRoom holds the reader back while the client does not read what it asked
// for.
func (c *connection) awaitRoom() {
	c.mu.Lock()
	for len(c.out) > c.server.MaxUnwritten && !c.broken {
		c.wants.wake()
		c.awaits.Store(awaitsRoom)
		c.roomToWrite.Wait()
		c.awaits.Store(awaitsBroker)
	}
	if c.broken {
		c.out = nil // nobody will write it
	}
	c.mu.Unlock()
}

// finish lets the writer end once everything is written.
func (c *connection) finish() {
	c.mu.Lock()
	c.finished = true
	c.mu.Unlock()
	c.wants.wake()
}

// abandon gives up a socket that does not take what is written: the reader
// finds it closed and cleans up.
func (c *connection) abandon(err error) {
	c.mu.Lock()
	c.broken = true
	c.roomToWrite.Broadcast()
	c.mu.Unlock()
	c.peer.Debug("cannot write to the client", "error", err)
	c.hangUp()
}
