package main

import (
	"errors"
	"fmt"
	"math"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/leveretmq/leveret/broker"
	"github.com/leveretmq/leveret/configs"
	"github.com/leveretmq/leveret/persistence"
	"github.com/leveretmq/leveret/queue"
	"github.com/leveretmq/leveret/server"
)

func TestStatusOfTheDataDirectory(t *testing.T) {
	for want, err := range map[int]error{
		statusLocked:      persistence.ErrLocked,
		statusNotWritable: persistence.ErrNotWritable,
		statusNewerFormat: persistence.ErrNewerFormat,
		statusDiskFull:    persistence.ErrDiskFull,
		statusOther:       errors.New("something else"),
	} {
		require.Equal(t, want, storeStatus(fmt.Errorf("opening: %w", err)))
	}
}

func TestZeroMeansNoLimitAndNotTheDefault(t *testing.T) {
	config := configs.Default()
	config.FrameMax, config.ChannelMax, config.Heartbeat, config.RefusalDelay = 0, 0, 0, 0
	options := serverOptions(config)
	require.EqualValues(t, math.MaxInt32, options.FrameMax)
	require.EqualValues(t, math.MaxUint16, options.ChannelMax)
	require.Negative(t, options.Heartbeat)
	require.Negative(t, options.RefusalDelay)
}

func TestFullDiskHasItsOwnStatus(t *testing.T) {
	full := fmt.Errorf("closing: %w", persistence.ErrDiskFull)
	require.Equal(t, statusDiskFull, status(storageFailure(withDiskFull(full))))
	other := errors.New("something else")
	require.Equal(t, statusStorage, status(storageFailure(withDiskFull(other))))
	require.NoError(t, withDiskFull(nil))
}

func TestQueueTypesOfTheConfiguration(t *testing.T) {
	require.Equal(t, broker.QueueTypes{Default: queue.Classic}, queueTypes(configs.Default()))
	config := configs.Default()
	config.DefaultQueueType, config.RelaxedQueueTypes = configs.QueueQuorum, true
	config.DisabledQueueTypes = []string{configs.QueueClassic, configs.QueueStream}
	require.Equal(t, broker.QueueTypes{
		Default: queue.Quorum, Relaxed: true, Disabled: []queue.Type{queue.Classic, queue.Stream},
	}, queueTypes(config))
}

func TestStoreRaisesTheAlarm(t *testing.T) {
	config := configs.Default()
	alarms := broker.NewAlarms()
	options := storeOptions(config, nil, alarms, nil)
	require.Equal(t, config.DiskFreeLimit, options.Limits.DiskAlarm)
	require.Equal(t, config.DiskBallast, options.Ballast)
	const low, well = true, false
	options.DiskAlarm(low)
	require.Equal(t, "low on disk", alarms.State().Reason)
	options.DiskAlarm(well)
	require.Empty(t, alarms.State().Reason)
}

// Two packages name the same defaults, so that each can be used alone.
func TestDefaultsAgree(t *testing.T) {
	options := serverOptions(configs.Default())
	require.EqualValues(t, server.DefaultFrameMax, options.FrameMax)
	require.EqualValues(t, server.DefaultInitialFrameMax, options.InitialFrameMax)
	require.EqualValues(t, server.DefaultChannelMax, options.ChannelMax)
	require.Equal(t, server.DefaultHeartbeat, options.Heartbeat)
	require.Equal(t, server.DefaultHandshakeTimeout, options.HandshakeTimeout)
	require.Equal(t, server.DefaultRefusalDelay, options.RefusalDelay)
	require.EqualValues(t, server.DefaultMaxMessageSize, options.MaxMessageSize)
}
