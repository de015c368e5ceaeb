package main

import (
	"context"
	"log/slog"
	"math"
	"os"
	"runtime/debug"
	"runtime/metrics"
	"time"

	"github.com/KimMachineGun/automemlimit/memlimit"
)

const (
	// garbageOctets is how much garbage may gather beside a small heap, in
	// octets: with less, a fast broker collects dozens of times a second.
	garbageOctets = 24 << 20
	// leastGarbage is how much may gather beside a large one, in percent of what
	// lives.
	leastGarbage, mostGarbage = 50, 400
	// memoryFloor is what the Go runtime may use before it collects garbage
	// more often than usual, in octets. A broker that holds no more than its
	// memory budget stays below.
	memoryFloor = 112 << 20
	// cgroupShare is how much of its control group's memory the Go runtime may
	// use, in percent. The rest is for the maps of the store and for the kernel,
	// which keeps what is sent and received.
	cgroupShare = 75
	// heapShare is how much of the watermark the Go runtime may use, in percent,
	// before it collects garbage more often than usual.
	heapShare = 90
	// memoryTick is how often the limit follows what is really needed.
	memoryTick = time.Second
)

// governMemory keeps the heap small until the context ends. Garbage may gather
// as long as it is little, or little beside what lives. When the heap grows too
// fast for that, a limit has it collected earlier. A fixed limit would strangle a
// broker that needs more, with very many queues or connections, so it is kept
// well above what lives, but below what a control group allows. Whoever sets GOGC
// or GOMEMLIMIT decides alone.
//
// The heap keeps below the watermark as long as it can.
func governMemory(ctx context.Context, limit *watermark, log *slog.Logger) {
	if os.Getenv("GOGC") != "" || os.Getenv("GOMEMLIMIT") != "" {
		return
	}
	ceiling := memoryCeiling(memlimit.FromCgroup)
	if ceiling < math.MaxInt64 {
		log.Info("the heap keeps to the memory of the control group", "octets", ceiling)
	}
	debug.SetMemoryLimit(min(memoryFloor, limit.ceiling(ceiling)))
	tick := time.NewTicker(memoryTick)
	defer tick.Stop()
	for {
		select {
		case <-ctx.Done():
			return
		case <-tick.C:
			live := liveMemory()
			debug.SetGCPercent(garbagePercent(live))
			debug.SetMemoryLimit(min(memoryLimit(live), limit.ceiling(ceiling)))
		}
	}
}

// ceiling is what the heap may have where the machine allows so much. A watermark below
// what an idle broker has, which tries the alarm out, does not count: to collect garbage
// all the time would help nobody.
func (w *watermark) ceiling(allowed int64) int64 {
	most := w.Load()
	if most < memoryFloor {
		return allowed
	}
	return min(allowed, most/100*heapShare)
}

// garbagePercent is how much garbage may gather, in percent of what lives.
func garbagePercent(live uint64) int {
	return int(min(max(100*garbageOctets/max(live, 1), leastGarbage), mostGarbage))
}

// memoryLimit leaves half of what lives for garbage, and less where that is
// little enough, but always some.
func memoryLimit(live uint64) int64 {
	return max(memoryFloor, int64(live+live/2)-memoryFloor/4, int64(live)+garbageOctets)
}

// memoryCeiling is what the Go runtime may use of what a control group allows. A
// process without one, or without a limit, has no ceiling.
func memoryCeiling(allowed memlimit.Provider) int64 {
	octets, err := allowed()
	if err != nil || octets > math.MaxInt64/cgroupShare {
		return math.MaxInt64
	}
	return int64(octets / 100 * cgroupShare)
}

// liveMemory is what the last collection left, and what is no heap, in octets.
func liveMemory() uint64 {
	samples := []metrics.Sample{
		{Name: "/gc/heap/live:bytes"},
		{Name: "/memory/classes/heap/stacks:bytes"},
		{Name: "/memory/classes/metadata/other:bytes"},
	}
	metrics.Read(samples)
	sum := uint64(0)
	for _, s := range samples {
		if s.Value.Kind() == metrics.KindUint64 {
			sum += s.Value.Uint64()
		}
	}
	return sum
}
