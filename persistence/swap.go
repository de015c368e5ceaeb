package persistence

import (
	"encoding/binary"
	"errors"
	"fmt"
	"hash/crc32"
	"os"
	"path/filepath"
	"sync"

	"github.com/leveretmq/leveret/queue"
)

// swap keeps messages that need not survive the process in one plain file:
// Badger would sync each of them. The file is cut to nothing when the store is
// opened, and whenever it holds no page. In between, the space of freed pages is
// given back where the file system can do that for the middle of a file.
type swap struct {
	path string

	mu    sync.Mutex // held across writes, but for no other I/O
	file  *os.File   // guarded by mu; nil before the first page
	pages map[uint64]extent
	last  uint64 // guarded by mu; the number of the newest page
	end   int64  // guarded by mu; where the next page goes
	spare []byte // guarded by mu; memory for encoding the next page
}

// spareMax is how much memory is kept for the next page, in octets: a usual page with
// room to spare, but not one large message.
const spareMax = 4 << 20

// borrow returns memory for encoding a page, for the caller alone. A flood that nobody
// consumes makes a page every millisecond, and collecting so much garbage would hold up
// all other clients.
func (w *swap) borrow() []byte {
	w.mu.Lock()
	defer w.mu.Unlock()
	b := w.spare
	w.spare = nil
	return b[:0]
}

// giveBack ends borrow, with memory that may have grown.
func (w *swap) giveBack(b []byte) {
	if cap(b) > spareMax {
		return
	}
	w.mu.Lock()
	w.spare = b
	w.mu.Unlock()
}

// extent is where a page lies.
type extent struct {
	from   int64
	length int
}

// room is the octets that a page takes in the file: whole file-system blocks, so
// that freeing it frees all of them.
func (e extent) room() int64 {
	return (int64(e.length) + swapAlignment - 1) / swapAlignment * swapAlignment
}

func newSwap(dir string) swap {
	return swap{path: filepath.Join(dir, swapFile), pages: map[uint64]extent{}}
}

// reset removes what an earlier process has left.
func (w *swap) reset() error {
	if err := os.Remove(w.path); err != nil && !errors.Is(err, os.ErrNotExist) {
		return fmt.Errorf("removing the swap file: %w", err)
	}
	return nil
}

// write appends a page.
func (w *swap) write(page []byte) (uint64, error) {
	w.mu.Lock()
	defer w.mu.Unlock()
	if w.file == nil {
		file, err := os.OpenFile(w.path, os.O_RDWR|os.O_CREATE|os.O_TRUNC, 0o640)
		if err != nil {
			return 0, fmt.Errorf("persistence: making the swap file: %w", err)
		}
		w.file = file
	}
	if _, err := w.file.WriteAt(page, w.end); err != nil {
		return 0, fmt.Errorf("persistence: writing to the swap file: %w", err)
	}
	w.last++
	w.pages[w.last] = extent{from: w.end, length: len(page)}
	w.end += w.pages[w.last].room()
	return w.last, nil
}

func (w *swap) read(number uint64) ([]byte, error) {
	e, err := w.extentOf(number)
	if err != nil {
		return nil, err
	}
	page := make([]byte, e.length)
	if _, err := w.file.ReadAt(page, e.from); err != nil {
		if _, gone := w.extentOf(number); gone != nil {
			return nil, gone
		}
		return nil, fmt.Errorf("persistence: reading swapped page %d: %w", number, err)
	}
	return page, nil
}

// extentOf finds a page. The file does not change once there has been one.
func (w *swap) extentOf(number uint64) (extent, error) {
	w.mu.Lock()
	defer w.mu.Unlock()
	e, known := w.pages[number]
	if !known {
		return extent{}, fmt.Errorf("persistence: swapped page %d: %w", number, errGone)
	}
	return e, nil
}

// free gives up a page.
func (w *swap) free(number uint64) error {
	w.mu.Lock()
	defer w.mu.Unlock()
	e, known := w.pages[number]
	if !known {
		return nil
	}
	delete(w.pages, number)
	if len(w.pages) == 0 {
		w.end = 0
		return w.file.Truncate(0)
	}
	return punchHole(w.file, e.from, e.room())
}

// close removes the file.
func (w *swap) close() error {
	w.mu.Lock()
	defer w.mu.Unlock()
	if w.file == nil {
		return nil
	}
	return errors.Join(w.file.Close(), os.Remove(w.path))
}

// SwapOut writes messages that need not survive the process, and returns the
// number of their page. They come in ascending order.
func (s *Store) SwapOut(messages []queue.Loaded) (page uint64, err error) {
	e := encoder{buf: s.swap.borrow()}
	defer func() { s.swap.giveBack(e.buf) }()
	e.buf = append(e.buf, make([]byte, crc32.Size)...)
	e.buf = binary.AppendUvarint(e.buf, uint64(len(messages)))
	base := messages[0].Seq
	e.buf = binary.AppendUvarint(e.buf, base)
	for _, m := range messages {
		e.record(m.Seq-base, m.Message, nil)
		base = m.Seq
	}
	binary.BigEndian.PutUint32(e.buf, crc32.Checksum(e.buf[crc32.Size:], castagnoli))
	if !s.space.admits(int64(len(e.buf))) {
		return 0, fmt.Errorf("%w: no message can leave memory", ErrDiskFull)
	}
	if err := s.fault(beforeSwapOut); err != nil {
		return 0, err
	}
	return s.swap.write(e.buf)
}

// SwapIn reads a page back. If it cannot be read its messages are lost, and the
// log says so. The messages alias the memory of the page.
func (s *Store) SwapIn(page uint64) []queue.Loaded {
	messages, err := s.swapIn(page)
	if errors.Is(err, errGone) {
		return nil // given up meanwhile
	}
	if err != nil {
		s.log.Error("transient messages that were out of memory cannot be read and are lost", "error", err)
		return nil
	}
	return messages
}

func (s *Store) swapIn(page uint64) ([]queue.Loaded, error) {
	octets, err := s.swap.read(page)
	if err := errors.Join(err, s.fault(afterSwapIn)); err != nil {
		return nil, err
	}
	if crc32.Checksum(octets[crc32.Size:], castagnoli) != binary.BigEndian.Uint32(octets) {
		if _, err := s.swap.extentOf(page); err != nil {
			return nil, err // freed, and its place taken, while it was being read
		}
		return nil, fmt.Errorf("persistence: swapped page %d is %w", page, errDamaged)
	}
	d := decoder{cursor: cursor{data: octets, off: crc32.Size}}
	n, first := d.cursor.uvarint(), d.cursor.uvarint()
	d.section(0, n, first)
	if d.cursor.err != nil {
		return nil, d.cursor.err
	}
	messages := make([]queue.Loaded, len(d.records))
	for i, r := range d.records {
		messages[i] = queue.Loaded{Seq: r.seq, Message: r.message}
	}
	return messages, nil
}

// SwapFree gives the space of a page back.
func (s *Store) SwapFree(page uint64) {
	if err := s.swap.free(page); err != nil {
		s.log.Warn("the space of swapped messages was not given back", "error", err)
	}
}
