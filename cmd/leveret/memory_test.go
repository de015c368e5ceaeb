package main

import (
	"math"
	"runtime"
	"testing"

	"github.com/KimMachineGun/automemlimit/memlimit"
	"github.com/stretchr/testify/require"
)

func TestMemoryLimit_FollowsWhatLives(t *testing.T) {
	require.EqualValues(t, memoryFloor, memoryLimit(0))
	require.EqualValues(t, memoryFloor, memoryLimit(60<<20))
	for live := uint64(memoryFloor); live < 8<<30; live *= 2 {
		require.Greater(t, memoryLimit(live), int64(live+live/5), "room for garbage beside %d octets", live)
	}
}

func TestGarbagePercent_IsLessForLargeHeaps(t *testing.T) {
	require.Equal(t, mostGarbage, garbagePercent(0))
	require.Equal(t, 100, garbagePercent(garbageOctets))
	require.Equal(t, leastGarbage, garbagePercent(1<<30))
}

func TestLiveMemory_CountsTheHeap(t *testing.T) {
	const octets = 32 << 20
	held := make([]byte, octets)
	runtime.GC()
	require.Greater(t, liveMemory(), uint64(octets))
	runtime.KeepAlive(held)
}

func TestMemoryCeiling_IsBelowTheControlGroups(t *testing.T) {
	require.EqualValues(t, 375_000_000, memoryCeiling(memlimit.Limit(500_000_000)))
	require.EqualValues(t, math.MaxInt64, memoryCeiling(memlimit.Limit(math.MaxUint64)))
	none := func() (uint64, error) { return 0, memlimit.ErrNoLimit }
	require.EqualValues(t, math.MaxInt64, memoryCeiling(none))
}
