package bench

import (
	"fmt"
	"io"
	"strings"
	"time"
)

// Text prints a test as PerfTest does: a line for each interval, and averages
// at the end.
type Text struct {
	Out     io.Writer
	Options Options
	// Live overwrites the last line with the progress; for terminals.
	Live bool
}

// clearLine returns to the start of a line of a terminal and empties it.
const clearLine = "\r\x1b[K"

func (t *Text) line(format string, args ...any) {
	start := ""
	if t.Live {
		start = clearLine
	}
	fmt.Fprintf(t.Out, start+"id: "+t.Options.ID+", "+format+"\n", args...)
}

// Sampled prints the rates and latencies of an interval.
func (t *Text) Sampled(s Sample) {
	o := &t.Options
	var parts []string
	rate := func(shown bool, name string, value float64) {
		if shown {
			parts = append(parts, fmt.Sprintf("%s: %s msg/s", name, formatRate(value)))
		}
	}
	rate(o.Producers > 0, "sent", s.Sent)
	rate(o.Mandatory, "returned", s.Returned)
	rate(o.confirms(), "confirmed", s.Confirmed)
	rate(o.confirms(), "nacked", s.Nacked)
	rate(o.Consumers > 0, "received", s.Received)
	var latencies []string
	if o.Consumers > 0 {
		latencies = append(latencies, "consumer latency: "+t.latency(s.Consumer))
	}
	if o.confirms() {
		latencies = append(latencies, "confirm latency: "+t.latency(s.Confirm))
	}
	if len(latencies) > 0 {
		parts = append(parts, "min/median/75th/95th/99th "+strings.Join(latencies, ", "))
	}
	if s.Broker.Resident > 0 {
		parts = append(parts, "broker: "+formatUsage(s.Broker))
	}
	t.line("time %.3f s, %s", s.Seconds, strings.Join(parts, ", "))
}

func (o *Options) confirms() bool { return o.Producers > 0 && o.Confirm > 0 }

// Progressed overwrites the last line of a terminal.
func (t *Text) Progressed(p Progress) {
	if !t.Live {
		return
	}
	of := ""
	if p.Of > 0 {
		of = fmt.Sprintf(" of %s, %.0f %%", p.Of, 100*p.Time.Seconds()/p.Of.Seconds())
	}
	fmt.Fprintf(t.Out, "%s%s%s: sending %s/s, receiving %s/s, %d received", clearLine,
		p.Time.Truncate(time.Second/10), of, formatRate(p.Sent), formatRate(p.Received), p.TotalReceived)
}

// Ended prints the averages.
func (t *Text) Ended(s Summary) {
	o := &t.Options
	t.line("test stopped: %s after %.1f s", s.Reason, s.Seconds)
	if o.Producers > 0 {
		t.line("sending rate avg: %s msg/s", formatRate(s.Sent))
	}
	if o.Consumers > 0 {
		t.line("receiving rate avg: %s msg/s", formatRate(s.Received))
		t.line("consumer latency min/median/75th/95th/99th %s", t.latency(s.Consumer))
	}
	if o.confirms() {
		t.line("confirm latency min/median/75th/95th/99th %s", t.latency(s.Confirm))
	}
	if len(s.PIDs) > 0 {
		cost := ""
		if s.Messages > 0 {
			cost = fmt.Sprintf("%.2f µs of CPU a message, ", s.Cost)
		}
		t.line("broker: %s%s; load generator: %s", cost, formatUsage(s.Broker), formatUsage(s.Generator))
	}
}

// latency prints microseconds, or milliseconds between two machines.
func (t *Text) latency(l Latency) string {
	divisor, unit := int64(1), "µs"
	if t.Options.Millis {
		divisor, unit = 1000, "ms"
	}
	return fmt.Sprintf("%d/%d/%d/%d/%d %s", l.Min/divisor, l.Median/divisor, l.P75/divisor, l.P95/divisor, l.P99/divisor, unit)
}

func formatUsage(u Usage) string {
	return fmt.Sprintf("%.2f cores, %.1f MiB", u.Cores, float64(u.Resident)/(1<<20))
}

// formatRate prints more digits of small rates.
func formatRate(rate float64) string {
	switch {
	case rate == 0:
		return "0"
	case rate < 1:
		return fmt.Sprintf("%.2f", rate)
	case rate < 10:
		return fmt.Sprintf("%.1f", rate)
	}
	return fmt.Sprintf("%d", int64(rate))
}
