package bench

import "time"

// coarse is how late a timer of the runtime may be: it waits for the network,
// too, which knows milliseconds. Shorter pauses are left to the system.
const coarse = 2 * time.Millisecond

// pause waits, unless the test ends before. It says whether the test goes on.
func (r *run) pause(d time.Duration) bool {
	if d > coarse {
		timer := time.NewTimer(d - coarse)
		defer timer.Stop()
		until := time.Now().Add(d)
		select {
		case <-r.done:
			return false
		case <-timer.C:
		}
		d = time.Until(until)
	}
	if d > 0 {
		sleepExactly(d)
	}
	return !r.stopped()
}
