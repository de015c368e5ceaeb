package binding

import "math/bits"

// weights are the widths of neighbours in a row, kept as partial sums (Fenwick's
// tree), so that finding who is at a place, adding and changing cost the logarithm
// of their number.
type weights struct {
	sums []int // the sum of the widths that end at each place, by the lowest bit of its number
}

// total is the width of all together.
func (w *weights) total() (sum int) {
	for i := len(w.sums); i > 0; i &= i - 1 {
		sum += w.sums[i-1]
	}
	return sum
}

// add puts one more at the end.
func (w *weights) add(width int) {
	i := len(w.sums) + 1
	for below := 1; below < i&-i; below <<= 1 {
		width += w.sums[i-below-1]
	}
	w.sums = append(w.sums, width)
}

// widen changes the width of one by a difference.
func (w *weights) widen(place, difference int) {
	for i := place + 1; i <= len(w.sums); i += i & -i {
		w.sums[i-1] += difference
	}
}

// at finds who covers a point, counted from zero and less than the total.
func (w *weights) at(point int) (place int) {
	for step := 1 << bits.Len(uint(len(w.sums))) >> 1; step > 0; step >>= 1 {
		if next := place + step; next <= len(w.sums) && w.sums[next-1] <= point {
			place = next
			point -= w.sums[next-1]
		}
	}
	return place
}
