package exchange

import "github.com/leveretmq/leveret/amqp"

// classic is the type of the queues that live on one node, where their publishers
// are.
const classic = "classic"

// checkLocal refuses the bindings of an x-local-random exchange that RabbitMQ
// refuses. On a single node every queue is a local one.
func checkLocal(_ Spec, b Binding) error {
	switch {
	case b.Key != "":
		return amqp.Errorf(amqp.CodePreconditionFailed, "Non empty binding '%s' key not permitted", b.Key)
	case b.QueueType == "":
		return amqp.Errorf(amqp.CodePreconditionFailed, "Destination not found")
	case b.QueueType != classic:
		return amqp.Errorf(amqp.CodePreconditionFailed,
			"Queue type rabbit_%s_queue not valid for this exchange type", b.QueueType)
	}
	return nil
}
