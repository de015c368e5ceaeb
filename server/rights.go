package server

import (
	"slices"

	"github.com/leveretmq/leveret/amqp"
	"github.com/leveretmq/leveret/auth"
	"github.com/leveretmq/leveret/binding"
	"github.com/leveretmq/leveret/broker"
	"github.com/leveretmq/leveret/exchange"
)

// Permissions is what Rights needs of identity.
type Permissions interface {
	// May and MayTopic say whether the user may do this; a refusal is an
	// *amqp.Error.
	May(user auth.User, vhost string, op auth.Operation, r auth.Resource) error
	MayTopic(user auth.User, vhost, exchange string, op auth.Operation, key string) error
	// Generation changes when an answer may not hold any more.
	Generation(user auth.User) uint64
}

// Rights is what a user may do in a virtual host, for AMQP connections and for whoever
// else does something in the name of a user. What each method needs (RabbitMQ
// behaviour; a name is asked for before it is looked up, so that a refusal does not
// tell what exists):
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
// else needs nothing, passive declarations neither. Refusals are an *amqp.Error.
type Rights struct {
	// Permissions decide; nil allows everything.
	Permissions Permissions
	User        auth.User
	VHost       *broker.VHost
}

// Exchange asks for an operation on an exchange.
func (r Rights) Exchange(op auth.Operation, name string) error {
	return r.may(op, auth.Resource{Kind: auth.Exchange, Name: name})
}

// Queue asks for an operation on a queue.
func (r Rights) Queue(op auth.Operation, name string) error {
	return r.may(op, auth.Resource{Kind: auth.Queue, Name: name})
}

func (r Rights) may(op auth.Operation, what auth.Resource) error {
	if r.Permissions == nil {
		return nil
	}
	return r.Permissions.May(r.User, r.VHost.Name(), op, what)
}

func (r Rights) topic(op auth.Operation, name, key string) error {
	if r.Permissions == nil {
		return nil
	}
	return r.Permissions.MayTopic(r.User, r.VHost.Name(), name, op, key)
}

// DeclareExchange asks for what the declaration of an exchange needs.
func (r Rights) DeclareExchange(spec exchange.Spec, owner any) broker.Permits {
	return broker.Permits{
		Owner:   owner,
		Declare: func(name string) error { return r.Exchange(auth.Configure, name) },
		Create: func() error {
			alternate, ok := spec.AlternateExchange()
			if !ok {
				return nil
			}
			if err := r.Exchange(auth.Read, spec.Name); err != nil {
				return err
			}
			return r.Exchange(auth.Write, alternate)
		},
	}
}

// DeclareQueue asks for what the declaration of a queue needs.
func (r Rights) DeclareQueue(name string, args amqp.Table) broker.Permits {
	return broker.Permits{
		Declare: func(named string) error {
			name = named // by the server, maybe
			return r.Queue(auth.Configure, name)
		},
		Create: func() error {
			value, _ := args.Lookup("x-dead-letter-exchange")
			target, ok := value.(string)
			if !ok {
				return nil
			}
			if err := r.Queue(auth.Read, name); err != nil {
				return err
			}
			return r.Exchange(auth.Write, target)
		},
	}
}

// Bind asks for what a binding needs, be it made or removed.
func (r Rights) Bind(b binding.Spec) error {
	var err error
	if b.Kind == binding.ToExchange {
		err = r.Exchange(auth.Write, b.Destination)
	} else {
		err = r.Queue(auth.Write, b.Destination)
	}
	if err != nil {
		return err
	}
	if b.Source == exchange.Default || b.Kind == binding.ToExchange && b.Destination == exchange.Default {
		return nil // which is refused for another reason
	}
	if err := r.Exchange(auth.Read, b.Source); err != nil {
		return err
	}
	if r.VHost.RoutesByTopic(b.Source) {
		return r.topic(auth.Read, b.Source, b.RoutingKey)
	}
	return nil
}

// NewPublisher makes a publisher that does what the user may do.
func (r Rights) NewPublisher() *broker.Publisher {
	p := r.VHost.NewPublisher(r.User.Name)
	if r.Permissions != nil {
		p.Restrict(r)
	}
	if slices.Contains(r.User.Tags, auth.Impersonator) {
		p.Impersonate()
	}
	return p
}

var _ broker.Access = Rights{}

// Generation implements broker.Access.
func (r Rights) Generation() uint64 { return r.Permissions.Generation(r.User) }

// Publish implements broker.Access.
func (r Rights) Publish(to string) error { return r.Exchange(auth.Write, to) }

// Topic implements broker.Access.
func (r Rights) Topic(to, key string) error { return r.topic(auth.Write, to, key) }
