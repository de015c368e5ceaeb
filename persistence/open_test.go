package persistence

import (
	"encoding/binary"
	"os"
	"path/filepath"
	"testing"

	"github.com/dgraph-io/badger/v4"
	"github.com/stretchr/testify/require"

	"github.com/leveretmq/leveret/amqp"
	"github.com/leveretmq/leveret/queue"
)

func TestLockedDirectoryIsRefused(t *testing.T) {
	s := openDir(t, t.TempDir())
	_, err := Open(quietOptions(s.options.Dir))
	require.ErrorIs(t, err, ErrLocked)
	require.ErrorContains(t, err, s.options.Dir)
	declare(t, s, 1) // the first is not harmed
	closeStore(t, s)
	openDir(t, s.options.Dir)
}

func TestUnwritableDirectoryIsRefused(t *testing.T) {
	file := filepath.Join(t.TempDir(), "file")
	require.NoError(t, os.WriteFile(file, nil, 0o600))
	_, err := Open(quietOptions(filepath.Join(file, "data")))
	require.ErrorIs(t, err, ErrNotWritable)

	dir := t.TempDir()
	require.NoError(t, os.Mkdir(filepath.Join(dir, "lock"), 0o700))
	_, err = Open(quietOptions(dir))
	require.ErrorIs(t, err, ErrNotWritable)
	require.ErrorContains(t, err, dir)
}

func TestNewerFormatIsRefused(t *testing.T) {
	s := openDir(t, t.TempDir())
	release := hold(s)
	key := []byte{prefixMeta, metaFormat}
	newer := seal(key, binary.AppendUvarint(nil, formatVersion+1))
	require.NoError(t, s.apply([]write{{key: key, value: newer}}))
	release()
	closeStore(t, s)
	_, err := Open(quietOptions(s.options.Dir))
	require.ErrorIs(t, err, ErrNewerFormat)
	require.ErrorContains(t, err, s.options.Dir)
	// It is not held after the refusal.
	_, err = Open(quietOptions(s.options.Dir))
	require.ErrorIs(t, err, ErrNewerFormat)
}

func TestForeignDatabaseIsRefused(t *testing.T) {
	dir := t.TempDir()
	db, err := badger.Open(badger.DefaultOptions(filepath.Join(dir, storeDir)).WithLogger(nil))
	require.NoError(t, err)
	require.NoError(t, db.Update(func(txn *badger.Txn) error { return txn.Set([]byte("theirs"), []byte("x")) }))
	require.NoError(t, db.Close())
	_, err = Open(quietOptions(dir))
	require.ErrorIs(t, err, ErrForeign)
}

// A crash while Badger makes or deletes a file leaves an empty one.
func TestEmptyFilesOfACrash(t *testing.T) {
	s := openDir(t, t.TempDir())
	declare(t, s, 1)
	commit(t, s, queue.Unit{Enqueue: []queue.Enqueue{enqueue(1, 1, sized(9000, 1))}})
	dir := snapshot(t, s)
	for _, name := range []string{"00000.mem", "00077.mem", "000000.vlog", "000077.vlog"} {
		require.NoError(t, os.WriteFile(filepath.Join(dir, storeDir, name), nil, 0o600))
	}
	require.Len(t, recovered(t, openDir(t, dir), 1), 1)
}

func TestRedeliveredFlags(t *testing.T) {
	s := openDir(t, t.TempDir())
	declare(t, s, 1, 2)
	commit(t, s, queue.Unit{Enqueue: []queue.Enqueue{
		enqueue(1, 1, text("a")), enqueue(1, 2, text("b")), enqueue(2, 1, text("c")),
	}})
	flags := func(s *Store) (list []bool) {
		for id := uint32(1); id <= 2; id++ {
			for _, r := range recovered(t, s, id) {
				list = append(list, r.Redelivered)
			}
		}
		return list
	}
	closeStore(t, s, single(2, 1), single(1, 1))
	s = openDir(t, s.options.Dir)
	require.Equal(t, []bool{true, false, true}, flags(s), "only what the clean stop named")
	crashed := openDir(t, snapshot(t, s))
	require.Equal(t, []bool{true, true, true}, flags(crashed), "the record of the clean stop counts once")
	closeStore(t, crashed)
	require.Equal(t, []bool{false, false, false}, flags(openDir(t, crashed.options.Dir)))
}

// A list of redelivered messages that no single value could hold.
func TestManyRedelivered(t *testing.T) {
	s := openDir(t, t.TempDir())
	declare(t, s, 1)
	commit(t, s, queue.Unit{Enqueue: []queue.Enqueue{enqueue(1, 900_000, text("a")), enqueue(1, 900_001, text("b"))}})
	list := make([]queue.Range, 900_001)
	for i := range list {
		list[i] = single(1, uint64(len(list)-1-i))
	}
	closeStore(t, s, list...)
	s = openDir(t, s.options.Dir)
	all := recovered(t, s, 1)
	require.True(t, all[0].Redelivered)
	require.False(t, all[1].Redelivered)
}

func TestReturnsSurviveACleanStop(t *testing.T) {
	s := openDir(t, t.TempDir())
	declare(t, s, 1)
	var u queue.Unit
	for seq := range uint64(9) {
		u.Enqueue = append(u.Enqueue, enqueue(1, seq, text("a")))
	}
	commit(t, s, u)
	list := make([]queue.Range, 7)
	for i, returns := range []uint16{1, 0, 65535, 7, 7, 7, 0} {
		list[i] = single(1, uint64(i+1))
		list[i].Returns = returns
	}
	closeStore(t, s, list...)

	crashed := t.TempDir()
	s = openDir(t, s.options.Dir)
	copySettled(t, crashed, s.options.Dir)
	var flagged []bool
	var returns []uint16
	for _, r := range recovered(t, s, 1) {
		flagged, returns = append(flagged, r.Redelivered), append(returns, r.Returns)
	}
	require.Equal(t, []bool{false, true, true, true, true, true, true, true, false}, flagged)
	require.Equal(t, []uint16{0, 1, 0, 65535, 7, 7, 7, 0, 0}, returns)

	s = openDir(t, crashed) // of which nobody knows what was delivered
	for _, r := range recovered(t, s, 1) {
		require.True(t, r.Redelivered)
		require.Zero(t, r.Returns)
	}
}

// A queue has to know that messages expire which it has not read.
func TestRecoverTellsOfTimesToLive(t *testing.T) {
	s := openDir(t, t.TempDir())
	declare(t, s, 1, 2)
	for id := range uint32(2) {
		var u queue.Unit
		for seq := range uint64(5) {
			m := sized(5000, 1)
			if id == 1 && seq == 2 {
				m.Properties = amqp.PropertyList{Expiration: "100"}.Encode()
			}
			u.Enqueue = append(u.Enqueue, enqueue(id+1, seq, m))
		}
		commit(t, s, u)
	}
	s = openDir(t, snapshot(t, s))
	for id := range uint32(2) {
		require.NoError(t, s.Recover(id+1, func(r queue.Recovered) error {
			require.Nil(t, r.Message)
			require.Equal(t, id == 1, r.Expires)
			return nil
		}))
	}
}

// The list of a clean stop had no returns once.
func TestStopRecordOfAnEarlierVersion(t *testing.T) {
	s := openDir(t, t.TempDir())
	declare(t, s, 1)
	commit(t, s, queue.Unit{Enqueue: []queue.Enqueue{enqueue(1, 5, text("a")), enqueue(1, 6, text("b")), enqueue(1, 7, text("c"))}})
	release := hold(s)
	part, stop := appendPartKey(nil, prefixStop, 99, 0), stopKey()
	require.NoError(t, s.apply([]write{
		{key: part, value: seal(part, []byte{1, 5, 0, 1, 7, 3})}, {key: stop, value: seal(stop, []byte{99, 1})},
	}))
	release()
	s = openDir(t, snapshot(t, s))
	all := recovered(t, s, 1)
	require.Equal(t, []bool{true, false, true}, []bool{all[0].Redelivered, all[1].Redelivered, all[2].Redelivered})
	require.Zero(t, all[2].Returns)
}

func TestQueueIsRecoveredOnce(t *testing.T) {
	s := openDir(t, t.TempDir())
	declare(t, s, 1)
	commit(t, s, queue.Unit{Enqueue: []queue.Enqueue{enqueue(1, 1, text("a"))}})
	recovered(t, s, 1)
	require.ErrorIs(t, s.Recover(1, nil), ErrRecovered)
	require.Empty(t, recovered(t, s, 99), "a queue that nobody defined has nothing")
}

// What comes in after Open is not handed out by Recover.
func TestRecoverKnowsOnlyWhatWasThere(t *testing.T) {
	s := openDir(t, t.TempDir())
	declare(t, s, 1)
	commit(t, s, queue.Unit{Enqueue: []queue.Enqueue{enqueue(1, 1, text("old"))}})
	s = openDir(t, snapshot(t, s))
	commit(t, s, queue.Unit{Enqueue: []queue.Enqueue{enqueue(1, s.NextSequence(1), text("new"))}})
	require.Equal(t, []string{"old"}, bodies(recovered(t, s, 1)))
}

func TestErrorOfYieldEndsRecover(t *testing.T) {
	s := openDir(t, t.TempDir())
	declare(t, s, 1)
	commit(t, s, queue.Unit{Enqueue: []queue.Enqueue{enqueue(1, 1, text("a")), enqueue(1, 2, text("b"))}})
	s = openDir(t, snapshot(t, s))
	require.ErrorIs(t, s.Recover(1, func(queue.Recovered) error { return os.ErrInvalid }), os.ErrInvalid)
}

func TestSequenceNumbersAreNotReused(t *testing.T) {
	s := openDir(t, t.TempDir())
	require.EqualValues(t, 1, s.NextSequence(1))
	declare(t, s, 1)
	commit(t, s, queue.Unit{Enqueue: []queue.Enqueue{enqueue(1, 70, text("a"))}})
	commit(t, s, queue.Unit{Ack: []queue.Ack{ack(1, 70)}})
	require.Greater(t, openDir(t, snapshot(t, s)).NextSequence(1), uint64(70))
	closeStore(t, s)
	require.EqualValues(t, 71, openDir(t, s.options.Dir).NextSequence(1))
}

func TestDurabilitySettings(t *testing.T) {
	for _, d := range []Durability{Fsync, OS} {
		o := quietOptions(t.TempDir())
		o.Durability = d
		s := openWith(t, o)
		require.Equal(t, d == Fsync, s.db.Opts().SyncWrites || s.badger.syncs != nil)
		declare(t, s, 1)
		commit(t, s, queue.Unit{Enqueue: []queue.Enqueue{enqueue(1, 1, text("a"))}})
		o.Dir = snapshot(t, s)
		require.Equal(t, []string{"a"}, bodies(recovered(t, openWith(t, o), 1)))
		closeStore(t, s)
		o.Dir = s.options.Dir
		require.False(t, recovered(t, openWith(t, o), 1)[0].Redelivered)
	}
	require.Equal(t, "fsync os", Fsync.String()+" "+OS.String())
	require.Equal(t, Fsync, Options{}.Durability, "the safe setting is the default")
}
