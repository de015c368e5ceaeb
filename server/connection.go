package server

import (
	"errors"
	"fmt"
	"io"
	"log/slog"
	"net"
	"os"
	"runtime/debug"
	"sync"
	"sync/atomic"
	"time"

	"github.com/leveretmq/leveret/amqp"
	"github.com/leveretmq/leveret/auth"
	"github.com/leveretmq/leveret/broker"
	"github.com/leveretmq/leveret/internal/lockorder"
	"github.com/leveretmq/leveret/message"
	"github.com/leveretmq/leveret/queue"
)

// state is where a connection stands in its life, with RabbitMQ's names.
type state int

const (
	stateStarting state = iota // waiting for connection.start-ok
	stateTuning                // waiting for connection.tune-ok
	stateOpening               // waiting for connection.open
	stateRunning
	stateClosing // connection.close was sent; waiting for close-ok
	stateClosed  // nothing more is read
)

func (s state) String() string {
	return [...]string{"starting", "tuning", "opening", "running", "closing", "closed"}[s]
}

// enterState goes on to another state.
func (c *connection) enterState(s state) {
	c.state = s
	c.phase.Store(int32(s))
}

// What the reader waits for: the heartbeat's view of the client depends on it.
const (
	awaitsBroker int32 = iota // it works, or waits for the store
	awaitsInput               // the client has to send
	awaitsRoom                // the client has to read
)

// clientProperties is what the server needs of what a client said of itself.
type clientProperties struct {
	name                 string     // the connection's name as the client gave it
	encoded              []byte     // all of them, as they are on the wire
	terms                amqp.Array // all of them, for events; nil unless these are told
	authFailureClose     bool
	consumerCancelNotify bool
	connectionBlocked    bool
}

// connection is one client. The fields of the first group belong to the
// reader's goroutine; they are set before anybody else looks.
type connection struct {
	server *Server
	log    *slog.Logger // learns who the client is on the way
	peer   *slog.Logger // knows its address only; for every goroutine
	sock   net.Conn
	input  input
	// arrivedAt is when the last octets were read, and arrived the same in
	// milliseconds since 1970; of the reader.
	arrivedAt time.Time
	arrived   int64
	lately    lately // what the client has sent
	// toll is the connection's, shared its virtual host's; nil is none. tolled is the
	// octets that were paid for.
	toll, shared *toll
	tolled       uint64
	state        state
	user         auth.User
	vhost        *broker.VHost
	client       clientProperties
	// mechanism is how the client has logged in, and number tells connections
	// apart.
	mechanism string
	label     string // the name, once the connection is open
	number    uint64
	accepted  time.Time // when the connection began
	refused   bool      // the login was wrong, which the log knows
	// frameMax is written in the handshake, before there is a consumer.
	frameMax    uint32
	channelMax  uint16
	heart       *heart
	channels    map[uint16]*channel // changed under mu
	lastChannel *channel            // of the last frame; nil if unknown
	acks        ackBatch
	settling    []queue.Delivery // room for the tags of one method
	stock       *message.Stock
	busy        []*channel         // have publishes that were not handed over
	crowded     []broker.Requester // that the connection has replied to
	told        bool               // the client knows that it has to go
	entry       entry              // guarded by the server\'s lock
	blockade    *blockade          // changed under mu; nil unless an alarm was met

	wants     *wants
	written   chan struct{} // closed when the writer has ended
	octetsOut atomic.Uint64
	octetsIn  atomic.Uint64
	awaits    atomic.Int32           // what the reader waits for; see awaited
	stop      atomic.Pointer[string] // why the connection has to end; nil unless it has to
	reads     atomic.Uint64          // from the socket that have brought something
	writes    atomic.Uint64          // to the socket
	phase     atomic.Int32           // the state, for others than the reader
	opened    atomic.Int64           // when the connection was opened, in milliseconds since 1970; zero if it never was
	held      atomic.Bool            // publishes have to wait for the store, the pager or consumers
	nudged    atomic.Bool            // overdue is not empty

	mu          lockorder.Mutex[lockorder.Connection]
	roomToWrite *sync.Cond // of mu
	out         []byte     // guarded by mu; appended to by both goroutines
	finished    bool       // guarded by mu; the reader has said its last word
	broken      bool       // guarded by mu; the socket takes nothing any more
	overdue     []overdue  // guarded by mu; channels to be closed by the reader

	// The rest belongs to the writer's goroutine.

	fetching   []*consumer
	confirming []*channel
	replying   []*inbox
	replies    []*message.Message // room for those of one inbox
	entries    []queue.Entry
	method     amqp.BasicDeliver
	measured   bool        // a delivery of this write was measured
	idle       *time.Timer // for park; nil until it is needed
	delivered  *message.Stock
}

func newConnection(s *Server, sock net.Conn) *connection {
	c := &connection{
		server:   s,
		accepted: time.Now(),
		sock:     sock,
		wants:    newWants(),
		written:  make(chan struct{}),
		channels: make(map[uint16]*channel),
		frameMax: s.InitialFrameMax,
	}
	c.stock, c.delivered = s.messages.NewStock(), s.messages.NewStock()
	c.number = s.numbers.Add(1)
	c.peer = s.Logger.With(logProcess, c.number, "peer", sock.RemoteAddr().String())
	c.log = c.peer
	c.roomToWrite = sync.NewCond(&c.mu)
	c.heart = newHeart(c)
	return c
}

// serve is the reader's goroutine, from accept to the end.
func (c *connection) serve() {
	defer c.server.forget(c)
	defer c.hangUp()
	go c.writeLoop()
	err := c.run()
	c.heart.stop()
	c.release()
	c.finish()
	// A client that does not read may not hold us.
	if err := c.sock.SetWriteDeadline(time.Now().Add(lastWriteTimeout)); err != nil {
		c.hangUp()
	}
	<-c.written
	c.logEnd(err)
}

// run handles the connection until it ends. A panic ends this connection
// alone, unless it happens under a lock that others need.
func (c *connection) run() (err error) {
	defer func() {
		if problem := recover(); problem != nil {
			c.log.Error("internal error", "panic", problem, "stack", string(debug.Stack()))
			err = fmt.Errorf("internal error: %v", problem)
		}
	}()
	c.input.deadline = time.Now().Add(c.server.HandshakeTimeout)
	if err := c.greet(); err != nil {
		return err
	}
	return c.readLoop()
}

// errEnded ends the read loop without a complaint.
var errEnded = errors.New("the connection has ended")

// readLoop handles frame after frame. What one read brought is worked off
// before the next, then batches are handed over.
func (c *connection) readLoop() error {
	for {
		if err := c.shortcut(); err != nil {
			return err
		}
		frame, n, err := amqp.ParseFrame(c.input.buffered(), c.frameMax)
		if err != nil {
			return c.failFraming(err)
		}
		if n > 0 {
			err = c.handle(frame)
			if err == nil && frame.Type == amqp.FrameHeader {
				c.meetAlarm(frame)
			}
			c.input.consume(n)
			if err != nil {
				return err
			}
			continue
		}
		c.handOver()
		c.stock.Flush()
		c.awaitRoom()
		if err := c.read(); err != nil {
			return err
		}
	}
}

// read waits for more octets from the client.
func (c *connection) read() error {
	for {
		if c.stop.Load() != nil && !c.told {
			c.told = true
			c.input.rearm()
			if err := c.stopGracefully(); err != nil {
				return err
			}
		}
		c.failOverdue()
		if err := c.input.arm(c.sock); err != nil {
			return err
		}
		if c.stop.Load() != nil && !c.told || c.nudged.Load() {
			continue // arm may have undone the interruption
		}
		c.awaits.Store(awaitsInput)
		n, err := c.input.read(c.sock)
		c.awaits.Store(awaitsBroker)
		if n > 0 {
			c.octetsIn.Add(uint64(n))
			c.reads.Add(1)
			c.arrivedAt = time.Now()
			c.arrived = c.arrivedAt.UnixMilli()
			c.server.Broker.Clock().Advance(c.arrived)
			return nil
		}
		interrupted := errors.Is(err, os.ErrDeadlineExceeded) &&
			(c.stop.Load() != nil && !c.told || c.input.shrink() || c.input.early())
		if !interrupted {
			return err
		}
		c.input.rearm()
	}
}

// interrupt makes the reader notice that the server stops. It may be called
// from any goroutine.
func (c *connection) interrupt(reason string) {
	c.stop.CompareAndSwap(nil, &reason)
	if err := c.sock.SetReadDeadline(time.Now()); err != nil {
		c.hangUp()
	}
}

// hangUp closes the socket: the reader and the writer find out and end.
func (c *connection) hangUp() { c.server.close(c.sock) }

// stopGracefully tells the client why it has to go.
func (c *connection) stopGracefully() error {
	if c.state < stateOpening {
		return errEnded
	}
	c.close(amqp.Errorf(amqp.CodeConnectionForced, "%s", *c.stop.Load()))
	return nil
}

// handle acts on one frame.
func (c *connection) handle(f amqp.Frame) error {
	switch {
	case c.state < stateRunning:
		return c.handshake(f)
	case f.Type == amqp.FrameHeartbeat && f.Channel == 0:
		return nil
	case f.Channel == 0:
		return c.outcome(c.handleConnection(f))
	case c.state == stateClosing:
		return nil // only channel 0 counts now
	case f.Type == amqp.FrameHeartbeat:
		return c.outcome(amqp.UnexpectedFrame(f))
	}
	return c.outcome(c.handleChannel(f))
}

// outcome ends the connection if a frame was answered by an error that is not
// just the channel's, and passes on what ends the read loop.
func (c *connection) outcome(err error) error {
	if err == nil {
		return nil
	}
	var protocol *amqp.Error
	if errors.As(err, &protocol) {
		c.close(protocol)
		return nil
	}
	return err
}

// close tells the client why its connection ends, after everything that hangs
// on it is gone, and waits for its answer.
func (c *connection) close(e *amqp.Error) {
	if c.state >= stateClosing {
		return
	}
	c.logError(e)
	c.release()
	c.enterState(stateClosing)
	c.send(0, &amqp.ConnectionClose{
		ReplyCode: uint16(e.Code), ReplyText: e.ReplyText(),
		ClassID: e.Method.Class(), MethodID: e.Method.Method(),
	})
	wait := c.server.CloseTimeout
	if h := c.heart.interval; h > 0 {
		wait = min(wait, h)
	}
	c.heart.stop()
	c.input.deadline = time.Now().Add(wait)
}

// failFraming answers octets that are no frame. Where the next frame begins is
// unknown then, so the client's answer cannot be waited for.
func (c *connection) failFraming(err error) error {
	var protocol *amqp.Error
	if c.state == stateClosing || !errors.As(err, &protocol) {
		return err
	}
	if c.state >= stateOpening {
		c.close(protocol)
	}
	return c.refuse(err)
}

// refuse keeps a connection that failed for a while, reading nothing of it,
// then ends it: this slows down guessing, and lets the client read why.
func (c *connection) refuse(cause error) error {
	c.enterState(stateClosed)
	err := c.sock.SetReadDeadline(time.Now().Add(c.server.RefusalDelay))
	if err != nil || c.stop.Load() != nil {
		return cause
	}
	// The client may hang up earlier, and what it still sends does not matter.
	io.Copy(io.Discard, c.sock) //nolint:errcheck // either way the connection ends
	return cause
}

// release gives back all that the connection holds: unacknowledged messages go
// to their queues, consumers leave, exclusive queues are deleted. It can be
// called twice.
func (c *connection) release() {
	c.handOver()
	for id, ch := range c.channels {
		ch.end()
		c.dropChannel(id)
	}
	if c.vhost == nil {
		return
	}
	if err := c.vhost.DeleteExclusive(c); err != nil {
		c.log.Error("cannot delete exclusive queues", "error", err)
	}
}
