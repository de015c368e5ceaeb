package audience_test

import (
	"context"
	"sync"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/leveretmq/leveret/internal/audience"
)

func all(n int) (kept, octets int, wanted bool) { return n, 1, true }

func next(t *testing.T, s *audience.Seat[int]) int {
	t.Helper()
	n, ok := s.Next(t.Context())
	require.True(t, ok)
	return n
}

func TestAudience_TellsWhoLooks(t *testing.T) {
	var a audience.Audience[int]
	require.True(t, a.Empty())
	a.Tell(1) // nobody's
	first := a.Join(all)
	even := a.Join(func(n int) (int, int, bool) { return 10 * n, 1, n%2 == 0 })
	require.False(t, a.Empty())
	a.Tell(2)
	a.Tell(3)
	first.Leave()
	first.Leave()
	a.Tell(4)
	require.Equal(t, []int{2, 3}, []int{next(t, first), next(t, first)})
	require.Equal(t, []int{20, 40}, []int{next(t, even), next(t, even)})
	require.Zero(t, first.Waiting()+even.Waiting())
	even.Leave()
	require.True(t, a.Empty())

	ended, cancel := context.WithCancel(t.Context())
	cancel()
	_, ok := even.Next(ended)
	require.False(t, ok)
}

// Who does not look loses what comes, and learns how much; there is room again for what
// comes after it has looked.
func TestAudience_SlowReadersLose(t *testing.T) {
	for name, c := range map[string]struct{ octets, room int }{
		"many items": {1, 4096}, "heavy items": {1 << 20, 8},
	} {
		t.Run(name, func(t *testing.T) {
			var a audience.Audience[int]
			s := a.Join(func(n int) (int, int, bool) { return n, c.octets, true })
			for n := range c.room + 3 {
				a.Tell(n)
			}
			require.Equal(t, int64(3), s.Lost())
			require.Equal(t, c.room, s.Waiting())
			require.Zero(t, next(t, s))
			a.Tell(-1)
			require.Equal(t, int64(3), s.Lost())
			for range c.room - 1 {
				require.NotEqual(t, -1, next(t, s))
			}
			require.Equal(t, -1, next(t, s))
		})
	}
}

func TestAudience_ManyAtOnce(t *testing.T) {
	var a audience.Audience[int]
	var wait sync.WaitGroup
	for range 4 {
		wait.Go(func() {
			for n := range 1000 {
				a.Tell(n)
			}
		})
		wait.Go(func() {
			for range 100 {
				s := a.Join(all)
				a.Tell(1)
				_, ok := s.Next(t.Context())
				s.Leave()
				require.True(t, ok)
			}
		})
	}
	wait.Wait()
	require.True(t, a.Empty())
}
