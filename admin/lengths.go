package admin

import (
	"cmp"

	"github.com/leveretmq/leveret/amqp"
	"github.com/leveretmq/leveret/definitions"
)

// checkLengths refuses names and keys that AMQP has no room for: no client could use
// them, and no message of theirs could be delivered.
func checkLengths(set definitions.Set) error {
	for i := range set.Exchanges {
		if err := short("exchange", set.Exchanges[i].Name); err != nil {
			return err
		}
	}
	for i := range set.Queues {
		if err := short("queue", set.Queues[i].Name); err != nil {
			return err
		}
	}
	for i := range set.Bindings {
		b := &set.Bindings[i]
		err := cmp.Or(short("source", b.Source), short("destination", b.Destination), short("routing_key", b.RoutingKey))
		if err != nil {
			return err
		}
	}
	return nil
}

func short(what, text string) error {
	if len(text) <= amqp.MaxShortString {
		return nil
	}
	return amqp.Errorf(amqp.CodePreconditionFailed, "%s should be less than %d bytes, actually was %d\n",
		what, amqp.MaxShortString, len(text))
}
