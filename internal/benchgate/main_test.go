package main

import (
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
)

// printed is what go test prints, with a line for each of the results.
func printed(pkg string, results ...string) string {
	return "goos: linux\npkg: " + pkg + "\n" + strings.Join(results, "\n") + "\nPASS\nok  \t" + pkg + "\t1.2s\n"
}

// gate runs the command over two files.
func gate(t *testing.T, baseline, results string) (string, error) {
	t.Helper()
	dir := t.TempDir()
	paths := []string{filepath.Join(dir, "baseline.txt"), filepath.Join(dir, "bench.txt")}
	for i, content := range []string{baseline, results} {
		require.NoError(t, os.WriteFile(paths[i], []byte(content), 0o600))
	}
	var out strings.Builder
	err := run(paths, &out)
	return out.String(), err
}

func TestGate(t *testing.T) {
	const exact, batch = "BenchmarkA/size=16-2 100 5 ns/op ", "BenchmarkB/batch=1000-2 100 5 ns/op 3 ns/msg "
	const small = "BenchmarkC/batch=32-2 100 5 ns/op "
	for name, c := range map[string]struct {
		was, is string
		grown   bool
	}{
		"the same":                      {exact + "0 B/op 0 allocs/op", exact + "0 B/op 0 allocs/op", false},
		"fewer":                         {exact + "9 B/op 2 allocs/op", exact + "8 B/op 1 allocs/op", false},
		"one more":                      {exact + "0 B/op 0 allocs/op", exact + "8 B/op 1 allocs/op", true},
		"one more of few":               {exact + "9 B/op 9 allocs/op", exact + "9 B/op 10 allocs/op", true},
		"one more of many":              {exact + "9 B/op 100 allocs/op", exact + "9 B/op 101 allocs/op", false},
		"a few in a batch":              {batch + "0 B/op 0 allocs/op", batch + "9 B/op 20 allocs/op", false},
		"one more of a small batch":     {small + "0 B/op 3 allocs/op", small + "9 B/op 4 allocs/op", false},
		"three more of a small batch":   {small + "0 B/op 3 allocs/op", small + "9 B/op 6 allocs/op", true},
		"each tenth message of a batch": {batch + "0 B/op 0 allocs/op", batch + "9 B/op 100 allocs/op", true},
		"other processors":              {strings.Replace(exact, "-2 ", "-16 ", 1) + "0 B/op 0 allocs/op", exact + "8 B/op 1 allocs/op", true},
	} {
		t.Run(name, func(t *testing.T) {
			out, err := gate(t, printed("p", c.was), printed("p", c.is))
			if !c.grown {
				require.NoError(t, err)
				require.Contains(t, out, "none of 1 benchmarks")
				return
			}
			require.ErrorContains(t, err, "1 of 1 benchmarks allocate more")
			require.Contains(t, out, "p Benchmark")
		})
	}
}

// Of several results, one that is as good as the worst of the baseline will do.
func TestGate_SeveralResults(t *testing.T) {
	const a = "BenchmarkA 100 5 ns/op 0 B/op "
	_, err := gate(t, printed("p", a+"2 allocs/op", a+"3 allocs/op", a+"2 allocs/op"), printed("p", a+"5 allocs/op", a+"3 allocs/op"))
	require.NoError(t, err)
	_, err = gate(t, printed("p", a+"2 allocs/op", a+"3 allocs/op"), printed("p", a+"4 allocs/op", a+"5 allocs/op"))
	require.Error(t, err)
}

// A benchmark belongs to its package, and one that is new fails nothing.
func TestGate_OtherPackage(t *testing.T) {
	const a = "BenchmarkA 100 5 ns/op 0 B/op "
	out, err := gate(t, printed("p", a+"0 allocs/op"), printed("p", a+"0 allocs/op")+printed("q", a+"7 allocs/op"))
	require.NoError(t, err)
	require.Contains(t, out, "q BenchmarkA is not in the baseline")
}

func TestGate_Unreadable(t *testing.T) {
	const good = "BenchmarkA 100 5 ns/op 0 B/op 0 allocs/op"
	_, err := gate(t, printed("p", good), printed("p"))
	require.ErrorContains(t, err, "no benchmark in")
	_, err = gate(t, printed("p", good), printed("p", "BenchmarkA 100 5 ns/op 0 B/op many allocs/op"))
	require.ErrorContains(t, err, "BenchmarkA")
	require.ErrorContains(t, run([]string{"baseline.txt"}, nil), "usage")
	require.ErrorIs(t, run([]string{"missing.txt", "missing.txt"}, nil), os.ErrNotExist)
}
