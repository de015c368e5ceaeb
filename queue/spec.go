package queue

import "github.com/leveretmq/leveret/amqp"

// Spec is what a queue was declared as.
type Spec struct {
	VHost string
	Name  string
	// ID is the queue's number. It never comes back, not even when a queue of
	// the same name is declared again; storage keys are made of it.
	ID         uint32
	Durable    bool
	Exclusive  bool
	AutoDelete bool
	Arguments  amqp.Table
}
