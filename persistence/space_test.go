package persistence

import (
	"bytes"
	"errors"
	"log/slog"
	"path/filepath"
	"sync/atomic"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/leveretmq/leveret/queue"
)

const (
	mebibyte = 1 << 20
	// patience is how long a test waits before it gives up.
	patience = 30 * time.Second
)

// testDisk is a disk whose free space a test sets.
type testDisk struct {
	free  atomic.Uint64
	alarm chan bool // what was told
}

func newTestDisk(free uint64) *testDisk {
	d := &testDisk{alarm: make(chan bool, 100)}
	d.free.Store(free)
	return d
}

// The thresholds of a store on a testDisk, in octets.
const (
	testAlarm = 400 * mebibyte
	testStop  = 100 * mebibyte
	plentiful = 1000 * mebibyte
	lowSpace  = 200 * mebibyte
	noSpace   = 50 * mebibyte
)

func (d *testDisk) options(dir string) Options {
	o := quietOptions(dir)
	o.free = func(string) (uint64, error) { return d.free.Load(), nil }
	o.DiskAlarm = func(on bool) { d.alarm <- on }
	o.Limits.DiskAlarm, o.Limits.DiskStop, o.Limits.DiskCheck = testAlarm, testStop, time.Millisecond
	return o
}

// require waits for the next change of the alarm.
func (d *testDisk) require(t *testing.T, on bool) {
	t.Helper()
	require.Equal(t, on, <-d.alarm)
}

const alarmOn, alarmOff = true, false

func TestSpace_AlarmFollowsFreeSpace(t *testing.T) {
	disk := newTestDisk(plentiful)
	openWith(t, disk.options(t.TempDir()))
	disk.free.Store(lowSpace)
	disk.require(t, alarmOn)
	disk.free.Store(testAlarm + testAlarm/alarmHysteresis - mebibyte) // not enough to end it
	disk.free.Store(noSpace)
	disk.free.Store(plentiful)
	disk.require(t, alarmOff)
	require.Empty(t, disk.alarm)
}

// An operator may move the threshold, but not below what the store needs.
func TestSpace_AlarmFollowsItsThreshold(t *testing.T) {
	disk := newTestDisk(plentiful)
	s := openWith(t, disk.options(t.TempDir()))
	s.SetDiskAlarm(2 * plentiful)
	disk.require(t, alarmOn)
	_, alarm := s.Room()
	require.Equal(t, int64(2*plentiful), alarm)
	s.SetDiskAlarm(1)
	disk.require(t, alarmOff)
	_, alarm = s.Room()
	require.Greater(t, alarm, int64(testStop))
}

func TestSpace_AlarmIsOnBeforeAnybodyCanPublish(t *testing.T) {
	disk := newTestDisk(lowSpace)
	openWith(t, disk.options(t.TempDir()))
	require.Len(t, disk.alarm, 1)
	disk.require(t, alarmOn)
}

// A commit at full speed fills more than the watch would notice in time.
func TestSpace_CommitterNoticesALowDisk(t *testing.T) {
	disk := newTestDisk(plentiful)
	o := disk.options(t.TempDir())
	o.Limits.DiskCheck = time.Hour
	s := openWith(t, o)
	disk.free.Store(lowSpace)
	declare(t, s, 1)
	disk.require(t, alarmOn)
}

func TestSpace_BetweenTheThresholdsAllIsWritten(t *testing.T) {
	disk := newTestDisk(lowSpace)
	dir := t.TempDir()
	s := openWith(t, disk.options(dir))
	declare(t, s, 1)
	commit(t, s, queue.Unit{Enqueue: []queue.Enqueue{enqueue(1, 1, text("a"))}})
	closeStore(t, s)
}

func TestSpace_CommitsWaitOnAFullDisk(t *testing.T) {
	disk := newTestDisk(plentiful)
	s := openWith(t, disk.options(t.TempDir()))
	declare(t, s, 1)
	commit(t, s, queue.Unit{Enqueue: []queue.Enqueue{enqueue(1, 1, text("before"))}})

	disk.free.Store(noSpace)
	var receipts settled
	done := make(chan error, 2)
	for seq := uint64(2); seq <= 3; seq++ {
		e := enqueue(1, seq, sized(s.limits.PendingOctets, 0))
		e.Receipt = receipts.receipt(seq)
		s.Submit(queue.Unit{Enqueue: []queue.Enqueue{e}, Done: func(err error) { done <- err }})
	}
	disk.require(t, alarmOn)
	s.Throttle(queue.Flood) // which would hold consumers, too
	require.Len(t, load(t, s, 1, queue.Span{First: 1, Last: 1}), 1, "reads go on")
	require.Empty(t, done)
	require.Empty(t, receipts.list())

	disk.free.Store(plentiful)
	require.NoError(t, <-done)
	require.NoError(t, <-done)
	require.Equal(t, []uint64{2, 3}, receipts.list())
	disk.require(t, alarmOff)
}

// A portion has to leave the reserve alone.
func TestSpace_LargeCommitWaitsForItsOwnSize(t *testing.T) {
	disk := newTestDisk(plentiful)
	s := openWith(t, disk.options(t.TempDir()))
	declare(t, s, 1)
	const body = 20 * mebibyte
	disk.free.Store(testStop + body/2)
	disk.require(t, alarmOn)
	done := make(chan error, 1)
	s.Submit(queue.Unit{Enqueue: []queue.Enqueue{enqueue(1, 1, sized(body, 0))}, Done: func(err error) { done <- err }})
	require.Eventually(t, s.space.stopped.Load, patience, time.Millisecond)
	require.Empty(t, done)
	disk.free.Store(testStop + 2*body)
	require.NoError(t, <-done)
}

func TestSpace_EndWithoutRoomConfirmsNothingAndLosesNothing(t *testing.T) {
	disk := newTestDisk(plentiful)
	dir := t.TempDir()
	o := disk.options(dir)
	fatal := make(chan error, 1)
	o.Fatal = func(err error) { fatal <- err }
	s := openWith(t, o)
	declare(t, s, 1)
	commit(t, s, queue.Unit{Enqueue: []queue.Enqueue{enqueue(1, 1, text("confirmed"))}})
	disk.free.Store(noSpace)
	done := make(chan error, 1)
	s.Submit(queue.Unit{Enqueue: []queue.Enqueue{enqueue(1, 2, text("pending"))}, Done: func(err error) { done <- err }})
	disk.require(t, alarmOn)
	require.Empty(t, done)

	s.StopWaiting()
	require.ErrorIs(t, <-done, ErrDiskFull)
	require.ErrorIs(t, <-fatal, ErrDiskFull)
	disk.free.Store(plentiful) // too late: what came behind would be without what came before
	require.ErrorIs(t, s.Close(nil), ErrDiskFull)

	again := openDir(t, snapshotOfFailed(t, dir))
	require.Equal(t, []uint64{1}, seqs(recovered(t, again, 1)))
}

func TestSpace_IdleStoreClosesOnAFullDisk(t *testing.T) {
	disk := newTestDisk(plentiful)
	dir := t.TempDir()
	s := openWith(t, disk.options(dir))
	declare(t, s, 1)
	commit(t, s, queue.Unit{Enqueue: []queue.Enqueue{enqueue(1, 1, text("a"))}})
	disk.free.Store(noSpace)
	require.ErrorIs(t, s.Close(nil), ErrDiskFull)
	again := openDir(t, snapshotOfFailed(t, dir))
	require.Equal(t, []uint64{1}, seqs(recovered(t, again, 1)))
	require.False(t, again.clean)
}

// snapshotOfFailed copies the directory of a store that keeps its locks.
func snapshotOfFailed(t *testing.T, dir string) string {
	t.Helper()
	to := t.TempDir()
	require.NoError(t, copyDir(to, dir))
	return to
}

func TestSpace_LowDiskPressesForGarbage(t *testing.T) {
	disk := newTestDisk(plentiful)
	o := disk.options(t.TempDir())
	o.Limits.ReclaimIdle = time.Hour
	s := openWith(t, o)
	declare(t, s, 1)
	commit(t, s, queue.Unit{Enqueue: []queue.Enqueue{enqueue(1, 1, sized(2*pressedOctets, 0))}})
	flushes := s.reclaim.flushes.Load()
	commit(t, s, queue.Unit{Ack: []queue.Ack{ack(1, 1)}})
	require.Equal(t, flushes, s.reclaim.flushes.Load(), "nothing is in a hurry yet")
	disk.free.Store(lowSpace)
	require.Eventually(t, func() bool { return s.reclaim.flushes.Load() > flushes }, patience, time.Millisecond)
}

func TestSpace_NothingIsCollectedOnAFullDisk(t *testing.T) {
	disk := newTestDisk(plentiful)
	s := openWith(t, disk.options(t.TempDir()))
	flushes := s.reclaim.flushes.Load()
	disk.free.Store(noSpace)
	s.collect(1)
	require.Equal(t, flushes, s.reclaim.flushes.Load())
}

func TestSpace_SwapIsNotWrittenOnAFullDisk(t *testing.T) {
	disk := newTestDisk(plentiful)
	s := openWith(t, disk.options(t.TempDir()))
	page := []queue.Loaded{{Seq: 1, Message: text("a")}}
	_, err := s.SwapOut(page)
	require.NoError(t, err)
	disk.free.Store(noSpace)
	_, err = s.SwapOut(page)
	require.ErrorIs(t, err, ErrDiskFull)
}

func TestSpace_DefaultThresholds(t *testing.T) {
	for _, c := range []struct{ given, want Limits }{
		{Limits{}, Limits{DiskAlarm: 1 << 30, DiskStop: 128 * mebibyte}},
		{Limits{DiskAlarm: 16 << 30}, Limits{DiskAlarm: 16 << 30, DiskStop: 256 * mebibyte}},
		{Limits{DiskAlarm: 128 * mebibyte}, Limits{DiskAlarm: 128 * mebibyte, DiskStop: 64 * mebibyte}},
		{Limits{ValueLogFile: 1 << 30}, Limits{DiskAlarm: 4 << 30, DiskStop: 560 * mebibyte}},
		{Limits{DiskStop: 1}, Limits{DiskAlarm: 1 << 30, DiskStop: 1}},
	} {
		got := c.given.withDefaults()
		require.Equal(t, c.want.DiskAlarm, got.DiskAlarm)
		require.Equal(t, c.want.DiskStop, got.DiskStop)
	}
}

// A compaction may write all of the tree again.
func TestSpace_ThresholdsGrowWithTheTree(t *testing.T) {
	dir := t.TempDir()
	o := newTestDisk(plentiful).options(dir)
	o.Limits = o.Limits.withDefaults()
	w := newSpace(o, dir)
	require.NoError(t, w.weigh())
	require.EqualValues(t, testStop, w.stopAt())
	require.EqualValues(t, testAlarm, w.alarmAt())
	writeSized(t, filepath.Join(dir, "000001.sst"), 300*mebibyte)
	writeSized(t, filepath.Join(dir, "000001.vlog"), 300*mebibyte)
	require.NoError(t, w.weigh())
	require.EqualValues(t, testStop+300*mebibyte, w.stopAt())
	require.EqualValues(t, 2*testStop+300*mebibyte+defaultPendingOctets, w.alarmAt())
}

// Where nobody can tell the free space, as on some network file systems, the
// broker works all the same, and says so once.
func TestSpace_UnknownSpaceIsEnough(t *testing.T) {
	var log bytes.Buffer
	o := quietOptions(t.TempDir())
	o.free = func(string) (uint64, error) { return 0, errors.New("no idea") }
	o.Logger = slog.New(slog.NewTextHandler(&log, nil))
	o.Limits.DiskCheck = time.Hour
	s := openWith(t, o)
	declare(t, s, 1)
	closeStore(t, s)
	s.space.look()
	require.Equal(t, 1, bytes.Count(log.Bytes(), []byte("level=ERROR")), "%s", &log)
}

func TestFreeSpace(t *testing.T) {
	dir := t.TempDir()
	free, err := freeSpace(dir)
	require.NoError(t, err)
	require.Greater(t, free, uint64(mebibyte))
	_, err = freeSpace(filepath.Join(dir, "missing"))
	require.Error(t, err)
}
