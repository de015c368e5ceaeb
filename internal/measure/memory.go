package main

import (
	"bytes"
	"fmt"
	"os"
	"strconv"
	"time"
)

// memory is what a process has in memory, in octets: all of it, with the pages
// of files that it maps, and the part that is not backed by a file.
type memory struct{ resident, anonymous int64 }

func (m memory) String() string {
	return fmt.Sprintf("%s resident (VmRSS), %s anonymous (RssAnon)", octets(m.resident), octets(m.anonymous))
}

// memoryOf reads the memory of a process. It is zero where the system does not
// tell.
func memoryOf(pid int) memory {
	status, err := os.ReadFile(fmt.Sprintf("/proc/%d/status", pid))
	if err != nil {
		return memory{}
	}
	var m memory
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
			m.resident = n << 10
		case "RssAnon:":
			m.anonymous = n << 10
		}
	}
	return m
}

// memoryWatch samples the memory of a process.
type memoryWatch struct {
	stop    chan struct{}
	maximum chan memory
}

const memoryInterval = 50 * time.Millisecond

func watchMemory(pid int) *memoryWatch {
	w := &memoryWatch{stop: make(chan struct{}), maximum: make(chan memory)}
	go func() {
		ticks := time.NewTicker(memoryInterval)
		defer ticks.Stop()
		var most memory
		for {
			now := memoryOf(pid)
			most.resident = max(most.resident, now.resident)
			most.anonymous = max(most.anonymous, now.anonymous)
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

// end returns the highest of all samples.
func (w *memoryWatch) end() memory {
	close(w.stop)
	return <-w.maximum
}

// octets prints a number of octets in MiB.
func octets(n int64) string { return fmt.Sprintf("%.1f MiB", float64(n)/(1<<20)) }
