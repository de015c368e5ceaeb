package bench

import (
	"testing"
	"time"

	"github.com/stretchr/testify/require"
)

func TestLatenciesOfAllShards(t *testing.T) {
	l := newLatencies()
	for i := range 100 {
		latency := int64(i+1) * int64(time.Microsecond)
		l.shard(i).record([]spell{{latency, 10}})
	}
	got := l.take()
	require.Equal(t, Latency{Count: 1000, Min: 1, Median: 50, P75: 75, P95: 95, P99: 99, P999: 100, Max: 100}, got)
	require.Zero(t, l.take())
	require.Equal(t, got, describe(l.total))
	l.forget()
	require.Zero(t, describe(l.total))
}

func TestLatenciesThatNoClockHasMeasured(t *testing.T) {
	l := newLatencies()
	l.shard(0).record([]spell{{-5, 1}, {longest, 1}, {-longest, 1}, {int64(time.Minute), 1}})
	got := l.take()
	require.EqualValues(t, 2, got.Count)
	require.Zero(t, got.Min, "clocks of two machines")
	require.InEpsilon(t, time.Minute.Microseconds(), got.Max, 0.001)
}

func TestExtendJoinsWhatIsEqual(t *testing.T) {
	var spells []spell
	for _, latency := range []int64{3, 3, 4, 3} {
		spells = extend(spells, latency)
	}
	require.Equal(t, []spell{{3, 2}, {4, 1}, {3, 1}}, spells)
}
