package persistence

import "time"

// Limits are the numbers that a Store works with. The zero value of each field
// means its default; the defaults are measured and seldom worth a change.
type Limits struct {
	// CommitOctets is how much message payload one commit takes, in octets.
	// More would make everybody behind it wait longer for no more throughput.
	// A unit is never split, so a bigger one is a commit of its own.
	CommitOctets int
	// CommitOperations is the same limit for enqueues and acknowledgements.
	CommitOperations int
	// PendingOctets is how much payload may wait for its commit before
	// Throttle blocks, in octets.
	PendingOctets int
	// AckDelay is how long acknowledgements alone wait for company before
	// they are committed. A crash within that time delivers again.
	AckDelay time.Duration
	// ValueLogFile is the size of one file of Badger's value log, in octets,
	// at least 16 MiB: the grain in which disk space is given back. Each file
	// costs a descriptor and a memory mapping.
	ValueLogFile int
	// ReclaimOctets is how many octets of dead blocks make the store give
	// space back while it is busy.
	ReclaimOctets int
	// ReclaimIdleOctets is the same for a store without commits for
	// ReclaimIdle.
	ReclaimIdleOctets int
	// ReclaimIdle is how long a store must have had no commit to be idle.
	ReclaimIdle time.Duration
	// Sweep is how often all keys are compared with what is alive, in case
	// Badger has brought dead ones back.
	Sweep time.Duration
	// DiskAlarm is the free space below which the disk alarm is on, in octets.
	// Between it and DiskStop has to fit what publishers have under way, and
	// the work of giving space back. It grows with the tree: see space.
	DiskAlarm int64
	// DiskStop is the free space below which nothing is written, in octets: the
	// room for what Badger does by itself, and for the copies that the
	// collection of one file of the value log makes.
	DiskStop int64
	// DiskCheck is how often free space is looked at, apart from each commit.
	DiskCheck time.Duration
}

const (
	defaultCommitOctets      = 4 << 20
	defaultCommitOperations  = 20_000
	defaultPendingOctets     = 32 << 20
	defaultAckDelay          = 100 * time.Millisecond
	defaultValueLogFile      = 32 << 20
	defaultReclaimOctets     = 128 << 20
	defaultReclaimIdleOctets = 16 << 20
	defaultReclaimIdle       = 10 * time.Second
	defaultSweep             = 10 * time.Minute
	defaultDiskCheck         = time.Second
)

const (
	// minValueLogFile is the smallest file of the value log that takes every
	// value of ours, in octets.
	minValueLogFile = 16 << 20
	// ownBlockOctets is the share of a commit from which a queue gets a block
	// of its own; smaller shares meet in a mixed block. Below 8 KiB the key
	// and the pointer of a block cost more than its payload.
	ownBlockOctets = 8 << 10
	// blockOctets is where a block ends, in encoded octets: what one read
	// brings in when a queue is paged. One record may exceed it.
	blockOctets = 256 << 10
	// blockRecords bounds the records of a block, so that the record of its
	// acknowledgements stays small enough to be kept inline.
	blockRecords = 8192
	// blockBodyOctets bounds the sum of the bodies of a block, counting those
	// stored elsewhere, because keys carry it as 32 bits.
	blockBodyOctets = 1 << 30

	// sharedBodyOctets is the size above which a body that goes to several
	// queues is stored once and referred to. Smaller ones are copied, which
	// is cheaper than a key of their own (as RabbitMQ does with
	// queue_index_embed_msgs_below).
	sharedBodyOctets = 4 << 10
	// separateBodyOctets is the size from which a body is always stored
	// outside of its block: beside it the extra key costs nothing, and the
	// rest of a fan-out can refer to it even when it comes in a later commit.
	separateBodyOctets = blockOctets
	// bodyChunkOctets is the piece in which bodies are stored. It is part of
	// the format, and has to stay below minValueLogFile.
	bodyChunkOctets = 8 << 20

	// inlineOctets is Badger's ValueThreshold: values of this size or more go
	// to the value log, smaller ones stay in the tree.
	inlineOctets = 4096
	// memTableOctets is Badger's memtable. The tree holds keys only, so a
	// small one saves memory and replays quickly.
	memTableOctets = 4 << 20
	// memTables is how many memtables may wait for their table.
	memTables = 3
	// compactors is Badger's minimum.
	compactors = 2
	// levelZeroTables is when Badger compacts. Early, so that pointers meet
	// their successors early.
	levelZeroTables = 2
	// levelZeroStall is when Badger stops writers.
	levelZeroStall = 6

	// transactionEntries and transactionInlineOctets are what one Badger
	// transaction takes; Badger's own limits follow from memTableOctets and
	// are 6553 entries and 629 KB.
	transactionEntries      = 6000
	transactionInlineOctets = 560 << 10
	// transactionLogOctets is how much of the value log one transaction
	// fills, in octets; Badger would go to 4 GiB.
	transactionLogOctets = 32 << 20
	// redoPartOctets is the piece in which a write set that exceeds one
	// transaction is written ahead.
	redoPartOctets = 4 << 20

	// reservedSequences and reservedNumbers are how many sequence numbers and
	// block numbers one record reserves: a crash skips what is left of them.
	reservedSequences = 1 << 20
	reservedNumbers   = 1 << 16

	// deadRanges bounds the ranges in one live-set record, so that it stays
	// inline. The oldest are forgotten; their blocks have been overwritten.
	deadRanges = 256
	// deferredMarkers is the number of dead blocks in one commit from which
	// the rest is overwritten later, a slice per commit, where a live-set
	// record covers them already: a purge of millions must not hold up others.
	deferredMarkers = 512
	// cleanupKeys is that slice.
	cleanupKeys = 512
	// deletesPerCommit is how many overwritten keys are really deleted along
	// with one commit.
	deletesPerCommit = 64
	// flushesBeforeDelete is how many forced flushes lie between overwriting
	// a key and deleting it. Measured: 2 bring one key in 26,000 back, 4 and
	// 8 none.
	flushesBeforeDelete = 8
	// fillerKeys and fillerOctets make one transaction of filler.
	fillerKeys   = 106
	fillerOctets = 4000
	// reclaimRatio is the share of garbage from which a value-log file is
	// rewritten.
	reclaimRatio = 0.5
	// compactionDelay is what compaction gets between the flush of a
	// memtable and the collection of garbage that depends on it.
	compactionDelay = 200 * time.Millisecond

	// defaultDiskAlarm is seconds of publishing at full speed, and a few files
	// of the value log.
	defaultDiskAlarm = 1 << 30
	// stopReserve is what memtables that wait for their flush, their tables and
	// a compaction of those take, in octets; half a file of the value log comes
	// on top, as a collection copies so much. maxDefaultStop is where the
	// default of DiskStop, an eighth of DiskAlarm, ends.
	stopReserve    = 48 << 20
	maxDefaultStop = 256 << 20
	// openOctets is what Badger's Open writes besides a compaction of the tree,
	// in octets: what was in its memtables, and the first of its new files.
	openOctets = 32 << 20
	// alarmHysteresis is the part of DiskAlarm that has to be free above it for
	// the alarm to end, so that it does not flutter with each collection.
	alarmHysteresis = 16
	// plenty is how many times DiskAlarm has to be free for the size of the
	// tree not to matter.
	plenty = 4
	// pressedOctets is how many dead octets make the store give space back
	// while the disk is low.
	pressedOctets = 1 << 20
	// ballastPiece is in which pieces the ballast is written, in octets.
	ballastPiece = 1 << 20

	// prefaultOctets is how much a commit has to add to the value log, in
	// octets, to be worth large pages, and prefaultPiece the octets of zeros
	// that are kept for it.
	prefaultOctets = 64 << 10
	prefaultPiece  = 64 << 10
	// valueLogSlack is what a transaction leaves free of the size of a
	// value-log file, in octets, for keys and what Badger adds to them. One
	// that took more could make Badger move the file's memory map, which it
	// does without locking out those who read.
	valueLogSlack = 1 << 20
	// adviseOctets is how much is written between two looks for new memory
	// maps, in octets.
	adviseOctets = 1 << 20
	// residentOctets is how much of the value log is written or read before
	// it is taken out of the resident set, in octets, and residentDelay the
	// longest that less of it stays.
	residentOctets = 16 << 20
	residentDelay  = 2 * time.Second
	// collectingDelay is the same while garbage is collected, which reads a
	// file of the value log as fast as memory allows.
	collectingDelay = 10 * time.Millisecond
	// readAttempts is how often a value is read before it counts as damaged:
	// garbage collection may delete a file between the lookup and the read.
	readAttempts = 3
	// heldOctets is how much of what lies in mixed blocks is kept in memory
	// when a store is opened, as they have to be read anyway, in octets.
	heldOctets = 32 << 20
	// swapAlignment is where pages of the swap file begin, in octets: the size
	// of a file system's block.
	swapAlignment = 4 << 10
	// definitionPartOctets is the piece in which a definition is stored, so
	// that definitions are always inline.
	definitionPartOctets = 3 << 10
	// stopPartOctets is the piece in which the list of redelivered messages
	// is stored at a clean stop.
	stopPartOctets = 1 << 20
	// scratchOctets is the largest encoding buffer that is kept for the next
	// commit, in octets.
	scratchOctets = 8 << 20
	// keptOperations is the longest list of operations whose memory is kept
	// for the next ones.
	keptOperations = 100_000
	// messageOverhead is what a waiting message counts besides its body and
	// properties, in octets.
	messageOverhead = 128
)

func (l Limits) withDefaults() Limits {
	setDefault(&l.CommitOctets, defaultCommitOctets)
	setDefault(&l.CommitOperations, defaultCommitOperations)
	setDefault(&l.PendingOctets, defaultPendingOctets)
	setDefault(&l.AckDelay, defaultAckDelay)
	setDefault(&l.ValueLogFile, defaultValueLogFile)
	setDefault(&l.ReclaimOctets, defaultReclaimOctets)
	setDefault(&l.ReclaimIdleOctets, defaultReclaimIdleOctets)
	setDefault(&l.ReclaimIdle, defaultReclaimIdle)
	setDefault(&l.Sweep, defaultSweep)
	l.ValueLogFile = max(l.ValueLogFile, minValueLogFile)
	setDefault(&l.DiskAlarm, max(defaultDiskAlarm, 4*int64(l.ValueLogFile)))
	least := int64(l.ValueLogFile/2 + stopReserve)
	setDefault(&l.DiskStop, min(max(l.DiskAlarm/8, least), max(maxDefaultStop, least)))
	setDefault(&l.DiskCheck, defaultDiskCheck)
	return l
}

func setDefault[T int | int64 | time.Duration](field *T, value T) {
	if *field == 0 {
		*field = value
	}
}
