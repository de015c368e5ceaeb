package main

import (
	"bufio"
	"cmp"
	"fmt"
	"io"
	"maps"
	"regexp"
	"slices"
	"strconv"
	"strings"
)

// extent is the least and the most that a benchmark allocates, as a number of
// allocations per operation.
type extent struct{ least, most float64 }

// parse collects the results of each benchmark, by package and name.
func parse(r io.Reader) (map[string]extent, error) {
	results := make(map[string]extent)
	lines, pkg := bufio.NewScanner(r), ""
	for lines.Scan() {
		if name, ok := strings.CutPrefix(lines.Text(), "pkg: "); ok {
			pkg = name
		}
		fields := strings.Fields(lines.Text())
		unit := slices.Index(fields, "allocs/op")
		if unit < 3 || !strings.HasPrefix(fields[0], "Benchmark") {
			continue
		}
		n, err := strconv.ParseFloat(fields[unit-1], 64)
		if err != nil {
			return nil, fmt.Errorf("%s: %w", fields[0], err)
		}
		key := pkg + " " + withoutProcessors(fields[0])
		e, ok := results[key]
		if !ok {
			e = extent{least: n, most: n}
		}
		results[key] = extent{least: min(e.least, n), most: max(e.most, n)}
	}
	return results, lines.Err()
}

// withoutProcessors drops the number of processors that the name ends with,
// unless it is one.
func withoutProcessors(name string) string {
	return regexp.MustCompile(`-\d+$`).ReplaceAllString(name, "")
}

// growth is a benchmark that allocates more than it should.
type growth struct {
	name           string
	was, is, bound float64
}

func (g growth) String() string {
	return fmt.Sprintf("%s: %.0f allocations, were %.0f, at most %.0f are tolerated", g.name, g.is, g.was, g.bound)
}

// comparison is what two sets of results say.
type comparison struct {
	both    int // benchmarks that are in both
	grown   []growth
	unknown []string // benchmarks that have no baseline
}

func compare(baseline, results map[string]extent) (c comparison) {
	for _, name := range slices.SortedFunc(maps.Keys(results), cmp.Compare) {
		was, ok := baseline[name]
		if !ok {
			c.unknown = append(c.unknown, name)
			continue
		}
		c.both++
		if bound := tolerated(name, was.most); results[name].least > bound {
			c.grown = append(c.grown, growth{name: name, was: was.most, is: results[name].least, bound: bound})
		}
	}
	return c
}

// perMessage is how many allocations more are tolerated for each message of a
// batch, beside one for the whole: what is allocated once, at the beginning, counts
// for more in a run of fewer operations than the baseline's.
const perMessage = 0.02

// tolerated is how many allocations an operation of the benchmark may have.
func tolerated(name string, was float64) float64 {
	bound := was + was/10
	if found := regexp.MustCompile(`/batch=(\d+)`).FindStringSubmatch(name); found != nil {
		if messages, err := strconv.Atoi(found[1]); err == nil && messages > 1 {
			bound += 1 + perMessage*float64(messages)
		}
	}
	return bound
}
