package ctl

import (
	"context"
	"fmt"
	"net/url"
	"slices"
	"strconv"
	"strings"
	"time"
)

const (
	// topRows is how many rows top has where no terminal says how many fit, and topHead
	// how many lines it needs beside them.
	topRows = 20
	topHead = 4
	// mostRows is the largest page of the API.
	mostRows = 500
)

// ranking is a list that top shows.
type ranking struct {
	columns []topColumn
	orders  map[string]string // what --by says, and the field that is sorted by
	usual   string
}

// topColumn is a column of it: its name, the field that it is from, and how people
// read it.
type topColumn struct {
	name, field string
	shown       func(float64) string // nil for what is no number
}

func rankings() map[string]ranking {
	rate, count := perSecond, func(f float64) string { return grouped(int64(f)) }
	return map[string]ranking{
		"queues": {
			columns: []topColumn{
				{"name", "name", nil}, {"vhost", "vhost", nil}, {"publish/s", "message_stats.publish_details.rate", rate},
				{"deliver/s", "message_stats.deliver_get_details.rate", rate}, {"ack/s", "message_stats.ack_details.rate", rate},
				{"ready", "messages_ready", count}, {"unacked", "messages_unacknowledged", count}, {"bytes", "message_bytes", octets},
				{"memory", "memory", octets}, {"consumers", "consumers", count},
			},
			orders: map[string]string{
				"publish": "message_stats.publish_details.rate", "deliver": "message_stats.deliver_get_details.rate",
				"depth": "messages", "bytes": "message_bytes", "memory": "memory",
			},
			usual: "publish",
		},
		"connections": {
			columns: []topColumn{
				{"name", "name", nil}, {"user", "user", nil}, {"vhost", "vhost", nil}, {"state", "state", nil},
				{"channels", "channels", count}, {"from client/s", "recv_oct_details.rate", octets}, {"to client/s", "send_oct_details.rate", octets},
				{"unsent", "send_pend", octets},
			},
			orders: map[string]string{
				"publish": "recv_oct_details.rate", "deliver": "send_oct_details.rate", "depth": "channels", "bytes": "send_pend",
			},
			usual: "publish",
		},
	}
}

// top shows who does most, again and again.
func top(c *call) error {
	what := c.arg(0)
	if what == "" {
		what = "queues"
	}
	r, known := rankings()[what]
	if !known {
		return &failure{usageError, "top shows queues or connections"}
	}
	o := &c.options.own
	if o.by == "" {
		o.by = r.usual
	}
	if r.orders[o.by] == "" {
		return &failure{usageError, fmt.Sprintf("%s cannot be sorted by %q", what, o.by)}
	}
	if o.interval < time.Second {
		return &failure{usageError, "--interval has to be a second or more"}
	}
	ctx, stop := c.interruptible()
	defer stop()
	for {
		if err := c.topOnce(what, r); err != nil || o.once {
			return err
		}
		if !pause(ctx, o.interval) {
			return nil
		}
	}
}

// pause waits, and says whether the wait was not interrupted.
func pause(ctx context.Context, d time.Duration) bool {
	select {
	case <-time.After(d):
		return true
	case <-ctx.Done():
		return false
	}
}

// topOnce shows the list as it is now.
func (c *call) topOnce(what string, r ranking) error {
	width, height := c.size(c.Stdout)
	rows := topRows
	if height > 0 {
		rows = max(height-topHead, 1)
	}
	if count := c.options.own.count; count > 0 {
		rows = min(count, mostRows)
	}
	list, err := c.ranked(what, r, min(rows, mostRows))
	if err != nil {
		return err
	}
	if c.options.formatter != formatTable {
		return c.show(fieldsOf(r), list)
	}
	head, err := c.topLine()
	if err != nil {
		return err
	}
	var out strings.Builder
	if width > 0 && !c.options.own.once {
		out.WriteString("\x1b[H\x1b[2J") // from the first line of an empty screen on
	}
	if !c.options.silent {
		out.WriteString(shorten(head, width) + "\n\n")
	}
	t := r.table(list)
	if width > 0 {
		err = t.writeFitted(&out, width, !c.options.bare)
	} else {
		err = t.write(&out, formatTable, !c.options.bare)
	}
	if err != nil {
		return err
	}
	_, err = c.Stdout.Write([]byte(out.String()))
	return err
}

// ranked is the first of the list, flat: each row has the fields by their paths.
func (c *call) ranked(what string, r ranking, rows int) ([]object, error) {
	path := at(what)
	switch {
	case c.options.vhostGiven && what == "connections":
		path = at("vhosts", c.options.vhost, what)
	case c.options.vhostGiven:
		path = at(what, c.options.vhost)
	}
	query := url.Values{
		"columns": {strings.Join(fieldsOf(r), ",")}, "page": {"1"}, "page_size": {strconv.Itoa(rows)},
		"sort": {r.orders[c.options.own.by]}, "sort_reverse": {"true"},
	}
	var page struct{ Items []object }
	if err := c.get(path+"?"+query.Encode(), &page); err != nil {
		return nil, err
	}
	for _, item := range page.Items {
		for _, column := range r.columns {
			item[column.field] = fieldAt(item, column.field)
		}
	}
	return page.Items, nil
}

func fieldsOf(r ranking) []string {
	fields := make([]string, len(r.columns))
	for i, column := range r.columns {
		fields[i] = column.field
	}
	return fields
}

// fieldAt is the value that a path leads to.
func fieldAt(o object, path string) any {
	key, rest, deeper := strings.Cut(path, ".")
	if !deeper {
		return o[key]
	}
	inner, _ := o[key].(object)
	return fieldAt(inner, rest)
}

// table is the list as people read it.
func (r ranking) table(list []object) table {
	t := table{rows: make([]object, len(list))}
	for _, column := range r.columns {
		t.columns = append(t.columns, column.name)
		for i, item := range list {
			if t.rows[i] == nil {
				t.rows[i] = object{}
			}
			t.rows[i][column.name] = item[column.field]
			if column.shown != nil {
				f, _ := item[column.field].(float64)
				t.rows[i][column.name] = figure(column.shown(f))
			}
		}
	}
	return t
}

// topLine is how the broker is as a whole.
func (c *call) topLine() (string, error) {
	o, err := c.broker()
	if err != nil {
		return "", err
	}
	number := func(path string) float64 { f, _ := fieldAt(o, path).(float64); return f }
	return fmt.Sprintf("%s  %s published/s  %s delivered/s  %s ready  %s unacked  %s connections  %s queues", term(o["node"]),
		perSecond(number("message_stats.publish_details.rate")), perSecond(number("message_stats.deliver_get_details.rate")),
		grouped(int64(number("queue_totals.messages_ready"))), grouped(int64(number("queue_totals.messages_unacknowledged"))),
		grouped(int64(number("object_totals.connections"))), grouped(int64(number("object_totals.queues")))), nil
}

// perSecond is a rate: small ones with a fraction.
func perSecond(f float64) string {
	if f != 0 && f < 10 {
		return strconv.FormatFloat(f, 'f', 1, 64)
	}
	return grouped(int64(f + 0.5))
}

// octets is an amount with a unit.
func octets(f float64) string {
	units := []string{"B", "KiB", "MiB", "GiB", "TiB"}
	i := 0
	for ; f >= 1024 && i < len(units)-1; i++ {
		f /= 1024
	}
	if i == 0 {
		return strconv.FormatFloat(f, 'f', 0, 64) + " B"
	}
	return strconv.FormatFloat(f, 'f', 1, 64) + " " + units[i]
}

// orderNames are what --by may say.
func orderNames() []string {
	var names []string
	for _, r := range rankings() {
		for name := range r.orders {
			names = append(names, name)
		}
	}
	slices.Sort(names)
	return slices.Compact(names)
}
