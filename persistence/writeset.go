package persistence

import (
	"encoding/binary"
	"errors"
	"fmt"

	"github.com/dgraph-io/badger/v4"
)

// write is one change of a key. A nil value deletes it.
type write struct {
	key, value []byte
	flags      byte
	// file, if set, gets the number of the value-log file that the value went to.
	file *uint64
}

// writeSet is what one commit changes, in order: the last write of a key
// counts. It takes effect as a whole or not at all, whatever its size.
type writeSet struct {
	writes []write
	inline int // octets that count in a transaction
	log    int // octets that go to the value log
	// logFile is the size of a value-log file in octets, 0 for the smallest.
	logFile int
}

func (w *writeSet) put(key, value []byte, flags byte) {
	w.writes = append(w.writes, write{key: key, value: value, flags: flags})
	if len(value) >= inlineOctets {
		w.log += len(value)
	} else {
		w.inline += len(value)
	}
	w.inline += len(key) + entryOverhead
}

// putCounted puts a value that will die with a grave that has its file.
func (w *writeSet) putCounted(key, value []byte, flags byte, file *uint64) {
	w.put(key, value, flags)
	w.writes[len(w.writes)-1].file = file
}

func (w *writeSet) delete(key []byte) {
	w.writes = append(w.writes, write{key: key})
	w.inline += len(key) + entryOverhead
}

// entryOverhead is what Badger adds to key and inline value when it measures a
// transaction: the version, meta octets, and a pointer.
const entryOverhead = 10 + 2 + 12

func (w *writeSet) reset() {
	clear(w.writes)
	*w = writeSet{writes: w.writes[:0], logFile: w.logFile}
}

func (w *writeSet) empty() bool { return len(w.writes) == 0 }

// lastInLog is the key of the last value that goes to the value log, or nil.
func (w *writeSet) lastInLog() []byte {
	for i := len(w.writes) - 1; i >= 0; i-- {
		if len(w.writes[i].value) >= inlineOctets {
			return w.writes[i].key
		}
	}
	return nil
}

// octets is how much will be written to disk, about.
func (w *writeSet) octets() int { return w.inline + w.log }

// fits says whether one transaction takes the set.
func (w *writeSet) fits() bool {
	return len(w.writes) <= transactionEntries && w.inline <= transactionInlineOctets &&
		w.log <= min(transactionLogOctets, max(w.logFile, minValueLogFile)-valueLogSlack)
}

// slices cuts the set into parts that fit a transaction each.
func (w *writeSet) slices(yield func([]write) error) error {
	part := writeSet{logFile: w.logFile}
	from := 0
	for i, entry := range w.writes {
		part.put(entry.key, entry.value, entry.flags)
		if part.fits() || i == from {
			continue
		}
		if err := yield(w.writes[from:i]); err != nil {
			return err
		}
		part.reset()
		part.put(entry.key, entry.value, entry.flags)
		from = i
	}
	if from == len(w.writes) {
		return nil
	}
	return yield(w.writes[from:])
}

// apply commits writes in one transaction. Files of the value log that it writes
// to are left to Badger's collection.
func (s *Store) apply(writes []write) error {
	from := s.badger.syncs.newestLog()
	err := s.transact(writes)
	if hasLogged(writes) {
		s.logFiles.taint(from, s.badger.syncs.newestLog())
	}
	return err
}

// transact is the only way to the disk.
func (s *Store) transact(writes []write) error {
	if err := s.fault(beforeCommit); err != nil {
		return err
	}
	txn := s.db.NewTransaction(true)
	defer txn.Discard()
	for _, w := range writes {
		if err := setWrite(txn, w); err != nil {
			return fmt.Errorf("persistence: adding key %x to a transaction: %w", w.key, err)
		}
	}
	ticket := s.badger.syncs.begin(writes)
	err := txn.Commit()
	synced := s.badger.syncs.end(ticket)
	if err != nil {
		return fmt.Errorf("persistence: committing %d writes: %w", len(writes), err)
	}
	// A failed sync is only logged.
	return errors.Join(s.badgerFault(), synced, s.fault(afterCommit))
}

func setWrite(txn *badger.Txn, w write) error {
	if w.value == nil {
		return txn.Delete(w.key)
	}
	return txn.SetEntry(badger.NewEntry(w.key, w.value).WithMeta(w.flags))
}

// commit makes a write set durable as a whole. A set that exceeds one
// transaction is written ahead: first its parts, which mean nothing, then one
// key that makes them valid, then the writes themselves, then the removal of
// what was written ahead. Open finishes what a crash has left in between.
func (s *Store) commit(w *writeSet) error {
	if w.empty() {
		return nil
	}
	if w.fits() {
		if err := s.expect(w.log); err != nil {
			return err
		}
		err := s.applyCounted(w)
		if !errors.Is(err, badger.ErrTxnTooBig) {
			return err
		}
	}
	number := s.reserved.take()
	// What is left of a failed attempt is cleared away under its number, so
	// the number must never come back. The set may hold an older reservation,
	// which must not overtake this one.
	reservation := s.reserved.reserve()
	if err := s.apply([]write{reservation}); err != nil {
		return err
	}
	w.put(reservation.key, reservation.value, reservation.flags)
	parts, err := s.writeAhead(number, w)
	if err != nil {
		return err
	}
	return s.redo(number, parts, w)
}

// applyCounted applies a set and counts what goes to which file of the value
// log: the newest, as Badger goes on to the next one behind a transaction. Beside
// a collection, which writes there, too, it may have gone on before.
func (s *Store) applyCounted(w *writeSet) error {
	from := s.badger.syncs.newestLog()
	if w.log == 0 || from == 0 {
		return s.apply(w.writes)
	}
	alone := s.reclaim.collecting.TryLock()
	if alone {
		defer s.reclaim.collecting.Unlock()
	}
	if err := s.transact(w.writes); err != nil {
		return err
	}
	if to := s.badger.syncs.newestLog(); !alone && to != from {
		s.logFiles.taint(from, to)
		return nil
	}
	values := 0
	for i := range w.writes {
		if len(w.writes[i].value) < inlineOctets {
			continue
		}
		values++
		if w.writes[i].file != nil {
			*w.writes[i].file = from
		}
	}
	s.logFiles.added(from, values)
	return nil
}

// expect prepares the value log for octets, unless garbage is being collected.
// If it finds the disk full it waits: nothing is written yet.
func (s *Store) expect(octets int) error {
	err := s.prepareLog(octets)
	if !isDiskFull(err) {
		return err
	}
	if waiting := s.awaitRoom(int64(octets), func() bool {
		err = s.prepareLog(octets)
		return !isDiskFull(err)
	}); waiting != nil {
		return waiting
	}
	return err
}

func (s *Store) prepareLog(octets int) error {
	if !s.reclaim.collecting.TryLock() {
		return nil
	}
	defer s.reclaim.collecting.Unlock()
	return s.prefault.expect(octets)
}

// writeAhead stores the parts of a write set and declares them valid.
func (s *Store) writeAhead(number uint64, w *writeSet) (parts int, err error) {
	var payload []byte
	store := func() error {
		key := appendPartKey(make([]byte, 0, partKeyLen), prefixRedo, number, parts)
		parts++
		err := s.apply([]write{{key: key, value: seal(key, payload)}})
		payload = payload[:0]
		return err
	}
	for _, entry := range w.writes {
		payload = appendWrite(payload, entry)
		if len(payload) >= redoPartOctets {
			if err := store(); err != nil {
				return 0, err
			}
		}
	}
	if len(payload) > 0 {
		if err := store(); err != nil {
			return 0, err
		}
	}
	key := redoCommitKey(number)
	valid := seal(key, binary.AppendUvarint(nil, uint64(parts)))
	return parts, s.apply([]write{{key: key, value: valid}})
}

// redo applies a write set that was written ahead, and cleans up.
func (s *Store) redo(number uint64, parts int, w *writeSet) error {
	if err := w.slices(s.apply); err != nil {
		return err
	}
	for i := range parts {
		s.graves.add(grave{key: appendPartKey(nil, prefixRedo, number, i), inLog: true})
	}
	return s.apply([]write{{key: redoCommitKey(number)}})
}

func appendWrite(dst []byte, w write) []byte {
	dst = append(dst, w.flags)
	dst = appendBytes(dst, w.key)
	if w.value == nil {
		return append(dst, 0)
	}
	dst = append(dst, 1)
	return appendBytes(dst, w.value)
}

// decodeWrites appends the writes of one part; they alias the payload.
func decodeWrites(dst []write, payload []byte) ([]write, error) {
	c := cursor{data: payload}
	for !c.empty() {
		w := write{flags: c.octet(), key: c.bytes()}
		if c.octet() != 0 {
			w.value = c.bytes()
		}
		dst = append(dst, w)
	}
	return dst, c.err
}
