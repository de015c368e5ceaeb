package persistence

import (
	"bytes"
	"encoding/hex"
	"os"
	"path/filepath"
	"slices"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/leveretmq/leveret/queue"
)

// damageCase is one value of fillBlocks that is not what was written any more,
// and what is left then.
type damageCase struct {
	prefix byte
	damage func(value, other []byte) []byte
	left   map[uint32][]uint64
}

func damageCases() map[string]damageCase {
	flip := func(value, _ []byte) []byte {
		value = bytes.Clone(value)
		value[len(value)/2] ^= 4
		return value
	}
	withoutOwn := map[uint32][]uint64{1: {11, 12, 21, 22}, 2: {1, 2, 3, 4}, 3: {1, 2, 3, 4}}
	return map[string]damageCase{
		"flipped bit in an own block": {prefixBlock, flip, withoutOwn},
		"value of another key": {
			prefixBlock, func(_, other []byte) []byte { return other }, withoutOwn,
		},
		"cut short": {
			prefixBlock, func(value, _ []byte) []byte { return value[:len(value)-1] }, withoutOwn,
		},
		"nothing left": {prefixBlock, func(_, _ []byte) []byte { return []byte{} }, withoutOwn},
		"flipped bit in a mixed block": {
			prefixMixed, flip, map[uint32][]uint64{1: {1, 2, 11, 12, 21, 22}, 2: {2, 3, 4}, 3: {2, 3, 4}},
		},
		"flipped bit in a body": {
			prefixBody, flip, map[uint32][]uint64{1: {1, 2, 11, 12, 21, 22}, 2: {1, 2, 3}, 3: {1, 2, 3}},
		},
	}
}

// A value that is not what was written is left out, kept in quarantine, and
// does not harm the others.
func TestDamagedBlocks(t *testing.T) {
	for name, c := range damageCases() {
		t.Run(name, func(t *testing.T) {
			s := openDir(t, t.TempDir())
			fillBlocks(t, s)
			bad := c.spoil(t, s)
			s = openDir(t, snapshot(t, s))
			c.requireLeft(t, s)
			kept, err := os.ReadFile(filepath.Join(s.options.Dir, quarantineDir, hex.EncodeToString(bad.key)))
			require.NoError(t, err)
			require.Equal(t, bad.value, kept)
			require.True(t, s.reclaim.halted.Load())

			// It is dealt with once.
			require.Eventually(t, func() bool {
				left, _ := keys(t, s, c.prefix)
				return !slices.ContainsFunc(left, func(key []byte) bool { return bytes.Equal(key, bad.key) })
			}, 10*time.Second, time.Millisecond)
			s = openDir(t, snapshot(t, s))
			c.requireLeft(t, s)
			require.False(t, s.reclaim.halted.Load())
		})
	}
}

// Badger keeps a file locked in which a length is damaged, and could not be closed.
func TestDamagedLength(t *testing.T) {
	s := openDir(t, t.TempDir())
	declare(t, s, 1)
	commit(t, s, queue.Unit{Enqueue: []queue.Enqueue{enqueue(1, 1, sized(20_000, 1))}})
	own, _ := keys(t, s, prefixBlock)
	dir := s.options.Dir
	for range 2 { // the newest file is looked through at each start
		closeStore(t, s)
		s = openDir(t, dir)
	}
	closeStore(t, s)
	spoilLength(t, filepath.Join(dir, storeDir), own[0])

	s = openDir(t, dir)
	require.Empty(t, recovered(t, s, 1))
	commit(t, s, queue.Unit{Enqueue: []queue.Enqueue{enqueue(1, s.NextSequence(1), text("new"))}})
	closed := make(chan error, 1)
	go func() { closed <- s.Close([]queue.Range{single(1, s.NextSequence(1))}) }()
	select {
	case err := <-closed:
		require.NoError(t, err)
	case <-time.After(10 * time.Second):
		require.FailNow(t, "the store does not close")
	}
	again := t.TempDir()
	copySettled(t, again, dir)
	s = openDir(t, again)
	require.True(t, s.clean, "the stop was recorded")
	require.Equal(t, []string{"new"}, bodies(recovered(t, s, 1)))
}

// spoilLength flips a bit of the length of a key in the value log.
func spoilLength(t *testing.T, dir string, key []byte) {
	t.Helper()
	logs, err := filepath.Glob(filepath.Join(dir, "*.vlog"))
	require.NoError(t, err)
	for _, path := range logs {
		data, err := os.ReadFile(path)
		require.NoError(t, err)
		at := bytes.Index(data, key)
		if at < 0 {
			continue
		}
		const lengths = 1 + 3 + 1 // of key, value, and time to live
		data[at-lengths] ^= 1 << 6
		require.NoError(t, os.WriteFile(path, data, 0o600))
		return
	}
	require.FailNow(t, "no value log has the key")
}

// spoil damages the first value of the case's kind.
func (c damageCase) spoil(t *testing.T, s *Store) write {
	t.Helper()
	var bad write
	var other []byte
	for _, w := range stored(t, s) {
		if w.key[0] == c.prefix && bad.key == nil {
			bad = w
		} else {
			other = w.value
		}
	}
	bad.value = c.damage(bad.value, other)
	release := hold(s)
	defer release()
	require.NoError(t, s.apply([]write{bad}))
	return bad
}

func (c damageCase) requireLeft(t *testing.T, s *Store) {
	t.Helper()
	for id, want := range c.left {
		require.Equal(t, want, seqs(recovered(t, s, id)), "queue %d", id)
	}
}

// Records of what is dead and of the clean stop may be damaged, too. Then
// messages come again, flagged, and none is lost.
func TestDamagedRecords(t *testing.T) {
	s := openDir(t, t.TempDir())
	fillBlocks(t, s)
	commit(t, s, queue.Unit{Ack: []queue.Ack{ack(1, 1), ack(1, 2), ack(1, 11), ack(2, 1)}})
	release := hold(s)
	for _, prefix := range []byte{prefixAcks, prefixLive, prefixLiveMixed} {
		list, _ := keys(t, s, prefix)
		for _, key := range list {
			require.NoError(t, s.apply([]write{{key: key, value: []byte("not an envelope")}}))
		}
	}
	require.NoError(t, s.apply([]write{{key: stopKey(), value: []byte("not an envelope")}}))
	release()
	s = openDir(t, snapshot(t, s))
	all := recovered(t, s, 1)
	require.Equal(t, []uint64{11, 12, 21, 22}, seqs(all))
	require.True(t, all[0].Redelivered)
	require.Equal(t, []uint64{1, 2, 3, 4}, seqs(recovered(t, s, 2)))
}

// A definition that cannot be read is no reason to go on without it: its
// messages would be given up.
func TestDamagedDefinition(t *testing.T) {
	s := openDir(t, t.TempDir())
	declare(t, s, 1)
	release := hold(s)
	require.NoError(t, s.apply([]write{{key: definitionPartKey(queueKey(queueSpec(1)), 0), value: []byte("not an envelope")}}))
	release()
	closeStore(t, s)
	_, err := Open(quietOptions(s.options.Dir))
	require.ErrorIs(t, err, errDamaged)
}

// Whatever bit of the value log flips, no message has a wrong body.
func TestFlippedBitsInTheValueLog(t *testing.T) {
	s := openDir(t, t.TempDir())
	declare(t, s, 1)
	for i := range uint64(40) {
		commit(t, s, queue.Unit{Enqueue: []queue.Enqueue{enqueue(1, i, sized(9000, int(i)))}})
	}
	closeStore(t, s)
	for _, at := range []int{100, 9_500, 100_003, 222_222, 300_000} {
		dir := t.TempDir()
		require.NoError(t, copyDir(dir, s.options.Dir))
		files, err := filepath.Glob(filepath.Join(dir, storeDir, "*.vlog"))
		require.NoError(t, err)
		octets, err := os.ReadFile(files[0])
		require.NoError(t, err)
		octets[at] ^= 1
		require.NoError(t, os.WriteFile(files[0], octets, 0o600))
		damaged := openDir(t, dir)
		all := recovered(t, damaged, 1)
		for _, r := range all {
			require.Equal(t, sized(9000, int(r.Seq)), r.Message)
		}
		t.Logf("bit at %d: %d of 40 messages left", at, len(all))
	}
}
