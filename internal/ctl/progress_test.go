package ctl

import (
	"bytes"
	"io"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
)

func TestProgress_Line(t *testing.T) {
	for _, c := range []struct {
		columns     int
		total, done int64
		after       time.Duration
		want        string
	}{
		{80, 0, 1500, time.Second, "moving 1,500  1,500/s"},
		{80, 2000, 1000, 2 * time.Second, "moving [================                 ]  50%  1,000 of 2,000  500/s  2s left"},
		{80, 2000, 2000, 2 * time.Second, "moving [========================================] 100%  2,000 of 2,000  1,000/s"},
		{80, 10, 0, time.Second, "moving [" + spaces(40) + "]   0%  0 of 10  0/s"},
		{30, 2000, 1000, 2 * time.Second, "moving  50%  1,000 of 2,000  500/s  2s left"},
	} {
		p := &progress{columns: c.columns, what: "moving", total: c.total}
		line := p.line(c.done, c.after)
		require.Equal(t, c.want, line)
	}
}

func spaces(n int) string { return string(bytes.Repeat([]byte(" "), n)) }

// A bar is drawn on a terminal only, not for what is short, and is gone in the end.
func TestProgress_IsDrawnWhereSomebodyIsThereToSeeIt(t *testing.T) {
	var out bytes.Buffer
	terminal := func(io.Writer) (int, int) { return 60, 20 }
	c := &call{Environment: Environment{Stderr: &out, Size: terminal}}
	p := c.progress("moving", 10)
	p.at(1)
	p.end()
	require.Empty(t, out.String(), "it was soon over")
	p.began = time.Now().Add(-time.Hour)
	p.at(5)
	p.at(6) // too soon
	p.end()
	require.Contains(t, out.String(), "\r\x1b[Kmoving [=")
	require.Contains(t, out.String(), "5 of 10")
	require.NotContains(t, out.String(), "6 of 10")
	require.Equal(t, "\r\x1b[K", out.String()[out.Len()-4:])

	for name, silent := range map[string]*call{
		"a pipe": {Environment: Environment{Stderr: &out}},
		"quiet":  {Environment: Environment{Stderr: &out, Size: terminal}, options: options{quiet: true}},
		"silent": {Environment: Environment{Stderr: &out, Size: terminal}, options: options{silent: true}},
	} {
		require.Nil(t, silent.progress("moving", 10), name)
	}
	p = nil
	p.at(1)
	p.end()
}

func TestShorten(t *testing.T) {
	require.Equal(t, "abc", shorten("abc", 3))
	require.Equal(t, "a…", shorten("abc", 2))
	require.Equal(t, "é…", shorten("éàü", 2))
	require.Equal(t, "abc", shorten("abc", 0))
}
