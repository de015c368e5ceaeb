package main

import (
	"fmt"
	"io"
	"os"
)

func main() {
	name, args := invoked(os.Args[0], os.Args[1:])
	if status, known := control(name, args, os.Stdin, os.Stdout, os.Stderr); known {
		os.Exit(status)
	}
	os.Exit(run(args, os.Stdout, os.Stderr))
}

// run is the whole program; its result is the exit status.
func run(args []string, stdout, stderr io.Writer) int {
	root := newCommand(stdout, stderr)
	root.SetArgs(spelling(root, args))
	err := root.Execute()
	if err == nil {
		return statusOK
	}
	fmt.Fprintln(stderr, "leveret: "+oneLine(err))
	return status(err)
}
