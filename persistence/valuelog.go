package persistence

import (
	"bufio"
	"bytes"
	"encoding/binary"
	"errors"
	"fmt"
	"hash"
	"hash/crc32"
	"io"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"strings"

	"github.com/dgraph-io/badger/v4"
)

const (
	valueLogSuffix = ".vlog"
	// valueLogHeader is what a value log of Badger begins with, in octets: the
	// number of a key and the start of a cipher, which mean nothing without
	// encryption.
	valueLogHeader = 20
)

// protectNewestLog keeps Badger from cutting a value log that was closed: its
// Open cuts the newest one at the first entry that is not whole. After a crash
// that is what was being written, but in a log that was closed it is damage, and
// everything behind it would be lost. So the newest becomes an empty one, which
// Badger deletes when it opens the next time.
func protectNewestLog(o badger.Options) error {
	logs, err := filepath.Glob(filepath.Join(o.Dir, "*"+valueLogSuffix))
	if err != nil || len(logs) == 0 {
		return err
	}
	newest := slices.Max(logs)
	info, err := os.Stat(newest)
	if err != nil {
		return fmt.Errorf("looking at the newest value log: %w", err)
	}
	// Badger makes them that large, and cuts them when it closes them.
	if open := info.Size() >= 2*o.ValueLogFileSize; open || info.Size() <= valueLogHeader {
		return nil
	}
	number, err := strconv.ParseUint(strings.TrimSuffix(filepath.Base(newest), valueLogSuffix), 10, 32)
	if err != nil {
		return nil // not one of Badger's
	}
	next := valueLogPath(o.Dir, uint32(number+1))
	if err := os.WriteFile(next, make([]byte, valueLogHeader), 0o600); err != nil {
		return fmt.Errorf("protecting the newest value log: %w", err)
	}
	return nil
}

func valueLogPath(dir string, number uint32) string {
	return filepath.Join(dir, fmt.Sprintf("%06d%s", number, valueLogSuffix))
}

// checkValueLog reads a value log of Badger that nobody writes to, entry by
// entry, and returns errDamaged if one is not what was written. One that was
// emptied has none.
func checkValueLog(path string) error {
	f, err := os.Open(path)
	if err != nil {
		return fmt.Errorf("checking a value log: %w", err)
	}
	if startsWithStub(f) {
		return f.Close()
	}
	r := &valueLogReader{octets: bufio.NewReaderSize(f, valueLogBuffer), sum: crc32.New(castagnoli)}
	_, err = r.octets.Discard(valueLogHeader)
	for err == nil {
		err = r.entry()
	}
	if errors.Is(err, io.EOF) {
		err = nil
	} else {
		err = fmt.Errorf("value log %s: %w", path, err)
	}
	return errors.Join(err, f.Close())
}

// valueLogBuffer is how much of a value log is read at once, in octets.
const valueLogBuffer = 256 << 10

// valueLogReader reads entries of a value log: two octets of flags, the lengths
// of key and value, and when it expires, as variable numbers; the key; the
// value; a checksum of all that.
type valueLogReader struct {
	octets *bufio.Reader
	sum    hash.Hash32
}

// ReadByte is part of io.ByteReader.
func (r *valueLogReader) ReadByte() (byte, error) {
	octet, err := r.octets.ReadByte()
	if err == nil {
		_, err = r.sum.Write([]byte{octet})
	}
	return octet, err
}

// entry checks one entry. The end of the log is io.EOF; zeros may precede it,
// as Badger makes its files longer than it needs.
func (r *valueLogReader) entry() error {
	r.sum.Reset()
	_, err := r.ReadByte()
	if errors.Is(err, io.EOF) {
		return io.EOF
	}
	numbers := [3]uint64{}
	if err == nil {
		_, err = r.ReadByte()
	}
	for i := range numbers {
		if err == nil {
			numbers[i], err = binary.ReadUvarint(r)
		}
	}
	if err != nil {
		return damagedEntry(err)
	}
	key, value := numbers[0], numbers[1]
	if key == 0 {
		return r.zeros()
	}
	if key > maxEntryOctets || value > maxEntryOctets {
		return fmt.Errorf("%w entry: a length is wrong", errDamaged)
	}
	var want [crc32.Size]byte
	_, err = io.CopyN(r.sum, r.octets, int64(key+value))
	if err == nil {
		_, err = io.ReadFull(r.octets, want[:])
	}
	if err != nil {
		return damagedEntry(err)
	}
	if r.sum.Sum32() != binary.BigEndian.Uint32(want[:]) {
		return fmt.Errorf("%w entry: its checksum is wrong", errDamaged)
	}
	return nil
}

// maxEntryOctets is more than a key or value can have.
const maxEntryOctets = 1 << 32

// zeros reads to the end.
func (r *valueLogReader) zeros() error {
	buffer := make([]byte, valueLogBuffer)
	for {
		n, err := r.octets.Read(buffer)
		if len(bytes.TrimLeft(buffer[:n], "\x00")) > 0 {
			return fmt.Errorf("%w entry: it has no key", errDamaged)
		}
		if err != nil {
			return err
		}
	}
}

// damagedEntry tells a log that ends within an entry from one that cannot be
// read.
func damagedEntry(err error) error {
	if errors.Is(err, io.EOF) || errors.Is(err, io.ErrUnexpectedEOF) {
		return fmt.Errorf("%w entry: it is cut off", errDamaged)
	}
	return fmt.Errorf("reading an entry: %w", err)
}
