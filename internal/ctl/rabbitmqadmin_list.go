package ctl

import (
	"encoding/json"
	"fmt"
	"io"
	"slices"
	"strings"
	"unicode/utf8"
)

// listed are the columns that rabbitmqadmin shows of a list if none is asked for; none
// are all.
func listed() map[string][]string {
	return map[string][]string{
		"connections": {"name", "user", "channels"}, "channels": {"name", "user"}, "consumers": nil,
		"exchanges": {"name", "type"}, "queues": {"name", "messages"}, "bindings": {"source", "destination", "routing_key"},
		"users": nil, "vhosts": {"name", "messages"}, "permissions": nil, "nodes": {"name", "type", "mem_used"},
		"parameters": nil, "policies": nil, "operator_policies": nil, "vhost_limits": nil,
		"overview": {"rabbitmq_version", "cluster_name", "queue_totals.messages", "object_totals.queues"},
	}
}

func (c *adminCall) listAdmin(name string, set map[string]string) error {
	columns, known := listed()[name]
	if !known {
		return wrongUse("%s %s not understood", c.words[0], name)
	}
	if len(c.words) > 2 {
		columns = nil
		for _, word := range c.words[2:] {
			columns = append(columns, strings.Split(word, ",")...)
		}
	}
	path := at(strings.ReplaceAll(name, "_", "-"))
	if set["vhost"] != "/" && slices.Contains([]string{"exchanges", "queues", "bindings", "consumers"}, name) {
		path = at(name, c.options.vhost)
	}
	if sort := set["sort"]; sort != "" {
		path += "?sort=" + sort
		if set["reverse"] != "" {
			path += "&sort_reverse=true"
		}
	}
	var rows []object
	if name == "overview" {
		one := object{}
		if err := c.get(path, &one); err != nil {
			return err
		}
		rows = []object{one}
	} else if err := c.get(path, &rows); err != nil {
		return err
	}
	flat := make([]object, len(rows))
	for i, row := range rows {
		flat[i] = object{}
		flatten(flat[i], "", row)
	}
	return writeAdmin(c.Stdout, set["format"], columns, flat)
}

// flatten puts objects within objects into one, under names with dots.
func flatten(into object, prefix string, from object) {
	for key, value := range from {
		if inner, ok := value.(object); ok && len(inner) > 0 {
			flatten(into, prefix+key+".", inner)
			continue
		}
		into[prefix+key] = value
	}
}

// writeAdmin prints rows in one of the formats of rabbitmqadmin.
func writeAdmin(to io.Writer, format string, columns []string, rows []object) error {
	if len(columns) == 0 {
		columns = everyColumn(rows)
	}
	var out strings.Builder
	switch format {
	case "raw_json", "pretty_json":
		picked := make([]object, len(rows))
		for i, row := range rows {
			picked[i] = object{}
			for _, column := range columns {
				if value, there := row[column]; there {
					picked[i][column] = value
				}
			}
		}
		text, err := json.Marshal(picked)
		if format == "pretty_json" && err == nil {
			text, err = json.MarshalIndent(picked, "", "  ")
		}
		if err != nil {
			return err
		}
		out.Write(append(text, '\n'))
	case "tsv":
		out.WriteString(strings.Join(columns, "\t") + "\n")
		for _, row := range rows {
			out.WriteString(strings.Join(cellsOf(row, columns), "\t") + "\n")
		}
	case "kvp":
		for _, row := range rows {
			var pairs []string
			for i, cell := range cellsOf(row, columns) {
				pairs = append(pairs, fmt.Sprintf("%s=\"%s\"", columns[i], cell))
			}
			out.WriteString(strings.Join(pairs, " ") + "\n")
		}
	case "bash":
		var names []string
		for _, row := range rows {
			names = append(names, term(row["name"]))
		}
		out.WriteString(strings.Join(names, " ") + "\n")
	case "long":
		writeLong(&out, columns, rows)
	default:
		writeASCII(&out, columns, rows)
	}
	_, err := io.WriteString(to, out.String())
	return err
}

// everyColumn is all columns of the rows, the telling ones first.
func everyColumn(rows []object) []string {
	first := strings.Fields("vhost name type source destination destination_type routing_key")
	seen := make(map[string]bool)
	for _, row := range rows {
		for key := range row {
			seen[key] = true
		}
	}
	var columns, others []string
	for _, key := range first {
		if seen[key] {
			columns = append(columns, key)
			delete(seen, key)
		}
	}
	for key := range seen {
		others = append(others, key)
	}
	slices.Sort(others)
	return append(columns, others...)
}

func cellsOf(row object, columns []string) []string {
	cells := make([]string, len(columns))
	for i, column := range columns {
		switch v := row[column].(type) {
		case bool: // as Python prints it
			cells[i] = map[bool]string{true: "True", false: "False"}[v]
		case []any, object:
			text, err := json.Marshal(v)
			if err == nil && string(text) != "{}" && string(text) != "[]" {
				cells[i] = string(text)
			}
		default:
			cells[i] = term(v)
		}
	}
	return cells
}

func writeLong(out *strings.Builder, columns []string, rows []object) {
	rule := "\n" + strings.Repeat("-", 80) + "\n\n"
	width := 0
	for _, column := range columns {
		width = max(width, len(column))
	}
	out.WriteString(rule)
	for _, row := range rows {
		for i, cell := range cellsOf(row, columns) {
			fmt.Fprintf(out, "%*s: %s\n", width, columns[i], cell)
		}
		out.WriteString(rule)
	}
}

// writeASCII draws a table with centred headers.
func writeASCII(out *strings.Builder, columns []string, rows []object) {
	if len(rows) == 0 {
		out.WriteString("No items\n")
		return
	}
	widths := make([]int, len(columns))
	for i, column := range columns {
		widths[i] = len(column)
	}
	lines := make([][]string, len(rows))
	for i, row := range rows {
		lines[i] = cellsOf(row, columns)
		for j, cell := range lines[i] {
			widths[j] = max(widths[j], utf8.RuneCountInString(cell))
		}
	}
	rule := "+"
	for _, w := range widths {
		rule += strings.Repeat("-", w+2) + "+"
	}
	out.WriteString(rule + "\n|")
	for i, column := range columns {
		left := (widths[i] - len(column)) / 2
		out.WriteString(" " + strings.Repeat(" ", left) + column + strings.Repeat(" ", widths[i]-len(column)-left) + " |")
	}
	out.WriteString("\n" + rule + "\n")
	for _, line := range lines {
		out.WriteString("|")
		for i, cell := range line {
			out.WriteString(" " + cell + strings.Repeat(" ", widths[i]-utf8.RuneCountInString(cell)) + " |")
		}
		out.WriteString("\n")
	}
	out.WriteString(rule + "\n")
}
