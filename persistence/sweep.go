package persistence

import (
	"encoding/binary"

	"github.com/dgraph-io/badger/v4"

	"github.com/leveretmq/leveret/queue"
)

// sweep compares the keys of the store with what is alive and has dead ones
// overwritten again, so that surprises of Badger cannot add up. The index
// learns of a block or body before its commit: a key that it does not know is
// dead.
func (s *Store) sweep() {
	if s.failed() != nil {
		return
	}
	dead, err := s.deadKeys()
	if err != nil {
		s.log.Warn("sweeping the message store failed; it will be tried again", "error", err)
		return
	}
	if len(dead) > 0 {
		s.log.Debug("sweeping the message store found dead keys", "keys", len(dead))
		s.submit(submission{graves: dead}, queue.Unit{})
	}
}

// deadKeys lists the keys of blocks and bodies that are neither alive nor
// overwritten.
func (s *Store) deadKeys() ([]grave, error) {
	var blocks []*block
	var pieces []grave
	for _, prefix := range []byte{prefixBlock, prefixMixed, prefixBody} {
		err := s.scan([]byte{prefix}, func(item *badger.Item) error {
			size := item.ValueSize()
			if isMarker(size) {
				return nil
			}
			if prefix == prefixBody {
				pieces = append(pieces, grave{key: item.KeyCopy(nil), inLog: true, size: int(size)})
				return nil
			}
			b, err := parseBlockKey(item.Key())
			if err == nil {
				b.flags, b.size = item.UserMeta(), uint32(size)
				blocks = append(blocks, b)
			}
			return nil // a damaged key was reported when the store was opened
		})
		if err != nil {
			return nil, err
		}
	}
	return s.unknown(blocks, pieces), nil
}

// unknown picks what the index does not know.
func (s *Store) unknown(blocks []*block, pieces []grave) []grave {
	var dead []grave
	s.indexMu.Lock()
	defer s.indexMu.Unlock()
	for _, b := range blocks {
		if !s.index.has(b) {
			dead = append(dead, graveOf(b))
		}
	}
	for _, g := range pieces {
		if len(g.key) == bodyKeyLen && s.index.bodies[binary.BigEndian.Uint64(g.key[1:])] == nil {
			dead = append(dead, g)
		}
	}
	return dead
}
