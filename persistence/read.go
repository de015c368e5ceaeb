package persistence

import (
	"bytes"
	"encoding/hex"
	"errors"
	"fmt"
	"os"
	"path/filepath"

	"github.com/dgraph-io/badger/v4"
)

// errStopScan ends a scan early and is no error.
var errStopScan = errors.New("stop")

// scan visits the keys with a prefix, in order, without their values.
func (s *Store) scan(prefix []byte, visit func(*badger.Item) error) error {
	err := s.db.View(func(txn *badger.Txn) error {
		options := badger.DefaultIteratorOptions
		options.PrefetchValues = false
		options.Prefix = prefix
		it := txn.NewIterator(options)
		defer s.closeIterator(it)
		for it.Rewind(); it.Valid(); it.Next() {
			if err := visit(it.Item()); err != nil {
				return err
			}
		}
		return nil
	})
	if errors.Is(err, errStopScan) {
		return nil
	}
	return err
}

// closeIterator closes an iterator, which may unmap files that were collected
// meanwhile.
func (s *Store) closeIterator(it *badger.Iterator) {
	s.mappings.unmapping.RLock()
	defer s.mappings.unmapping.RUnlock()
	it.Close()
}

// itemPayload returns a copy of the payload of an item.
func itemPayload(item *badger.Item) ([]byte, error) {
	value, err := item.ValueCopy(nil)
	if err != nil {
		return nil, fmt.Errorf("persistence: reading key %x: %w", item.Key(), err)
	}
	return unseal(item.KeyCopy(nil), value)
}

// readValue reads and checks the value of a key. The payload is fresh memory;
// raw is the value as it was found, which may be damaged. Badger's garbage
// collection may delete a file between the lookup of a key and the reading of
// its value, which then looks empty, so one look is not enough.
func (s *Store) readValue(key []byte) (payload, raw []byte, err error) {
	for range readAttempts {
		raw, err = s.readRaw(key)
		if err != nil {
			return nil, nil, err
		}
		payload, err = unseal(key, raw)
		if err == nil {
			return payload, raw, nil
		}
	}
	return nil, raw, err
}

func (s *Store) readRaw(key []byte) (raw []byte, err error) {
	if err := s.fault(beforeRead); err != nil {
		return nil, err
	}
	s.mappings.unmapping.RLock() // Badger closes an iterator if it cannot read
	defer s.mappings.unmapping.RUnlock()
	err = s.db.View(func(txn *badger.Txn) error {
		item, err := txn.Get(key)
		if errors.Is(err, badger.ErrKeyNotFound) {
			return fmt.Errorf("persistence: key %x: %w", key, errMissing)
		}
		if err != nil {
			return fmt.Errorf("persistence: looking for key %x: %w", key, err)
		}
		return item.Value(func(value []byte) error {
			raw = bytes.Clone(value)
			s.mappings.wasRead(value)
			return nil
		})
	})
	return raw, err
}

// readBlock reads and decodes a living block. One that is not what was written
// is put into quarantine; the error is errDamaged then.
func (s *Store) readBlock(b *block) ([]record, []section, error) {
	records, sections, raw, err := s.tryBlock(b)
	if errors.Is(err, errDamaged) {
		s.quarantine(b.key(), raw, err)
	}
	return records, sections, err
}

// tryBlock does the same with a block that may have died meanwhile, which looks
// like damage: the caller finds out. Raw is the value as it was found.
func (s *Store) tryBlock(b *block) (records []record, sections []section, raw []byte, err error) {
	payload, raw, err := s.readValue(b.key())
	if err == nil {
		records, sections, err = decodeBlock(b, payload)
	}
	if err != nil {
		return nil, nil, raw, fmt.Errorf("%s: %w", b.name(), err)
	}
	return records, sections, raw, nil
}

// quarantine reports a damaged value by name and keeps its octets in a file of
// the quarantine directory, named after its key. It also stops the garbage
// collection of the value log, which would lose the values behind it.
func (s *Store) quarantine(key, raw []byte, damage error) {
	s.reclaim.halt()
	dir := filepath.Join(s.options.Dir, quarantineDir)
	path := filepath.Join(dir, hex.EncodeToString(key))
	err := os.MkdirAll(dir, 0o750)
	if err == nil {
		err = os.WriteFile(path, raw, 0o640)
	}
	if err != nil {
		s.log.Error("stored messages are damaged and were left out; their octets could not be saved",
			"damage", damage, "error", err)
		return
	}
	s.log.Error("stored messages are damaged and were left out; their octets are kept for analysis",
		"damage", damage, "file", path)
}
