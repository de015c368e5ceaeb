// Package binding holds the routes of an exchange: which queues and exchanges
// a message with a certain routing key and certain headers goes to.
//
// # Model
//
// A binding says "messages of this source that fit this routing key and these
// arguments also go to that destination". [Spec] is its plain record, as it is
// declared, listed and stored. A [Table] is the other view of it: one per
// exchange, made for matching, with a target of the caller's choice (a pointer
// to a queue or an exchange) in the place of the destination's name.
//
// There is one kind of table for each way to match:
//
//   - [NewDirect]: the routing key equals the binding key, octet for octet.
//   - [NewFanout]: everything matches.
//   - [NewTopic]: the keys are words between dots; in a binding key "*" stands
//     for one word and "#" for any number of words, none included. The empty
//     key has no words and the key "." has two empty ones.
//   - [NewHeaders]: the binding's arguments are compared with the message's
//     headers, see below.
//   - [NewConsistentHash]: one target, by the hash of a key, see below.
//   - [NewRandom]: one binding, by chance.
//   - [NewModulus]: one binding, by the hash of a key modulo their number.
//
// # Identity
//
// A binding is identified by its source, destination, routing key and
// arguments, for every kind of exchange, even where matching ignores some of
// them (RabbitMQ behaviour). So a queue may be bound to a fanout exchange twice
// under different keys, and stays bound until both bindings are gone. Arguments
// are sorted by key and compared with their wire types: the number 5 sent as a
// short and as a long makes two bindings.
//
// # Headers
//
// The argument x-match chooses the rule: "all" (the default) wants each of the
// binding's arguments among the message's headers, "any" wants one of them.
// Both skip arguments whose name starts with "x-"; "all-with-x" and
// "any-with-x" skip none but x-match itself. Without arguments to compare,
// "all" matches every message and "any" matches none.
//
// Values are compared as RabbitMQ 4 does: integers of all widths by value,
// floating point numbers of both widths by value, text and binary by octets;
// but 5 is not 5.0, not "5" and not true. A void argument only wants the header
// to be there. A timestamp header counts milliseconds when it is compared, a
// timestamp argument is taken as it is. Arrays and tables are equal if all of
// their elements are, in order and with their wire types. If a header occurs
// twice in a message, its last occurrence counts.
//
// # Consistent hashing
//
// A binding key is a number of buckets. The buckets of all targets stand in one
// row, in the order in which the targets were bound; the jump consistent hash of
// the message's key picks one. So the shares of targets are as their numbers of
// buckets, a new target takes its share from all others and no key moves between
// those, and one that leaves moves its own keys and those whose buckets follow it.
// A target that is bound more than once has the buckets of its oldest binding only.
// Hashes are the same in every run, but after a restart the targets stand in the
// order in which the bindings are read from the disk.
//
// # Cost
//
// Direct and fanout matching costs one look-up and the matches. Topic matching
// walks a trie: it costs the words of the routing key times the wildcard
// branches that fit them, whatever the number of other bindings, and no state
// of the walk is visited twice, so a key full of "#" cannot make it explode.
// Headers matching looks each header of the message up in an index of one
// argument per binding and then checks only the bindings found there.
//
// Consistent hashing costs the logarithms of the numbers of buckets and targets,
// a choice by chance or modulo costs the same for any number of bindings.
//
// Match allocates nothing when the result has room, except in topic tables when
// more than a handful of nodes lie below two "#" each, and what the message's
// headers cost. Removing bindings gives their memory back: the trie is pruned, and
// slices and maps are rebuilt when they have become much too large.
//
// # Locking
//
// Nothing in this package locks. Match may run concurrently with Match; Add and
// Remove need the table for themselves. The topology lock of the virtual host
// sees to that.
package binding
