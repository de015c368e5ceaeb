package persistence

import (
	"os"
	"path/filepath"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/leveretmq/leveret/queue"
)

func writeSized(t *testing.T, path string, size int64) {
	t.Helper()
	require.NoError(t, os.WriteFile(path, nil, 0o600))
	require.NoError(t, os.Truncate(path, size))
}

func sizeOf(t *testing.T, path string) int64 {
	t.Helper()
	info, err := os.Stat(path)
	require.NoError(t, err)
	return info.Size()
}

func keep(t *testing.T, b *ballast, room int64) (made bool) {
	t.Helper()
	made, err := b.keep(room)
	require.NoError(t, err)
	return made
}

func TestBallast_IsMadeWhenThereIsRoom(t *testing.T) {
	b := &ballast{path: filepath.Join(t.TempDir(), ballastFile), size: 3*mebibyte + 1}
	require.False(t, keep(t, b, b.size-1))
	require.NoFileExists(t, b.path)
	require.True(t, keep(t, b, b.size))
	require.Equal(t, b.size, sizeOf(t, b.path))
	require.False(t, keep(t, b, b.size), "it is there")

	removed, err := b.remove()
	require.NoError(t, err)
	require.True(t, removed)
	removed, err = b.remove()
	require.NoError(t, err)
	require.False(t, removed)
	require.True(t, keep(t, b, b.size), "it is made again")
}

func TestBallast_TakesItsSizeOfTheDisk(t *testing.T) {
	for name, make := range map[string]func(*os.File, int64) error{"allocated": allocate, "written": fill} {
		t.Run(name, func(t *testing.T) {
			f, err := os.Create(filepath.Join(t.TempDir(), ballastFile))
			require.NoError(t, err)
			defer f.Close()
			const size = 5*mebibyte + 7
			require.NoError(t, make(f, size))
			require.EqualValues(t, size, sizeOf(t, f.Name()))
			require.GreaterOrEqual(t, diskUsage(t, f), int64(size))
		})
	}
}

// A crash leaves part of it, and a setting may have changed.
func TestBallast_OfAnotherSizeIsMadeAnew(t *testing.T) {
	for name, size := range map[string]int64{"smaller": mebibyte, "larger": 9 * mebibyte} {
		t.Run(name, func(t *testing.T) {
			b := &ballast{path: filepath.Join(t.TempDir(), ballastFile), size: 2 * mebibyte}
			writeSized(t, b.path, size)
			require.True(t, keep(t, b, b.size))
			require.Equal(t, b.size, sizeOf(t, b.path))
		})
	}
}

func TestBallast_OfNoSizeIsRemoved(t *testing.T) {
	b := &ballast{path: filepath.Join(t.TempDir(), ballastFile)}
	writeSized(t, b.path, mebibyte)
	require.False(t, keep(t, b, 0))
	require.NoFileExists(t, b.path)
	require.False(t, keep(t, b, 0))
}

func TestBallast_ThatCannotBeMadeIsNotTriedAgain(t *testing.T) {
	b := &ballast{path: filepath.Join(t.TempDir(), "missing", ballastFile), size: mebibyte}
	_, err := b.keep(b.size)
	require.Error(t, err)
	require.False(t, keep(t, b, b.size))
}

// diskWithBallast has more room when the ballast is gone.
func diskWithBallast(t *testing.T, dir string, free, more uint64) Options {
	t.Helper()
	disk := newTestDisk(free)
	o := disk.options(dir)
	o.Ballast = mebibyte
	path := filepath.Join(dir, ballastFile)
	o.free = func(string) (uint64, error) {
		if _, err := os.Stat(path); err == nil {
			return disk.free.Load(), nil
		}
		return disk.free.Load() + more, nil
	}
	return o
}

func TestOpen_GivesTheBallastUpOnAFullDisk(t *testing.T) {
	dir := t.TempDir()
	s := openWith(t, diskWithBallast(t, dir, plentiful, 0))
	require.Eventually(t, func() bool {
		_, err := os.Stat(filepath.Join(dir, ballastFile))
		return err == nil
	}, patience, time.Millisecond)
	declare(t, s, 1)
	closeStore(t, s)

	s = openWith(t, diskWithBallast(t, dir, 0, lowSpace))
	require.NoFileExists(t, filepath.Join(dir, ballastFile))
	require.True(t, s.space.alarmed.Load())
	declare(t, s, 2)
	closeStore(t, s)
}

// What the broker itself has filled, it gets out of again.
func TestBallast_IsGivenUpWhenNobodyCouldMakeRoom(t *testing.T) {
	dir := t.TempDir()
	path := filepath.Join(dir, ballastFile)
	made := func() bool { _, err := os.Stat(path); return err == nil }
	disk := newTestDisk(plentiful)
	o := disk.options(dir)
	o.Ballast = mebibyte
	o.free = func(string) (uint64, error) {
		if free := disk.free.Load(); free != noSpace || made() {
			return free, nil
		}
		return lowSpace, nil
	}
	s := openWith(t, o)
	require.Eventually(t, made, patience, time.Millisecond)
	disk.free.Store(noSpace)
	declare(t, s, 1)
	require.False(t, made())
	disk.free.Store(plentiful)
	require.Eventually(t, made, patience, time.Millisecond, "it is made again")
}

// What another program fills would swallow the ballast, too.
func TestBallast_IsKeptForTheStartWhenNothingIsLeft(t *testing.T) {
	dir := t.TempDir()
	disk := newTestDisk(plentiful)
	o := disk.options(dir)
	o.Ballast = mebibyte
	s := openWith(t, o)
	path := filepath.Join(dir, ballastFile)
	require.Eventually(t, func() bool { _, err := os.Stat(path); return err == nil }, patience, time.Millisecond)
	disk.free.Store(0)
	s.Submit(queue.Unit{Enqueue: []queue.Enqueue{enqueue(1, 1, text("a"))}})
	require.Eventually(t, s.space.stopped.Load, patience, time.Millisecond)
	disk.require(t, alarmOn)
	require.ErrorIs(t, s.Close(nil), ErrDiskFull) // after which nobody looks any more
	require.FileExists(t, path)
}

// With less than it takes to write there may still be enough to start.
func TestOpen_OnADiskThatIsTooFullToWrite(t *testing.T) {
	dir := t.TempDir()
	s := openDir(t, dir)
	declare(t, s, 1)
	closeStore(t, s)
	s = openWith(t, diskWithBallast(t, dir, noSpace, 0))
	require.True(t, s.space.alarmed.Load())
	_, err := s.Definitions()
	require.NoError(t, err)
	require.ErrorIs(t, s.Close(nil), ErrDiskFull)
}

func TestOpen_RefusesAFullDisk(t *testing.T) {
	dir := t.TempDir()
	s := openDir(t, dir)
	declare(t, s, 1)
	closeStore(t, s)
	writeSized(t, filepath.Join(dir, ballastFile), mebibyte)
	for range 3 {
		_, err := Open(diskWithBallast(t, dir, 0, mebibyte))
		require.ErrorIs(t, err, ErrDiskFull)
		require.ErrorContains(t, err, "has room for 1 MiB")
	}
	closeStore(t, openDir(t, dir)) // the lock was released each time
}
