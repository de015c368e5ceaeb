// Package message holds one published message on its way from a publisher to
// its queues: the message itself, shared and immutable, and the receipt that
// settles when all of its queues have it.
package message
