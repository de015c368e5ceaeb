package server

import (
	"strings"

	"github.com/leveretmq/leveret/amqp"
	"github.com/leveretmq/leveret/auth"
	"github.com/leveretmq/leveret/binding"
	"github.com/leveretmq/leveret/exchange"
	"github.com/leveretmq/leveret/queue"
)

// CleanName removes line breaks from names, as RabbitMQ does for those that
// are declared, deleted, bound and unbound, and for no others.
func CleanName(name string) string {
	if !strings.ContainsAny(name, "\r\n") {
		return name
	}
	return strings.NewReplacer("\r", "", "\n", "").Replace(name)
}

// reply answers a method unless the client does not want that.
func (ch *channel) reply(noWait bool, err error, m amqp.Method) error {
	if noWait {
		return err
	}
	return ch.answer(err, m)
}

// answer answers a method that has succeeded.
func (ch *channel) answer(err error, m amqp.Method) error {
	if err == nil {
		ch.conn.send(ch.id, m)
	}
	return err
}

func (ch *channel) handleExchange(method amqp.Method) error {
	switch m := method.(type) {
	case *amqp.ExchangeDeclare:
		return ch.reply(m.NoWait, ch.declareExchange(m), &amqp.ExchangeDeclareOk{})
	case *amqp.ExchangeDelete:
		return ch.reply(m.NoWait, ch.deleteExchange(CleanName(m.Exchange), m.IfUnused), &amqp.ExchangeDeleteOk{})
	case *amqp.ExchangeBind:
		b := ch.exchangeBinding(m.Source, m.Destination, m.RoutingKey, m.Arguments)
		return ch.reply(m.NoWait, ch.bind(b), &amqp.ExchangeBindOk{})
	case *amqp.ExchangeUnbind:
		b := ch.exchangeBinding(m.Source, m.Destination, m.RoutingKey, m.Arguments)
		return ch.reply(m.NoWait, ch.unbind(b), &amqp.ExchangeUnbindOk{})
	}
	return amqp.Errorf(amqp.CodeCommandInvalid, "unimplemented method")
}

func (ch *channel) declareExchange(m *amqp.ExchangeDeclare) error {
	vhost, name := ch.conn.vhost, CleanName(m.Exchange)
	if m.Passive {
		return vhost.FindExchange(name)
	}
	spec := exchange.Spec{
		VHost: vhost.Name(), Name: name, Type: m.Type,
		Durable: m.Durable, AutoDelete: m.AutoDelete, Internal: m.Internal, Arguments: m.Arguments, By: ch.conn.user.Name,
	}
	return vhost.DeclareExchangeIf(spec, ch.conn.rights().DeclareExchange(spec, ch.conn))
}

func (ch *channel) deleteExchange(name string, ifUnused bool) error {
	vhost := ch.conn.vhost
	if err := exchange.CheckDelete(name, vhost.Name()); err != nil {
		return err
	}
	if err := ch.conn.rights().Exchange(auth.Configure, name); err != nil {
		return err
	}
	return vhost.DeleteExchangeFor(name, ifUnused, ch.conn)
}

func (ch *channel) bind(b binding.Spec) error {
	if err := ch.conn.rights().Bind(b); err != nil {
		return err
	}
	return ch.conn.vhost.Bind(b, ch.conn)
}

func (ch *channel) unbind(b binding.Spec) error {
	if err := ch.conn.rights().Bind(b); err != nil {
		return err
	}
	return ch.conn.vhost.Unbind(b, ch.conn)
}

func (ch *channel) exchangeBinding(source, destination, key string, args amqp.Table) binding.Spec {
	return binding.Spec{
		VHost: ch.conn.vhost.Name(), Source: CleanName(source), Destination: CleanName(destination),
		Kind: binding.ToExchange, RoutingKey: key, Arguments: args,
	}
}

func (ch *channel) handleQueue(method amqp.Method) error {
	conn := ch.conn
	switch m := method.(type) {
	case *amqp.QueueDeclare:
		return ch.declareQueue(m)
	case *amqp.QueueBind:
		b, err := ch.queueBinding(m.Queue, m.Exchange, m.RoutingKey, m.Arguments)
		if err == nil {
			err = ch.bind(b)
		}
		return ch.reply(m.NoWait, err, &amqp.QueueBindOk{})
	case *amqp.QueueUnbind:
		b, err := ch.queueBinding(m.Queue, m.Exchange, m.RoutingKey, m.Arguments)
		if err == nil {
			err = ch.unbind(b)
		}
		return ch.answer(err, &amqp.QueueUnbindOk{})
	case *amqp.QueuePurge:
		name, err := ch.queueName(m.Queue)
		if err != nil {
			return err
		}
		if err := conn.mayQueue(auth.Read, name); err != nil {
			return err
		}
		n, err := conn.vhost.PurgeQueue(name, conn)
		return ch.reply(m.NoWait, err, &amqp.QueuePurgeOk{MessageCount: uint32(n)})
	case *amqp.QueueDelete:
		name, err := ch.queueName(CleanName(m.Queue))
		if err != nil {
			return err
		}
		if err := conn.mayQueue(auth.Configure, name); err != nil {
			return err
		}
		n, err := conn.vhost.DeleteQueue(name, conn, queue.Condition{IfUnused: m.IfUnused, IfEmpty: m.IfEmpty})
		return ch.reply(m.NoWait, err, &amqp.QueueDeleteOk{MessageCount: uint32(n)})
	}
	return amqp.Errorf(amqp.CodeCommandInvalid, "unimplemented method")
}

// declareQueue declares, or looks only; either way the queue is the one that
// an empty name means from now on.
func (ch *channel) declareQueue(m *amqp.QueueDeclare) error {
	if isReplyQueue(m.Queue) {
		return ch.declareReplies(m)
	}
	q, err := ch.declaredQueue(m)
	if err != nil {
		return err
	}
	ch.lastQueue = q.Name()
	messages, consumers := q.Declared()
	return ch.reply(m.NoWait, nil, &amqp.QueueDeclareOk{
		Queue: q.Name(), MessageCount: uint32(messages), ConsumerCount: uint32(consumers),
	})
}

func (ch *channel) declaredQueue(m *amqp.QueueDeclare) (*queue.Queue, error) {
	conn, name := ch.conn, CleanName(m.Queue)
	if m.Passive {
		return conn.vhost.Queue(name, conn)
	}
	return conn.vhost.DeclareQueueIf(queue.Spec{
		VHost: conn.vhost.Name(), Name: name,
		Durable: m.Durable, Exclusive: m.Exclusive, AutoDelete: m.AutoDelete, Arguments: m.Arguments,
	}, conn, conn.rights().DeclareQueue(name, m.Arguments))
}

// queueBinding resolves the names. With neither a queue nor a key, the key is
// the name of the most recently declared queue, too.
func (ch *channel) queueBinding(name, source, key string, args amqp.Table) (binding.Spec, error) {
	resolved, err := ch.queueName(CleanName(name))
	if err != nil {
		return binding.Spec{}, err
	}
	if name == "" && key == "" {
		key = resolved
	}
	return binding.Spec{
		VHost: ch.conn.vhost.Name(), Source: CleanName(source), Destination: resolved,
		Kind: binding.ToQueue, RoutingKey: key, Arguments: args,
	}, nil
}
