package persistence

import (
	"sync"
	"sync/atomic"
	"time"
)

// mappings looks after the memory maps that Badger has of its files. All that
// is written to the value log or read from it passes through shared maps, and
// counts as resident although it is page cache that the kernel may take back at
// any time. A goroutine takes it out of the resident set again; it stays in the
// page cache. It also tells the kernel which files are written, and which are
// only read. All of this is an optimisation: where it fails nothing is lost, so
// it reports nothing.
//
// Dropping pages (MADV_DONTNEED) is harmless within a shared map of a file, and
// fatal anywhere else, so no range may be unmapped between the look for it and
// the drop. Badger v4.9.6 changes the maps of value-log files only here:
//
//   - Open and Close: the goroutine does not run then.
//   - The newest file grows, or is cut when its successor is about to be made,
//     both in a commit: there is none before start.
//     A file is therefore dropped as a whole only if a newer one was seen before
//     the look; of the newest only what lies before a value whose file Badger
//     keeps locked meanwhile, see dropWritten.
//   - A collected file is unmapped when the last iterator closes, since the
//     collector keeps one open. Reads have iterators too, inside Badger, when
//     they fail. Whoever closes an iterator or reads holds unmapping shared.
type mappings struct {
	unmapping sync.RWMutex

	// synced says that syncer takes what is written out of the resident set.
	// Read only once the store has started.
	synced bool
	// written is the key of the value that went to the value log last, nil if
	// none has.
	written atomic.Pointer[[]byte]
	// unseen and resident count the octets written since the last look for new
	// maps, and those written or read since the last drop.
	unseen, resident atomic.Int64
	// collecting says that a collection runs, which reads a whole file through
	// its map and does not say how far it is.
	collecting atomic.Bool

	// logs are the maps of value-log files at the last look.
	logs atomic.Pointer[[]mapping]

	wake chan struct{}
	stop chan struct{}
	done chan struct{}
}

func newMappings(synced bool) mappings {
	return mappings{synced: synced, wake: make(chan struct{}, 1), stop: make(chan struct{}), done: make(chan struct{})}
}

// wrote notes octets that were committed; last is the key of the last value
// among them that went to the value log, or nil.
func (m *mappings) wrote(octets int, last []byte) {
	if m.synced {
		if m.unseen.Add(int64(octets)) >= adviseOctets {
			m.signal()
		}
		return
	}
	if last != nil {
		m.written.Store(&last)
	}
	unseen := m.unseen.Add(int64(octets))
	if resident := m.resident.Add(int64(octets)); unseen >= adviseOctets || resident >= residentOctets {
		m.signal()
	}
}

// wasRead takes a value that was read out of the resident set, and notes it: the
// kernel has mapped some of what lies around it, too. Any goroutine may call it
// while Badger shows the value, with unmapping held shared.
func (m *mappings) wasRead(value []byte) {
	if len(value) >= inlineOctets {
		m.dropValue(value)
		m.read(len(value))
	}
}

// read notes octets that were read. Any goroutine may call it.
func (m *mappings) read(octets int) {
	if m.resident.Add(int64(octets)) >= residentOctets {
		m.signal()
	}
}

func (m *mappings) signal() {
	select {
	case m.wake <- struct{}{}:
	default:
	}
}

// beginCollection notes that one begins.
func (m *mappings) beginCollection() {
	m.collecting.Store(true)
	m.signal()
}

// endCollection notes that it has ended, with a file read to its end.
func (m *mappings) endCollection() {
	m.collecting.Store(false)
	m.read(residentOctets)
}

// end stops the goroutine, for good.
func (m *mappings) end() {
	close(m.stop)
	<-m.done
}

// runMappings is the goroutine that advises the kernel.
func (s *Store) runMappings(a advisor) {
	m := &s.mappings
	defer close(m.done)
	tick := time.NewTicker(residentDelay)
	defer tick.Stop()
	a.look(a.mappings())
	for {
		limit := int64(residentOctets)
		select {
		case <-m.stop:
			return
		case <-m.wake:
		case <-tick.C:
			limit = 1
		}
		if m.collecting.Load() {
			limit = 0
			tick.Reset(collectingDelay)
		} else {
			tick.Reset(residentDelay)
		}
		if m.unseen.Swap(0) > 0 && a.hasNewer() {
			a.look(a.mappings())
		}
		if m.resident.Load() >= limit {
			m.resident.Store(0)
			s.dropWritten(&a)
			s.dropOlder(&a)
		}
	}
}
