package broker_test

import (
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/leveretmq/leveret/broker"
)

func requireChanged(t *testing.T, s *broker.AlarmState) {
	t.Helper()
	select {
	case <-s.Changed():
	default:
		require.Fail(t, "the state has not changed")
	}
}

func TestAlarmsTellWhatIsLow(t *testing.T) {
	const (
		memory    = broker.Resource("memory")
		low, well = true, false
	)
	alarms := broker.NewAlarms()
	quiet := alarms.State()
	require.Empty(t, quiet.Reason)

	alarms.Set(broker.Disk, low)
	requireChanged(t, quiet)
	require.Equal(t, "low on disk", alarms.State().Reason)

	one := alarms.State()
	alarms.Set(broker.Disk, low)
	require.Same(t, one, alarms.State(), "nothing new")

	alarms.Set(memory, low)
	require.Equal(t, "low on disk & memory", alarms.State().Reason)
	alarms.Set(broker.Disk, well)
	require.Equal(t, "low on memory", alarms.State().Reason)
	alarms.Set(memory, well)
	require.Empty(t, alarms.State().Reason)
	alarms.Set(memory, well)
	require.Empty(t, alarms.State().Reason)
}
