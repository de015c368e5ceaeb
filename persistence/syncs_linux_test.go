package persistence

import (
	"log/slog"
	"os"
	"testing"

	"github.com/stretchr/testify/require"
	"golang.org/x/sys/unix"

	"github.com/leveretmq/leveret/queue"
)

func syncedOptions(dir string) Options {
	o := quietOptions(dir)
	o.Durability = Fsync
	return o
}

// onWriter calls f as Badger's writer does, between two commits.
func onWriter(s *Store, f func(*syncer)) { f(s.badger.syncs) }

// Each commit syncs keys, and values if it has some in the value log, also where
// Badger goes on to new files.
func TestEachCommitIsSynced(t *testing.T) {
	s := openWith(t, syncedOptions(t.TempDir()))
	declare(t, s, 1)
	firstLog, firstTable := s.badger.syncs.log.number, s.badger.syncs.table.number
	for seq := uint64(1); seq <= 60; seq++ {
		logs, tables := s.badger.syncs.logs.Load(), s.badger.syncs.tables.Load()
		size := 10
		if seq%2 == 0 {
			size = 1 << 20
		}
		commit(t, s, queue.Unit{Enqueue: []queue.Enqueue{enqueue(1, seq, sized(size, int(seq)))}})
		require.Equal(t, tables+1, s.badger.syncs.tables.Load())
		require.Equal(t, logs+(seq+1)%2, s.badger.syncs.logs.Load())
	}
	require.NoError(t, s.flushMemtable())
	require.NoError(t, s.flushMemtable())
	commit(t, s, queue.Unit{Enqueue: []queue.Enqueue{enqueue(1, 61, text("last"))}})
	for _, f := range []struct {
		file  *newestFile
		first uint64
	}{{&s.badger.syncs.log, firstLog}, {&s.badger.syncs.table, firstTable}} {
		require.Greater(t, f.file.number, f.first)
		require.ErrorIs(t, unix.Access(f.file.path(f.file.number+1), unix.F_OK), unix.ENOENT)
		require.NoError(t, unix.Access(f.file.path(f.file.number), unix.F_OK))
	}
	require.Len(t, bodies(recovered(t, openDir(t, snapshot(t, s)), 1)), 61)
}

// A Badger that does not call its logger any more is found at once.
func TestCommitThatIsNotSyncedFails(t *testing.T) {
	s := openWith(t, syncedOptions(t.TempDir()))
	value := make([]byte, inlineOctets)
	for _, lines := range []struct {
		said   []string
		synced bool
	}{
		{said: nil}, {said: []string{lineBeforeTable}}, {said: []string{lineAfterTable}},
		{said: []string{lineBeforeTable, lineAfterTable}, synced: true},
	} {
		onWriter(s, func(y *syncer) {
			ticket := y.begin([]write{{value: value}})
			for _, line := range lines.said {
				s.badger.Debugf(line)
			}
			require.Equal(t, lines.synced, y.end(ticket) == nil, "%v", lines.said)
		})
	}
}

// A memtable that Badger begins without a word would not be synced.
func TestUnknownMemtableIsFatal(t *testing.T) {
	s := openWith(t, syncedOptions(t.TempDir()))
	declare(t, s, 1)
	path := s.badger.syncs.table.path(s.badger.syncs.table.number + 1)
	require.NoError(t, os.WriteFile(path, nil, 0o600))
	defer func() { require.NoError(t, os.Remove(path)) }()
	outcome := make(chan error, 1)
	s.Submit(queue.Unit{Enqueue: []queue.Enqueue{enqueue(1, 1, text("a"))}, Done: func(err error) { outcome <- err }})
	require.ErrorContains(t, <-outcome, "memtable")
}

// A sync that fails is fatal, at whichever point.
func TestFailedSyncIsFatal(t *testing.T) {
	for _, line := range []string{lineBeforeTable, lineTableFull, lineAfterTable} {
		log := newBadgerLog(slog.New(slog.DiscardHandler), newSyncer(t.TempDir(), Fsync))
		log.syncs.beginValues()
		log.Debugf(line) // no file is open
		require.ErrorContains(t, log.fault(), "sync", line)
	}
}
