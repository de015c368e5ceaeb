package main

import "golang.org/x/sys/windows"

// errAddressInUse is what the system says when a port is taken; the constant
// of package syscall is not what Windows returns.
const errAddressInUse = windows.WSAEADDRINUSE
