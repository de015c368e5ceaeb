package main

import (
	"os"
	"path/filepath"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
)

func TestSectionsOfAScenario(t *testing.T) {
	require.Len(t, scaleSections(everything), len(sections()))
	require.Len(t, scaleSections("growth"), 1)
	require.Empty(t, scaleSections("compare"))
}

func TestCappedCounts(t *testing.T) {
	require.Equal(t, []int{1, 10, 100}, capped([]int{1, 10, 100}, 0))
	require.Equal(t, []int{1, 10}, capped([]int{1, 10, 100}, 50))
	require.Equal(t, []int{5, 50}, capped([]int{100, 1000}, 50))
	require.Equal(t, []int{1, 3}, capped([]int{10}, 3))
}

func TestCostIsASlope(t *testing.T) {
	c := cost{thing: thing{name: "queues", about: "idle queues", counts: []int{1000, 2000, 11_000}}}
	c.resident, c.rate = []int64{30_000_000, 33_000_000, 50_000_000}, 1234.5
	require.InDelta(t, 2000, c.each(), 0.001)
	r := reportCosts([]cost{c})
	require.Contains(t, r.text, "| idle queues | 1,000 / 2,000 / 11,000 | 30 / 33 / 50 MB | **2,000** | 1,234 |\n")
	require.Contains(t, r.text, "(performance/resident.svg)")
}

func TestGrowthHasMedians(t *testing.T) {
	g := &grown{course: course{name: "queues", about: "many queues", counts: []int{1, 10}}}
	g.rates, g.costs = [][]float64{{1000, 3000, 2000}, {100, 300, 200}}, [][]float64{{0.5, 0.6, 0.4}, {0, 0, 0}}
	r := reportGrowth([]*grown{g}, 3)
	require.Contains(t, r.text, "| many queues | 1 / 10 | 0.50 / 0.00 | 2,000 / 200 |\n")
	require.NoError(t, r.writeCharts(t.TempDir()), "a system without processor times has charts, too")
}

func TestCoursesCanBe(t *testing.T) {
	for _, c := range courses() {
		for _, n := range c.counts {
			o := c.options(n)
			require.NoError(t, o.Check(), c.name)
			require.GreaterOrEqual(t, o.Consumers*o.ConsumerChannels, 1)
		}
	}
}

// runScale runs all sections against a broker in small, twice: what the page had
// is replaced.
func runScale(t *testing.T, binary, dir string) {
	page := filepath.Join(dir, "page.md")
	begin, end := marks("costs")
	require.NoError(t, os.WriteFile(page, []byte(begin+end), 0o600))
	for range 2 {
		s := scale{settings: settings{leveret: binary, data: filepath.Join(dir, "scale")}, write: page}
		s.rounds, s.time, s.most = 1, 250*time.Millisecond, 20
		require.NoError(t, s.run(scaleSections(everything), nil))
	}
	content, err := os.ReadFile(page)
	require.NoError(t, err)
	for _, one := range sections() {
		require.Regexp(t, `(?m)^### `+one.title+`$`, string(content))
	}
	for _, chart := range []string{"resident", "growth", "rates"} {
		require.FileExists(t, filepath.Join(dir, chartFolder, chart+".svg"))
	}
}
