package server_test

import (
	"bufio"
	"io"
	"math/rand/v2"
	"net"
	"runtime"
	"testing"
	"time"

	"github.com/leveretmq/leveret/amqp"
)

// wire is a client's connection. Its octets go out in large pieces, and what
// comes in waits to be read.
type wire struct {
	t        testing.TB
	conn     *net.TCPConn
	frameMax uint32
	out      []byte
	events   chan event // closed at the end of the connection
	gone     chan struct{}
}

// event is a method that came, with its content.
type event struct {
	channel uint16
	method  amqp.Method
	arrival
	size uint64 // that the body is to have
}

// dialWire opens a connection, with any size of frames, without channels.
func dialWire(t testing.TB, address string, random *rand.Rand) *wire {
	conn, err := net.DialTimeout("tcp", address, patience)
	if err != nil {
		t.Errorf("connecting: %v", err)
		runtime.Goexit()
	}
	w := &wire{t: t, conn: conn.(*net.TCPConn), events: make(chan event, 256), gone: make(chan struct{})}
	w.frameMax = []uint32{4096, 20_000, defaultFrameMax}[random.IntN(3)]
	go w.read()
	w.out = append(w.out, amqp.ProtocolHeader...)
	w.send(0, &amqp.ConnectionStartOk{
		ClientProperties: clientProperties(), Mechanism: "PLAIN", Response: "\x00guest\x00guest",
	})
	w.send(0, &amqp.ConnectionTuneOk{ChannelMax: 2047, FrameMax: w.frameMax})
	w.send(0, &amqp.ConnectionOpen{VirtualHost: "/"})
	w.flush()
	w.await(amqp.IDConnectionOpenOk, func(event) {})
	return w
}

// read makes events of frames until the connection ends.
func (w *wire) read() {
	defer close(w.events)
	in := bufio.NewReaderSize(w.conn, 32<<10)
	open := make(map[uint16]*event)
	for {
		var head [7]byte
		if _, err := io.ReadFull(in, head[:]); err != nil {
			return
		}
		size := int(head[3])<<24 | int(head[4])<<16 | int(head[5])<<8 | int(head[6])
		octets := append(head[:], make([]byte, size+1)...)
		if _, err := io.ReadFull(in, octets[len(head):]); err != nil {
			return
		}
		f, n, err := amqp.ParseFrame(octets, w.frameMax)
		if err != nil || n != len(octets) {
			w.t.Errorf("a frame of %d octets: %v", len(octets), err)
			return
		}
		if e := gather(w.t, open, f); e != nil && !w.emit(*e) {
			return
		}
	}
}

func (w *wire) emit(e event) bool {
	select {
	case w.events <- e:
		return true
	case <-w.gone:
		return false
	}
}

// gather returns the event that a frame completes.
func gather(t testing.TB, open map[uint16]*event, f amqp.Frame) *event {
	e := open[f.Channel]
	switch f.Type {
	case amqp.FrameMethod:
		m, err := amqp.DecodeMethod(f.Payload)
		if err != nil || e != nil {
			t.Errorf("a method that is wrong (%v) or within another (%v)", err, e)
			return nil
		}
		e = &event{channel: f.Channel, method: m}
		if m.ID().HasContent() {
			e.exchange, e.key = addressed(m)
			open[f.Channel] = e
			return nil
		}
		return e
	case amqp.FrameHeader:
		h, err := amqp.DecodeHeader(f.Payload)
		if err != nil || e == nil {
			t.Errorf("a header that is wrong (%v) or of nothing", err)
			return nil
		}
		e.properties, e.size = h.Properties, h.BodySize
	case amqp.FrameBody:
		e.body = append(e.body, f.Payload...)
	default:
		return nil
	}
	if uint64(len(e.body)) < e.size {
		return nil
	}
	delete(open, f.Channel)
	return e
}

func addressed(m amqp.Method) (exchange, key string) {
	switch m := m.(type) {
	case *amqp.BasicDeliver:
		return m.Exchange, m.RoutingKey
	case *amqp.BasicGetOk:
		return m.Exchange, m.RoutingKey
	case *amqp.BasicReturn:
		return m.Exchange, m.RoutingKey
	}
	return "", ""
}

// send puts a method into what goes out next.
func (w *wire) send(channel uint16, m amqp.Method) {
	w.out = amqp.AppendMethod(w.out, channel, m)
}

// flush sends all that goes out. That the server has hung up is found by whoever
// waits for an event.
func (w *wire) flush() {
	if len(w.out) == 0 {
		return
	}
	_ = w.conn.SetWriteDeadline(time.Now().Add(patience)) // fails only if the write does
	_, _ = w.conn.Write(w.out)
	w.out = w.out[:0]
}

// await passes events on until one with the id has come.
func (w *wire) await(id amqp.MethodID, pass func(event)) {
	w.flush()
	late := time.NewTimer(patience)
	defer late.Stop()
	for {
		select {
		case e, ok := <-w.events:
			if !ok {
				w.t.Errorf("the connection ended, but %s had to come", id)
				runtime.Goexit()
			}
			if e.method.ID() == id {
				return
			}
			pass(e)
		case <-late.C:
			w.t.Errorf("%s does not come", id)
			runtime.Goexit()
		}
	}
}

// close says goodbye.
func (w *wire) close(pass func(event)) {
	w.send(0, &amqp.ConnectionClose{})
	w.await(amqp.IDConnectionCloseOk, pass)
	w.drop(nil)
}

// drop hangs up without a word, or with a reset.
func (w *wire) drop(random *rand.Rand) {
	if random != nil && random.IntN(2) == 0 {
		_ = w.conn.SetLinger(0)
	}
	_ = w.conn.Close()
	close(w.gone)
}
