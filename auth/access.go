package auth

import (
	"github.com/leveretmq/leveret/amqp"
)

// Operation is what a permission allows.
type Operation uint8

// The operations. What each method of AMQP needs is for the server to know.
const (
	Configure Operation = iota
	Write
	Read
)

// String is the operation as refusals name it.
func (o Operation) String() string {
	switch o {
	case Configure:
		return "configure"
	case Write:
		return "write"
	default:
		return "read"
	}
}

// Kind is a kind of resource.
type Kind uint8

// The kinds of resources that have permissions.
const (
	Exchange Kind = iota
	Queue
)

// String is the kind as refusals name it.
func (k Kind) String() string {
	if k == Queue {
		return "queue"
	}
	return "exchange"
}

// Resource is what an operation is done to. A queue that gets its name from the
// server has that name here already.
type Resource struct {
	Kind Kind
	Name string
}

// defaultExchange is the name that patterns see of the exchange without a name
// (RabbitMQ behaviour).
const defaultExchange = "amq.default"

// Enter tells whether the user may open a connection to the virtual host, which
// exists; the refusal is an *amqp.Error 530.
func (a *Authority) Enter(user User, vhost string) error {
	b := a.backendOf(user)
	answer := b.Enter(user, vhost)
	if answer == nil {
		return nil
	}
	return amqp.Errorf(amqp.CodeNotAllowed, "access to vhost '%s' refused for user '%s'%s",
		vhost, user.Name, because(b, answer))
}

// VHostAccess is Enter without the reason.
func (a *Authority) VHostAccess(user User, vhost string) bool { return a.Enter(user, vhost) == nil }

// May tells whether the user may do this to the queue or exchange; the refusal
// is an *amqp.Error 403. It does not ask whether the resource exists: what a
// user may not touch is refused before it is found missing (RabbitMQ behaviour).
// With the internal back end it neither waits nor allocates.
func (a *Authority) May(user User, vhost string, op Operation, r Resource) error {
	if r.Kind == Exchange && r.Name == "" {
		r.Name = defaultExchange
	}
	b := a.backendOf(user)
	answer := b.May(user, vhost, op, r)
	if answer == nil {
		return nil
	}
	return amqp.Errorf(amqp.CodeAccessRefused, "%s access to %s '%s' in vhost '%s' refused for user '%s'%s",
		op, r.Kind, r.Name, vhost, user.Name, because(b, answer))
}

// MayAny tells whether the user may do anything to the resource, as a passive
// declare asks. The refusal is that of Configure.
func (a *Authority) MayAny(user User, vhost string, r Resource) error {
	refusal := a.May(user, vhost, Configure, r)
	if refusal == nil || a.May(user, vhost, Write, r) == nil || a.May(user, vhost, Read, r) == nil {
		return nil
	}
	return refusal
}

// MayTopic tells whether the user may Write, which is to publish, or Read,
// which is to bind, with the routing key. It is asked for exchanges of type
// topic, after May. The refusal is an *amqp.Error 403.
func (a *Authority) MayTopic(user User, vhost, exchange string, op Operation, key string) error {
	b := a.backendOf(user)
	answer := b.MayTopic(user, vhost, exchange, op, key)
	if answer == nil {
		return nil
	}
	return amqp.Errorf(amqp.CodeAccessRefused,
		"%s access to topic '%s' in exchange '%s' in vhost '%s' refused for user '%s'%s",
		op, key, exchange, vhost, user.Name, because(b, answer))
}

// Generation changes when an answer that the user has got may not hold any
// more. To keep an answer, read the generation before asking, and ask again as
// soon as it differs.
func (a *Authority) Generation(user User) uint64 {
	return a.backendOf(user).Generation()
}

// backendOf is who decides about the user: the directory if nobody else has let
// it in.
func (a *Authority) backendOf(user User) Backend {
	if user.backend == nil {
		return a.directory
	}
	return user.backend
}
