//go:build !unix

package main

import "os"

// reloadSignals are none: this system has no signal for it.
func reloadSignals() []os.Signal { return nil }

// reopenSignals are none, either.
func reopenSignals() []os.Signal { return nil }
