package ctl

import (
	"fmt"
	"io"
	"strings"
	"time"
)

const (
	// progressPace is the shortest time between two drawings of a bar, and
	// progressPatience how long work has to take for one to be drawn at all.
	progressPace     = 100 * time.Millisecond
	progressPatience = 300 * time.Millisecond
	// barWidth is the longest a bar is, in columns.
	barWidth = 40
)

// progress is a bar on the terminal that shows how far long work is. A nil one shows
// nothing: what is not a terminal gets none.
type progress struct {
	to      io.Writer
	columns int
	what    string
	total   int64 // zero is not known
	began   time.Time
	drawn   time.Time // zero before the first time
}

// progress begins to show how far work is, if somebody is there to see it. The total is
// zero if it is not known.
func (c *call) progress(what string, total int64) *progress {
	columns, _ := c.size(c.Stderr)
	if columns == 0 || c.options.quiet || c.options.silent {
		return nil
	}
	return &progress{to: c.Stderr, columns: columns, what: what, total: total, began: time.Now()}
}

// at tells how much is done.
func (p *progress) at(done int64) {
	if p == nil {
		return
	}
	now := time.Now()
	if now.Sub(p.began) < progressPatience || now.Sub(p.drawn) < progressPace {
		return
	}
	p.drawn = now
	fmt.Fprint(p.to, "\r\x1b[K"+shorten(p.line(done, now.Sub(p.began)), p.columns-1))
}

// line is the bar with what is around it.
func (p *progress) line(done int64, since time.Duration) string {
	rate := float64(done) / since.Seconds()
	if p.total <= 0 {
		return fmt.Sprintf("%s %s  %s/s", p.what, grouped(done), grouped(int64(rate)))
	}
	share := min(float64(done)/float64(p.total), 1)
	left := ""
	if done > 0 && done < p.total {
		left = "  " + time.Duration(float64(p.total-done)/rate*float64(time.Second)).Round(time.Second).String() + " left"
	}
	numbers := fmt.Sprintf(" %3.0f%%  %s of %s  %s/s%s", 100*share, grouped(done), grouped(p.total), grouped(int64(rate)), left)
	width := min(barWidth, p.columns-len(p.what)-len(numbers)-4)
	if width <= 0 {
		return p.what + numbers
	}
	full := int(share * float64(width))
	return p.what + " [" + strings.Repeat("=", full) + strings.Repeat(" ", width-full) + "]" + numbers
}

// end takes the bar away.
func (p *progress) end() {
	if p != nil && !p.drawn.IsZero() {
		fmt.Fprint(p.to, "\r\x1b[K")
	}
}

// grouped is a number with its digits in groups of three.
func grouped(n int64) string {
	digits := fmt.Sprint(n)
	for i := len(digits) - 3; i > 0 && digits[i-1] != '-'; i -= 3 {
		digits = digits[:i] + "," + digits[i:]
	}
	return digits
}
