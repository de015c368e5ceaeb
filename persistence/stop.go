package persistence

import (
	"cmp"
	"encoding/binary"
	"errors"
	"fmt"
	"slices"

	"github.com/dgraph-io/badger/v4"

	"github.com/leveretmq/leveret/queue"
)

// Close commits what is pending, acknowledgements included, and records that
// the stop was clean and which stored messages were delivered before: only
// these will be flagged as redelivered by the next Recover. Units that come
// later get ErrClosed. A store that has failed writes nothing more and leaves
// its directory locked for the rest of the process; so does one whose disk is
// full (ErrDiskFull), and one of whose value log a length is damaged.
func (s *Store) Close(redelivered []queue.Range) error {
	s.closing.Do(func() { s.outcome = s.close(redelivered) })
	return s.outcome
}

func (s *Store) close(redelivered []queue.Range) error {
	s.mu.Lock()
	s.closed = true
	s.room.Broadcast()
	s.mu.Unlock()
	s.signal()
	s.StopWaiting()
	close(s.reclaim.stop)
	close(s.space.end)
	s.awaitEnd(s.done)
	s.awaitEnd(s.reclaim.done)
	<-s.space.done
	s.mappings.end()
	defer s.prefault.close()
	// The committer has ended, so what it owned is ours.
	err := s.failed()
	if err == nil && !s.space.admits(0) {
		err = fmt.Errorf("%w: it was not recorded that the stop was clean, so that all messages will count as redelivered", ErrDiskFull)
	}
	if err == nil {
		err = s.writeStopRecord(redelivered)
	}
	if err != nil {
		return err
	}
	if err := s.swap.close(); err != nil {
		s.log.Warn("the swap file was not removed; the next start does it", "error", err)
	}
	s.badger.onFault.Store(nil)
	if s.badger.stuck.Load() {
		s.log.Warn("the message store is damaged and was not closed in order; nothing is lost by that")
		return nil // all is synced, and the directory stays locked while Badger may write
	}
	if err := closeBadger(s.db, s.badger); err != nil {
		return fmt.Errorf("persistence: closing: %w", err)
	}
	s.badger.syncs.close()
	return s.lock.release()
}

// awaitEnd waits for a goroutine, unless it may wait for Badger for ever, as the
// store has failed.
func (s *Store) awaitEnd(done <-chan struct{}) {
	select {
	case <-done:
	case <-s.badger.frozen:
	}
}

// seenSpan is messages that consumers may have seen before a clean stop.
type seenSpan struct {
	queue.Span
	returns uint16 // how often each of them has come back
}

// stopRecordVersion is that of the list of a clean stop. The first one had no
// version, and no returns.
const stopRecordVersion = 2

// writeStopRecord stores the list of redelivered messages in parts, then the
// record that makes it valid, as one write set. An element of the list is: number of
// the stream, first sequence number, how many follow, returns.
func (s *Store) writeStopRecord(redelivered []queue.Range) error {
	number := s.reserved.take()
	s.writes.reset()
	parts := 0
	store := func(payload []byte) {
		key := appendPartKey(nil, prefixStop, number, parts)
		s.writes.put(key, seal(key, payload), 0)
		parts++
	}
	var payload []byte
	for _, r := range uniteRanges(redelivered) {
		payload = binary.AppendUvarint(payload, uint64(r.Queue))
		payload = binary.AppendUvarint(payload, r.First)
		payload = binary.AppendUvarint(payload, r.Last-r.First)
		payload = binary.AppendUvarint(payload, uint64(r.Returns))
		if len(payload) >= stopPartOctets {
			store(payload)
			payload = nil
		}
	}
	if len(payload) > 0 {
		store(payload)
	}
	key := stopKey()
	record := binary.AppendUvarint(nil, number)
	record = append(binary.AppendUvarint(record, uint64(parts)), stopRecordVersion)
	s.writes.put(key, seal(key, record), 0)
	exact := s.reserved.exact()
	s.writes.put(exact.key, exact.value, 0)
	if err := s.commit(&s.writes); err != nil {
		return fmt.Errorf("recording the clean stop: %w", err)
	}
	return s.sync()
}

// uniteRanges sorts ranges and makes one of those that follow each other.
func uniteRanges(ranges []queue.Range) []queue.Range {
	sorted := slices.SortedFunc(slices.Values(ranges), func(a, b queue.Range) int {
		return cmp.Or(cmp.Compare(a.Queue, b.Queue), cmp.Compare(a.First, b.First))
	})
	united := sorted[:0]
	for _, r := range sorted {
		if n := len(united); n > 0 {
			last := &united[n-1]
			if last.Queue == r.Queue && last.Returns == r.Returns && last.Last+1 == r.First {
				last.Last = r.Last
				continue
			}
		}
		united = append(united, r)
	}
	return united
}

func stopKey() []byte { return []byte{prefixMeta, metaStop} }

// takeStopRecord reads the record of a clean stop and removes it before
// anything else happens: a crash from here on is not clean.
func (s *Store) takeStopRecord() error {
	payload, _, err := s.readValue(stopKey())
	if errors.Is(err, errMissing) {
		return s.buryStopParts()
	}
	if err == nil {
		s.stopped, err = s.readStopParts(payload)
	}
	if err == nil {
		s.clean = true
	} else if errors.Is(err, errDamaged) {
		s.stopped = nil
		s.log.Error("the record of the clean stop is damaged; all messages count as redelivered", "damage", err)
	} else {
		return err
	}
	if err := s.apply([]write{{key: stopKey()}}); err != nil {
		return err
	}
	if err := s.sync(); err != nil {
		return err
	}
	return s.buryStopParts()
}

func (s *Store) readStopParts(payload []byte) (map[uint32][]seenSpan, error) {
	c := cursor{data: payload}
	number, parts, version := c.uvarint(), c.uvarint32(), byte(1)
	if !c.empty() {
		version = c.octet()
	}
	if version > stopRecordVersion {
		c.fail("version %d of the list of a clean stop", version)
	}
	if c.err != nil {
		return nil, c.err
	}
	list := map[uint32][]seenSpan{}
	for i := range int(parts) {
		part, _, err := s.readValue(appendPartKey(nil, prefixStop, number, i))
		if err != nil {
			return nil, err
		}
		if err := decodeStopPart(part, version, list); err != nil {
			return nil, err
		}
	}
	return list, nil
}

// decodeStopPart adds a part of the list to what the others have.
func decodeStopPart(part []byte, version byte, list map[uint32][]seenSpan) error {
	c := cursor{data: part}
	for !c.empty() {
		id, first, length := c.uvarint32(), c.uvarint(), c.uvarint()
		s := seenSpan{Span: queue.Span{First: first, Last: first + length}}
		if version >= stopRecordVersion {
			s.returns = c.uvarint16()
		}
		if s.Last < s.First {
			c.fail("a range ends before it begins")
		}
		if c.err == nil {
			list[id] = append(list[id], s)
		}
	}
	return c.err
}

// buryStopParts buries the parts of all lists; nothing refers to them now.
func (s *Store) buryStopParts() error {
	return s.scan([]byte{prefixStop}, func(item *badger.Item) error {
		s.findGrave(item)
		return nil
	})
}
