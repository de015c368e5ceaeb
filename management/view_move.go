package management

import (
	"context"
	"errors"
	"math"
	"net/http"
	"time"

	"github.com/leveretmq/leveret/amqp"
	"github.com/leveretmq/leveret/auth"
	"github.com/leveretmq/leveret/broker"
	"github.com/leveretmq/leveret/exchange"
	"github.com/leveretmq/leveret/queue"
)

const (
	// usualMove and longestMove are for how long a request moves messages, so that a
	// client can show how far it is, and stop: what moves all is many requests.
	usualMove   = 1000
	longestMove = 60_000
	// allMessages is the count of a request that names none.
	allMessages = math.MaxInt32
)

func moveRoutes() []route {
	return []route{
		{method: post, pattern: "/api/queues/{vhost}/{queue}/move", deed: "message.move", tag: anyone, rule: enter, handle: (*API).moveMessages,
			summary: "moves messages to another queue or exchange, for some time"},
	}
}

// movedView is what a request has moved.
type movedView struct {
	Moved     int   `json:"moved"`
	Octets    int64 `json:"octets"`
	Remaining int   `json:"remaining"` // what is ready and was not moved
	// Stopped is why the next message was not moved; empty if nothing is in the way.
	Stopped string `json:"stopped"`
}

// moveMessages moves messages with the rights of the caller: to read the queue, and to
// publish where they go. A refusal is an error only if nothing was moved before it: what
// was moved has to be told.
func (a *API) moveMessages(r *request) (reply, error) {
	who, name, err := a.theQueue(r)
	if err != nil {
		return reply{}, missing("queue")
	}
	b, err := r.body()
	if err != nil {
		return reply{}, err
	}
	q, err := who.queueToMove(name)
	if err != nil {
		return reply{}, replied(err, withoutCode)
	}
	order := broker.Move{From: q, By: broker.Witness{User: string(who.owner)}}
	if order.To, err = a.destination(r, b, who); err != nil {
		return reply{}, err
	}
	if order.Count, err = b.integer("count", allMessages); err != nil {
		return reply{}, err
	}
	patience, err := b.integer("milliseconds", usualMove)
	if err != nil {
		return reply{}, err
	}
	if low := a.broker.Alarms().State().Reason; low != "" {
		return reply{}, &problem{status: http.StatusServiceUnavailable, kind: "service_unavailable", reason: "publishers are blocked: " + low}
	}
	ctx, end := a.untilEnd(r.Context()) // a stop of the broker does not wait long
	defer end()
	ctx, cancel := context.WithTimeout(ctx, time.Duration(min(patience, longestMove))*time.Millisecond)
	defer cancel()
	moved, err := order.Run(ctx)
	r.note("messages", moved.Messages)
	r.note("octets", moved.Octets)
	answer := movedView{Moved: moved.Messages, Octets: moved.Octets, Remaining: q.Counts().Ready}
	if err != nil {
		if errors.Is(err, broker.ErrMoveTooSlow) {
			err = &problem{status: http.StatusServiceUnavailable, kind: "service_unavailable", reason: err.Error()}
		}
		if moved.Messages == 0 {
			return reply{}, replied(err, withoutCode)
		}
		answer.Stopped = err.Error()
		if protocol := new(amqp.Error); errors.As(err, &protocol) {
			answer.Stopped = protocol.ReplyText()
		}
	}
	return value(answer), nil
}

// queueToMove is a queue that the caller may take messages out of. Unlike one to get
// messages from, it may be a quorum queue with a single consumer.
func (a acting) queueToMove(name string) (*queue.Queue, error) {
	if err := a.Queue(auth.Read, name); err != nil {
		return nil, err
	}
	return a.VHost.Queue(name, a.owner)
}

// destination is where the body of a request wants messages: a queue, or an exchange
// with a routing key, in the virtual host of the path or another one.
func (a *API) destination(r *request, b body, who acting) (to broker.Destination, err error) {
	fields := map[string]*string{"vhost": new(string), "queue": new(string), "exchange": new(string)}
	if err := b.texts(fields); err != nil {
		return to, err
	}
	for _, key := range []string{"vhost", "queue", "exchange"} {
		if b.has(key) {
			r.note("to_"+key, *fields[key])
		}
	}
	if b.has("queue") == b.has("exchange") {
		return to, badRequest("either a queue or an exchange has to be named")
	}
	if b.has("vhost") {
		if who, err = a.actingIn(r, *fields["vhost"]); err != nil {
			return to, err
		}
	}
	if b.has("queue") {
		if err := who.Exchange(auth.Write, exchange.Default); err != nil {
			return to, replied(err, withoutCode)
		}
		to, err = who.VHost.ToQueue(*fields["queue"])
		return to, replied(err, withoutCode)
	}
	var key *string
	if b.has("routing_key") {
		text, err := b.key()
		if err != nil {
			return to, err
		}
		key = &text
	}
	return broker.ToExchange(who.NewPublisher(), exchangeName(*fields["exchange"]), key), nil
}

// actingIn is the caller in a virtual host that the path does not name.
func (a *API) actingIn(r *request, vhost string) (acting, error) {
	v, ok := a.broker.VHost(vhost)
	if !ok {
		return acting{}, noVHost()
	}
	if !a.lists(r.caller, vhost) {
		return acting{}, unauthorised(refusedVHost)
	}
	return a.actingAs(r.caller, v), nil
}
