package ctl

import (
	"encoding/csv"
	"encoding/json"
	"fmt"
	"io"
	"slices"
	"strconv"
	"strings"
	"unicode/utf8"
)

// The values of --formatter.
const (
	formatTable  = "table"
	formatPretty = "pretty_table"
	formatJSON   = "json"
	formatCSV    = "csv"
)

// Formats that only RabbitMQ's programs have.
const (
	formatJSONStream = "json_stream"
	formatErlang     = "erlang"
)

// foreignFormats are what --formatter of RabbitMQ's programs may say.
func foreignFormats() []string {
	return []string{formatTable, formatPretty, formatJSON, formatJSONStream, formatCSV, formatErlang, "string", "inspect", "report"}
}

// formatText is a name for what trace shows, which is no table.
const formatText = "text"

// formats are what --format may say.
func formats() []string {
	return []string{formatTable, formatPretty, formatJSON, formatCSV, formatText}
}

// object is what the API answers of one thing.
type object = map[string]any

// table is what a command lists.
type table struct {
	columns []string
	rows    []object
	quoted  bool // with CSV: each cell, as RabbitMQ's programs do
}

// write prints the table in a format.
func (t table) write(to io.Writer, format string, headers bool) error {
	switch format {
	case formatJSON:
		return t.writeJSON(to)
	case formatCSV:
		if t.quoted {
			return t.writeQuotedCSV(to, headers)
		}
		return t.writeCSV(to, headers)
	case formatPretty:
		return t.writePretty(to)
	case formatJSONStream:
		return t.writeJSONStream(to)
	case formatErlang:
		return t.writeErlang(to)
	}
	var out strings.Builder
	if headers && len(t.rows) > 0 {
		out.WriteString(strings.Join(t.columns, "\t") + "\n")
	}
	for _, row := range t.rows {
		out.WriteString(strings.Join(t.cells(row), "\t") + "\n")
	}
	_, err := io.WriteString(to, out.String())
	return err
}

func (t table) cells(row object) []string {
	cells := make([]string, len(t.columns))
	for i, column := range t.columns {
		cells[i] = term(row[column])
	}
	return cells
}

func (t table) writeJSON(to io.Writer) error {
	var out strings.Builder
	out.WriteString("[")
	for i, row := range t.rows {
		if out.WriteString("\n"); i > 0 {
			out.WriteString(",")
		}
		text, err := t.jsonRow(row)
		if err != nil {
			return err
		}
		out.WriteString(text)
	}
	out.WriteString("\n]\n")
	_, err := io.WriteString(to, out.String())
	return err
}

// jsonRow is an object with the columns in their order.
func (t table) jsonRow(row object) (string, error) {
	fields := make([]string, len(t.columns))
	for i, column := range t.columns {
		value, err := json.Marshal(row[column])
		if err != nil {
			return "", err
		}
		fields[i] = strconv.Quote(column) + ":" + string(value)
	}
	return "{" + strings.Join(fields, ",") + "}", nil
}

func (t table) writeCSV(to io.Writer, headers bool) error {
	w := csv.NewWriter(to)
	if headers {
		if err := w.Write(t.columns); err != nil {
			return err
		}
	}
	for _, row := range t.rows {
		if err := w.Write(t.cells(row)); err != nil {
			return err
		}
	}
	w.Flush()
	return w.Error()
}

// writeQuotedCSV prints each cell in quotation marks, and nothing if there is nothing.
func (t table) writeQuotedCSV(to io.Writer, headers bool) error {
	if len(t.rows) == 0 {
		return nil
	}
	var out strings.Builder
	line := func(cells []string) {
		quoted := make([]string, len(cells))
		for i, cell := range cells {
			quoted[i] = `"` + strings.ReplaceAll(cell, `"`, `""`) + `"`
		}
		out.WriteString(strings.Join(quoted, ",") + "\n")
	}
	if headers {
		line(t.columns)
	}
	for _, row := range t.rows {
		line(t.cells(row))
	}
	_, err := io.WriteString(to, out.String())
	return err
}

// writePretty draws lines around the cells.
func (t table) writePretty(to io.Writer) error {
	lines := [][]string{t.columns}
	for _, row := range t.rows {
		lines = append(lines, t.cells(row))
	}
	widths := make([]int, len(t.columns))
	for _, line := range lines {
		for i, cell := range line {
			widths[i] = max(widths[i], utf8.RuneCountInString(cell))
		}
	}
	rule := func(left, middle, right string) string {
		parts := make([]string, len(widths))
		for i, w := range widths {
			parts[i] = strings.Repeat("─", w+2)
		}
		return left + strings.Join(parts, middle) + right + "\n"
	}
	var out strings.Builder
	out.WriteString(rule("┌", "┬", "┐"))
	for i, line := range lines {
		if i > 0 {
			out.WriteString(rule("├", "┼", "┤"))
		}
		for j, cell := range line {
			out.WriteString("│ " + cell + strings.Repeat(" ", widths[j]-utf8.RuneCountInString(cell)) + " ")
		}
		out.WriteString("│\n")
	}
	out.WriteString(rule("└", "┴", "┘"))
	_, err := io.WriteString(to, out.String())
	return err
}

// term prints a value as rabbitmqctl does, whose tables have Erlang's terms: text as it
// is, a list of names in brackets, a table as a list of pairs.
func term(v any) string {
	switch v := v.(type) {
	case nil:
		return ""
	case string:
		return v
	case []any:
		parts := make([]string, len(v))
		for i, part := range v {
			parts[i] = term(part)
		}
		return "[" + strings.Join(parts, ", ") + "]"
	case figure:
		return string(v)
	case object:
		return terms(v)
	case amqpTable:
		return terms(object(v))
	default:
		return plainNumber(v)
	}
}

func terms(o object) string {
	pairs := make([]string, 0, len(o))
	for key, value := range o {
		text := term(value)
		if s, ok := value.(string); ok {
			text = strconv.Quote(s)
		}
		pairs = append(pairs, "{"+strconv.Quote(key)+","+text+"}")
	}
	slices.Sort(pairs)
	return "[" + strings.Join(pairs, ",") + "]"
}

// plainNumber keeps whole numbers whole.
func plainNumber(v any) string {
	if f, ok := v.(float64); ok {
		return strconv.FormatFloat(f, 'f', -1, 64)
	}
	return fmt.Sprint(v)
}

// shorten is text that is no longer than so many columns; an ellipsis stands for what
// is missing.
func shorten(text string, columns int) string {
	if columns <= 0 || utf8.RuneCountInString(text) <= columns {
		return text
	}
	return string([]rune(text)[:columns-1]) + "…"
}
