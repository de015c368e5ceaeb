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
// full (ErrDiskFull).
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

// writeStopRecord stores the list of redelivered messages in parts, then the
// record that makes it valid, as one write set.
func (s *Store) writeStopRecord(redelivered []queue.Range) error {
	sorted := slices.SortedFunc(slices.Values(redelivered), func(a, b queue.Range) int {
		return cmp.Or(cmp.Compare(a.Queue, b.Queue), cmp.Compare(a.First, b.First))
	})
	number := s.reserved.take()
	s.writes.reset()
	parts := 0
	store := func(payload []byte) {
		key := appendPartKey(nil, prefixStop, number, parts)
		s.writes.put(key, seal(key, payload), 0)
		parts++
	}
	var payload []byte
	for _, r := range sorted {
		payload = binary.AppendUvarint(payload, uint64(r.Queue))
		payload = binary.AppendUvarint(payload, r.First)
		payload = binary.AppendUvarint(payload, r.Last-r.First)
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
	s.writes.put(key, seal(key, binary.AppendUvarint(record, uint64(parts))), 0)
	exact := s.reserved.exact()
	s.writes.put(exact.key, exact.value, 0)
	if err := s.commit(&s.writes); err != nil {
		return fmt.Errorf("recording the clean stop: %w", err)
	}
	return s.sync()
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

func (s *Store) readStopParts(payload []byte) (map[uint32][]queue.Span, error) {
	c := cursor{data: payload}
	number, parts := c.uvarint(), c.uvarint32()
	if c.err != nil {
		return nil, c.err
	}
	list := map[uint32][]queue.Span{}
	for i := range int(parts) {
		part, _, err := s.readValue(appendPartKey(nil, prefixStop, number, i))
		if err != nil {
			return nil, err
		}
		for c := (cursor{data: part}); !c.empty(); {
			id, first, length := c.uvarint32(), c.uvarint(), c.uvarint()
			if c.err != nil {
				return nil, c.err
			}
			list[id] = append(list[id], queue.Span{First: first, Last: first + length})
		}
	}
	return list, nil
}

// buryStopParts buries the parts of all lists; nothing refers to them now.
func (s *Store) buryStopParts() error {
	return s.scan([]byte{prefixStop}, func(item *badger.Item) error {
		s.findGrave(item)
		return nil
	})
}
