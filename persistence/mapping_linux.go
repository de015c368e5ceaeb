package persistence

import (
	"bufio"
	"bytes"
	"os"
	"path/filepath"
	"strconv"
	"strings"

	"golang.org/x/sys/unix"
)

// advisor tells the kernel that Badger's memory mappings are not read ahead.
// Since Linux 6.16 a page fault on ext4 creates folios of hundreds of KB in
// these sparse files, and each sync writes the whole folio again: 24 octets per
// octet with 64 publishers, 1.25 with the advice. MADV_RANDOM never changes
// data, so a mapping that has gone meanwhile does no harm.
type advisor struct {
	dir  string
	seen map[string]bool // by line of the map without its counters
}

func newAdvisor(dir string) advisor {
	if abs, err := filepath.Abs(dir); err == nil {
		dir = abs
	}
	return advisor{dir: dir + string(filepath.Separator), seen: map[string]bool{}}
}

// look advises on the mappings that have come since the last look. It is an
// optimisation: where it fails nothing is lost, so it reports nothing.
func (a *advisor) look() {
	maps, err := os.ReadFile("/proc/self/maps")
	if err != nil {
		return
	}
	seen := make(map[string]bool, len(a.seen))
	lines := bufio.NewScanner(bytes.NewReader(maps))
	for lines.Scan() {
		line := lines.Text()
		path := strings.IndexByte(line, '/')
		if path < 0 || !strings.HasPrefix(line[path:], a.dir) {
			continue
		}
		if !strings.HasSuffix(line, ".mem") && !strings.HasSuffix(line, ".vlog") {
			continue
		}
		seen[line] = true
		if !a.seen[line] {
			adviseRandom(line)
		}
	}
	a.seen = seen
}

// adviseRandom advises on the mapping of one line, which begins with its
// limits: "7f0000000000-7f0008000000 rw-s ...".
func adviseRandom(line string) {
	limits, _, _ := strings.Cut(line, " ")
	from, to, _ := strings.Cut(limits, "-")
	start, err := strconv.ParseUint(from, 16, 64)
	if err != nil {
		return
	}
	end, err := strconv.ParseUint(to, 16, 64)
	if err != nil || end <= start {
		return
	}
	_, _, _ = unix.Syscall(unix.SYS_MADVISE, uintptr(start), uintptr(end-start), unix.MADV_RANDOM)
}
