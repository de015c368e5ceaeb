package exchange

import "github.com/leveretmq/leveret/amqp"

// Delayed is the type of an exchange that holds messages back for as long as
// their x-delay header says, and routes them then like the type that its
// argument x-delayed-type names.
const Delayed = "x-delayed-message"

const (
	delayedType = "x-delayed-type"
	// delays is the argument with which an exchange of any type does the same.
	delays = "x-delayed"
)

// Delays says whether the exchange holds back messages that ask for it.
func (s Spec) Delays() bool {
	asked, _ := s.Arguments.Lookup(delays)
	return s.Type == Delayed || asked == true
}

// RoutingType is the type that decides where messages go.
func (s Spec) RoutingType() string {
	if s.Type != Delayed {
		return s.Type
	}
	name, _ := s.text(delayedType)
	return name
}

// routing is the exchange as it would be without delays.
func (s Spec) routing() Spec {
	s.Type = s.RoutingType()
	return s
}

func delayedKind[T comparable]() kind[T] {
	return kind[T]{
		newRouter:    func(s Spec) Router[T] { return *NewRouter[T](s.routing()) },
		checkDeclare: checkDelayed,
		checkBinding: func(s Spec, b Binding) error { return s.routing().CheckBinding(b) },
	}
}

// checkDelayed refuses what the plugin for RabbitMQ refuses.
func checkDelayed(s Spec) error {
	name := s.RoutingType()
	if name == Delayed {
		return amqp.Errorf(amqp.CodePreconditionFailed, "Invalid argument, '%s' can't be used for '%s'", Delayed, delayedType)
	}
	if _, err := checks(name); err != nil {
		return amqp.Errorf(amqp.CodePreconditionFailed, "Invalid argument, '%s' must be an existing exchange type", delayedType)
	}
	return s.routing().Validate()
}
