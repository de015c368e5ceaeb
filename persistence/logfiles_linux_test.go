package persistence

import (
	"os"
	"syscall"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/leveretmq/leveret/queue"
)

// fillLogs commits messages of 1 MiB, one at a time, until the value log is at
// another file, and returns the number of the file that they went to.
func fillLogs(t *testing.T, s *Store, id uint32, seq *uint64) (file uint64) {
	t.Helper()
	file = s.badger.syncs.newestLog()
	for s.badger.syncs.newestLog() == file {
		*seq++
		commit(t, s, queue.Unit{Enqueue: []queue.Enqueue{enqueue(id, *seq, sized(1<<20, int(*seq)))}})
	}
	return file
}

// blocksOf is how much of a file is on the disk, in octets.
func blocksOf(t *testing.T, s *Store, file uint64) int64 {
	t.Helper()
	info, err := os.Stat(valueLogPath(s.db.Opts().Dir, uint32(file)))
	if os.IsNotExist(err) {
		return 0
	}
	require.NoError(t, err)
	return info.Sys().(*syscall.Stat_t).Blocks * 512
}

// A file of the value log in which nothing lives gives its space back at once,
// one in which something lives does not.
func TestDeadFilesAreEmptied(t *testing.T) {
	s := openWith(t, syncedOptions(t.TempDir()))
	declareRange(t, s, 2)
	seq := uint64(0)
	fillLogs(t, s, 1, &seq) // there since Open, and so left alone
	first := seq
	dead := fillLogs(t, s, 1, &seq)
	seq++
	commit(t, s, queue.Unit{Enqueue: []queue.Enqueue{enqueue(2, seq, sized(1<<20, 1))}})
	held := fillLogs(t, s, 1, &seq)
	require.NotEqual(t, dead, held)
	for n := uint64(1); n <= seq; n++ {
		commit(t, s, queue.Unit{Ack: []queue.Ack{ack(1, n)}})
	}
	require.Greater(t, first, uint64(0))
	require.Eventually(t, func() bool { return blocksOf(t, s, dead) <= 4*stubOctets }, 10*time.Second, 5*time.Millisecond)
	require.Greater(t, blocksOf(t, s, held), int64(minValueLogFile/2))
	require.NoError(t, checkValueLog(valueLogPath(s.db.Opts().Dir, uint32(dead))))
	require.Equal(t, 1, len(recovered(t, openDir(t, snapshot(t, s)), 2)))
	require.Empty(t, recovered(t, openDir(t, snapshot(t, s)), 1))
}
