package persistence

import (
	"encoding/binary"
	"errors"
	"fmt"
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
	whole, err := os.ReadFile(path)
	if errors.Is(err, fs.ErrNotExist) {
		return nil
	}
	if err != nil {
		return fmt.Errorf("looking for leftovers of a failed sync: %w", err)
	}
	listed, missing, err := listedTables(path, o)
	if err != nil || missing == 0 {
		return nil // Badger itself tells what is wrong, if anything is
	}
	repaired := path + ".repaired"
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

// listedTables reads which tables a manifest lists, and whether they exist.
func listedTables(path string, o badger.Options) (exist map[uint64]bool, missing int, err error) {
	f, err := os.Open(path)
	if err != nil {
		return nil, 0, err
	}
	manifest, _, err := badger.ReplayManifestFile(f, o.ExternalMagicVersion, o)
	if err = errors.Join(err, f.Close()); err != nil {
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

// loses says whether a table that exists would not be listed any more.
func loses(listed, before map[uint64]bool) bool {
	for id, exists := range listed {
		if _, kept := before[id]; exists && !kept {
			return true
		}
	}
	return false
}

// changeEnds lists where the changes of a manifest end but for the last one:
// eight octets of header, then of each change its length, a checksum, and so
// many octets.
func changeEnds(manifest []byte) []int {
	const header, changeHeader = 8, 8
	var ends []int
	for at := header; ; {
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
