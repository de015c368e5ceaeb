package ctl

import (
	"io"
	"slices"
	"strings"
	"unicode"
	"unicode/utf8"
)

const (
	// gap is between two columns of a fitted table, and narrowest how far a column is
	// shortened, in characters.
	gap       = 2
	narrowest = 5
)

// writeFitted prints the table for a terminal of so many columns: aligned, numbers to
// the right, and no line longer than the terminal is wide. What is shortened ends in an
// ellipsis. Pipes get the other formats, in which everything is whole.
func (t table) writeFitted(to io.Writer, columns int, headers bool) error {
	lines := make([][]string, 0, len(t.rows)+1)
	if headers && len(t.rows) > 0 {
		lines = append(lines, t.columns)
	}
	for _, row := range t.rows {
		lines = append(lines, t.cells(row))
	}
	numbers := t.numeric()
	widths, least := make([]int, len(t.columns)), make([]int, len(t.columns))
	for n, line := range lines {
		for i := range line {
			line[i] = visible(line[i])
			width := utf8.RuneCountInString(line[i])
			widths[i] = max(widths[i], width)
			if title := headers && n == 0; numbers[i] && !title {
				least[i] = max(least[i], width) // part of a number would be another number
			}
		}
	}
	shrink(widths, least, columns)
	var out strings.Builder
	for _, line := range lines {
		var text strings.Builder
		for i, cell := range line {
			cell = shorten(cell, widths[i])
			pad := strings.Repeat(" ", widths[i]-utf8.RuneCountInString(cell))
			if numbers[i] {
				cell = pad + cell
			} else {
				cell += pad
			}
			if i > 0 {
				text.WriteString(strings.Repeat(" ", gap))
			}
			text.WriteString(cell)
		}
		out.WriteString(strings.TrimRight(shorten(text.String(), columns), " ") + "\n")
	}
	_, err := io.WriteString(to, out.String())
	return err
}

// numeric says of each column whether it has nothing but numbers.
func (t table) numeric() []bool {
	numbers := make([]bool, len(t.columns))
	for i, column := range t.columns {
		numbers[i] = !slices.ContainsFunc(t.rows, func(row object) bool {
			switch row[column].(type) {
			case float64, int, int64, figure:
				return false
			default:
				return true
			}
		})
	}
	return numbers
}

// figure is a number in a form for people.
type figure string

// shrink makes the widest columns narrower until all fit, but none narrower than it may
// be.
func shrink(widths, least []int, columns int) {
	total := gap * (len(widths) - 1)
	for _, w := range widths {
		total += w
	}
	for ; total > columns; total-- {
		widest := -1
		for i, w := range widths {
			if w > max(least[i], narrowest) && (widest < 0 || w > widths[widest]) {
				widest = i
			}
		}
		if widest < 0 {
			return
		}
		widths[widest]--
	}
}

// visible keeps text from telling the terminal what to do.
func visible(text string) string {
	return strings.Map(func(r rune) rune {
		if unicode.IsControl(r) {
			return '·'
		}
		return r
	}, text)
}
