package broker_test

import (
	"fmt"
	"testing"

	"github.com/leveretmq/leveret/amqp"
	"github.com/leveretmq/leveret/broker"
	"github.com/leveretmq/leveret/exchange"
	"github.com/leveretmq/leveret/message"
)

// routes is a topology with a route of each kind.
func routes(t testing.TB) *fixture {
	t.Helper()
	f := start(t)
	f.exchange("direct", exchange.Direct)
	f.exchange("topic", exchange.Topic)
	f.exchange("headers", exchange.Headers)
	f.exchange("first", exchange.Fanout)
	for i := range 100 {
		name := fmt.Sprint("q", i)
		f.queue(name)
		f.bind(
			toQueue("direct", name, fmt.Sprint("key", i)),
			toQueue("topic", name, fmt.Sprintf("stock.*.usd.nyse.%d.#", i)),
			toQueue("headers", name, "", amqp.Field{Key: "x-match", Value: "all"}, amqp.Field{Key: "tenant", Value: int64(i)}),
		)
	}
	f.bind(toExchange("first", "direct", ""))
	for _, queues := range []int{50, 1000} {
		source := fmt.Sprint("fanout", queues)
		f.exchange(source, exchange.Fanout)
		for i := range queues {
			name := fmt.Sprint("q", i)
			f.queue(name)
			f.bind(toQueue(source, name, ""))
		}
	}
	return f
}

// journey is messages that a publisher routes in turn, each to so many queues.
type journey struct {
	name     string
	messages []*message.Message
	queues   int
	budget   float64 // allocations of a message that finds its route anew
}

// alternating are journeys of which no route is like the one before.
func alternating() []journey {
	to := func(exchange, a, b string) []*message.Message {
		return []*message.Message{{Exchange: exchange, RoutingKey: a}, {Exchange: exchange, RoutingKey: b}}
	}
	tenant := func(id int64) *message.Message {
		return withHeaders("headers", "", amqp.Field{Key: "type", Value: "report"}, amqp.Field{Key: "tenant", Value: id})
	}
	return []journey{
		{"default", to("", "q7", "q8"), 1, plainBudget},
		{"direct", to("direct", "key7", "key8"), 1, plainBudget},
		{"topic", to("topic", "stock.7.usd.nyse.7.order7.new.v1", "stock.7.usd.nyse.8.order8.new.v1"), 1, plainBudget},
		{"headers", []*message.Message{tenant(7), tenant(8)}, 1, headersBudget},
		{"exchanges=2", to("first", "key7", "key8"), 1, plainBudget},
		{"fanout=50", to("fanout50", "a", "b"), 50, fanoutBudget},
		{"fanout=1000", to("fanout1000", "a", "b"), 1000, wideBudget},
	}
}

// step routes one of the messages of a journey.
func (j *journey) step(t testing.TB, p *broker.Publisher, i int) {
	queues, err := p.Route(j.messages[i%len(j.messages)])
	if err != nil || len(queues) != j.queues {
		t.Fatalf("%d queues instead of %d, error %v", len(queues), j.queues, err)
	}
}

// BenchmarkRoute routes messages over the route of the one before, and over
// another one.
func BenchmarkRoute(b *testing.B) {
	f := routes(b)
	p := f.vhost.NewPublisher("guest")
	for _, j := range alternating() {
		if j.name != "headers" { // which no publisher remembers
			b.Run("cached/"+j.name, func(b *testing.B) {
				b.ReportAllocs()
				for b.Loop() {
					j.step(b, p, 0)
				}
			})
		}
		b.Run("uncached/"+j.name, func(b *testing.B) {
			b.ReportAllocs()
			for i := 0; b.Loop(); i++ {
				j.step(b, p, i)
			}
		})
	}
}

// BenchmarkRouteInspected routes messages whose properties the broker has to
// look at, though they change nothing.
func BenchmarkRouteInspected(b *testing.B) {
	f := routes(b)
	p := f.vhost.NewPublisher("guest")
	for name, l := range map[string]amqp.PropertyList{
		"headers":    {Headers: amqp.Table{{Key: "trace", Value: "00-4bf92f3577b34da6"}}},
		"expiration": {Expiration: "60000"},
		"user":       {UserID: "guest"},
		"CC":         {Headers: amqp.Table{{Key: "CC", Value: amqp.Array{"q7"}}}},
	} {
		b.Run(name, func(b *testing.B) {
			m := &message.Message{RoutingKey: "q7", Properties: l.Encode()}
			b.ReportAllocs()
			for b.Loop() {
				if _, err := p.Route(m); err != nil {
					b.Fatal(err)
				}
			}
		})
	}
}

// What routing may allocate for a message that does not go where the one before
// went: the list of its queues and what finds them. Otherwise it is nothing.
const (
	plainBudget   = 3
	headersBudget = 7  // the headers are decoded
	fanoutBudget  = 16 // the list of queues grows some times
	wideBudget    = 28
)
