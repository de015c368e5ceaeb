package process

import (
	"bytes"
	"fmt"
	"os"
	"strconv"
	"time"
)

// Memory is what a process has in memory, in octets: all of it, with the pages
// of files that it maps, and the part that is not backed by a file.
type Memory struct{ Resident, Anonymous int64 }

func (m Memory) String() string {
	return fmt.Sprintf("%s resident (VmRSS), %s anonymous (RssAnon)", MiB(m.Resident), MiB(m.Anonymous))
}

// MemoryOf reads the memory of a process. It is zero where the system does not
// tell.
func MemoryOf(pid int) Memory {
	status, err := os.ReadFile(fmt.Sprintf("/proc/%d/status", pid))
	if err != nil {
		return Memory{}
	}
	var m Memory
	for line := range bytes.Lines(status) {
		fields := bytes.Fields(line)
		if len(fields) < 2 {
			continue
		}
		n, err := strconv.ParseInt(string(fields[1]), 10, 64)
		if err != nil {
			continue
		}
		switch string(fields[0]) {
		case "VmRSS:":
			m.Resident = n << 10
		case "RssAnon:":
			m.Anonymous = n << 10
		}
	}
	return m
}

// Watch samples the memory of a process until End.
type Watch struct {
	stop    chan struct{}
	maximum chan Memory
}

const watchInterval = 50 * time.Millisecond

// WatchMemory starts a watch, 20 samples a second.
func WatchMemory(pid int) *Watch {
	w := &Watch{stop: make(chan struct{}), maximum: make(chan Memory)}
	go func() {
		ticks := time.NewTicker(watchInterval)
		defer ticks.Stop()
		var most Memory
		for {
			now := MemoryOf(pid)
			most.Resident = max(most.Resident, now.Resident)
			most.Anonymous = max(most.Anonymous, now.Anonymous)
			select {
			case <-ticks.C:
			case <-w.stop:
				w.maximum <- most
				return
			}
		}
	}()
	return w
}

// End ends the watch and returns the highest of all samples. It must be called
// once.
func (w *Watch) End() Memory {
	close(w.stop)
	return <-w.maximum
}

// MiB prints a number of octets.
func MiB(n int64) string { return fmt.Sprintf("%.1f MiB", float64(n)/(1<<20)) }
