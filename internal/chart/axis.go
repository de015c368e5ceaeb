package chart

import (
	"math"
	"slices"
	"strconv"
)

const (
	// mostTicks is how many ticks an axis has at most, about: more would run
	// into each other.
	mostTicks = 9
	// linearSteps is into how many parts a linear axis is divided, about.
	linearSteps = 5
)

// ruler places the values of an axis: zero is its beginning, one its end.
type ruler struct {
	scale Scale
	ticks []float64 // ascending; the first and the last are the ends
}

// newRuler makes the ruler for values that the scale has.
func newRuler(scale Scale, values []float64) ruler {
	if scale == Logarithmic {
		return ruler{scale, logarithmicTicks(slices.Min(values), slices.Max(values))}
	}
	return ruler{scale, linearTicks(slices.Max(values))}
}

// place is where a value lies.
func (r ruler) place(v float64) float64 {
	first, last := r.ticks[0], r.ticks[len(r.ticks)-1]
	if r.scale == Logarithmic {
		return math.Log(v/first) / math.Log(last/first)
	}
	return (v - first) / (last - first)
}

// linearTicks begin at zero and end at or above the highest value.
func linearTicks(highest float64) []float64 {
	if highest == 0 {
		highest = 1
	}
	step := roundUp(highest / linearSteps)
	ticks := []float64{0}
	for i := 1; ticks[len(ticks)-1] < highest; i++ {
		ticks = append(ticks, float64(i)*step)
	}
	return ticks
}

// logarithmicTicks enclose the values. They are powers of ten, with twice and
// five times those if there is room.
func logarithmicTicks(lowest, highest float64) []float64 {
	for _, steps := range [][]float64{{1, 2, 5}, {1}} {
		ticks := enclose(lowest, highest, steps)
		if len(ticks) <= mostTicks || len(steps) == 1 {
			return ticks
		}
	}
	return nil
}

// enclose lists the products of the steps and powers of ten, from the last one
// that is not above the lowest value to the first that is not below the highest.
func enclose(lowest, highest float64, steps []float64) (ticks []float64) {
	for exponent := int(math.Floor(math.Log10(lowest))) - 1; ; exponent++ {
		for _, step := range steps {
			tick := step * math.Pow10(exponent)
			if tick <= lowest {
				ticks = ticks[:0]
			}
			ticks = append(ticks, tick)
			if tick >= highest && len(ticks) > 1 {
				return ticks
			}
		}
	}
}

// roundUp is the next number that is 1, 2 or 5 times a power of ten.
func roundUp(v float64) float64 {
	power := math.Pow10(int(math.Floor(math.Log10(v))))
	for _, step := range []float64{1, 2, 5} {
		if v <= step*power {
			return step * power
		}
	}
	return 10 * power
}

// label is a tick in a few characters: 0.5, 20, 100k, 1M.
func label(v float64) string {
	for _, unit := range []struct {
		size float64
		name string
	}{{1e9, "G"}, {1e6, "M"}, {1e3, "k"}} {
		if v >= unit.size {
			return strconv.FormatFloat(v/unit.size, 'g', 4, 64) + unit.name
		}
	}
	return strconv.FormatFloat(v, 'g', 4, 64)
}
