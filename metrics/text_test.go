package metrics

import (
	"errors"
	"math"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/leveretmq/leveret/internal/histogram"
)

func TestLabelled(t *testing.T) {
	require.Empty(t, labelled())
	require.Equal(t, `{a="1",b="say \"hi\"\nto C:\\"}`, labelled("a", "1", "b", "say \"hi\"\nto C:\\"))
	require.Equal(t, "{a=\"caf\u00e9 \uFFFD\"}", labelled("a", "caf\u00e9 \xff"))
}

func TestAppendNumber(t *testing.T) {
	for want, value := range map[string]float64{
		"0": 0, "-3": -3, "1.5": 1.5, "0.001": 0.001, "+Inf": math.Inf(1), "NaN": math.NaN(), "9007199254740991": 1<<53 - 1, "1e+300": 1e300,
	} {
		require.Equal(t, want, string(appendNumber(nil, value)))
	}
}

func TestPage_Histogram(t *testing.T) {
	var out strings.Builder
	p := newPage(&out, "")
	p.histogram("size", "How large.", histogram.Snapshot{Bounds: []float64{0.5, 1e6}, Counts: []uint64{1, 0, 2}, Sum: 7.5}, "a", "b")
	p.histogram("none", "Nothing.", histogram.Snapshot{})
	p.flush()
	require.Equal(t, `# TYPE size histogram
# HELP size How large.
size_bucket{a="b",le="0.5"} 1
size_bucket{a="b",le="1000000"} 1
size_bucket{a="b",le="+Inf"} 3
size_sum{a="b"} 7.5
size_count{a="b"} 3
# TYPE none histogram
# HELP none Nothing.
none_bucket{le="+Inf"} 0
none_sum 0
none_count 0
`, out.String())
}

// gone is a client that has hung up.
type gone struct{ writes int }

func (g *gone) Write([]byte) (int, error) {
	g.writes++
	return 0, errors.New("gone")
}

// Nothing more is written to a client that has gone, and no memory gathers.
func TestPage_ClientIsGone(t *testing.T) {
	client := new(gone)
	p := newPage(client, "")
	p.begin("x", gauge, "X.")
	for range 100_000 {
		p.sample(`{some="labels"}`, 1)
	}
	p.flush()
	require.Equal(t, 1, client.writes)
	require.LessOrEqual(t, cap(p.buf), 2*pageChunk)
}
