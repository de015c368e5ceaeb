package persistence

import (
	"bytes"
	"errors"
	"fmt"
	"io/fs"
	"math/rand/v2"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/leveretmq/leveret/queue"
)

// mapped is what the kernel tells of one of Badger's memory maps.
type mapped struct {
	file     string
	random   bool // is not read ahead: "rr" in VmFlags
	resident int  // in octets
}

// mappedFiles returns the maps of Badger's logs below a directory.
func mappedFiles(t *testing.T, dir string) []mapped {
	smaps, err := os.ReadFile("/proc/self/smaps")
	require.NoError(t, err)
	var list []mapped
	ours := false
	for line := range strings.Lines(string(smaps)) {
		line = strings.TrimSpace(line)
		switch {
		case strings.Contains(line, dir):
			ours = strings.HasSuffix(line, ".mem") || strings.HasSuffix(line, ".vlog")
			if ours {
				list = append(list, mapped{file: filepath.Base(line)})
			}
		case ours && strings.HasPrefix(line, "Rss:"):
			kb, err := strconv.Atoi(strings.Fields(line)[1])
			require.NoError(t, err)
			list[len(list)-1].resident = kb << 10
		case ours && strings.HasPrefix(line, "VmFlags:"):
			list[len(list)-1].random = strings.Contains(line, " rr")
			ours = false
		}
	}
	return list
}

// unadvised describes the maps that are not as they should be, if any: the
// newest file of the value log and all memtables are not read ahead, all other
// files of the value log are.
func unadvised(list []mapped) string {
	newest := ""
	for _, m := range list {
		if strings.HasSuffix(m.file, ".vlog") {
			newest = max(newest, m.file)
		}
	}
	var wrong []string
	for _, m := range list {
		written := m.file == newest || strings.HasSuffix(m.file, ".mem")
		if m.random != written {
			wrong = append(wrong, fmt.Sprintf("%+v", m))
		}
	}
	return strings.Join(wrong, ", ")
}

func residentOctetsOf(list []mapped) (octets int) {
	for _, m := range list {
		octets += m.resident
	}
	return octets
}

func TestMappingsAreAdvised(t *testing.T) {
	s := openDir(t, t.TempDir())
	require.GreaterOrEqual(t, len(mappedFiles(t, s.options.Dir)), 2)
	declare(t, s, 1)
	for seq := range uint64(5) {
		commit(t, s, queue.Unit{Enqueue: []queue.Enqueue{enqueue(1, seq, sized(minValueLogFile/2+1, 1))}})
	}
	require.Eventually(t, func() bool {
		list := mappedFiles(t, s.options.Dir)
		return len(list) >= 4 && unadvised(list) == ""
	}, 10*time.Second, 10*time.Millisecond)
}

// What was written and read leaves the resident set, and stays what it was.
func TestMappingsLeaveTheResidentSet(t *testing.T) {
	s := openDir(t, t.TempDir())
	declare(t, s, 1)
	const messages = 400
	for seq := range uint64(messages) {
		commit(t, s, queue.Unit{Enqueue: []queue.Enqueue{enqueue(1, seq, sized(separateBodyOctets-1024, int(seq)))}})
	}
	small := func() bool { return residentOctetsOf(mappedFiles(t, s.options.Dir)) < 2*residentOctets }
	require.Eventually(t, small, 10*time.Second, 10*time.Millisecond)
	for range 2 {
		require.Len(t, readAll(t, s), messages)
		require.Eventually(t, small, 10*time.Second, 10*time.Millisecond)
	}
}

// Files come and go, values are read and the heap grows while pages are
// dropped: a drop outside of a file would destroy what is on the heap.
func TestMappingsAreDroppedBesideCollections(t *testing.T) {
	o := quietOptions(t.TempDir())
	o.Limits.ReclaimIdleOctets, o.Limits.ReclaimIdle = 1, 20*time.Millisecond
	s := openWith(t, o)
	declare(t, s, 1)
	stop := make(chan struct{})
	var all sync.WaitGroup
	all.Go(func() {
		for {
			select {
			case <-stop:
				return
			default:
				s.mappings.read(residentOctets)
			}
		}
	})
	all.Go(func() { growAndCheck(t, stop) })
	const size = separateBodyOctets - 1024
	const n = 800
	var dead queue.Unit
	for seq := range uint64(n) {
		commit(t, s, queue.Unit{Enqueue: []queue.Enqueue{enqueue(1, seq, sized(size, int(seq)))}})
		if seq%8 != 0 {
			dead.Ack = append(dead.Ack, ack(1, seq))
		}
	}
	// Garbage is made by the last commit, for the reason that TestSpaceIsReclaimed
	// tells.
	commit(t, s, dead)
	first := filepath.Join(s.options.Dir, storeDir, "000001.vlog")
	require.Eventually(t, func() bool {
		_, err := os.Stat(first)
		return errors.Is(err, fs.ErrNotExist)
	}, 10*time.Second, 10*time.Millisecond)
	close(stop)
	all.Wait()
	require.Len(t, readAll(t, s), n/8)
}

// readAll reads the values of all blocks that queues have of their own, whose
// checksum and key tell that they are what was written, and returns their keys.
func readAll(t testing.TB, s *Store) [][]byte {
	live, _ := keys(t, s, prefixBlock)
	for _, key := range live {
		_, _, err := s.readValue(key)
		require.NoError(t, err)
	}
	return live
}

// growAndCheck allocates and frees large pieces of the heap, and compares what
// they hold.
func growAndCheck(t *testing.T, stop <-chan struct{}) {
	pieces := make([][]byte, 16)
	for n := 1; ; n++ {
		select {
		case <-stop:
			return
		default:
		}
		i := rand.IntN(len(pieces))
		if p := pieces[i]; p != nil && !bytes.Equal(p, bytes.Repeat(p[:1], len(p))) {
			t.Error("the heap was changed")
			return
		}
		pieces[i] = bytes.Repeat([]byte{byte(1 + n%255)}, 1<<20+rand.IntN(4<<20))
	}
}
