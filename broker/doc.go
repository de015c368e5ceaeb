// Package broker is the broker without its sockets: virtual hosts, their
// exchanges, queues and bindings, and the way of a message from a publish to
// its queues.
//
// # Topology
//
// Each virtual host keeps its topology in memory under one lock. A change is
// made there first, then handed to the store in the same order, still under
// the lock (that only appends to the store's pending work), and waited for
// after the unlock: the client's answer means that the change is on disk. An
// object that another client is just declaring is waited for as well, so that
// no answer is early.
//
// Whoever needs to know whether a route is still valid compares the version of
// the topology, which every change raises.
//
// # Parameters and policies
//
// Parameters belong to package admin, which stores them: SetParameter checks one and has
// it take effect in memory, ClearParameter undoes that, and the caller hands the change
// to Define in the same order. Only policies mean something to the broker. Each virtual
// host has its policies as an immutable policy.Set; a change replaces the set under the
// topology lock, and then tells one queue after the other without it, so that changing a
// policy of many queues stops nobody for longer than one queue takes. What is declared
// meanwhile has the new set from its beginning. At a start the policies come before the
// queues, so that messages come back by their rules.
//
// # What it counts and shows
//
// A queue counts under its lock, an exchange at its Entrance, to which channels add a
// batch at once; both never decrease. What is deleted leaves its counters to the virtual
// host, and that to the broker, in the step that takes it away: so no total shrinks.
// Lists (inventory.go) are snapshots: the topology lock is held to copy pointers, each
// queue's for a moment.
//
// # Who looks on
//
// The firehose and the event exchange publish what happens; WatchEvents and
// VHost.Watch hand it to whoever has a seat (internal/audience), without any exchange.
// Callers ask Tracing and Observing first, which cost one load from memory each, so that
// nothing is put together for nobody.
//
// # Moving
//
// Move takes messages out of a queue and publishes them elsewhere. It holds them
// unacknowledged until their receipts have settled, so that a crash leaves each of them
// in one of the places at least. What is refused is put back as if nobody had had it
// (queue.PutBack).
//
// # Locks
//
// The order is: the lock of a change of policies, which no connection takes, topology
// lock, then a queue's lock, then the store's; builds with
// the tag invariants check it (internal/lockorder). The
// topology lock is never held while something waits for the disk or while a
// message moves. Publishing needs it for reading only, and not at all as long
// as the route is cached.
//
// # Errors
//
// What a client did wrong comes back as *amqp.Error with RabbitMQ's code and
// text. Any other error is the broker's own.
package broker
