package process

import (
	"bytes"
	"fmt"
	"os"
	"strconv"
	"time"
)

// tick is the unit of processor time in /proc on Linux.
const tick = time.Second / 100

// CPU is the processor time, user and system, that the processes have used so
// far, in steps of 10 ms.
func CPU(pids ...int) (sum time.Duration) {
	for _, pid := range pids {
		stat, err := os.ReadFile(fmt.Sprintf("/proc/%d/stat", pid))
		if err != nil {
			continue
		}
		// The name of the program, in parentheses, may have anything in it.
		fields := bytes.Fields(stat[bytes.LastIndexByte(stat, ')')+1:])
		if len(fields) < 13 {
			continue
		}
		for _, field := range fields[11:13] {
			ticks, err := strconv.ParseInt(string(field), 10, 64)
			if err == nil {
				sum += time.Duration(ticks) * tick
			}
		}
	}
	return sum
}
