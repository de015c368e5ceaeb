// Package persistence keeps definitions and messages in one directory, on
// Badger. Nobody else touches Badger.
//
// # What it promises
//
// A unit (queue.Unit) or a change (definitions.Change) takes effect as a whole
// or not at all, also through a crash. What has been told to a receipt, to a
// Done or by Done of a Change survives the end of the process, and with
// Durability Fsync a power cut. Units take effect in the order of their
// submission. After any failed write or sync nothing is confirmed any more and
// Options.Fatal is called: nobody knows then what is on disk, and a second try
// proves nothing.
//
// # Goroutines
//
// The committer owns all changes. It takes everything that is pending, makes
// one Badger transaction of it, has it synced, tells the outcome in the order of
// the submissions, and begins again; while it waits for the disk the next batch
// forms. There is no timer but one: acknowledgements alone wait up to
// Limits.AckDelay for company. The reclaimer flushes memtables, collects
// garbage, and sweeps. The watch looks at the free space of the disk. One more
// advises the kernel on Badger's memory maps and takes them out of the resident
// set, see mappings. Close ends them all.
//
// Load, SwapOut, SwapIn and SwapFree work on the goroutines of their callers,
// any number at a time.
//
// Receipts and Done are called on the committer's goroutine without any lock of
// the store. They must not block, as everybody's next commit waits for them.
//
// # Locks
//
// Store.mu guards what is pending; it is a leaf, so Submit may be called under a
// queue's lock. Store.indexMu guards the index; the committer holds it while it
// plans a commit, Load while it looks for a block. Neither is held across I/O or
// a callback, and neither is taken under the other.
//
// # Syncs
//
// On Linux Badger runs without syncs of its own, and the store does them, on
// Badger's goroutine and at the points at which Badger would: Badger calls its
// logger there. See syncer, which also finds a Badger that stops telling.
//
// # Space that comes back
//
// A file of the value log in which nothing lives any more is emptied at once (see
// logFiles); Badger's collection deletes it without reading it. Files in which
// something lives are left to the collection.
//
// # A disk that gets full
//
// Free space is looked at before each commit and each Limits.DiskCheck. Below
// Limits.DiskAlarm the alarm is on (Options.DiskAlarm), and garbage is collected
// without waiting for more of it; everything is still written. Below
// Limits.DiskStop the committer waits, no memtable is flushed with filler and
// nothing is collected or swapped out: no confirm comes and none fails, reads go
// on. Both thresholds grow with Badger's tree, which a compaction may write
// again. StopWaiting and Close turn the wait into ErrDiskFull. Open gives up the
// ballast if there is less than DiskStop, and refuses with ErrDiskFull if Badger
// could not even be opened; it removes the swap file before it looks.
//
// # On disk
//
// One commit is a few blocks. A queue with 8 KiB or more in a commit gets blocks
// of its own, up to 256 KiB each; all others meet in mixed blocks. Values of
// 4 KiB and more go to Badger's value log, so its tree holds keys and small
// records only. Each value is an envelope with a checksum and an echo of its key.
//
//	m ...                             format, counters, definitions
//	b queue(4) 0 first(8) n(4) len(4) block of one queue; if its messages were
//	                                  gathered, number(8) stands before n
//	c number(8) n(4) len(4)           mixed block
//	a + id of a block                 which records of the block are dead
//	h queue(4), H                     live sets: which blocks are dead
//	x number(8) chunk(2)              a body outside of blocks, in pieces of 8 MiB
//	s number(8) part(4)               what a clean stop knew as redelivered
//	t number(8) part(4), T number(8)  a write set that exceeds one transaction
//	z octet                           filler
//
// n and len, the number of messages and the octets of their bodies, are in the
// key, so that opening the store reads the keys of own blocks only. A body is
// stored on its own, and once, if it has more than 4 KiB and goes to several
// queues, or has 256 KiB or more. A message that several queues of one mixed
// block have is stored once, too. Queues are numbers that never come back.
//
// The number of a message is never used twice within a queue. What is stored is
// one bound for all queues, a million ahead: see reservations.
//
// # Damage
//
// A block or body that is not what was written is put into quarantine and left
// out; the others are served. Badger's own files are looked at before it opens
// them, because it panics on damage, takes it for the end of a file, or leaves
// keys out without a word: its manifest is repaired where that is certain, a
// damaged table is refused by name, the newest value log is kept from being cut
// if it was closed before. A file of the value log with a damaged entry is not
// collected, as what lives behind it would be deleted.
//
// # Long queues
//
// Load reads blocks back by sequence numbers. Before messages leave memory their
// queue has those gathered that lie in mixed or small blocks: in one commit they
// are written again, side by side, and buried where they were. So a long queue is
// made of large blocks; mixed blocks hold little but what is in memory, and can
// all be read when the store is opened. Only whole runs are gathered, so that
// the runs of a queue never overlap. The old block may begin with the same
// message as the new one, which the live set cannot tell apart: it gets its
// marker at once, and a start that finds two blocks for the same messages keeps
// the gathered one.
//
// Messages that need not survive the process are swapped to a plain file beside
// Badger's directory.
//
// # What lives
//
// That a key exists means nothing: the garbage collection of Badger's value log
// brings deleted keys back. A block lives if its queue is defined, its live set
// does not cover it, and it is not overwritten by a marker; a body lives if a
// living record refers to it. Dead keys are overwritten in the commit in which
// they die, or later if a live set covers them, and deleted after eight forced
// flushes: see graveyard.
//
// A message that is acknowledged before its commit is never written, and neither
// is the acknowledgement; its receipt is told all the same, in order. This holds
// within one commit only: across two, a crash in between would split a unit.
//
// A commit that exceeds one transaction is written ahead: see Store.commit.
//
// # Messages as identities
//
// A fan-out is recognised by the pointer of its message. The store holds the
// message until its commit, and knows it weakly for one commit more. Whoever
// makes messages reusable has to drop that weak memory (type sharing).
package persistence
