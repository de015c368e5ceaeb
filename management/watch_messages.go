package management

import (
	"fmt"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/leveretmq/leveret/broker"
	"github.com/leveretmq/leveret/definitions"
)

// maxWatchedBody is how much of a body can be watched, in octets.
const maxWatchedBody = 1 << 20

// interest is what of the messages of a virtual host a client wants to see.
type interest struct {
	queue, exchange expression
	user            string
	body            int // octets of bodies that are shown
}

func (r *request) interest() (i interest, err error) {
	if i.queue, err = r.expression("queue"); err != nil {
		return i, err
	}
	if i.exchange, err = r.expression("exchange"); err != nil {
		return i, err
	}
	i.user = r.query.Get("user")
	if text := r.query.Get("body"); text != "" {
		if i.body, err = strconv.Atoi(text); err != nil || i.body < 0 {
			return i, badRequest("body: %q is no number of octets", text)
		}
	}
	i.body = min(i.body, maxWatchedBody)
	return i, nil
}

func (i *interest) wants(s *broker.Sighting) bool {
	if i.user != "" && i.user != s.User || !i.exchange.matches(s.Exchange) {
		return false
	}
	return i.queue.Regexp == nil || slices.ContainsFunc(s.Queues, i.queue.MatchString)
}

// watchMessages shows what messages are, to whoever watches the broker and may enter the
// virtual host; what is in them only on request, and to nobody who could not read it.
func (a *API) watchMessages(r *request) (reply, error) {
	i, err := r.interest()
	if err != nil {
		return reply{}, err
	}
	v, ok := a.broker.VHost(r.vhost())
	if !ok {
		return reply{}, notFound()
	}
	if i.body > 0 && !a.mayEnter(r.caller, r.vhost()) {
		return reply{}, unauthorised(refusedVHost)
	}
	r.note("body", i.body)
	leave, err := a.admitStream()
	if err != nil {
		return reply{}, err
	}
	w := v.Watch(i.wants, i.body)
	return watching(r, w.Seat, func() { w.Leave(); leave() }, func(s *broker.Sighting) streamed { return i.view(s) }), nil
}

// sightingView is a message that was published or delivered.
type sightingView struct {
	Event       string                `json:"event"`
	Time        string                `json:"time"`
	VHost       string                `json:"vhost"`
	Exchange    string                `json:"exchange"`
	RoutingKeys []string              `json:"routing_keys"`
	Queues      []string              `json:"queues"`
	Redelivered bool                  `json:"redelivered"`
	Connection  string                `json:"connection"`
	Channel     uint16                `json:"channel"`
	User        string                `json:"user"`
	Properties  definitions.Arguments `json:"properties"`
	Octets      int                   `json:"payload_bytes"`
	Payload     *string               `json:"payload,omitempty"`
	Encoding    string                `json:"payload_encoding,omitempty"`
}

const (
	published = "published"
	delivered = "delivered"
	// watchTime is how times are shown.
	watchTime = "2006-01-02T15:04:05.000Z07:00"
)

func (i *interest) view(s *broker.Sighting) sightingView {
	v := sightingView{
		Event: published, Time: s.Time.UTC().Format(watchTime), VHost: s.VHost, Exchange: s.Exchange,
		RoutingKeys: orEmpty(s.RoutingKeys), Queues: orEmpty(s.Queues), Redelivered: s.Redelivered,
		Connection: s.Connection, Channel: s.Channel, User: s.User, Properties: propertiesView(s.Properties), Octets: s.Octets,
	}
	if s.Delivered {
		v.Event = delivered
	}
	if i.body > 0 {
		payload, encoding := fetching{truncate: -1, encoding: encodingAuto}.encode(s.Body)
		v.Payload, v.Encoding = &payload, encoding
	}
	return v
}

// line has the time of day only: who reads it sees it at once.
func (v sightingView) line() string {
	var out strings.Builder
	at, _ := time.Parse(watchTime, v.Time)
	out.WriteString(at.Local().Format("15:04:05.000") + " " + v.Event)
	add := func(key, value string) { out.WriteString(" " + key + "=" + quotedIfNeeded(value)) }
	if v.Event == delivered {
		add("from", strings.Join(v.Queues, ","))
	}
	add("exchange", v.Exchange)
	add("key", strings.Join(v.RoutingKeys, ","))
	if v.Event == published {
		add("to", strings.Join(v.Queues, ","))
	}
	if v.Redelivered {
		out.WriteString(" redelivered")
	}
	add("user", v.User)
	if v.Connection != "" {
		add("connection", v.Connection)
		add("channel", strconv.Itoa(int(v.Channel)))
	}
	add("octets", strconv.Itoa(v.Octets))
	if v.Payload != nil {
		fmt.Fprintf(&out, " body=%q", *v.Payload)
	}
	return out.String()
}

// quotedIfNeeded is text that cannot be taken for anything else on its line.
func quotedIfNeeded(text string) string {
	if text == "" || strings.ContainsFunc(text, func(r rune) bool { return r <= ' ' || r == '"' || r == '=' || !strconv.IsPrint(r) }) {
		return strconv.Quote(text)
	}
	return text
}
