package server

import (
	"github.com/leveretmq/leveret/amqp"
	"github.com/leveretmq/leveret/auth"
	"github.com/leveretmq/leveret/binding"
	"github.com/leveretmq/leveret/broker"
	"github.com/leveretmq/leveret/exchange"
)

// What each method needs (RabbitMQ behaviour; a name is asked for before it is looked
// up, so that a refusal does not tell what exists):
//
//	                               configure   write         read
//	exchange.declare               exchange
//	  new, with an alternate one   exchange    alternate     exchange
//	exchange.delete                exchange
//	exchange.bind, .unbind                     destination   source
//	queue.declare                  queue
//	  new, with a dead-letter exchange   queue       dead-letter   queue
//	queue.delete                   queue
//	queue.bind, .unbind                        queue         exchange
//	queue.purge                                              queue
//	basic.publish                              exchange
//	basic.consume, .get                                      queue
//
// Publishing to a topic exchange and binding to it need the routing keys, too. All
// else needs nothing, passive declarations neither.

// mayExchange asks for an operation on an exchange.
func (c *connection) mayExchange(op auth.Operation, name string) error {
	return c.server.Authenticator.May(c.user, c.vhost.Name(), op, auth.Resource{Kind: auth.Exchange, Name: name})
}

// mayQueue asks for an operation on a queue.
func (c *connection) mayQueue(op auth.Operation, name string) error {
	return c.server.Authenticator.May(c.user, c.vhost.Name(), op, auth.Resource{Kind: auth.Queue, Name: name})
}

// permitsExchange asks for what the declaration of an exchange needs.
func (c *connection) permitsExchange(spec exchange.Spec) broker.Permits {
	return broker.Permits{
		Owner:   c,
		Declare: func(name string) error { return c.mayExchange(auth.Configure, name) },
		Create: func() error {
			alternate, ok := spec.AlternateExchange()
			if !ok {
				return nil
			}
			if err := c.mayExchange(auth.Read, spec.Name); err != nil {
				return err
			}
			return c.mayExchange(auth.Write, alternate)
		},
	}
}

// permitsQueue asks for what the declaration of a queue needs.
func (c *connection) permitsQueue(name string, args amqp.Table) broker.Permits {
	return broker.Permits{
		Declare: func(named string) error {
			name = named // by the server, maybe
			return c.mayQueue(auth.Configure, name)
		},
		Create: func() error {
			value, _ := args.Lookup("x-dead-letter-exchange")
			target, ok := value.(string)
			if !ok {
				return nil
			}
			if err := c.mayQueue(auth.Read, name); err != nil {
				return err
			}
			return c.mayExchange(auth.Write, target)
		},
	}
}

// mayBind asks for what a binding needs, be it made or removed.
func (c *connection) mayBind(b binding.Spec) error {
	var err error
	if b.Kind == binding.ToExchange {
		err = c.mayExchange(auth.Write, b.Destination)
	} else {
		err = c.mayQueue(auth.Write, b.Destination)
	}
	if err != nil {
		return err
	}
	if b.Source == exchange.Default || b.Kind == binding.ToExchange && b.Destination == exchange.Default {
		return nil // which is refused for another reason
	}
	if err := c.mayExchange(auth.Read, b.Source); err != nil {
		return err
	}
	if c.vhost.RoutesByTopic(b.Source) {
		return c.server.Authenticator.MayTopic(c.user, c.vhost.Name(), b.Source, auth.Read, b.RoutingKey)
	}
	return nil
}

// publishing is what the user of a connection may publish.
type publishing struct{ conn *connection }

var _ broker.Access = publishing{}

// Generation implements broker.Access.
func (p publishing) Generation() uint64 {
	return p.conn.server.Authenticator.Generation(p.conn.user)
}

// Publish implements broker.Access.
func (p publishing) Publish(to string) error { return p.conn.mayExchange(auth.Write, to) }

// Topic implements broker.Access.
func (p publishing) Topic(to, key string) error {
	return p.conn.server.Authenticator.MayTopic(p.conn.user, p.conn.vhost.Name(), to, auth.Write, key)
}
