//go:build unix

package main

import (
	"os"
	"syscall"
)

// reloadSignals ask a process to look at its files again.
func reloadSignals() []os.Signal { return []os.Signal{syscall.SIGHUP} }

// reopenSignals ask it to open its log files anew.
func reopenSignals() []os.Signal { return []os.Signal{syscall.SIGHUP, syscall.SIGUSR1} }
