package exchange

import (
	"github.com/leveretmq/leveret/amqp"
	"github.com/leveretmq/leveret/binding"
	"github.com/leveretmq/leveret/message"
)

// Router finds the targets of the messages of one exchange: its bindings, and what
// its kind makes of a message before these are asked. Match and Recent may be
// called concurrently; Add and Remove need the router for themselves.
type Router[T comparable] struct {
	table binding.Table[T]
	// once says that the table is asked for the first key only, or for what takes
	// its place; else it is asked for each.
	once bool
	// key makes of a message what takes the place of its first key; mostly nil.
	key func(*message.Message) string
	// memory is what the exchange knows of earlier messages; nil for most.
	memory memory
	// static says that the targets depend on the keys alone.
	static bool
}

// memory is what an exchange remembers of the messages that came by.
type memory interface {
	// admit takes note of a message and says whether it may be routed.
	admit(m *message.Message) bool
	// recent are the messages that new targets get, the oldest first. They are
	// nobody else's, but for properties and bodies.
	recent() []*message.Message
}

// NewRouter makes the router of an exchange without bindings. It returns nil if
// the type is unknown, which Validate finds out beforehand.
func NewRouter[T comparable](s Spec) *Router[T] {
	k, ok := lookup[T](s.Type)
	if !ok {
		return nil
	}
	r := k.newRouter(s)
	return &r
}

// Add binds the target, see binding.Table.
func (r *Router[T]) Add(key string, args amqp.Table, target T) { r.table.Add(key, args, target) }

// Remove undoes Add.
func (r *Router[T]) Remove(key string, args amqp.Table, target T) { r.table.Remove(key, args, target) }

// Match appends the targets of a message with the given keys: the routing key,
// then those of CC and BCC. Targets may repeat. It is called once for a message,
// because the exchange may remember it.
func (r *Router[T]) Match(dst []T, keys []string, m *message.Message) []T {
	if r.memory != nil && !r.memory.admit(m) {
		return dst
	}
	if !r.once {
		for _, key := range keys {
			dst = r.table.Match(dst, key, m)
		}
		return dst
	}
	key := keys[0]
	if r.key != nil {
		key = r.key(m)
	}
	return r.table.Match(dst, key, m)
}

// Static says that the targets of a message depend on its keys alone until
// bindings change, and that the exchange need not see every message.
func (r *Router[T]) Static() bool { return r.static }

// Recent are the messages that a new target gets, the oldest first. They share
// properties and bodies with the messages that were routed, and belong to the
// caller, who publishes them.
func (r *Router[T]) Recent() []*message.Message {
	if r.memory == nil {
		return nil
	}
	return r.memory.recent()
}

// byKeys routers know nothing but a table that looks at keys.
func byKeys[T comparable](newTable func() binding.Table[T]) func(Spec) Router[T] {
	return func(Spec) Router[T] { return Router[T]{table: newTable(), static: true} }
}

// byMessage routers ask the table once, for the whole message.
func byMessage[T comparable](newTable func() binding.Table[T]) func(Spec) Router[T] {
	return func(Spec) Router[T] { return Router[T]{table: newTable(), once: true} }
}

// remembering routers are fanout exchanges with a memory.
func remembering[T comparable](newMemory func(Spec) memory) func(Spec) Router[T] {
	return func(s Spec) Router[T] {
		return Router[T]{table: binding.NewFanout[T](), once: true, memory: newMemory(s)}
	}
}
