// Package exchange holds the rules of exchanges: what may be declared, bound,
// deleted and published to, with RabbitMQ's reply codes and texts. It keeps no
// exchanges; the virtual host does, and asks this package about each step.
//
// # Declaring
//
// The order of the checks decides which error a client sees. exchange.declare
// is checked in this order:
//
//  1. [CheckType], unless the declaration is passive
//  2. [CheckDefault], on the name without carriage returns and line feeds
//  3. the permission to configure
//  4. if the exchange exists: [Spec.CheckEquivalent], unless passive, and done
//  5. if it does not: [Missing] if passive, else [CheckNewName],
//     [Spec.Validate], the permissions for the alternate exchange, the limit
//
// exchange.delete is checked by [CheckDelete], before permissions; a missing
// exchange is deleted with success, one that is in use and was to be deleted
// only if unused gets [InUse]. exchange.bind and queue.bind are checked by
// [CheckDefault] on both sides and, when source and destination are known to
// exist, by [Spec.CheckBinding]. basic.publish to an exchange that is internal
// gets [PublishInternal].
//
// # Kinds
//
// A kind is an exchange type: its name, how it routes, and what it checks beyond
// the common rules when an exchange of it is declared or bound. The kinds are listed
// in one place, see kind.go; there is no registry to be changed at run time.
//
// How an exchange routes is its [Router]. It has the table of the bindings, knows
// what the table is asked for (each of the message's keys, or one that is made of
// the message) and whether anything but the keys matters: only if not may a route
// be remembered.
//
// Exchanges of some kinds have a memory of messages, which is part of the router:
//
//   - x-recent-history keeps the last messages for targets that are bound later,
//     20 unless x-recent-history-length says something else, and 64 MiB at most.
//   - x-message-deduplication knows which headers it has seen, x-cache-size of them
//     at most. Of two equal messages that are routed at the same time one passes.
//
// Memories are lost when the broker ends; x-cache-persistence is accepted and has no
// effect.
//
// # Concurrency
//
// The checks are pure and may be called from any goroutine. Routers say for
// themselves what they allow.
package exchange
