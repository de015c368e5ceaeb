package persistence

import (
	"encoding/binary"
	"fmt"
	"os"
	"path/filepath"

	"github.com/dgraph-io/badger/v4"
	"github.com/dgraph-io/badger/v4/options"
	"github.com/dgraph-io/badger/v4/table"
)

// checkTables reads all tables that Badger's manifest lists and compares them
// with their checksums. Badger v4.9.6 trusts a table, or leaves it out: one
// wrong bit ends the process with a panic, or hides keys, and with them
// messages, without a word. The tables hold keys and small values only, so that
// reading them takes little time.
func checkTables(o badger.Options) error {
	manifest, err := replayManifest(filepath.Join(o.Dir, badger.ManifestFilename), o)
	if err != nil {
		return nil // Badger itself tells what is wrong, if anything is
	}
	for id, listed := range manifest.Tables {
		path := table.NewFilename(id, o.Dir)
		if _, err := os.Stat(path); err != nil || listed.KeyID != 0 {
			continue // missing, which Badger tells, or encrypted, and so not ours
		}
		if err := checkTable(path, id, listed.Compression); err != nil {
			return fmt.Errorf("%w; restore the data directory from a backup, or move it away to start with an empty one", err)
		}
	}
	return nil
}

// blockSizeHint is what Badger wants to know to decompress, in octets.
const blockSizeHint = 4 << 10

// checkTable checks one table. Badger's own functions panic on some damage.
func checkTable(path string, id uint64, compression options.CompressionType) (err error) {
	data, err := os.ReadFile(path)
	if err != nil {
		return fmt.Errorf("reading a table of the message store: %w", err)
	}
	defer func() {
		if r := recover(); r != nil {
			err = fmt.Errorf("%w table %s of the message store", errDamaged, path)
		}
	}()
	if !wholeFooter(data) {
		return fmt.Errorf("%w table %s of the message store: its end is not that of a table", errDamaged, path)
	}
	t, err := table.OpenInMemoryTable(data, id, &table.Options{
		ChkMode: options.NoVerification, Compression: compression, BlockSize: blockSizeHint,
	})
	if err == nil {
		err = t.VerifyChecksum()
	}
	if err != nil {
		return fmt.Errorf("%w table %s of the message store: %w", errDamaged, path, err)
	}
	return nil
}

// wholeFooter checks the lengths at the end of a table, as Badger ends the
// process on a wrong one: index, length of the index, checksum, length of the
// checksum.
func wholeFooter(data []byte) bool {
	const word = 4
	for range 2 {
		if len(data) < word {
			return false
		}
		length := binary.BigEndian.Uint32(data[len(data)-word:])
		data = data[:len(data)-word]
		if uint64(length) > uint64(len(data)) {
			return false
		}
		data = data[:len(data)-int(length)]
	}
	return true
}
