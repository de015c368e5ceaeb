package server

import (
	"errors"
	"sync/atomic"
	"time"

	"github.com/leveretmq/leveret/amqp"
	"github.com/leveretmq/leveret/broker"
	"github.com/leveretmq/leveret/queue"
)

// channel is one channel of a connection. Unless noted, its fields belong to
// the reader's goroutine.
type channel struct {
	conn    *connection
	id      uint16
	ackHead [ackHead]byte // how each basic.ack on the channel begins

	// closing says that the server has closed the channel and waits for the
	// client's close-ok: everything else is ignored. It is changed under conn.mu.
	closing   bool
	content   content // of the publish that is coming in
	publisher *broker.Publisher
	batch     publishBatch
	sizes     sizeRun
	confirms  *confirmWindow // changed under conn.mu; nil unless in confirm mode
	tx        *transaction   // changed under conn.mu; nil unless transactional
	lastQueue string         // the most recently declared queue
	prefetch  int            // for consumers to come; changed under conn.mu
	inbox     *inbox         // nil unless it consumes direct replies

	used atomic.Int64 // when the client has said something, in milliseconds since 1970
	// uncommitted and undecided are publishes and acknowledgements that wait for
	// the commit of a transaction.
	uncommitted, undecided atomic.Int64
	traffic                traffic

	// The rest is guarded by conn.mu.

	consumers map[string]*consumer
	unacked   unackedList
	lastTag   uint64
	limiter   *queue.Limiter // shared by all consumers of the channel
	// getWatches are those of messages that basic.get has fetched, by timeout.
	getWatches map[time.Duration]*watch
}

// consumer is a queue's consumer on a channel.
type consumer struct {
	*queue.Consumer
	channel *channel
	watch   *watch  // nil if it may take any time to acknowledge; guarded by conn.mu
	outlet  *outlet // of the queue
}

// Wake puts the consumer on the writer's list; see queue.Waker.
func (c *consumer) Wake(*queue.Consumer) { c.channel.conn.wants.fetch(c) }

var (
	_ queue.Waker = (*consumer)(nil)
	_ queue.Timed = (*consumer)(nil)
)

func newChannel(c *connection, id uint16) *channel {
	return &channel{
		conn:      c,
		id:        id,
		ackHead:   headOfAck(id),
		publisher: c.rights().NewPublisher(),
		consumers: make(map[string]*consumer),
		limiter:   queue.NewLimiter(int64(c.server.MaxUnacked)),
	}
}

// handleChannel acts on a frame of a channel.
func (c *connection) handleChannel(f amqp.Frame) error {
	ch := c.channel(f.Channel)
	if ch != c.acks.channel || !acknowledges(f) {
		c.resolveAcks()
	}
	if ch == nil {
		return c.openChannel(f)
	}
	var err error
	switch {
	case ch.closing:
		return ch.awaitClose(f)
	case ch.content.expectsFrame():
		err = ch.receiveContent(f)
	case f.Type != amqp.FrameMethod:
		err = amqp.Errorf(amqp.CodeUnexpectedFrame, "expected method frame, got non method frame instead")
	default:
		err = ch.receiveMethod(f.Payload)
	}
	return ch.outcome(err)
}

// outcome closes the channel if the error is not more than the channel's own,
// and passes on any other.
func (ch *channel) outcome(err error) error {
	if err == nil {
		return nil
	}
	var protocol *amqp.Error
	if errors.As(err, &protocol) && !protocol.ClosesConnection() {
		ch.fail(protocol)
		return nil
	}
	return err
}

// acknowledges says whether the frame is a basic.ack of the right size, which
// is one that can be decoded.
func acknowledges(f amqp.Frame) bool {
	if f.Type != amqp.FrameMethod || len(f.Payload) != ackFrame-amqp.FrameOverhead {
		return false
	}
	id, _ := amqp.SplitMethod(f.Payload)
	return id == amqp.IDBasicAck
}

// channel finds an open channel. One frame mostly follows another of the same
// channel.
func (c *connection) channel(id uint16) *channel {
	if last := c.lastChannel; last != nil && last.id == id {
		return last
	}
	ch := c.channels[id]
	c.lastChannel = ch
	return ch
}

// dropChannel forgets a channel.
func (c *connection) dropChannel(id uint16) {
	if ch := c.channels[id]; ch != nil {
		c.server.Broker.ChannelClosed()
		ch.tellClosed()
	}
	c.mu.Lock()
	delete(c.channels, id)
	c.mu.Unlock()
	c.server.dismissChannels(c.user.Name, 1)
	c.lastChannel = nil
}

// openChannel acts on the first frame of a channel, which has to open it. The
// negotiated limit is one of the number of channels, not of their numbers
// (RabbitMQ behaviour).
func (c *connection) openChannel(f amqp.Frame) error {
	if f.Type != amqp.FrameMethod {
		return amqp.Errorf(amqp.CodeUnexpectedFrame, "expected method frame, got non method frame instead")
	}
	method, err := amqp.DecodeMethod(f.Payload)
	if err != nil {
		return err
	}
	if _, ok := method.(*amqp.ChannelOpen); !ok {
		return amqp.Errorf(amqp.CodeChannelError, "expected 'channel.open'").At(method.ID())
	}
	if len(c.channels) >= int(c.channelMax) {
		return amqp.Errorf(amqp.CodeNotAllowed, "number of channels opened (%d) has reached the negotiated channel_max (%d)",
			len(c.channels), c.channelMax)
	}
	if err := c.server.admitChannel(c); err != nil {
		return err
	}
	ch := newChannel(c, f.Channel)
	ch.used.Store(c.arrived)
	c.mu.Lock()
	c.channels[f.Channel] = ch
	c.mu.Unlock()
	c.server.Broker.ChannelCreated()
	ch.tellCreated()
	c.send(f.Channel, &amqp.ChannelOpenOk{})
	return nil
}

// receiveMethod acts on a method. Those that come in great numbers gather in
// batches; before any other one, all that was gathered is handed over.
func (ch *channel) receiveMethod(payload []byte) error {
	id, args := amqp.SplitMethod(payload)
	switch id {
	case amqp.IDBasicPublish:
		return ch.beginPublish(args)
	case amqp.IDBasicAck:
		var m amqp.BasicAck
		if err := m.DecodeArguments(args); err != nil {
			return err
		}
		return at(id, ch.ack(m))
	}
	method, err := amqp.DecodeMethod(payload)
	if err != nil {
		return err
	}
	ch.conn.handOver()
	ch.used.Store(ch.conn.arrived)
	return at(id, ch.handle(method))
}

// at names the offending method in an error that names none.
func at(id amqp.MethodID, err error) error {
	if err == nil {
		return nil // spares the variable below, which is on the heap
	}
	var protocol *amqp.Error
	if errors.As(err, &protocol) && protocol.Method == 0 {
		return protocol.At(id)
	}
	return err
}

// handle acts on a method of the classes by their nouns.
func (ch *channel) handle(method amqp.Method) error {
	switch method.ID().Class() {
	case amqp.IDExchangeDeclare.Class():
		return ch.handleExchange(method)
	case amqp.IDQueueDeclare.Class():
		return ch.handleQueue(method)
	case amqp.IDBasicQos.Class():
		return ch.handleBasic(method)
	}
	switch m := method.(type) {
	case *amqp.ChannelOpen:
		return secondOpen()
	case *amqp.ChannelClose:
		ch.close()
		return ch.answer(ch.conn.settle(), &amqp.ChannelCloseOk{})
	case *amqp.ChannelFlow:
		if !m.Active {
			return amqp.Errorf(amqp.CodeNotImplemented, "active=false")
		}
		ch.conn.send(ch.id, &amqp.ChannelFlowOk{Active: true})
	case *amqp.AccessRequest:
		ch.conn.send(ch.id, &amqp.AccessRequestOk{Ticket: 1})
	case *amqp.ConfirmSelect:
		return ch.selectConfirms(m)
	case *amqp.TxSelect:
		return ch.selectTx()
	case *amqp.TxCommit:
		return ch.commitTx()
	case *amqp.TxRollback:
		return ch.rollbackTx()
	default:
		return amqp.Errorf(amqp.CodeCommandInvalid, "unimplemented method")
	}
	return nil
}

func secondOpen() *amqp.Error {
	return amqp.Errorf(amqp.CodeChannelError, "second 'channel.open' seen")
}

// fail closes the channel because of an error: what it held is given back at
// once, then the client is told.
func (ch *channel) fail(e *amqp.Error) {
	ch.logFailed(e)
	ch.conn.handOver() // what came before the error counts
	ch.flushConfirms()
	ch.end()
	ch.conn.mu.Lock()
	ch.closing = true
	ch.conn.mu.Unlock()
	ch.conn.send(ch.id, &amqp.ChannelClose{
		ReplyCode: uint16(e.Code), ReplyText: e.ReplyText(),
		ClassID: e.Method.Class(), MethodID: e.Method.Method(),
	})
}

// awaitClose ignores all but the two ways in which a channel that the server
// has closed can go on. Only the client's close-ok frees the number.
func (ch *channel) awaitClose(f amqp.Frame) error {
	if f.Type != amqp.FrameMethod {
		return nil
	}
	switch id, _ := amqp.SplitMethod(f.Payload); id {
	case amqp.IDChannelClose:
		ch.conn.send(ch.id, &amqp.ChannelCloseOk{})
	case amqp.IDChannelCloseOk:
		ch.conn.dropChannel(ch.id)
	case amqp.IDChannelOpen: // the number is taken until the client has answered
		return secondOpen().At(id)
	}
	return nil
}

// close ends the channel at the client's wish.
func (ch *channel) close() {
	ch.end()
	ch.conn.dropChannel(ch.id)
}

// end gives back what the channel holds: its consumers leave, unacknowledged
// messages are requeued, auto-delete queues that it was the last to consume
// from are deleted. It can be called twice.
func (ch *channel) end() {
	ch.content = content{}
	ch.discardTx()
	ch.confirms.close()
	ch.closeReplies()
	unacked, abandoned := ch.giveUp()
	if err := ch.conn.vhost.DeleteAbandoned(abandoned...); err != nil {
		ch.conn.log.Error("cannot delete auto-delete queues", "error", err)
	}
	requeue(unacked, queue.Abandoned)
}

// giveUp takes away all consumers and unacknowledged messages in one go, so
// that the writer fetches nothing in between. It returns the auto-delete
// queues that have thereby lost their last consumer.
func (ch *channel) giveUp() (unacked []queue.Delivery, abandoned []*queue.Queue) {
	ch.conn.mu.Lock()
	defer ch.conn.mu.Unlock()
	for _, c := range ch.consumers {
		if c.Queue().RemoveConsumer(c.Consumer) {
			abandoned = append(abandoned, c.Queue())
		}
		ch.dismiss(c)
		ch.tellConsumed(c, nobody)
	}
	return ch.unacked.takeUpTo(maxTag, nil), abandoned
}

// maxTag is above all delivery tags.
const maxTag = ^uint64(0)

// requeue brings deliveries back to their queues, the batch of each at once.
func requeue(deliveries []queue.Delivery, how queue.Return) {
	for q, batch := range byQueue(deliveries) {
		q.Requeue(batch, how)
	}
}

func byQueue(deliveries []queue.Delivery) map[*queue.Queue][]queue.Delivery {
	batches := make(map[*queue.Queue][]queue.Delivery)
	for _, d := range deliveries {
		batches[d.Queue] = append(batches[d.Queue], d)
	}
	return batches
}

// queueName resolves the empty name to the most recently declared queue.
func (ch *channel) queueName(name string) (string, error) {
	if name != "" {
		return name, nil
	}
	if ch.lastQueue == "" {
		return "", amqp.Errorf(amqp.CodeNotFound, "no previously declared queue")
	}
	return ch.lastQueue, nil
}

// handOver gives all gathered publishes and acknowledgements to their queues.
// Whoever has published waits while the store has too much to write; consumers
// do not, as they make room.
func (c *connection) handOver() {
	c.handOverAcks()
	published, messages := len(c.busy) > 0, 0
	for _, ch := range c.busy {
		messages += len(ch.batch.publications)
		ch.handOverPublishes()
	}
	if published {
		c.held.Store(true)
	}
	for i, ch := range c.busy {
		ch.pace()
		c.busy[i] = nil
	}
	c.busy = c.busy[:0]
	c.paceReplies()
	if published {
		c.payTolls(messages)
		c.server.Broker.Throttle(c.lately.flow(c.octetsIn.Load(), c.arrived))
		c.held.Store(false)
	}
}
