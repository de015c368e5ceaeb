package main

import (
	"context"
	"errors"
	"log/slog"
	"os"
	"runtime/metrics"
	"sync/atomic"
	"time"

	"github.com/KimMachineGun/automemlimit/memlimit"

	"github.com/leveretmq/leveret/broker"
	"github.com/leveretmq/leveret/configs"
	meter "github.com/leveretmq/leveret/internal/process"
)

const (
	// watermarkTick is how often the memory is looked at.
	watermarkTick = time.Second
	// wellBelow is the part of the watermark, in percent, below which publishers
	// go on.
	wellBelow = 95
)

// watermark is what the broker may use before publishers are blocked, in octets; zero is
// no limit. An operator may change it at any time.
type watermark struct{ atomic.Int64 }

// memoryWatermark is what the configuration says.
func memoryWatermark(config configs.Config, log *slog.Logger) *watermark {
	w := new(watermark)
	mark, err := configs.ParseWatermark(config.MemoryHighWatermark)
	if err != nil || mark == (configs.Watermark{}) {
		return w // what is wrong was told when the configuration was checked
	}
	total, err := memoryTotal()
	if err != nil {
		log.Warn("the memory of this machine is not known: publishers are not blocked for it", "error", err)
	}
	w.Store(mark.Of(total))
	return w
}

// memoryTotal is what the control group allows, or else what the machine has, in
// octets.
func memoryTotal() (uint64, error) {
	machine, err := memlimit.FromSystem()
	group, groupErr := memlimit.FromCgroup()
	switch {
	case groupErr == nil && (err != nil || group < machine):
		return group, nil
	case err != nil:
		return 0, errors.Join(err, groupErr)
	}
	return machine, nil
}

// watchMemory raises the alarm while the broker uses more than the watermark, until
// the context ends.
func watchMemory(ctx context.Context, limit *watermark, alarms *broker.Alarms, log *slog.Logger, used func() int64) {
	if first := limit.Load(); first > 0 {
		log.Info("publishers are blocked when memory is short", "watermark", first)
	}
	low := false
	tick := time.NewTicker(watermarkTick)
	defer tick.Stop()
	for {
		select {
		case <-ctx.Done():
			return
		case <-tick.C:
		}
		now, most := used(), limit.Load()
		if low = most > 0 && (now > most || low && now > most/100*wellBelow); low != alarms.On(broker.Memory) {
			log.Warn("memory alarm", "on", low, "used", now, "watermark", most)
			alarms.Set(broker.Memory, low)
		}
	}
}

// usedMemory is what the broker has in memory, without the files that it maps: the
// kernel takes these back when it has to.
func usedMemory() int64 {
	if m := meter.MemoryOf(os.Getpid()); m.Anonymous > 0 {
		return m.Anonymous
	}
	samples := []metrics.Sample{
		{Name: "/memory/classes/total:bytes"},
		{Name: "/memory/classes/heap/released:bytes"},
	}
	metrics.Read(samples)
	return int64(samples[0].Value.Uint64() - samples[1].Value.Uint64())
}
