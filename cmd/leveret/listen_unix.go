//go:build !windows

package main

import "syscall"

// errAddressInUse is what the system says when a port is taken.
const errAddressInUse = syscall.EADDRINUSE
