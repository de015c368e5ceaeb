package persistence

import (
	"bytes"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"unsafe"

	"github.com/dgraph-io/badger/v4"
	"golang.org/x/sys/unix"
)

// advisor advises the kernel on the maps of the files in one directory. It
// belongs to one goroutine.
//
// Files that are written are not read ahead (MADV_RANDOM): since Linux 6.16 a
// page fault on ext4 creates folios of hundreds of KB in Badger's sparse files,
// and each sync writes the whole folio again: 24 octets per octet with 64
// publishers, 1.25 with the advice. Files of the value log that have a successor
// are only read, in blocks of 256 KiB, which without reading ahead takes 64
// faults and 5 ms from a disk, with it 0.2 ms.
type advisor struct {
	dir  string // absolute, with a separator at its end
	seen map[string]mapping
	// newestLog and newestTable are the highest numbers of value-log files and
	// memtables at the last look.
	newestLog, newestTable uint64
}

// mapping is one memory map of a file.
type mapping struct {
	from, to uintptr
	name     string // of the file, in the directory
	advice   int
}

// The suffixes of Badger's files that are written through their maps.
const (
	logSuffix   = ".vlog"
	tableSuffix = ".mem"
)

func newAdvisor(dir string) advisor {
	if abs, err := filepath.Abs(dir); err == nil {
		dir = abs
	}
	return advisor{dir: dir + string(filepath.Separator), seen: map[string]mapping{}}
}

// look advises on what has changed since the last look. A map that has gone
// meanwhile does no harm: this advice changes no data.
func (a *advisor) look(found []mapping) {
	a.newestLog, a.newestTable = 0, 0
	for _, m := range found {
		a.newestLog = max(a.newestLog, m.number(logSuffix))
		a.newestTable = max(a.newestTable, m.number(tableSuffix))
	}
	seen := make(map[string]mapping, len(found))
	for _, m := range found {
		m.advice = unix.MADV_RANDOM
		if a.older(m) {
			m.advice = unix.MADV_NORMAL
		}
		if a.seen[m.name] != m {
			advise(m.from, m.to, m.advice)
		}
		seen[m.name] = m
	}
	a.seen = seen
}

// hasNewer says whether there is a file that the last look did not see. Badger
// counts its files up.
func (a *advisor) hasNewer() bool {
	return a.exists(fmt.Sprintf("%06d", a.newestLog+1)+logSuffix) ||
		a.exists(fmt.Sprintf("%05d", a.newestTable+1)+tableSuffix)
}

func (a *advisor) exists(name string) bool {
	return unix.Access(a.dir+name, unix.F_OK) == nil
}

// older says whether a map is of a value-log file that had a successor at the
// last look.
func (a *advisor) older(m mapping) bool {
	n := m.number(logSuffix)
	return n > 0 && n < a.newestLog
}

// dropOlder takes the value-log files that had a successor at the last look out
// of the resident set, and looks again. See mappings.
func (s *Store) dropOlder(a *advisor) {
	s.mappings.unmapping.Lock()
	found := a.mappings()
	var logs []mapping
	for _, m := range found {
		if a.older(m) {
			advise(m.from, m.to, unix.MADV_DONTNEED)
		}
		if m.number(logSuffix) > 0 {
			logs = append(logs, m)
		}
	}
	s.mappings.logs.Store(&logs)
	s.mappings.unmapping.Unlock()
	a.look(found)
}

// dropValue takes the pages of a value out of the resident set. Two things say
// that they are of a map of a file, of which one would do: Badger keeps a value
// of inlineOctets or more nowhere else, and there was such a map at the last
// look.
func (m *mappings) dropValue(value []byte) {
	logs := m.logs.Load()
	if logs == nil {
		return
	}
	at := uintptr(unsafe.Pointer(unsafe.SliceData(value)))
	for _, file := range *logs {
		if file.from <= at && at < file.to {
			page := uintptr(os.Getpagesize() - 1)
			advise(at&^page, min((at+uintptr(len(value))+page)&^page, file.to), unix.MADV_DONTNEED)
			return
		}
	}
}

// dropAll takes all files of the value log out of the resident set, the newest
// included. Nobody may write to the store meanwhile, or collect.
func (s *Store) dropAll() {
	a := newAdvisor(s.space.tables)
	logs := a.mappings()
	logs = slices.DeleteFunc(logs, func(m mapping) bool { return m.number(logSuffix) == 0 })
	for _, m := range logs {
		advise(m.from, m.to, unix.MADV_DONTNEED)
	}
	s.mappings.logs.Store(&logs)
}

// dropBefore takes what lies before a value out of the resident set, if the
// value lies in a value-log file, which must stay mapped until it returns.
func (a *advisor) dropBefore(value []byte) {
	at := uintptr(unsafe.Pointer(unsafe.SliceData(value)))
	for _, m := range a.mappings() {
		if m.from <= at && at < m.to && m.number(logSuffix) > 0 {
			advise(m.from, at&^uintptr(os.Getpagesize()-1), unix.MADV_DONTNEED)
		}
	}
}

// dropWritten takes what was written to the newest file of the value log out of
// the resident set, up to the last value. While Badger shows a value it holds
// the lock of its file, without which it neither cuts nor unmaps it.
func (s *Store) dropWritten(a *advisor) {
	key := s.mappings.written.Load()
	if key == nil {
		return
	}
	s.mappings.unmapping.RLock()
	defer s.mappings.unmapping.RUnlock()
	// That the key is dead by now, or cannot be read, does not matter here.
	_ = s.db.View(func(txn *badger.Txn) error {
		item, err := txn.Get(*key)
		if err != nil || item.ValueSize() < inlineOctets {
			return err
		}
		return item.Value(func(value []byte) error {
			if len(value) >= inlineOctets {
				a.dropBefore(value)
			}
			return nil
		})
	})
}

// mappings returns the maps of Badger's logs, or nothing if the kernel does not
// tell.
func (a *advisor) mappings() []mapping {
	maps, err := os.ReadFile("/proc/self/maps")
	if err != nil {
		return nil
	}
	var found []mapping
	dir := []byte(a.dir)
	for line := range bytes.Lines(maps) {
		// A line is "7f0000000000-7f0008000000 rw-s 00000000 fe:00 42   /dir/000001.vlog".
		path := bytes.Index(line, dir)
		if path < 0 {
			continue
		}
		name := strings.TrimSuffix(string(line[path+len(dir):]), "\n")
		if !strings.HasSuffix(name, logSuffix) && !strings.HasSuffix(name, tableSuffix) {
			continue
		}
		if m, ok := parseMapping(string(line[:path])); ok {
			m.name = name
			found = append(found, m)
		}
	}
	return found
}

// mappingOf returns the map of a file of the value log, or nothing.
func (a *advisor) mappingOf(number uint64) mapping {
	for _, m := range a.mappings() {
		if m.number(logSuffix) == number {
			return m
		}
	}
	return mapping{}
}

// parseMapping reads limits and permissions of a shared map.
func parseMapping(line string) (mapping, bool) {
	limits, rest, _ := strings.Cut(line, " ")
	permissions, _, _ := strings.Cut(rest, " ")
	from, to, _ := strings.Cut(limits, "-")
	start, err := strconv.ParseUint(from, 16, 64)
	if err != nil {
		return mapping{}, false
	}
	end, err := strconv.ParseUint(to, 16, 64)
	if err != nil || end <= start || !strings.HasSuffix(permissions, "s") {
		return mapping{}, false
	}
	return mapping{from: uintptr(start), to: uintptr(end)}, true
}

// number is the number in the name of a file with this suffix, or 0.
func (m mapping) number(suffix string) uint64 {
	digits, found := strings.CutSuffix(m.name, suffix)
	if !found {
		return 0
	}
	n, err := strconv.ParseUint(digits, 10, 64)
	if err != nil {
		return 0
	}
	return n
}

func advise(from, to uintptr, advice int) {
	if from < to {
		_, _, _ = unix.Syscall(unix.SYS_MADVISE, from, to-from, uintptr(advice))
	}
}
