package exchange

import "github.com/leveretmq/leveret/amqp"

// Default is the name of the default exchange, to which every queue is bound
// by its own name.
const Default = ""

// AlternateExchange is the argument that names where messages go that an
// exchange routes nowhere.
const AlternateExchange = "alternate-exchange"

// Spec is what an exchange was declared as.
type Spec struct {
	VHost string
	Name  string
	// Type is the name of the kind, like "topic".
	Type       string
	Durable    bool
	AutoDelete bool
	// Internal says that clients may not publish to the exchange.
	Internal  bool
	Arguments amqp.Table
	// By is the user that has declared the exchange; empty if nobody has, or it is not
	// known. It is no part of what declarations are compared by.
	By string
}

// Predeclared are the exchanges that every virtual host has from its start.
func Predeclared(vhost string) []Spec {
	durable := func(name, kind string) Spec {
		return Spec{VHost: vhost, Name: name, Type: kind, Durable: true}
	}
	trace := durable("amq.rabbitmq.trace", Topic)
	trace.Internal = true
	return []Spec{
		durable(Default, Direct),
		durable("amq.direct", Direct),
		durable("amq.fanout", Fanout),
		durable("amq.headers", Headers),
		durable("amq.match", Headers),
		trace,
		durable("amq.topic", Topic),
	}
}

// AlternateExchange is the name of the alternate exchange that the declaration
// asks for. The name may be empty: the default exchange can be an alternate
// exchange too. Nobody knows yet whether the exchange exists.
func (s Spec) AlternateExchange() (string, bool) {
	return s.text(AlternateExchange)
}

// text is the value of an argument, if it is text.
func (s Spec) text(name string) (string, bool) {
	v, _ := s.Arguments.Lookup(name)
	text, ok := v.(string)
	return text, ok
}
