package bench

import (
	"encoding/csv"
	"encoding/json"
	"io"
	"strconv"
)

// Report is a test as JSON: rates in messages a second, latencies in
// microseconds, memory in octets.
type Report struct {
	ID      string   `json:"id"`
	Name    string   `json:"name,omitempty"` // of a ready-made test
	Samples []Sample `json:"samples"`
	Summary Summary  `json:"summary"`
}

// Sampled keeps an interval.
func (r *Report) Sampled(s Sample) { r.Samples = append(r.Samples, s) }

// Progressed does nothing.
func (r *Report) Progressed(Progress) {}

// Ended keeps the summary.
func (r *Report) Ended(s Summary) { r.Summary = s }

// WriteJSON writes tests as an array.
func WriteJSON(out io.Writer, reports []*Report) error {
	encoder := json.NewEncoder(out)
	encoder.SetIndent("", "  ")
	return encoder.Encode(reports)
}

// column is one column of the CSV form.
type column struct {
	name  string
	value func(Sample) string
}

// WriteCSV writes tests with a line for each interval, under one line of names.
func WriteCSV(out io.Writer, reports []*Report) error {
	table := columns()
	w := csv.NewWriter(out)
	names := []string{"id"}
	for _, c := range table {
		names = append(names, c.name)
	}
	lines := [][]string{names}
	for _, r := range reports {
		for _, s := range r.Samples {
			line := []string{r.ID}
			for _, c := range table {
				line = append(line, c.value(s))
			}
			lines = append(lines, line)
		}
	}
	return w.WriteAll(lines)
}

func columns() []column {
	real := func(name string, value func(Sample) float64) column {
		return column{name, func(s Sample) string { return strconv.FormatFloat(value(s), 'f', 3, 64) }}
	}
	table := []column{
		real("time (s)", func(s Sample) float64 { return s.Seconds }),
		real("published (msg/s)", func(s Sample) float64 { return s.Sent }),
		real("returned (msg/s)", func(s Sample) float64 { return s.Returned }),
		real("confirmed (msg/s)", func(s Sample) float64 { return s.Confirmed }),
		real("nacked (msg/s)", func(s Sample) float64 { return s.Nacked }),
		real("received (msg/s)", func(s Sample) float64 { return s.Received }),
	}
	table = append(table, latencyColumns("consumer latency (µs)", func(s Sample) Latency { return s.Consumer })...)
	table = append(table, latencyColumns("confirm latency (µs)", func(s Sample) Latency { return s.Confirm })...)
	return append(table,
		real("broker CPU (cores)", func(s Sample) float64 { return s.Broker.Cores }),
		real("broker memory (MiB)", func(s Sample) float64 { return float64(s.Broker.Resident) / (1 << 20) }),
	)
}

func latencyColumns(of string, latency func(Sample) Latency) (table []column) {
	for _, c := range []struct {
		name  string
		value func(Latency) int64
	}{
		{"min", func(l Latency) int64 { return l.Min }},
		{"median", func(l Latency) int64 { return l.Median }},
		{"75th", func(l Latency) int64 { return l.P75 }},
		{"95th", func(l Latency) int64 { return l.P95 }},
		{"99th", func(l Latency) int64 { return l.P99 }},
	} {
		table = append(table, column{c.name + " " + of, func(s Sample) string {
			return strconv.FormatInt(c.value(latency(s)), 10)
		}})
	}
	return table
}

// All passes everything on to several observers.
type All []Observer

// Sampled tells all of them.
func (a All) Sampled(s Sample) {
	for _, o := range a {
		o.Sampled(s)
	}
}

// Progressed tells all of them.
func (a All) Progressed(p Progress) {
	for _, o := range a {
		o.Progressed(p)
	}
}

// Ended tells all of them.
func (a All) Ended(s Summary) {
	for _, o := range a {
		o.Ended(s)
	}
}
