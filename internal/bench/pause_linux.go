package bench

import (
	"syscall"
	"time"
)

// sleepExactly sleeps to within some microseconds, on a thread of its own.
func sleepExactly(d time.Duration) {
	// The system may be 50 us late to wake several threads at once, unless it
	// is told otherwise. If it refuses, it is late.
	_, _, _ = syscall.RawSyscall(syscall.SYS_PRCTL, syscall.PR_SET_TIMERSLACK, uintptr(1), 0)
	pause := syscall.NsecToTimespec(d.Nanoseconds())
	// A signal ends it early, and the caller looks at the clock anyway.
	_ = syscall.Nanosleep(&pause, nil)
}
