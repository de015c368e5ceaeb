package conformance

import (
	"fmt"
	"io"
	"os"
	"os/exec"
	"regexp"
	"slices"
	"strings"
	"sync"
	"testing"
)

// groups in the order of the scorecard.
var groups = [...]string{"connection", "channel", "exchange", "queue", "basic", "confirm", "tx", "framing", "http"}

type outcome int

const (
	passed outcome = iota
	failed
	skipped
	differs
	outcomes
)

// scorecard collects the outcome of every rule of a run.
type scorecard struct {
	mu          sync.Mutex
	entries     map[string]entry // by test name; guarded by mu
	differences []string         // guarded by mu
}

type entry struct {
	group   string
	outcome outcome
}

// rule is the first line of every test. It enters the test under an AMQP group into
// the scorecard, runs top-level tests in parallel, and treats a test of the table
// of differences as such.
func rule(t *testing.T, group string) {
	t.Helper()
	if !slices.Contains(groups[:], group) {
		t.Fatalf("unknown group %q", group)
	}
	known := false
	t.Cleanup(func() { suite.score.enter(t, group, known) })
	if !strings.Contains(t.Name(), "/") {
		t.Parallel()
	}
	reason, listed := knownDifference(t.Name(), suite.broker)
	if !listed || os.Getenv(isolatedVariable) != "" {
		return
	}
	requireStillDiffers(t)
	known = true
	suite.score.addDifference(t.Name() + ": " + reason)
	t.SkipNow()
}

// requireStillDiffers runs the test in a process of its own, because a test that has
// failed stays failed, and complains when the table excuses what works by now.
func requireStillDiffers(t *testing.T) {
	t.Helper()
	parts := strings.Split(t.Name(), "/")
	for i, p := range parts {
		parts[i] = "^" + regexp.QuoteMeta(p) + "$"
	}
	child := exec.Command(os.Args[0], "-test.run="+strings.Join(parts, "/"))
	child.Env = append(os.Environ(), urlVariable+"="+suite.url, httpVariable+"="+suite.http, isolatedVariable+"=1")
	if out, err := child.CombinedOutput(); err == nil {
		t.Fatalf("listed as a known difference of %s, but it passes:\n%s", suite.broker, out)
	}
}

func (s *scorecard) enter(t *testing.T, group string, known bool) {
	result := passed
	switch {
	case known:
		result = differs
	case t.Failed():
		result = failed
	case t.Skipped():
		result = skipped
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.entries == nil {
		s.entries = make(map[string]entry)
	}
	s.entries[t.Name()] = entry{group, result}
}

func (s *scorecard) addDifference(line string) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.differences = append(s.differences, line)
}

// print writes the table. A test whose subtests are entered does not count itself,
// unless it failed by itself.
func (s *scorecard) print(w io.Writer, broker string) {
	s.mu.Lock()
	defer s.mu.Unlock()
	parents, failures := s.parents()
	counts := make(map[string][outcomes]int)
	var total [outcomes]int
	for name, e := range s.entries {
		if parents[name] && (e.outcome != failed || failures[name]) {
			continue
		}
		row := counts[e.group]
		row[e.outcome]++
		counts[e.group] = row
		total[e.outcome]++
	}
	fmt.Fprintf(w, "\nConformance of %s\n", broker)
	fmt.Fprintf(w, "%-12s %8s %8s %8s %8s\n", "group", "passed", "failed", "skipped", "differs")
	for _, g := range groups {
		printRow(w, g, counts[g])
	}
	printRow(w, "total", total)
	if len(s.differences) > 0 {
		slices.Sort(s.differences)
		fmt.Fprintf(w, "\nKnown differences:\n  %s\n", strings.Join(s.differences, "\n  "))
	}
	fmt.Fprintln(w)
}

// parents are the tests that have subtests of their own in the scorecard, and those
// of them of which a subtest failed. The caller holds mu.
func (s *scorecard) parents() (all, withFailure map[string]bool) {
	all, withFailure = make(map[string]bool), make(map[string]bool)
	for name, e := range s.entries {
		for i := strings.LastIndexByte(name, '/'); i >= 0; i = strings.LastIndexByte(name, '/') {
			name = name[:i]
			all[name] = true
			withFailure[name] = withFailure[name] || e.outcome == failed
		}
	}
	return all, withFailure
}

func printRow(w io.Writer, name string, n [outcomes]int) {
	fmt.Fprintf(w, "%-12s %8d %8d %8d %8d\n", name, n[passed], n[failed], n[skipped], n[differs])
}
