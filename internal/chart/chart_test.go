package chart

import (
	"encoding/xml"
	"errors"
	"flag"
	"io"
	"math"
	"os"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
)

var update = flag.Bool("update", false, "write what is drawn to testdata")

// sample has two lines, and names that XML would stumble over.
func sample() Chart {
	return Chart{
		Title: "Memory & <time>",
		X:     Axis{Label: "number of things", Scale: Logarithmic},
		Y:     Axis{Label: "memory (MB)", Scale: Linear},
		Lines: []Line{
			{Name: "queues", Points: []Point{{1, 0}, {1000, 1.2}, {100_000, 118}}},
			{Name: `"bindings"`, Points: []Point{{10, 20}, {1_000_000, 300}}},
		},
	}
}

func TestDrawing(t *testing.T) {
	const path = "testdata/sample.svg"
	drawn, err := sample().SVG()
	require.NoError(t, err)
	if *update {
		require.NoError(t, os.WriteFile(path, []byte(drawn), 0o600))
	}
	want, err := os.ReadFile(path)
	require.NoError(t, err)
	require.Equal(t, strings.ReplaceAll(string(want), "\r\n", "\n"), drawn)
}

func TestDrawingIsXML(t *testing.T) {
	c := sample()
	for range 10 { // as many lines as there are colours, and more
		c.Lines = append(c.Lines, Line{Name: "]]>", Points: []Point{{1, 1}}})
	}
	drawn, err := c.SVG()
	require.NoError(t, err)
	var names []string
	for decoder := xml.NewDecoder(strings.NewReader(drawn)); ; {
		token, err := decoder.Token()
		if errors.Is(err, io.EOF) {
			break
		}
		require.NoError(t, err)
		if text, ok := token.(xml.CharData); ok {
			names = append(names, string(text))
		}
	}
	require.Contains(t, names, "Memory & <time>")
	require.Contains(t, names, `"bindings"`)
	require.Contains(t, names, "]]>")
	require.NotContains(t, drawn, "NaN")
}

func TestWhatHasNoPlace(t *testing.T) {
	none := sample()
	none.Lines = nil
	for _, c := range []Chart{none, with(Point{0, 1}), with(Point{1, -1}), with(Point{math.NaN(), 1}), with(Point{1, math.Inf(1)})} {
		_, err := c.SVG()
		require.ErrorIs(t, err, ErrChart)
	}
	_, err := with(Point{1, 0}).SVG()
	require.NoError(t, err, "a linear axis has a zero, even alone")
}

// with is the sample with one point instead of its lines.
func with(p Point) Chart {
	c := sample()
	c.Lines = []Line{{Name: "one", Points: []Point{p}}}
	return c
}

func TestTicks(t *testing.T) {
	for _, one := range []struct {
		scale  Scale
		values []float64
		want   []float64
	}{
		{Linear, []float64{0}, []float64{0, 0.2, 0.4, 0.6000000000000001, 0.8, 1}},
		{Linear, []float64{3, 7}, []float64{0, 2, 4, 6, 8}},
		{Linear, []float64{250}, []float64{0, 50, 100, 150, 200, 250}},
		{Logarithmic, []float64{1, 1e6}, []float64{1, 10, 100, 1000, 1e4, 1e5, 1e6}},
		{Logarithmic, []float64{3, 60}, []float64{2, 5, 10, 20, 50, 100}},
		{Logarithmic, []float64{10}, []float64{10, 20}},
		{Logarithmic, []float64{0.03, 0.3}, []float64{0.02, 0.05, 0.1, 0.2, 0.5}},
	} {
		r := newRuler(one.scale, one.values)
		require.InDeltaSlice(t, one.want, r.ticks, 1e-9)
		for _, v := range one.values {
			require.GreaterOrEqual(t, r.place(v), 0.0)
			require.LessOrEqual(t, r.place(v), 1.0)
		}
	}
}

func TestLabels(t *testing.T) {
	for v, want := range map[float64]string{0: "0", 0.6000000000000001: "0.6", 20: "20", 1000: "1k", 2.5e6: "2.5M", 1e9: "1G"} {
		require.Equal(t, want, label(v))
	}
}
