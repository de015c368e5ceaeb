package server

import (
	"github.com/leveretmq/leveret/amqp"
	"github.com/leveretmq/leveret/auth"
	"github.com/leveretmq/leveret/broker"
	"github.com/leveretmq/leveret/queue"
)

// handleBasic acts on the methods of the basic class, apart from publish and
// ack, which have a shorter way.
func (ch *channel) handleBasic(method amqp.Method) error {
	switch m := method.(type) {
	case *amqp.BasicQos:
		return ch.qos(m)
	case *amqp.BasicConsume:
		return ch.consume(m)
	case *amqp.BasicCancel:
		return ch.cancel(m)
	case *amqp.BasicCancelOk:
		return nil // the answer to a cancellation by the server
	case *amqp.BasicGet:
		return ch.get(m)
	case *amqp.BasicNack:
		return ch.reject(m.DeliveryTag, m.Multiple, m.Requeue, queue.Nacked)
	case *amqp.BasicReject:
		return ch.reject(m.DeliveryTag, single, m.Requeue, queue.Rejected)
	case *amqp.BasicRecover:
		return ch.recover(m.Requeue, &amqp.BasicRecoverOk{})
	case *amqp.BasicRecoverAsync:
		return ch.recover(m.Requeue, nil)
	}
	return amqp.Errorf(amqp.CodeCommandInvalid, "unimplemented method")
}

// single is the multiple flag of a method that has none.
const single = false

// qos sets limits of unacknowledged messages. Without global, it is for each
// consumer to come, and ends the limit of the whole channel.
func (ch *channel) qos(m *amqp.BasicQos) error {
	if m.PrefetchSize != 0 {
		return amqp.Errorf(amqp.CodeNotImplemented, "prefetch_size!=0 (%d)", m.PrefetchSize)
	}
	limit := int64(0)
	if m.Global {
		limit = int64(m.PrefetchCount)
		// What basic.get has fetched so far counts, too (RabbitMQ behaviour).
		ch.conn.mu.Lock()
		ch.limiter.Hold(ch.unacked.limitAll())
		ch.conn.mu.Unlock()
	} else {
		ch.conn.mu.Lock()
		ch.prefetch = int(m.PrefetchCount)
		ch.conn.mu.Unlock()
	}
	ch.limiter.SetLimit(limit)
	ch.resume()
	ch.conn.send(ch.id, &amqp.BasicQosOk{})
	return nil
}

// generatedTag is the prefix of consumer tags that the server invents.
const generatedTag = "amq.ctag-"

func (ch *channel) consume(m *amqp.BasicConsume) error {
	name, err := ch.queueName(m.Queue)
	if err != nil {
		return err
	}
	if name == broker.ReplyTo {
		return ch.consumeReplies(m)
	}
	if m.ConsumerTag == "" {
		m.ConsumerTag = broker.GenerateName(generatedTag)
	}
	if err := ch.checkConsumer(m.ConsumerTag); err != nil {
		return err
	}
	if err := ch.conn.mayQueue(auth.Read, name); err != nil {
		return err
	}
	q, err := ch.conn.vhost.Queue(name, ch.conn)
	if err != nil {
		return err
	}
	priority, err := queue.ConsumerPriority(q, m.Arguments)
	if err != nil {
		return err
	}
	if err := q.CheckConsume(ch.limiter); err != nil {
		return err
	}
	timeout, err := q.AckTimeout(m.Arguments, ch.conn.server.ConsumerTimeout)
	if err != nil {
		return err
	}
	c := &consumer{channel: ch}
	c.Consumer = queue.NewConsumer(q, c, queue.ConsumerOptions{
		Tag: m.ConsumerTag, NoAck: m.NoAck, Exclusive: m.Exclusive,
		Priority: priority, Prefetch: ch.prefetch, Limiter: ch.limiter,
		Arguments: m.Arguments, Timeout: timeout,
	})
	if timeout > 0 && !m.NoAck {
		c.watch = newWatch(ch, timeout, c.Consumer)
	}
	if err := ch.start(c, m.NoWait); err != nil {
		return err
	}
	c.Retime(c.Consumer) // if a policy has changed it before the queue knew the consumer
	ch.tellConsuming(c, m.Arguments)
	return nil
}

// checkConsumer refuses a tag that is in use, and a consumer too many.
func (ch *channel) checkConsumer(tag string) error {
	ch.conn.mu.Lock()
	defer ch.conn.mu.Unlock()
	if _, ok := ch.consumers[tag]; ok {
		return tagInUse(tag)
	}
	if n := ch.conn.server.MaxConsumersPerChannel; n > 0 && len(ch.consumers) >= n {
		return amqp.Errorf(amqp.CodeNotAllowed, "reached maximum (%d) of consumers per channel", n)
	}
	return nil
}

func tagInUse(tag string) error {
	return amqp.Errorf(amqp.CodeNotAllowed, "attempt to reuse consumer tag '%s'", tag)
}

// start adds the consumer to its queue and answers in one go under the lock,
// so that nothing is delivered before the answer.
func (ch *channel) start(c *consumer, noWait bool) error {
	conn := ch.conn
	conn.mu.Lock()
	defer conn.mu.Unlock()
	if err := c.Queue().AddConsumer(c.Consumer); err != nil {
		return err
	}
	ch.consumers[c.Tag] = c
	c.outlet = ch.outletOf(c.Queue())
	c.outlet.consumers++
	if !noWait {
		conn.out = amqp.AppendMethod(conn.out, ch.id, &amqp.BasicConsumeOk{ConsumerTag: c.Tag})
		conn.wants.wake()
	}
	return nil
}

// cancel ends a consumer. An unknown tag is no error; what the consumer has
// not acknowledged stays so.
func (ch *channel) cancel(m *amqp.BasicCancel) error {
	conn := ch.conn
	if ch.cancelReplies(m.ConsumerTag) {
		return ch.reply(m.NoWait, nil, &amqp.BasicCancelOk{ConsumerTag: m.ConsumerTag})
	}
	conn.mu.Lock()
	c, ok := ch.consumers[m.ConsumerTag]
	abandoned := ok && c.Queue().RemoveConsumer(c.Consumer)
	if ok {
		ch.dismiss(c)
		ch.tellConsumed(c, conn.user.Name)
	}
	conn.mu.Unlock()
	if abandoned {
		if err := conn.vhost.DeleteAbandoned(c.Queue()); err != nil {
			return err
		}
	}
	if ok && ch.limiter.Release(0) {
		ch.resume()
	}
	if !m.NoWait {
		conn.send(ch.id, &amqp.BasicCancelOk{ConsumerTag: m.ConsumerTag})
	}
	return nil
}

// get fetches one message.
func (ch *channel) get(m *amqp.BasicGet) error {
	name, err := ch.queueName(m.Queue)
	if err != nil {
		return err
	}
	conn := ch.conn
	if err := conn.mayQueue(auth.Read, name); err != nil {
		return err
	}
	q, err := conn.vhost.Queue(name, conn)
	if err != nil {
		return err
	}
	if err := q.CheckGet(); err != nil {
		return err
	}
	conn.awaitRoom() // the answer may be much larger than the question
	d, remaining, ok := q.Get(queue.AckMode(m.NoAck))
	conn.mu.Lock()
	defer conn.mu.Unlock()
	ch.countGot(q, &d.Entry, ok, m.NoAck)
	if !ok {
		conn.out = amqp.AppendMethod(conn.out, ch.id, &amqp.BasicGetEmpty{})
		conn.wants.wake()
		return nil
	}
	ch.lastTag++
	if !m.NoAck {
		d.Tag = ch.lastTag
		ch.unacked.push(d)
		ch.watchGet(q)
	}
	if v := conn.vhost; v.Tracing() {
		v.TraceDelivered(ch.witness(), &d.Entry, name)
	}
	conn.out = amqp.AppendContent(conn.out, ch.id, &amqp.BasicGetOk{
		DeliveryTag: ch.lastTag, Redelivered: d.Redelivered(), MessageCount: uint32(remaining),
		Exchange: d.Message.Exchange, RoutingKey: d.Message.RoutingKey,
	}, d.Properties(), d.Message.Body, conn.frameMax)
	if m.NoAck {
		conn.stock.Release(d.Message)
	}
	conn.wants.wake()
	return nil
}
