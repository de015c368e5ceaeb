package exchange

import (
	"math/rand/v2"

	"github.com/leveretmq/leveret/amqp"
	"github.com/leveretmq/leveret/binding"
)

// The exchange types: those of the protocol, those of RabbitMQ's core and of the
// plugins that it ships, and those of plugins of its community.
const (
	Direct  = "direct"
	Fanout  = "fanout"
	Topic   = "topic"
	Headers = "headers"

	ConsistentHash = "x-consistent-hash"
	LocalRandom    = "x-local-random"
	ModulusHash    = "x-modulus-hash"
	Random         = "x-random"
	RecentHistory  = "x-recent-history"

	Deduplication = "x-message-deduplication"
)

// kind is one exchange type. T is the target of its routers; the checks do not
// depend on it. A check that is nil has nothing to refuse.
type kind[T comparable] struct {
	newRouter func(Spec) Router[T]
	// checkDeclare refuses arguments of a new exchange.
	checkDeclare func(Spec) error
	// checkBinding refuses a binding whose source is an exchange of this kind.
	checkBinding func(Spec, Binding) error
}

// Binding is what a kind may look at in a binding.
type Binding struct {
	Key       string
	Arguments amqp.Table
	// QueueType is the type of the queue that the binding leads to, like
	// "classic"; empty for an exchange.
	QueueType string
}

// lookup is the list of all kinds. A new kind is a case here and a file of its
// own for what it checks.
func lookup[T comparable](name string) (kind[T], bool) {
	switch name {
	case Direct:
		return kind[T]{newRouter: byKeys(binding.NewDirect[T])}, true
	case Fanout:
		return kind[T]{newRouter: byKeys(binding.NewFanout[T])}, true
	case Topic:
		return kind[T]{newRouter: byKeys(binding.NewTopic[T])}, true
	case Headers:
		return kind[T]{newRouter: byMessage(binding.NewHeaders[T]), checkBinding: checkHeadersBinding}, true
	case ConsistentHash:
		return kind[T]{newRouter: newConsistentHash[T], checkDeclare: checkHashed, checkBinding: checkBuckets}, true
	case ModulusHash:
		return kind[T]{newRouter: newModulusHash[T]}, true
	case Random:
		return kind[T]{newRouter: byMessage(byChance[T])}, true
	case LocalRandom:
		return kind[T]{newRouter: byMessage(byChance[T]), checkBinding: checkLocal}, true
	case RecentHistory:
		return kind[T]{newRouter: remembering[T](newHistory), checkDeclare: checkHistory}, true
	case Deduplication:
		return kind[T]{newRouter: remembering[T](newRepeats), checkDeclare: checkRepeats}, true
	case Delayed:
		return delayedKind[T](), true
	default:
		return kind[T]{}, false
	}
}

// byChance is a table that leaves the choice to chance.
func byChance[T comparable]() binding.Table[T] { return binding.NewRandom[T](rand.IntN) }

// checks returns the kind for its checks alone.
func checks(name string) (kind[struct{}], error) {
	k, ok := lookup[struct{}](name)
	if !ok {
		return k, amqp.Errorf(amqp.CodePreconditionFailed, "unknown exchange type '%s'", name)
	}
	return k, nil
}
