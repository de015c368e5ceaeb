package main

import (
	"fmt"
	"io"
	"os"
)

func main() { os.Exit(run(os.Args[1:], os.Stdout, os.Stderr)) }

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
