// Package queue is one queue: the messages that are ready, the consumers that
// take them, and who gets the next one.
//
// # Model
//
// A queue has a core and a host. The core (core.go, ready.go, rotation.go) is
// a state machine without lock, clock, goroutine or I/O: it is driven by the
// model-based test, and a replicated queue can drive it from a log. The host
// (queue.go) puts a mutex around it, hands what has to survive to a Store and
// wakes consumers.
//
// A message that enters gets the next sequence number and is ready. Dispatch
// assigns ready messages to consumers in turn, as long as there is a consumer
// that can take one. The writer goroutine of the consumer's connection pulls
// what was assigned (Fetch) and puts it on the wire. The message then is
// unacknowledged until Ack, or Requeue, which brings it back to its original
// place: the order of sequence numbers.
//
// # Who gets the next message
//
// The consumers that can take a message stand in line, one line a priority
// (x-priority, highest first). The first in line gets one message and goes to
// the end of the line. A consumer leaves the line while its prefetch is used
// up, while the shared limit of its channel is, or while its connection has
// not yet fetched the last 200 messages (the unsent limit that RabbitMQ uses,
// too), so that a connection that does not read holds no more than that.
//
// # Paging
//
// The middle of a long queue is out of memory (ready.go): the core knows spans
// of stored messages and pages of swapped ones (backlog.go). What leaves and
// what comes back are commands of the core like any other (paging.go). The host
// does the I/O between beginLoad and endLoad without its lock (load.go); what
// makes a running load void in between raises a generation. A Pager (pager.go)
// keeps all queues together within a budget, and has the goroutines that read
// and write for them.
//
// A message may leave memory only when its commit is done, because what is
// loaded is what is committed. So the pager notes the newest number of a queue,
// waits for a commit, and evicts up to that number.
//
// # What it shows
//
// Status (status.go) is a snapshot, taken under the lock, which costs a queue no more
// than a moment, however long it is.
//
// # Locking
//
// All methods of Queue are safe for concurrent use. The caller may hold its
// connection's lock or the topology lock, never another queue's; only Commit
// locks several queues, in the order of their numbers, so that a transaction
// enters the store as one unit. Under the queue's lock only memory is touched;
// the store's Submit and the pager's list are leaves. Consumers are woken after the
// unlock, and a wake is a flag and a signal: it never blocks.
package queue
