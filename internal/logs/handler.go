package logs

import (
	"bytes"
	"context"
	"fmt"
	"log/slog"
	"strconv"
	"strings"
	"time"
	"unicode"
)

const (
	// Domain is the key of the category of a logger.
	Domain = "domain"
	// Process is the key of the number that tells which lines belong together.
	Process = "pid"
)

// timeFormat is RabbitMQ's.
const timeFormat = "2006-01-02 15:04:05.000000-07:00"

// handler makes lines of records. It never changes.
type handler struct {
	log      *Log
	level    *slog.LevelVar
	category string
	process  string
	context  []slog.Attr
	group    string // before the keys of further attributes
}

// process is a number in the shape of Erlang's processes.
func process(number uint64) string { return "<0." + strconv.FormatUint(number, 10) + ".0>" }

// Enabled implements slog.Handler.
func (h *handler) Enabled(_ context.Context, l slog.Level) bool {
	return l >= h.level.Level() || h.log.also != nil && l >= h.log.also.Level
}

// WithAttrs implements slog.Handler.
func (h *handler) WithAttrs(attributes []slog.Attr) slog.Handler {
	next := *h
	next.context = append([]slog.Attr(nil), h.context...)
	for _, a := range attributes {
		switch {
		case a.Key == Domain && h.group == "":
			next.category = a.Value.String()
			next.level = h.log.levels.of(next.category)
		case a.Key == Process && a.Value.Kind() == slog.KindUint64:
			next.process = process(a.Value.Uint64())
		default:
			a.Key = h.group + a.Key
			next.context = append(next.context, a)
		}
	}
	return &next
}

// WithGroup implements slog.Handler.
func (h *handler) WithGroup(name string) slog.Handler {
	next := *h
	next.group += name + "."
	return &next
}

// Handle implements slog.Handler.
func (h *handler) Handle(ctx context.Context, r slog.Record) error {
	l := h.log
	admitted, left := h.admit(r)
	if left != "" {
		told := h.line(ctx, slog.NewRecord(r.Time, slog.LevelWarn, left, 0))
		l.mu.Lock()
		l.write(slog.LevelWarn, told)
		l.mu.Unlock()
	}
	written := admitted && r.Level >= h.level.Level()
	taken := l.also != nil && r.Level >= l.also.Level
	if !written && !taken {
		return nil
	}
	line := h.line(ctx, r)
	l.mu.Lock()
	defer l.mu.Unlock()
	if written {
		l.write(r.Level, line)
	}
	if taken {
		l.also.Take(r.Level, line)
	}
	return nil
}

// admit says whether the line of a record is written, before the work of making it.
func (h *handler) admit(r slog.Record) (admitted bool, left string) {
	if h.category == Auditing { // which is complete
		return true, ""
	}
	h.log.mu.Lock()
	defer h.log.mu.Unlock()
	return h.log.repeats.admit(r)
}

func (h *handler) line(ctx context.Context, r slog.Record) []byte {
	if h.log.format == JSON {
		return h.object(ctx, r)
	}
	var out bytes.Buffer
	prefix := fmt.Sprintf("%s [%s] %s ", r.Time.Format(timeFormat), LevelName(r.Level), h.process)
	for text := range strings.SplitSeq(r.Message, "\n") {
		if out.Len() > 0 {
			out.WriteByte('\n')
		}
		out.WriteString(prefix + printable(text))
	}
	r.Attrs(func(a slog.Attr) bool {
		appendAttribute(&out, h.group, a)
		return true
	})
	out.WriteByte('\n')
	return out.Bytes()
}

// printable keeps terminals from obeying a line.
func printable(text string) string {
	return strings.Map(func(r rune) rune {
		if unicode.IsControl(r) && r != '\t' {
			return '?'
		}
		return r
	}, text)
}

// domain is RabbitMQ's name of a category.
func domain(category string) string {
	if category == Default {
		return "rabbitmq"
	}
	return "rabbitmq." + category
}

// appendAttribute writes key=value, with quotes where the value needs them: no value
// can begin a line of its own.
func appendAttribute(out *bytes.Buffer, group string, a slog.Attr) {
	value := a.Value.Resolve()
	if value.Kind() == slog.KindGroup {
		for _, member := range value.Group() {
			appendAttribute(out, group+a.Key+".", member)
		}
		return
	}
	text := value.String()
	if value.Kind() == slog.KindTime {
		text = value.Time().Format(time.RFC3339Nano)
	}
	if text == "" || strings.ContainsFunc(text, needsQuotes) {
		text = strconv.Quote(text)
	}
	out.WriteString(" " + group + a.Key + "=" + text)
}

func needsQuotes(r rune) bool { return r <= ' ' || r == '"' || r == '=' || !strconv.IsPrint(r) }

// object is the record as JSON, with RabbitMQ's keys.
func (h *handler) object(ctx context.Context, r slog.Record) []byte {
	var out bytes.Buffer
	own := slog.NewRecord(r.Time, r.Level, r.Message, 0)
	own.AddAttrs(slog.String(Process, h.process), slog.String(Domain, domain(h.category)))
	own.AddAttrs(h.context...)
	r.Attrs(func(a slog.Attr) bool {
		a.Key = h.group + a.Key
		own.AddAttrs(a)
		return true
	})
	encoder := slog.NewJSONHandler(&out, &slog.HandlerOptions{Level: slog.LevelDebug, ReplaceAttr: rabbitAttribute})
	if err := encoder.Handle(ctx, own); err != nil {
		return []byte("{}\n") // a buffer takes everything
	}
	return out.Bytes()
}

func rabbitAttribute(groups []string, a slog.Attr) slog.Attr {
	if len(groups) > 0 {
		return a
	}
	switch {
	case a.Key == slog.TimeKey && a.Value.Kind() == slog.KindTime:
		a.Value = slog.StringValue(a.Value.Time().Format(timeFormat))
	case a.Key == slog.LevelKey:
		if level, ok := a.Value.Any().(slog.Level); ok {
			a.Value = slog.StringValue(LevelName(level))
		}
	}
	return a
}
