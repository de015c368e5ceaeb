// Package crash holds the black-box crash tests: a broker is killed under load
// and started again on the same data directory, and what its clients saw is
// judged by a history checker. It knows the broker by its binary and its port
// only.
//
// # Model
//
// A [Value] names one published message: publisher, origin (the exchange and
// routing key it was sent to) and a sequence number that counts per publisher
// and origin. A value is sent once and never sent again after a failure, so
// its identity is exact; [EncodeBody] puts it into the body together with a
// checksum. A message that is routed to several queues has one copy in each,
// and every copy is judged for itself.
//
// [History] records what the clients did and saw, in one order for all of them:
// sends, outcomes, deliveries, acks, requeues, settlements. An epoch is one
// life of the broker, from its start to the kill. A [Session] is one consumer
// channel on one queue. [Check] replays a history and counts every [Verdict].
//
// # Duties of the recorder
//
// What takes effect from the moment it is written is recorded before it is
// written: [History.Send], [History.Ack], [History.Requeue], [History.End].
// What is known when it has been read is recorded after it was read:
// [History.Outcome], [History.Deliver], [History.Settle]. No answer is no
// event: such a message may or may not be there.
//
// A session delivers nothing after its [History.End], and everything of an
// epoch is recorded before [History.Restart]: whoever drives the load joins its
// goroutines first. At the end every queue is drained by one more session,
// which acks all it gets, and [History.Drained] is called once the broker
// reports the queue as empty; without it nothing can be said about loss.
//
// # Limits
//
// Order is judged within one session, and only one session at a time may
// consume from a queue.
//
// # Running
//
// The tests build ./cmd/leveret, or take the binary that CRASH_BROKER names; it
// is called with --data-dir and --amqp-listen and has to print the line
// "Server startup complete". CRASH_CYCLES is the number of kills (20 unless it
// is set) and CRASH_SEED repeats the random choices of an earlier run, which
// printed its seed; the interleaving with the broker is not repeated.
// CRASH_LENIENT_ACKS=1 forgives a message that comes back after a crash although
// its ack had been settled by a channel.close-ok, as RabbitMQ needs it.
package crash
