package main

import (
	"context"
	"log/slog"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/leveretmq/leveret/broker"
	"github.com/leveretmq/leveret/configs"
)

func TestWatchMemory(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		alarms := broker.NewAlarms()
		var used atomic.Int64
		ctx, end := context.WithCancel(t.Context())
		limit := new(watermark)
		limit.Store(1000)
		go watchMemory(ctx, limit, alarms, slog.New(slog.DiscardHandler), used.Load)
		for _, step := range []struct {
			used int64
			low  bool
		}{{900, false}, {1000, false}, {1001, true}, {960, true}, {950, false}, {1000, false}} {
			used.Store(step.used)
			time.Sleep(watermarkTick)
			synctest.Wait()
			require.Equal(t, step.low, alarms.On(broker.Memory), "with %d in use", step.used)
		}
		limit.Store(1)
		time.Sleep(watermarkTick)
		synctest.Wait()
		require.True(t, alarms.On(broker.Memory), "an operator has set it lower")
		limit.Store(0)
		time.Sleep(watermarkTick)
		synctest.Wait()
		require.False(t, alarms.On(broker.Memory), "an operator has switched it off")
		end()
		synctest.Wait()
	})
}

func TestMemoryWatermark(t *testing.T) {
	log := slog.New(slog.DiscardHandler)
	total, err := memoryTotal()
	require.NoError(t, err)
	require.InEpsilon(t, float64(total)*0.5, float64(memoryWatermark(configs.Config{MemoryHighWatermark: "0.5"}, log).Load()), 0.01)
	require.Equal(t, int64(1<<30), memoryWatermark(configs.Config{MemoryHighWatermark: "1GiB"}, log).Load())
	require.Zero(t, memoryWatermark(configs.Config{MemoryHighWatermark: "none"}, log).Load())
	require.Positive(t, usedMemory())
}
