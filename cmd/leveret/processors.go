package main

import (
	"os"
	"runtime"
)

// spareProcessors is how many threads may run Go code at once beyond one for each
// processor. When all of them are busy with what floods the broker, nobody looks at
// the other sockets for up to 10 ms; with these somebody waits for them all the time,
// and the system's scheduler shares the processors out.
const spareProcessors = 2

// shareProcessors makes room for that, unless the environment says how many.
func shareProcessors() {
	if os.Getenv("GOMAXPROCS") == "" {
		runtime.GOMAXPROCS(runtime.GOMAXPROCS(0) + spareProcessors)
	}
}
