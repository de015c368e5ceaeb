package binding

import "github.com/leveretmq/leveret/amqp"

// Headers is what a headers table needs of a message. It is called at most once
// in a Match, and only if there is something to compare; other tables never
// call it.
type Headers interface{ Headers() amqp.Table }

// Table finds the targets of a message. See the package documentation for the
// rules of locking.
type Table[T comparable] interface {
	// Add binds the target. Adding what is there already changes nothing. The
	// table keeps nothing of args that the caller could change.
	Add(key string, args amqp.Table, target T)
	// Remove undoes the Add with the same key, arguments and target; other
	// bindings of the target stay. Removing what is not there changes nothing.
	Remove(key string, args amqp.Table, target T)
	// Match appends the targets of a message with that routing key and those
	// headers, in no particular order. A target that is bound more than once
	// may be appended more than once: the caller removes duplicates, because
	// it has to do so across exchanges anyway. Nil headers are no headers.
	Match(dst []T, key string, headers Headers) []T
	// Empty says that nothing is bound.
	Empty() bool
}
