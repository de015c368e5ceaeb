package main

import (
	"errors"
	"fmt"
	"io"
	"os"
)

func main() {
	if err := run(os.Args[1:], os.Stdout); err != nil {
		fmt.Fprintln(os.Stderr, "benchgate:", err)
		os.Exit(1)
	}
}

// run compares the results of two files.
func run(paths []string, out io.Writer) error {
	if len(paths) != 2 {
		return errors.New("usage: benchgate BASELINE RESULTS")
	}
	baseline, err := read(paths[0])
	if err != nil {
		return err
	}
	results, err := read(paths[1])
	if err != nil {
		return err
	}
	compared := compare(baseline, results)
	for _, g := range compared.grown {
		fmt.Fprintln(out, g)
	}
	for _, name := range compared.unknown {
		fmt.Fprintf(out, "%s is not in the baseline: make bench-baseline adds it\n", name)
	}
	if n := len(compared.grown); n > 0 {
		return fmt.Errorf("%d of %d benchmarks allocate more than in %s", n, compared.both, paths[0])
	}
	fmt.Fprintf(out, "none of %d benchmarks allocates more than in %s\n", compared.both, paths[0])
	return nil
}

// read reads the results in a file.
func read(path string) (map[string]extent, error) {
	f, err := os.Open(path)
	if err != nil {
		return nil, err
	}
	defer f.Close()
	results, err := parse(f)
	if err != nil {
		return nil, fmt.Errorf("reading %s: %w", path, err)
	}
	if len(results) == 0 {
		return nil, fmt.Errorf("no benchmark in %s has allocs/op", path)
	}
	return results, nil
}
