package binding

import (
	"encoding/binary"

	"github.com/leveretmq/leveret/amqp"
)

// DestinationKind says what a binding leads to.
type DestinationKind uint8

// The kinds of destination.
const (
	ToQueue DestinationKind = iota
	ToExchange
)

// String is the AMQP word for the kind: "queue" or "exchange".
func (k DestinationKind) String() string {
	if k == ToExchange {
		return "exchange"
	}
	return "queue"
}

// Spec is one binding as it was declared.
type Spec struct {
	VHost string
	// Source is the name of the exchange that messages come from.
	Source string
	// Destination is the name of the queue or exchange that they go to.
	Destination string
	Kind        DestinationKind
	RoutingKey  string
	Arguments   amqp.Table
}

// Identity is the key that two bindings share exactly if they are the same
// binding: same virtual host, source, destination, routing key and arguments,
// the arguments sorted by key and compared with their wire types (RabbitMQ
// behaviour). It is made of octets, not of text, and is the same in every run,
// so it may be stored. Its length has no bound but that of the arguments.
func (s Spec) Identity() string {
	id := make([]byte, 0, 64)
	id = appendText(id, s.VHost)
	id = appendText(id, s.Source)
	id = append(id, byte(s.Kind))
	id = appendText(id, s.Destination)
	id = appendText(id, s.RoutingKey)
	id = appendArguments(id, s.Arguments)
	return string(id)
}

// appendText appends s behind its length, so that neighbours cannot be taken
// for each other.
func appendText(dst []byte, s string) []byte {
	dst = binary.AppendUvarint(dst, uint64(len(s)))
	return append(dst, s...)
}
