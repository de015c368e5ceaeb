package queue

import (
	"math/rand/v2"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/leveretmq/leveret/amqp"
	"github.com/leveretmq/leveret/message"
)

func TestLevelSet_AgainstMap(t *testing.T) {
	rng := rand.New(rand.NewPCG(1, 2))
	var s levelSet
	want := make(map[uint8]bool)
	for range 10_000 {
		level := uint8(rng.IntN(256))
		if rng.IntN(2) == 0 {
			s.add(level)
			want[level] = true
		} else {
			s.remove(level)
			delete(want, level)
		}
		highest := -1
		for level := range want {
			highest = max(highest, int(level))
		}
		got, any := s.highest()
		require.Equal(t, highest >= 0, any)
		require.Equal(t, max(highest, 0), int(got))
	}
}

func TestLevelSet_Ends(t *testing.T) {
	for _, level := range []uint8{0, 63, 64, 127, 128, 191, 192, 255} {
		var s levelSet
		s.add(level)
		got, any := s.highest()
		require.True(t, any)
		require.Equal(t, level, got)
		s.remove(level)
		_, any = s.highest()
		require.False(t, any)
	}
}

// The messages of each priority come in their order, the highest priority first,
// whatever the number of priorities.
func TestLanes_StrictOrder(t *testing.T) {
	for _, levels := range []int{1, 2, 3, 10, 64, 65, 256} {
		l := newLanes(levels)
		rng := rand.New(rand.NewPCG(1, uint64(levels)))
		for seq := range uint64(2000) {
			level := uint8(rng.IntN(levels))
			l.of(level).push(Entry{Message: &message.Message{}, Seq: seq, level: level})
		}
		require.Equal(t, 2000, l.len())
		last := Entry{level: 255}
		for n := 2000; n > 0; n-- {
			require.Equal(t, n, l.len())
			lane, at := l.front()
			e := lane.pop(at)
			require.True(t, n == 2000 || e.level < last.level || e.level == last.level && e.Seq > last.Seq,
				"message %d of level %d comes behind message %d of level %d", e.Seq, e.level, last.Seq, last.level)
			last = e
		}
		_, at := l.front()
		require.Equal(t, nowhere, at)
	}
}

// Lanes that nobody uses cost nothing, and each visits the others downwards.
func TestLanes_AreMadeAsNeeded(t *testing.T) {
	l := newLanes(256)
	for _, level := range []uint8{7, 255, 0, 7, 64} {
		l.of(level).push(Entry{Message: &message.Message{}, level: level})
	}
	var seen []uint8
	l.each(func(r *ready) { seen = append(seen, r.level) })
	require.Equal(t, []uint8{255, 64, 7, 0}, seen)
	made := 0
	for _, lane := range l.apart.lanes {
		if lane != nil {
			made++
		}
	}
	require.Equal(t, 4, made)
	only := newLanes(1)
	require.Nil(t, only.apart)
}

func TestPriorities_Of(t *testing.T) {
	with := func(priority uint8) amqp.Properties {
		return amqp.PropertyList{Priority: priority, Present: amqp.FlagPriority}.Encode()
	}
	classic := &priorities{highest: 5}
	quorum := &priorities{highest: quorumHighest, usual: quorumUsual}
	for _, c := range []struct {
		of         *priorities
		properties amqp.Properties
		want       uint8
	}{
		{classic, nil, 0},
		{classic, with(0), 0},
		{classic, with(5), 5},
		{classic, with(6), 5},
		{classic, with(255), 5},
		{quorum, nil, 4},
		{quorum, with(0), 0},
		{quorum, with(31), 31},
		{quorum, with(32), 31},
	} {
		require.Equal(t, c.want, c.of.of(&message.Message{Properties: c.properties}))
	}
}
