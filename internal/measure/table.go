package main

import (
	"fmt"
	"os"
	"runtime"
	"strings"

	"github.com/leveretmq/leveret/internal/bench"
)

// marks are the lines between which a page gets what a target of make writes.
func marks(target string) (begin, end string) {
	return fmt.Sprintf("<!-- %s: what follows is written by make %s -->", target, target), fmt.Sprintf("<!-- /%s -->", target)
}

// table shows medians of all rounds, with the lowest and the highest.
func (c *comparison) table(cases []bench.Case) string {
	base := c.targets[len(c.targets)-1]
	var text strings.Builder
	fmt.Fprintf(&text, "%d rounds of %s each after %s of warm-up, in turns, on %d cores; ratios are to %s in the same round.\n\n",
		c.rounds, c.time, c.warmUp, runtime.NumCPU(), base.title)
	text.WriteString("| test | broker | messages/s received, median (lowest..highest) | ratio | CPU µs a message | cores | p50 / p99 µs | resident MB |\n" +
		"|---|---|---|---|---|---|---|---|\n")
	for _, one := range cases {
		for i, t := range c.order(0, one.Name) {
			about := ""
			if i == 0 {
				about = one.About
			}
			fmt.Fprintf(&text, "| %s | %s | %s |\n", about, t.title, strings.Join(t.row(one.Name, base), " | "))
		}
	}
	return text.String()
}

// row is the figures of a broker in one test.
func (t *target) row(test string, base *target) []string {
	rate, ratio := spanOf(t.figures(test, received)), spanOf(t.ratios(test, base))
	middle := func(of func(bench.Summary) float64) float64 { return median(t.figures(test, of)) }
	return []string{
		fmt.Sprintf("%s (%s..%s)", thousands(rate.median), thousands(rate.lowest), thousands(rate.highest)),
		fmt.Sprintf("**%.2f** (%.2f..%.2f)", ratio.median, ratio.lowest, ratio.highest),
		fmt.Sprintf("%.2f", middle(func(s bench.Summary) float64 { return s.Cost })),
		fmt.Sprintf("%.2f", middle(func(s bench.Summary) float64 { return s.Broker.Cores })),
		fmt.Sprintf("%.0f / %.0f", middle(func(s bench.Summary) float64 { return float64(s.Consumer.Median) }),
			middle(func(s bench.Summary) float64 { return float64(s.Consumer.P99) })),
		fmt.Sprintf("%.0f", middle(func(s bench.Summary) float64 { return float64(s.Broker.Resident) / 1e6 })),
	}
}

// thousands prints a whole number with commas.
func thousands(n float64) string {
	digits := fmt.Sprintf("%.0f", n)
	for at := len(digits) - 3; at > 0; at -= 3 {
		digits = digits[:at] + "," + digits[at:]
	}
	return digits
}

// writeBetweenMarks replaces what a file has between the marks of a target.
func writeBetweenMarks(path, target, text string) error {
	content, err := os.ReadFile(path)
	if err != nil {
		return err
	}
	begin, end := marks(target)
	before, rest, found := strings.Cut(string(content), begin)
	_, after, ended := strings.Cut(rest, end)
	if !found || !ended {
		return fmt.Errorf("%s has no marks %s and %s", path, begin, end)
	}
	return os.WriteFile(path, []byte(before+begin+"\n\n"+text+"\n"+end+after), 0o600)
}
