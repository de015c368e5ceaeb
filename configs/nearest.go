package configs

import "strings"

// nearest is the entry of known that takes the fewest insertions, deletions
// and replacements to become name; the first of several. What is only too long costs
// half.
func nearest(name string, known []string) string {
	best, least := "", -1
	for _, candidate := range known {
		d := distance(name, candidate)
		if strings.HasPrefix(name, candidate) {
			d = (d + 1) / 2
		}
		if least < 0 || d < least {
			best, least = candidate, d
		}
	}
	return best
}

// distance is Levenshtein's, with one row of the table kept.
func distance(a, b string) int {
	row := make([]int, len(b)+1)
	for j := range row {
		row[j] = j
	}
	for i := range len(a) {
		diagonal := row[0]
		row[0] = i + 1
		for j := range len(b) {
			replaced := diagonal
			if a[i] != b[j] {
				replaced++
			}
			diagonal = row[j+1]
			row[j+1] = min(replaced, row[j]+1, row[j+1]+1)
		}
	}
	return row[len(b)]
}
