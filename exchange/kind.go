package exchange

import (
	"github.com/leveretmq/leveret/amqp"
	"github.com/leveretmq/leveret/binding"
)

// The exchange types of the core.
const (
	Direct  = "direct"
	Fanout  = "fanout"
	Topic   = "topic"
	Headers = "headers"
)

// kind is one exchange type. T is the target of its tables; the checks do not
// depend on it. A check that is nil has nothing to refuse.
type kind[T comparable] struct {
	newTable func(Spec) binding.Table[T]
	// checkDeclare refuses arguments of a new exchange.
	checkDeclare func(Spec) error
	// checkBinding refuses a binding whose source is an exchange of this kind.
	checkBinding func(exchange Spec, key string, args amqp.Table) error
}

// lookup is the list of all kinds. A new kind is a case here and a file of its
// own for what it checks.
func lookup[T comparable](name string) (kind[T], bool) {
	switch name {
	case Direct:
		return kind[T]{newTable: plain(binding.NewDirect[T])}, true
	case Fanout:
		return kind[T]{newTable: plain(binding.NewFanout[T])}, true
	case Topic:
		return kind[T]{newTable: plain(binding.NewTopic[T])}, true
	case Headers:
		return kind[T]{newTable: plain(binding.NewHeaders[T]), checkBinding: checkHeadersBinding}, true
	case Delayed:
		return delayedKind[T](), true
	default:
		return kind[T]{}, false
	}
}

// plain is the constructor of tables that do not depend on the exchange.
func plain[T comparable](newTable func() binding.Table[T]) func(Spec) binding.Table[T] {
	return func(Spec) binding.Table[T] { return newTable() }
}

// checks returns the kind for its checks alone.
func checks(name string) (kind[struct{}], error) {
	k, ok := lookup[struct{}](name)
	if !ok {
		return k, amqp.Errorf(amqp.CodePreconditionFailed, "unknown exchange type '%s'", name)
	}
	return k, nil
}

// NewTable makes the empty routing table of an exchange. It returns nil if the
// type is unknown, which Validate finds out beforehand.
func NewTable[T comparable](s Spec) binding.Table[T] {
	k, ok := lookup[T](s.Type)
	if !ok {
		return nil
	}
	return k.newTable(s)
}
