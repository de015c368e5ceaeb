package persistence

import (
	"fmt"
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
	next := filepath.Join(o.Dir, fmt.Sprintf("%06d%s", number+1, valueLogSuffix))
	if err := os.WriteFile(next, make([]byte, valueLogHeader), 0o600); err != nil {
		return fmt.Errorf("protecting the newest value log: %w", err)
	}
	return nil
}
