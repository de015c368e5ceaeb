package main

import (
	"fmt"
	"io"
	"os"
	"path/filepath"
	"runtime"
	"slices"
	"strings"
	"time"

	"github.com/leveretmq/leveret/internal/chart"
)

// scale measures what Leveret costs when there is very much of something. Each
// figure comes from a broker of its own.
type scale struct {
	settings
	rounds      int           // 0 is what fits
	time        time.Duration // of a test; 0 is what fits
	only, write string
	most        int // of what is counted; 0 is all there are
}

// section is one part of the result.
type section struct {
	name    string // as a scenario
	title   string
	measure func(*scale) (report, error)
}

func sections() []section {
	return []section{
		{"start", "Start", (*scale).measureStarts},
		{"idle", "Nothing to do", (*scale).measureIdle},
		{"costs", "Memory", (*scale).measureCosts},
		{"growth", "Growth of the cost of a message", (*scale).measureGrowth},
	}
}

// everything is the scenario that has all sections.
const everything = "scale"

// scaleSections are the sections of a scenario; none if it is another one.
func scaleSections(scenario string) (list []section) {
	for _, one := range sections() {
		if scenario == everything || scenario == one.name {
			list = append(list, one)
		}
	}
	return list
}

// run measures sections, and prints them or writes them into the page.
func (s *scale) run(list []section, out io.Writer) error {
	if err := s.fill(settings{}); err != nil {
		return err
	}
	whole := report{text: fmt.Sprintf("Measured on %d cores.\n", runtime.NumCPU())}
	for _, one := range list {
		r, err := one.measure(s)
		if err != nil {
			return fmt.Errorf("%s: %w", one.name, err)
		}
		whole.add("\n### %s\n\n%s", one.title, r.text)
		whole.charts = append(whole.charts, r.charts...)
	}
	if s.write == "" {
		_, err := io.WriteString(out, whole.text)
		return err
	}
	if err := whole.writeCharts(filepath.Join(filepath.Dir(s.write), chartFolder)); err != nil {
		return err
	}
	return writeBetweenMarks(s.write, "costs", whole.text)
}

// withBroker starts a broker without data, and removes it afterwards.
func (s *scale) withBroker(do func(*subject) error) error {
	return s.settings.run(io.Discard, func(b *subject, _ settings, _ io.Writer) error { return do(b) })
}

// takes says whether something takes part.
func (s *scale) takes(name string) bool {
	return s.only == "" || slices.Contains(strings.Split(s.only, ","), name)
}

// within is the length of a test: what fits it, unless a flag says something
// else.
func (s *scale) within(fits time.Duration) time.Duration {
	if s.time > 0 {
		return s.time
	}
	return fits
}

// capped leaves out the counts above the most. Two are left at least.
func capped(counts []int, most int) []int {
	if most == 0 {
		return counts
	}
	below := slices.DeleteFunc(slices.Clone(counts), func(n int) bool { return n > most })
	if len(below) < 2 {
		return []int{max(1, most/10), most}
	}
	return below
}

// report is text in Markdown, and its charts.
type report struct {
	text   string
	charts []drawn
}

// drawn is a chart and the name of its file.
type drawn struct {
	name    string
	picture chart.Chart
}

func (r *report) add(format string, args ...any) { r.text += fmt.Sprintf(format, args...) }

// draw puts a chart behind what was added.
func (r *report) draw(name string, c chart.Chart) {
	r.charts = append(r.charts, drawn{name, c})
	r.add("\n![%s](%s/%s.svg)\n", c.Title, chartFolder, name)
}

// chartFolder is where charts lie, beside the page.
const chartFolder = "performance"

func (r *report) writeCharts(folder string) error {
	if err := os.MkdirAll(folder, 0o755); err != nil {
		return err
	}
	for _, d := range r.charts {
		svg, err := d.picture.SVG()
		if err != nil {
			return fmt.Errorf("the chart %s: %w", d.name, err)
		}
		if err := os.WriteFile(filepath.Join(folder, d.name+".svg"), []byte(svg), 0o644); err != nil {
			return err
		}
	}
	return nil
}

// listed prints several figures in a cell of a table.
func listed(figures []string) string { return strings.Join(figures, " / ") }

// megabytes prints octets.
func megabytes(octets int64) string { return fmt.Sprintf("%.0f", float64(octets)/1e6) }
