package management

import (
	"encoding/json"
	"regexp"

	"github.com/leveretmq/leveret/amqp"
	"github.com/leveretmq/leveret/broker"
	"github.com/leveretmq/leveret/definitions"
	"github.com/leveretmq/leveret/internal/audience"
)

func watchRoutes() []route {
	return []route{
		{method: get, pattern: "/api/watch/trace/{vhost}", deed: "message.watch", tag: monitoring, rule: enter, handle: (*API).watchMessages,
			summary: "messages of a virtual host as they are published and delivered, a line each, without an end; " +
				"?queue= and ?exchange= are expressions, ?user= is a name, ?body= how many octets of bodies are shown"},
		{method: get, pattern: "/api/watch/events", tag: monitoring, handle: (*API).watchEvents,
			summary: "events of the broker as they happen, a line each, without an end; ?pattern= is an expression"},
		{method: get, pattern: "/api/watch/log", tag: administrator, handle: (*API).watchLog,
			summary: "lines of the log as they are written, without an end; with ?format=text as they are"},
	}
}

// eventView is an event: its name with its properties beside it, as RabbitMQ's command
// line shows it.
type eventView broker.Event

// MarshalJSON implements json.Marshaler.
func (e eventView) MarshalJSON() ([]byte, error) {
	return json.Marshal(definitions.Arguments(append(amqp.Table{{Key: "event", Value: e.Name}}, e.Properties...)))
}

func (e eventView) line() string {
	text, err := json.Marshal(definitions.Arguments(e.Properties))
	if err != nil {
		return e.Name
	}
	return e.Name + " " + string(text)
}

func (a *API) watchEvents(r *request) (reply, error) {
	pattern, err := r.expression("pattern")
	if err != nil {
		return reply{}, err
	}
	leave, err := a.admitStream()
	if err != nil {
		return reply{}, err
	}
	seat := a.broker.WatchEvents(pattern.matches)
	return watching(r, seat, func() { seat.Leave(); leave() }, func(e broker.Event) streamed { return eventView(e) }), nil
}

// expression is a parameter of the query that is a regular expression; without it
// everything matches.
type expression struct{ *regexp.Regexp }

func (r *request) expression(key string) (expression, error) {
	text := r.query.Get(key)
	if text == "" {
		return expression{}, nil
	}
	compiled, err := regexp.Compile(text)
	if err != nil {
		return expression{}, badRequest("%s: %s", key, err.Error())
	}
	return expression{compiled}, nil
}

func (e expression) matches(text string) bool { return e.Regexp == nil || e.MatchString(text) }

// LogLines is the log, as far as it can be watched.
type LogLines interface {
	// Watch calls the function for each line that is written, with its level, until
	// stop is called. The function must not block, and must not log.
	Watch(line func(level string, line []byte)) (stop func())
}

// logView is a line of the log.
type logView struct {
	Level string `json:"level"`
	Line  string `json:"line"`
}

func (l logView) line() string { return l.Line }

func (a *API) watchLog(r *request) (reply, error) {
	if a.options.LogLines == nil {
		return reply{}, notFound()
	}
	leave, err := a.admitStream()
	if err != nil {
		return reply{}, err
	}
	var lines audience.Audience[logView]
	seat := lines.Join(func(l logView) (logView, int, bool) { return l, len(l.Line) + len(l.Level), true })
	stop := a.options.LogLines.Watch(func(level string, line []byte) {
		lines.Tell(logView{level, trimmed(line)})
	})
	return watching(r, seat, func() { stop(); leave() }, func(l logView) streamed { return l }), nil
}

// trimmed is a line without its line break.
func trimmed(line []byte) string {
	if n := len(line); n > 0 && line[n-1] == '\n' {
		line = line[:n-1]
	}
	return string(line)
}
