package ctl

import (
	"encoding/json"
	"fmt"
	"net/http"
	"slices"
	"strconv"
	"strings"
	"unicode/utf8"
)

// listing is what can be listed, or shown.
type listing struct {
	name    string
	inVHost bool     // it can be asked for of one virtual host
	columns []string // unless some are asked for; none are all
	json    []string // columns that are shown as JSON
}

func listable() []listing {
	return []listing{
		{"connections", false, []string{"name", "user", "channels"}, nil},
		{"channels", false, []string{"name", "user"}, nil},
		{"consumers", true, nil, nil},
		{"exchanges", true, []string{"name", "type"}, nil},
		{"queues", true, []string{"name", "messages"}, nil},
		{"bindings", true, []string{"source", "destination", "routing_key"}, nil},
		{"users", false, nil, nil},
		{"vhosts", false, []string{"name", "messages"}, nil},
		{"permissions", false, nil, nil},
		{"nodes", false, []string{"name", "type", "mem_used"}, nil},
		{"parameters", false, nil, []string{"value"}},
		{"policies", false, nil, []string{"definition"}},
		{"operator_policies", false, nil, []string{"definition"}},
		{"vhost_limits", false, nil, []string{"value"}},
	}
}

func showable() []listing {
	return []listing{{"overview", false, []string{"rabbitmq_version", "cluster_name", "queue_totals.messages", "object_totals.queues"}, nil}}
}

func (c *adminCall) list() error {
	of, columns, path, err := c.listed(listable(), "list")
	if err != nil {
		return err
	}
	answer, err := c.remote.call(http.MethodGet, path, nil)
	if err != nil {
		return err
	}
	return c.print(answer, columns, of.json)
}

func (c *adminCall) showOne() error {
	of, columns, path, err := c.listed(showable(), "show")
	if err != nil {
		return err
	}
	answer, err := c.remote.call(http.MethodGet, path, nil)
	if err != nil {
		return err
	}
	return c.print("["+answer+"]", columns, of.json)
}

// listed finds what is to be listed, its columns and where it is.
func (c *adminCall) listed(among []listing, verb string) (of listing, columns []string, path string, err error) {
	if len(c.words) == 0 {
		return of, nil, "", wrongUse("Type not specified")
	}
	at := slices.IndexFunc(among, func(l listing) bool { return l.name == c.words[0] })
	if at < 0 {
		return of, nil, "", wrongUse("Don't know how to %s %s", verb, c.words[0])
	}
	of = among[at]
	path = "/" + strings.ReplaceAll(of.name, "_", "-")
	if vhost := c.set["vhost"]; of.inVHost && vhost != "" {
		path += "/" + quoted(vhost)
	}
	columns = c.words[1:]
	if len(columns) == 0 && !c.explicit["depth"] && !strings.Contains(c.set["format"], "json") {
		columns = of.columns
	}
	var query []string
	if len(columns) > 0 {
		query = append(query, "columns="+strings.Join(columns, ","))
	}
	if sort := c.set["sort"]; sort != "" {
		query = append(query, "sort="+sort)
	}
	if c.set["sort_reverse"] == "true" {
		query = append(query, "sort_reverse=true")
	}
	if len(query) > 0 {
		path += "?" + strings.Join(query, "&")
	}
	return of, columns, path, nil
}

func scriptFormats() []string {
	return []string{"raw_json", "pretty_json", "tsv", "long", "table", "kvp", "bash"}
}

// print writes an answer in the format that is wanted. Without columns, it is all that
// are no deeper than wanted.
func (c *adminCall) print(answer string, columns, asJSON []string) error {
	format := c.set["format"]
	if !slices.Contains(scriptFormats(), format) {
		return fmt.Errorf("the format is one of %s", strings.Join(scriptFormats(), ", "))
	}
	if format == "raw_json" {
		c.tell(answer)
		return nil
	}
	value, err := decodeOrdered(answer)
	if err != nil {
		return fmt.Errorf("the answer is not understood: %w", err)
	}
	if format == "pretty_json" {
		c.tell(prettyJSON(value))
		return nil
	}
	f := flattener{asJSON: asJSON, deepest: int(^uint(0) >> 1)}
	if len(columns) == 0 {
		if f.deepest, err = strconv.Atoi(c.set["depth"]); err != nil {
			return wrongUse("depth is no number: %s", c.set["depth"])
		}
	}
	items, _ := value.([]any)
	columns, rows := f.table(items, columns)
	if len(rows) == 0 {
		c.say("No items")
		return nil
	}
	c.printTable(format, columns, rows)
	return nil
}

func (c *adminCall) printTable(format string, columns []string, rows [][]string) {
	switch format {
	case "tsv":
		c.say("%s", strings.Join(columns, "\t"))
		for _, row := range rows {
			c.tell(strings.Join(row, "\t"))
		}
	case "kvp":
		for _, row := range rows {
			pairs := make([]string, len(row))
			for i, cell := range row {
				pairs[i] = fmt.Sprintf("%s=\"%s\"", columns[i], cell)
			}
			c.tell(strings.Join(pairs, " "))
		}
	case "bash":
		if at := slices.Index(columns, "name"); at >= 0 {
			names := make([]string, len(rows))
			for i, row := range rows {
				names[i] = row[at]
			}
			c.tell(strings.Join(names, " "))
		}
	case "long":
		c.tell(longText(columns, rows))
	default:
		c.tell(tableText(columns, rows))
	}
}

// flattener makes columns of objects within objects.
type flattener struct {
	asJSON  []string
	deepest int
}

// table makes rows of items, and all columns if none are given, the telling ones first.
func (f *flattener) table(items []any, columns []string) ([]string, [][]string) {
	flat := make([]map[string]string, len(items))
	seen := make(map[string]bool)
	for i, item := range items {
		flat[i] = make(map[string]string)
		if one, ok := item.(fields); ok {
			f.add(flat[i], "", 1, one)
		}
		for column := range flat[i] {
			seen[column] = true
		}
	}
	if len(columns) == 0 {
		for _, first := range strings.Fields("vhost name type source destination destination_type routing_key") {
			if seen[first] {
				columns = append(columns, first)
				delete(seen, first)
			}
		}
		var others []string
		for column := range seen {
			others = append(others, column)
		}
		slices.Sort(others)
		columns = append(columns, others...)
	}
	rows := make([][]string, len(flat))
	for i, cells := range flat {
		rows[i] = make([]string, len(columns))
		for j, column := range columns {
			rows[i][j] = cells[column]
		}
	}
	return columns, rows
}

func (f *flattener) add(into map[string]string, prefix string, depth int, from fields) {
	for _, one := range from {
		column := one.key
		if prefix != "" {
			column = prefix + "." + one.key
		}
		inner, isObject := one.value.(fields)
		switch {
		case isObject && slices.Contains(f.asJSON, one.key):
			into[column] = pythonJSON(one.value)
		case isObject && depth < f.deepest:
			f.add(into, column, depth+1, inner)
		case isObject:
		default:
			into[column] = cellText(one.value)
		}
	}
}

// cellText is a value as Python prints it.
func cellText(value any) string {
	switch v := value.(type) {
	case string:
		return v
	case bool:
		return map[bool]string{true: "True", false: "False"}[v]
	case json.Number:
		return pythonNumber(v)
	case []any:
		words := make([]string, len(v))
		for i, one := range v {
			word, isText := one.(string)
			if !isText {
				return pythonJSON(v)
			}
			words[i] = word
		}
		return strings.Join(words, " ")
	default:
		return "None"
	}
}

func longText(columns []string, rows [][]string) string {
	rule := "\n" + strings.Repeat("-", 80) + "\n"
	width := 0
	for _, column := range columns {
		width = max(width, utf8.RuneCountInString(column))
	}
	out := rule
	for _, row := range rows {
		for i, cell := range row {
			out += fmt.Sprintf("\n%*s: %s", width, columns[i], cell)
		}
		out += "\n" + rule
	}
	return out
}

// tableText draws a table with centred headers.
func tableText(columns []string, rows [][]string) string {
	widths := make([]int, len(columns))
	for _, row := range append([][]string{columns}, rows...) {
		for i, cell := range row {
			widths[i] = max(widths[i], utf8.RuneCountInString(cell))
		}
	}
	rule, head := "+", "|"
	for i, w := range widths {
		rule += strings.Repeat("-", w+2) + "+"
		free := w - utf8.RuneCountInString(columns[i])
		head += " " + strings.Repeat(" ", free/2) + columns[i] + strings.Repeat(" ", free-free/2) + " |"
	}
	lines := []string{rule, head, rule}
	for _, row := range rows {
		line := "|"
		for i, cell := range row {
			line += " " + cell + strings.Repeat(" ", widths[i]-utf8.RuneCountInString(cell)) + " |"
		}
		lines = append(lines, line)
	}
	return strings.Join(append(lines, rule), "\n")
}
