package binding

import (
	"slices"
	"strings"

	"github.com/leveretmq/leveret/amqp"
)

// appendArguments appends the canonical form of a binding's arguments: the
// wire form of the table sorted by key, or nothing for an empty one. Equal keys
// keep their order, because the first of them counts. Only the outermost table
// is sorted; RabbitMQ takes tables inside of it as they are.
func appendArguments(dst []byte, args amqp.Table) []byte {
	if len(args) == 0 {
		return dst
	}
	byKey := func(a, b amqp.Field) int { return strings.Compare(a.Key, b.Key) }
	if !slices.IsSortedFunc(args, byKey) {
		args = slices.Clone(args)
		slices.SortStableFunc(args, byKey)
	}
	return amqp.AppendTable(dst, args)
}

// argumentsVariant tells apart the bindings of one target that share a key.
func argumentsVariant(args amqp.Table) string {
	return string(appendArguments(nil, args))
}

// variant tells apart the bindings of one target when neither the key nor the
// arguments take part in matching.
func variant(key string, args amqp.Table) string {
	if key == "" && len(args) == 0 {
		return ""
	}
	return string(appendArguments(appendText(nil, key), args))
}
