package server

import (
	"net"
	"time"
)

// input is a connection's read buffer. It starts small, grows while reads fill
// it, and shrinks when the connection has been idle for a while.
type input struct {
	buf        []byte
	start, end int
	full       bool // the last read left no room
	// deadline is when the current phase of the connection ends; zero is
	// never.
	deadline time.Time
	armed    bool // the socket has a deadline
	watching bool // the deadline is only there to shrink the buffer
}

// buffered is what was read and not consumed. It is valid until the next read.
func (in *input) buffered() []byte { return in.buf[in.start:in.end] }

// consume drops the first n octets of what is buffered.
func (in *input) consume(n int) {
	in.start += n
	if in.start == in.end {
		in.start, in.end = 0, 0
	}
}

// arm sets the socket's deadline for the next read: the end of the phase, or
// the time to give back the memory of a buffer that has grown.
func (in *input) arm(sock net.Conn) error {
	deadline := in.deadline
	in.watching = deadline.IsZero() && len(in.buf) > readBufferMin && in.start == in.end
	if in.watching {
		deadline = time.Now().Add(shrinkAfter)
	}
	if !in.armed && deadline.IsZero() {
		return nil
	}
	in.armed = !deadline.IsZero()
	return sock.SetReadDeadline(deadline)
}

// rearm is to be called when somebody else has set the socket's deadline.
func (in *input) rearm() { in.armed = true }

// shrink gives the grown buffer of an idle connection back. It reports whether
// that was what the read was interrupted for.
func (in *input) shrink() bool {
	if !in.watching {
		return false
	}
	in.buf, in.start, in.end = nil, 0, 0
	return true
}

// early says that the current phase has not ended: a read that has been
// interrupted was meant to be another one (see interrupt, nudge), and goes on.
func (in *input) early() bool { return in.deadline.IsZero() || time.Now().Before(in.deadline) }

// read waits for octets.
func (in *input) read(sock net.Conn) (int, error) {
	in.makeRoom()
	n, err := sock.Read(in.buf[in.end:])
	in.end += n
	in.full = in.end == len(in.buf)
	return n, err
}

// makeRoom moves what is left to the front, and grows the buffer when the last
// read filled it.
func (in *input) makeRoom() {
	if in.buf == nil {
		in.buf = make([]byte, readBufferMin)
	}
	if in.start > 0 {
		in.end = copy(in.buf, in.buf[in.start:in.end])
		in.start = 0
	}
	// A frame that is larger than the buffer needs more, whatever the limit;
	// its size was checked when its header was parsed.
	if in.end == len(in.buf) || in.full && len(in.buf) < readBufferMax {
		grown := make([]byte, 2*len(in.buf))
		in.end = copy(grown, in.buf[:in.end])
		in.buf = grown
	}
}
