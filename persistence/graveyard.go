package persistence

// grave is the key of a dead value.
type grave struct {
	key   []byte
	inLog bool
	size  int // octets of the value
	flush uint64
	file  uint64 // of the value log, 0 if that is not known
}

// graveyard takes dead keys away in two phases, because the garbage collection
// of Badger's value log brings deleted keys back to life: it writes values
// whose tombstone it has not seen back, and compaction drops the tombstone.
// First the key is overwritten with a marker, which shadows whatever comes
// back; it is deleted when so many memtables have been flushed in between that
// every older version is gone. Values that are inline are deleted at once.
type graveyard struct {
	waiting []grave // still to be overwritten; a live set covers them
	marked  []grave // overwritten, in the order of their flush numbers
	// dead counts the octets of the value log that were given up, and files has
	// the file of each value among them of which that is known.
	dead  int
	files []uint64
}

// add defers a grave whose key is known to be dead without its marker.
func (y *graveyard) add(g grave) { y.waiting = append(y.waiting, g) }

// mark adds the first phase of a grave to a write set; flush is the number of
// flushes until now.
func (y *graveyard) mark(w *writeSet, g grave, flush uint64) {
	if !g.inLog {
		w.delete(g.key)
		return
	}
	w.put(g.key, marker(), 0)
	g.flush = flush
	y.marked = append(y.marked, g)
	y.dead += g.size
	if g.file != 0 {
		y.files = append(y.files, g.file)
	}
}

// found takes a key up whose marker is already stored.
func (y *graveyard) found(key []byte, flush uint64) {
	y.marked = append(y.marked, grave{key: key, inLog: true, flush: flush})
}

// tend adds a slice of the work that waits to a write set.
func (y *graveyard) tend(w *writeSet, flush uint64) {
	n := min(len(y.waiting), cleanupKeys)
	for _, g := range y.waiting[:n] {
		y.mark(w, g, flush)
	}
	y.waiting = y.waiting[n:]
	for range deletesPerCommit {
		if !y.ripe(flush) {
			break
		}
		w.delete(y.marked[0].key)
		y.marked[0] = grave{}
		y.marked = y.marked[1:]
	}
	if len(y.waiting) == 0 {
		y.waiting = nil
	}
	if len(y.marked) == 0 {
		y.marked = nil
	}
}

// ripe says whether the oldest marker may be deleted.
func (y *graveyard) ripe(flush uint64) bool {
	return len(y.marked) > 0 && flush >= y.marked[0].flush+flushesBeforeDelete
}

// busy says whether tend has something to do.
func (y *graveyard) busy(flush uint64) bool { return len(y.waiting) > 0 || y.ripe(flush) }
