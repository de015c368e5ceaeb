package logs

import (
	"fmt"
	"log/slog"
	"time"
)

const (
	// burst is how many lines of one place pass in a period.
	burst = 100
	// period is how long they are counted for.
	period = time.Second
	// placesMost bounds how many places are remembered.
	placesMost = 4096
)

// place is where in the code a line comes from, or its text if that is not known.
type place struct {
	at   uintptr
	text string
}

// count is what one place has logged in its current period.
type count struct {
	began time.Time
	lines int
}

// repeats counts the lines of each place.
type repeats map[place]*count

func newRepeats() repeats { return repeats{} }

// admit says whether a line passes. Left is not empty if lines of an earlier period
// did not, and tells how many.
func (r repeats) admit(record slog.Record) (admitted bool, left string) {
	p := place{at: record.PC}
	if record.PC == 0 {
		p.text = record.Message
	}
	c := r[p]
	if c == nil {
		if len(r) >= placesMost {
			clear(r)
		}
		c = &count{began: record.Time}
		r[p] = c
	}
	if record.Time.Sub(c.began) >= period {
		if more := c.lines - burst; more > 0 {
			left = fmt.Sprintf("%d more lines like the next one were left out", more)
		}
		*c = count{began: record.Time}
	}
	c.lines++
	return c.lines <= burst, left
}
