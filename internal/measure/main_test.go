package main

import (
	"os"
	"testing"
)

// TestMain makes the test's binary one that makes noise, as scenarios start
// themselves for that.
func TestMain(m *testing.M) {
	if len(os.Args) > 2 && os.Args[1] == "-scenario" && os.Args[2] == noiseName {
		main()
		return
	}
	os.Exit(m.Run())
}
