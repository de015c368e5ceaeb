package persistence

// On Linux the store syncs Badger's files itself, at the same points at which
// Badger would: values before the keys that point to them, keys before the
// commit returns. Badger syncs through its memory maps, which costs an interrupt
// of the other processors for each page that was written, and syncs the value
// log in every commit, whether anything was written to it or not. Measured with
// messages of 1 KiB on two processors, the interrupts were a fifth of all that
// the broker costs. See decision 5.
//
// Badger has no place to hook in, but calls its logger at these points, on the
// goroutine that writes (v4.9.6, DB.writeRequests and DB.ensureRoomForWrite), and
// writes nothing while the logger does not return. So that a Badger that logs
// otherwise is found at the first commit, each commit checks that it was synced.
const (
	lineBeforeTable = "Writing to memtable"
	lineTableFull   = "Flushing memtable, mt.size=%d size of flushChan: %d\n"
	lineAfterTable  = "Sending updates to subscribers"
)

// failedTableSync begins the line about a failed sync of the log of a memtable.
const failedTableSync = "Error while syncing the log of a memtable"

// ticket is a commit under way: what had been synced before it.
type ticket struct {
	inLog        bool // values go to the value log
	logs, tables uint64
}

// hasLogged says whether a value goes to the value log.
func hasLogged(writes []write) bool {
	for i := range writes {
		if len(writes[i].value) >= inlineOctets {
			return true
		}
	}
	return false
}
