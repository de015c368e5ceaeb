// Package policy has RabbitMQ's policies: what operators say about all queues or
// exchanges whose names match a pattern.
//
// # What applies
//
// To one queue or exchange at most one policy and one operator policy apply: of each
// kind that of the highest priority whose pattern is found in the name, whose ApplyTo
// has the object, and which has no key that the type of the queue does not know. Among
// equals the name decides, the lowest first; RabbitMQ leaves that open.
//
// Both are merged into one effective definition: keys of either are in it, and where
// both have one, the smaller limit is taken; of what is no limit, that of the operator.
//
// # Parsing
//
// A policy is stored as a runtime parameter whose value is JSON. Parse reads and checks
// it, and says everything that is wrong with it in RabbitMQ's words, which clients print.
// What a definition means to a queue or an exchange is known by these.
package policy
