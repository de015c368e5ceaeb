package persistence

import (
	"encoding/binary"
	"errors"
	"fmt"
	"hash/crc32"
	"io/fs"
	"log/slog"
	"os"
	"path/filepath"
	"slices"

	"github.com/dgraph-io/badger/v4"
	"github.com/dgraph-io/badger/v4/table"
)

// repairManifest takes changes at the end of Badger's manifest back that never
// took effect. Badger v4.9.6 writes a change, syncs it, and deletes the tables
// that the change creates if the sync fails; but it leaves the change, and
// refuses to open the directory from then on. What those tables were made of is
// still there, as it goes only after a synced change.
//
// A change is taken back only if none of the tables that it creates exists:
// Badger deletes those that are not listed.
func repairManifest(o badger.Options, log *slog.Logger) error {
	path := filepath.Join(o.Dir, badger.ManifestFilename)
	repaired := path + ".repaired"
	whole, err := os.ReadFile(path)
	if errors.Is(err, fs.ErrNotExist) {
		return nil
	}
	if err != nil {
		return fmt.Errorf("looking for leftovers of a failed sync: %w", err)
	}
	if mendLengths(whole) {
		if err := os.WriteFile(repaired, whole, 0o600); err != nil {
			return fmt.Errorf("repairing Badger's manifest: %w", err)
		}
		log.Warn("Badger's manifest was damaged and is repaired", "manifest", path)
		if err := replaceSynced(path, repaired); err != nil {
			return err
		}
	}
	listed, missing, err := listedTables(path, o)
	if err != nil || missing == 0 {
		return nil // Badger itself tells what is wrong, if anything is
	}
	for _, end := range slices.Backward(changeEnds(whole)) {
		if err := os.WriteFile(repaired, whole[:end], 0o600); err != nil {
			return fmt.Errorf("repairing Badger's manifest: %w", err)
		}
		before, missing, err := listedTables(repaired, o)
		if err != nil || loses(listed, before) {
			break
		}
		if missing > 0 {
			continue
		}
		log.Warn("changes of Badger's manifest that had failed were taken back",
			"octets", len(whole)-end, "manifest", path)
		return replaceSynced(path, repaired)
	}
	if err := os.Remove(repaired); err != nil && !errors.Is(err, fs.ErrNotExist) {
		return fmt.Errorf("removing a manifest that is no better: %w", err)
	}
	return nil
}

// mendLengths puts right the lengths of changes that are not what was written,
// and tells whether there were any. Badger takes a change whose length exceeds
// the file for one that was cut off, which a crash may leave: it forgets it and
// all that follow, and deletes the tables that they list. But if octets that
// follow have the checksum, then they are the change.
func mendLengths(manifest []byte) (mended bool) {
	for at := manifestHeader; len(manifest)-at >= changeHeader; {
		length := uint64(binary.BigEndian.Uint32(manifest[at:]))
		sum := binary.BigEndian.Uint32(manifest[at+4:])
		rest := manifest[at+changeHeader:]
		if length > uint64(len(rest)) || crc32.Checksum(rest[:length], castagnoli) != sum {
			found, ok := lengthOf(rest, sum)
			if !ok {
				break // cut off, or damaged elsewhere: Badger tells
			}
			binary.BigEndian.PutUint32(manifest[at:], uint32(found))
			length, mended = uint64(found), true
		}
		at += changeHeader + int(length)
	}
	return mended
}

// lengthOf looks for the first octets of data that have the checksum; the first
// change of all has none.
func lengthOf(data []byte, sum uint32) (length int, ok bool) {
	var running uint32
	for i := range data {
		if running == sum {
			return i, true
		}
		running = crc32.Update(running, castagnoli, data[i:i+1])
	}
	return len(data), running == sum
}

// listedTables reads which tables a manifest lists, and whether they exist.
func listedTables(path string, o badger.Options) (exist map[uint64]bool, missing int, err error) {
	manifest, err := replayManifest(path, o)
	if err != nil {
		return nil, 0, err
	}
	exist = make(map[uint64]bool, len(manifest.Tables))
	for id := range manifest.Tables {
		_, err := os.Stat(table.NewFilename(id, o.Dir))
		exist[id] = !errors.Is(err, fs.ErrNotExist)
		if !exist[id] {
			missing++
		}
	}
	return exist, missing, nil
}

func replayManifest(path string, o badger.Options) (badger.Manifest, error) {
	f, err := os.Open(path)
	if err != nil {
		return badger.Manifest{}, err
	}
	manifest, _, err := badger.ReplayManifestFile(f, o.ExternalMagicVersion, o)
	return manifest, errors.Join(err, f.Close())
}

// loses says whether a table that exists would not be listed any more.
func loses(listed, before map[uint64]bool) bool {
	for id, exists := range listed {
		if _, kept := before[id]; exists && !kept {
			return true
		}
	}
	return false
}

// The octets before the first change of a manifest, and before each change.
const manifestHeader, changeHeader = 8, 8

// changeEnds lists where the changes of a manifest end but for the last one:
// eight octets of header, then of each change its length, a checksum, and so
// many octets.
func changeEnds(manifest []byte) []int {
	var ends []int
	for at := manifestHeader; ; {
		if len(manifest)-at < changeHeader {
			return ends
		}
		length := binary.BigEndian.Uint32(manifest[at:])
		if uint64(length) >= uint64(len(manifest)-at-changeHeader) {
			return ends
		}
		at += changeHeader + int(length)
		ends = append(ends, at)
	}
}

// replaceSynced puts a new file into the place of an old one.
func replaceSynced(path, by string) error {
	f, err := os.OpenFile(by, os.O_RDWR, 0)
	if err == nil {
		err = errors.Join(f.Sync(), f.Close())
	}
	if err == nil {
		err = os.Rename(by, path)
	}
	if err != nil {
		return fmt.Errorf("replacing %s: %w", path, err)
	}
	return nil
}
