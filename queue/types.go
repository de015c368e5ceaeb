package queue

import (
	"slices"

	"github.com/leveretmq/leveret/amqp"
)

// typeArgument is the argument that names the type of a queue.
const typeArgument = "x-queue-type"

// NamesType says whether the arguments name the type of the queue. Otherwise it
// is what the operator has set.
func (s Spec) NamesType() bool {
	value, ok := s.Arguments.Lookup(typeArgument)
	return ok && value != "undefined"
}

// WithType is the specification with the type as its argument. The arguments of the
// receiver do not change.
func (s Spec) WithType(t Type) Spec {
	named := func(f amqp.Field) bool { return f.Key == typeArgument }
	s.Arguments = append(slices.DeleteFunc(slices.Clone(s.Arguments), named), amqp.Field{Key: typeArgument, Value: string(t)})
	return s
}

// Type is the type that the arguments name, as far as there is one.
func (s Spec) Type() Type { return Type(s.typeName()) }
