// Package lockorder gives the broker's locks a rank. A goroutine may take a
// lock only if its rank is above those of all locks that it holds; so no two
// goroutines can ever wait for each other.
//
// In a normal build the types are plain mutexes and cost nothing more. With the
// build tag invariants every Lock checks the rule and panics when it is broken:
//
//	go test -race -tags invariants ./...
//
// The ranks, from the first to be taken to the last, are the types Policies,
// Connection, Topology, Queue, Window and Wants. Several queues may be locked at once, by a
// transaction, in the order of their numbers.
package lockorder
