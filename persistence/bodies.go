package persistence

import (
	"errors"
	"fmt"
	"weak"

	"github.com/leveretmq/leveret/message"
)

// body is one body that is stored outside of blocks, because several queues
// share it or because it is big. It is alive as long as a living record refers
// to it.
type body struct {
	number uint64
	length uint64
	refs   uint32 // living records that refer to it
	file   uint64 // of the value log that has it, 0 if that is not known

	// loaded is the first octet of the body while somebody has it in memory.
	// Guarded by Store.indexMu.
	loaded weak.Pointer[byte]
}

// chunks is the number of pieces that a body is stored in.
func (b *body) chunks() int {
	return int((b.length + bodyChunkOctets - 1) / bodyChunkOctets)
}

// chunk returns the limits of a piece.
func (b *body) chunk(i int) (from, to uint64) {
	from = uint64(i) * bodyChunkOctets
	return from, min(from+bodyChunkOctets, b.length)
}

// writeBody adds the pieces of a body to a write set.
func writeBody(w *writeSet, b *body, octets []byte) {
	for i := range b.chunks() {
		from, to := b.chunk(i)
		key := appendBodyKey(make([]byte, 0, bodyKeyLen), b.number, i)
		w.putCounted(key, seal(key, octets[from:to]), 0, &b.file)
	}
}

// sharing decides which bodies of a commit are stored on their own. A message
// is known by its pointer: a fan-out hands the same one to all its queues.
type sharing struct {
	uses map[*message.Message]int
	// recent are the bodies of the last commit, for a fan-out whose queues
	// come in several commits. Weak, so that it keeps no message alive and
	// never takes a new message for an old one.
	recent map[weak.Pointer[message.Message]]*body
	next   map[weak.Pointer[message.Message]]*body
}

func newSharing() sharing {
	return sharing{
		uses:   map[*message.Message]int{},
		recent: map[weak.Pointer[message.Message]]*body{},
		next:   map[weak.Pointer[message.Message]]*body{},
	}
}

// count notes one use of a message in this commit.
func (s *sharing) count(m *message.Message) {
	if len(m.Body) > sharedBodyOctets {
		s.uses[m]++
	}
}

// separate says whether the body of a message goes outside of its block.
func (s *sharing) separate(m *message.Message) bool {
	if len(m.Body) <= sharedBodyOctets {
		return false
	}
	return len(m.Body) >= separateBodyOctets || s.uses[m] > 1
}

// find returns the stored body of a message, if it is still alive.
func (s *sharing) find(m *message.Message) *body {
	p := weak.Make(m)
	b := s.next[p]
	if b == nil {
		b = s.recent[p]
	}
	if b == nil || b.refs == 0 {
		return nil
	}
	s.next[p] = b
	return b
}

func (s *sharing) remember(m *message.Message, b *body) { s.next[weak.Make(m)] = b }

// end closes the books of a commit.
func (s *sharing) end() {
	clear(s.uses)
	if len(s.next) > 0 || len(s.recent) > 0 {
		s.recent, s.next = s.next, s.recent
		clear(s.next)
	}
}

// readBody reads a whole body into fresh memory. A living body that is not what
// was written is put into quarantine; the error is errDamaged then. If it has
// died meanwhile the error is errGone.
func (s *Store) readBody(b *body) ([]byte, error) {
	octets := make([]byte, 0, b.length)
	for i := range b.chunks() {
		key := appendBodyKey(make([]byte, 0, bodyKeyLen), b.number, i)
		piece, raw, err := s.readValue(key)
		if err != nil && !s.lives(b) {
			return nil, fmt.Errorf("body %d: %w", b.number, errGone)
		}
		if errors.Is(err, errDamaged) {
			err = fmt.Errorf("body %d: %w", b.number, err)
			s.quarantine(key, raw, err)
		}
		if err != nil {
			return nil, err
		}
		octets = append(octets, piece...)
	}
	if uint64(len(octets)) != b.length {
		return nil, fmt.Errorf("persistence: body %d is %w: %d octets, not %d",
			b.number, errDamaged, len(octets), b.length)
	}
	return octets, nil
}

// lives says whether somebody refers to a body.
func (s *Store) lives(b *body) bool {
	s.indexMu.Lock()
	defer s.indexMu.Unlock()
	return s.index.bodies[b.number] == b
}
