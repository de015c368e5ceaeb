package persistence

import (
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/leveretmq/leveret/queue"
)

func TestWhatIsCommittedIsRecovered(t *testing.T) {
	s := openDir(t, t.TempDir())
	declare(t, s, 1, 2)
	commit(t, s, queue.Unit{Enqueue: []queue.Enqueue{
		enqueue(1, 1, text("a")), enqueue(1, 2, text("b")), enqueue(2, 1, text("c")),
	}})
	commit(t, s, queue.Unit{Enqueue: []queue.Enqueue{enqueue(1, 3, sized(20_000, 1))}})
	dir := snapshot(t, s)
	closeStore(t, s)

	for _, dir := range []string{dir, s.options.Dir} {
		s := openDir(t, dir)
		one := recovered(t, s, 1)
		require.Equal(t, []uint64{1, 2, 3}, seqs(one))
		require.Equal(t, []string{"a", "b", string(sized(20_000, 1).Body)}, bodies(one))
		require.Equal(t, text("a"), one[0].Message)
		require.Equal(t, []string{"c"}, bodies(recovered(t, s, 2)))
	}
}
