package broker

import (
	"slices"

	"github.com/leveretmq/leveret/amqp"
	"github.com/leveretmq/leveret/queue"
)

// QueueTypes is what the operator has set about the types of queues.
type QueueTypes struct {
	// Default is the type of a queue whose declaration names none, if the queue
	// may be of that type: durable, not exclusive and not auto-delete. Empty means
	// classic.
	Default queue.Type
	// Disabled are the types of which no queue can be declared. Queues that exist
	// stay.
	Disabled []queue.Type
	// Relaxed lets clients declare an existing quorum queue once more as a classic
	// one.
	Relaxed bool
}

// complete gives the specification the default type if it names none.
func (t *QueueTypes) complete(spec queue.Spec) queue.Spec {
	if t.Default == "" || t.Default == queue.Classic || spec.NamesType() {
		return spec
	}
	if !spec.Durable || spec.Exclusive || spec.AutoDelete {
		return spec // is classic, then
	}
	return spec.WithType(t.Default)
}

// relax makes the specification one of the type of the queue that exists, where
// nobody minds.
func (t *QueueTypes) relax(spec, current queue.Spec) queue.Spec {
	if t.Relaxed && current.Type() == queue.Quorum && spec.Type() == queue.Classic {
		return spec.WithType(queue.Quorum)
	}
	return spec
}

// check refuses to make a queue of a type that is disabled.
func (t *QueueTypes) check(spec queue.Spec) error {
	if !slices.Contains(t.Disabled, spec.Type()) {
		return nil
	}
	return amqp.Errorf(amqp.CodeInternalError, "Cannot declare %s of type '%s': the queue type is disabled", spec, spec.Type())
}
