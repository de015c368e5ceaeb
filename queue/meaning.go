package queue

import "github.com/leveretmq/leveret/amqp"

// The priorities of quorum queues (RabbitMQ 4.3).
const (
	quorumHighest = 31
	quorumUsual   = 4
)

// defaultDeliveryLimit is that of quorum queues (RabbitMQ 4.0).
const defaultDeliveryLimit = 20

// meaning reads what the queue needs of its arguments, which are valid.
func (s Spec) meaning() (*Arguments, error) {
	t, err := s.queueType()
	if err != nil {
		return nil, err
	}
	a := &Arguments{Type: t, Levels: s.levels()}
	a.law.Rules = s.rules(t)
	a.law.counts = t == Quorum || a.law.Rules != nil && (a.law.DeliveryLimit >= 0 || a.law.Retry != Retry{})
	delays, _ := s.Arguments.Lookup("x-delayed")
	a.law.delays = delays == true
	a.law.keeps, a.law.returnsFirst = t == Quorum, t == Quorum
	deduplicates, _ := s.Arguments.Lookup("x-message-deduplication")
	a.Deduplicates = deduplicates == true
	anywhere, _ := s.Arguments.Lookup("x-message-ttl-anywhere")
	a.law.anywhere = anywhere == true
	single, _ := s.Arguments.Lookup("x-single-active-consumer")
	switch {
	case single != true:
	case t == Quorum:
		a.law.single = ambitious
	default:
		a.law.single = faithful
	}
	switch {
	case t == Quorum:
		a.law.levels = &priorities{highest: quorumHighest, usual: quorumUsual}
	case a.Levels > 1:
		a.law.levels = &priorities{highest: uint8(a.Levels - 1)}
	}
	return a, nil
}

// levels is how many priorities the queue tells apart.
func (s Spec) levels() int {
	if t, err := s.queueType(); err == nil && t == Quorum {
		return quorumHighest + 1
	}
	highest, ok := s.Arguments.Lookup("x-max-priority")
	if !ok {
		return 1
	}
	n, _ := amqp.Integer(highest)
	return int(max(n, 1)) + 1 // zero is as good as one (RabbitMQ 4.0)
}

// rules reads what the arguments say about messages. Most queues have none.
func (s Spec) rules(t Type) *Rules {
	r := NoRules()
	if t == Quorum {
		r.DeliveryLimit = defaultDeliveryLimit
	}
	r.TTL = s.integer("x-message-ttl", unlimited)
	r.Expires = s.integer("x-expires", unlimited)
	r.MaxLength = s.integer("x-max-length", unlimited)
	r.MaxBytes = s.integer("x-max-length-bytes", unlimited)
	r.DeliveryLimit = s.integer("x-delivery-limit", r.DeliveryLimit)
	if overflow := Overflow(s.text("x-overflow")); overflow != "" {
		r.Overflow = overflow
	}
	if t == Quorum && r.Overflow == RejectPublishDLX {
		r.Overflow = DropHead // which RabbitMQ warns of, and does
	}
	r.DeadLetter = s.deadLetter(t, r.Overflow)
	r.Retry = s.retry()
	if r == NoRules() {
		return nil
	}
	return &r
}

func (s Spec) deadLetter(t Type, overflow Overflow) *DeadLetter {
	value, ok := s.Arguments.Lookup("x-dead-letter-exchange")
	exchange, text := value.(string)
	if !ok || !text {
		return nil
	}
	d := &DeadLetter{Exchange: exchange}
	key, ok := s.Arguments.Lookup("x-dead-letter-routing-key")
	if ok {
		d.Key, d.HasKey = key.(string)
	}
	// Otherwise RabbitMQ falls back to at most once, since a full queue would
	// have to drop what the strategy must not lose.
	d.AtLeastOnce = t == Quorum && overflow == RejectPublish && s.text("x-dead-letter-strategy") == "at-least-once"
	return d
}

func (s Spec) retry() Retry {
	r := Retry{Min: s.integer("x-delayed-retry-min", 0), Max: s.integer("x-delayed-retry-max", 0)}
	switch s.text("x-delayed-retry-type") {
	case "all":
		r.Failed, r.Returned = true, true
	case "failed":
		r.Failed = true
	case "returned":
		r.Returned = true
	default:
		return Retry{}
	}
	return r
}

// integer is an argument, or what it is without one.
func (s Spec) integer(name string, without int64) int64 {
	value, ok := s.Arguments.Lookup(name)
	if !ok {
		return without
	}
	n, ok := amqp.Integer(value)
	if !ok {
		return without
	}
	return n
}

// text is an argument, or empty.
func (s Spec) text(name string) string {
	value, _ := s.Arguments.Lookup(name)
	text, _ := value.(string)
	return text
}
