package persistence

import (
	"os"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/leveretmq/leveret/queue"
)

// advised counts Badger's mappings below a directory, and those among them that
// the kernel does not read ahead ("rr" in VmFlags).
func advised(t *testing.T, dir string) (mappings, random int) {
	smaps, err := os.ReadFile("/proc/self/smaps")
	require.NoError(t, err)
	ours := false
	for line := range strings.Lines(string(smaps)) {
		line = strings.TrimSpace(line)
		switch {
		case strings.Contains(line, dir):
			ours = strings.HasSuffix(line, ".mem") || strings.HasSuffix(line, ".vlog")
			if ours {
				mappings++
			}
		case ours && strings.HasPrefix(line, "VmFlags:"):
			if strings.Contains(line, " rr") {
				random++
			}
			ours = false
		}
	}
	return mappings, random
}

func TestMappingsAreAdvised(t *testing.T) {
	s := openDir(t, t.TempDir())
	mappings, random := advised(t, s.options.Dir)
	require.Equal(t, mappings, random)
	require.GreaterOrEqual(t, mappings, 2)
	declare(t, s, 1)
	// Enough for a second file of the value log.
	for seq := range uint64(3) {
		commit(t, s, queue.Unit{Enqueue: []queue.Enqueue{enqueue(1, seq, sized(minValueLogFile/2+1, 1))}})
	}
	require.Eventually(t, func() bool {
		now, random := advised(t, s.options.Dir)
		return now > mappings && now == random
	}, 10*time.Second, time.Millisecond)
}
