package main

import (
	"errors"
	"fmt"
	"slices"
	"strconv"
	"strings"

	"github.com/leveretmq/leveret/internal/bench"
	"github.com/leveretmq/leveret/internal/client"
)

// target is one broker to be compared.
type target struct {
	name, url string
	pids      []int                      // processes whose time counts; none finds them by the port
	title     string                     // in tables: the name, and what the broker says it is
	results   map[string][]bench.Summary // of each round, by test
}

func parseTarget(s string) (*target, error) {
	name, rest, ok := strings.Cut(s, "=")
	if !ok {
		return nil, errors.New("a broker is NAME=URL or NAME=URL,PID,PID")
	}
	parts := strings.Split(rest, ",")
	t := &target{name: name, url: parts[0]}
	for _, p := range parts[1:] {
		pid, err := strconv.Atoi(p)
		if err != nil {
			return nil, fmt.Errorf("the process number of %s: %w", name, err)
		}
		t.pids = append(t.pids, pid)
	}
	return t, nil
}

// introduce asks the broker for its version, unless the title is known: not
// every broker tells the truth, as clients look at it.
func (t *target) introduce() error {
	t.results = map[string][]bench.Summary{}
	return client.Once(t.url, func(c *client.Client) error {
		if t.title == "" {
			t.title = title(t.name, c.Server())
		}
		return nil
	})
}

// title is the name and the version of a broker, in one.
func title(name, server string) string {
	switch {
	case server == "":
		return name
	case strings.HasPrefix(strings.ToLower(server), strings.ToLower(name)):
		return server
	}
	return name + " (" + server + ")"
}

// span is the middle, the lowest and the highest of some figures.
type span struct{ median, lowest, highest float64 }

func spanOf(figures []float64) span {
	return span{median(figures), slices.Min(figures), slices.Max(figures)}
}

// figures are one figure of all rounds of a test.
func (t *target) figures(test string, of func(bench.Summary) float64) (list []float64) {
	for _, s := range t.results[test] {
		list = append(list, of(s))
	}
	return list
}

// ratios are the rates of each round over those of another broker in the same
// round.
func (t *target) ratios(test string, base *target) (list []float64) {
	for round, s := range t.results[test] {
		list = append(list, received(s)/received(base.results[test][round]))
	}
	return list
}

func received(s bench.Summary) float64 { return s.Received }

func median(list []float64) float64 {
	sorted := slices.Sorted(slices.Values(list))
	return sorted[len(sorted)/2]
}
