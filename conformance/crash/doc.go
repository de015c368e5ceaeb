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
// # Transactions
//
// What a tx.commit makes happen is recorded as one [Transaction] when the commit
// is about to be written, and not before: it has no effect until then, so what
// was rolled back and is delivered shows as [Alien]. After the commit-ok every
// part is judged as confirmed and settled. Without it, what a crash has left has
// to be all of it or nothing, or it is [Torn].
//
// # What is done to the broker
//
//	KillUnderLoad           SIGKILL at random moments
//	KillWhileItStarts       SIGKILL within 300 ms of the start
//	Sigterm                 clean stops under load
//	DefinitionsSurvive      SIGKILL while the topology changes
//	PowerCut                SIGKILL, then on with a copy of what has reached the
//	                        block device; the first comes while the directory is
//	                        made
//	PowerCutAtFirstBoot     the same for definitions that are seconds old
//	AtEachSystemCall        SIGKILL at the N-th msync, fsync, rename, ...
//	FailedSync              EIO from the N-th msync or fsync on, then a power cut
//	BitRot                  one bit flipped in a file of a stopped broker
//	TwoBrokersOnOneDirectory
//	DeadLetters             SIGKILL while messages expire, are rejected, are too many
//	TimeToLive              SIGKILL while messages have time left, or no more
//	Delays                  SIGKILL while messages are held back
//	Limits                  SIGKILL while queues are full
//	Priorities              SIGKILL; what is left comes in the right order
//	MutantsAreFound         brokers with a fault, which the tests above must find
//
// The load is eight publishers with confirms and two with transactions, eight
// queues with one subscriber each, one session in four of which works in
// transactions, fanouts to two queues and to all, messages of 100 octets to 20
// KiB and now and then of more than 8 MiB, one in ten transient; and a queue that
// is declared, used at once, and some lives later deleted. One queue in three has
// priorities.
//
// A test splits into eras of a few cycles, each with a directory and a history
// of its own. In every other era the broker has a megabyte for messages, so that
// they are on the disk.
//
// # Running
//
// The tests build ./cmd/leveret, or take the binary that CRASH_BROKER names; it
// is called as "serve --data-dir ... --amqp-listen ... --log-level warn" with
// CRASH_FLAGS after it, and has to print the line "Server startup complete".
// CRASH_SEED repeats the random choices of an era, which is named after its
// seed; the interleaving with the broker is not repeated. CRASH_LENIENT_ACKS=1
// forgives a message that comes back after a crash although its ack had been
// settled, as RabbitMQ needs it.
//
// How often each thing is done (make crash does little, make crash-long much):
// CRASH_CYCLES, CRASH_START_KILLS, CRASH_STOPS, CRASH_DEFINITIONS,
// CRASH_POWER_CUTS, CRASH_FIRST_BOOTS, CRASH_FAILED_SYNCS, CRASH_FLIPS,
// CRASH_LETTERS, CRASH_EXPIRIES, CRASH_DELAYS, CRASH_LIMITS, CRASH_PRIORITIES, and
// CRASH_POINTS, the number of random N for each system call; 0 is every N, over
// and over until each call was hit, CRASH_ROUNDS times at most.
//
// Power cuts need root and loop devices, faults of system calls strace; without
// them these tests fail and say what they need. They exist on Linux only.
package crash
