package queue

import "github.com/leveretmq/leveret/amqp"

// The priorities of quorum queues (RabbitMQ 4.3).
const (
	quorumHighest = 31
	quorumUsual   = 4
)

// defaultDeliveryLimit is that of quorum queues (RabbitMQ 4.0).
const defaultDeliveryLimit = 20

// meaning reads what the queue needs of its arguments, which are valid, and of what
// policies say.
func (s Spec) meaning(policy map[string]any) (*Arguments, error) {
	t, err := s.queueType()
	if err != nil {
		return nil, err
	}
	a := &Arguments{Type: t, Levels: s.levels()}
	a.law.Rules = s.rules(t, policy)
	a.law.counted = t == Quorum
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

// rules reads what arguments and policies say about messages. Most queues have none.
// Where both say something, it is RabbitMQ that decides.
func (s Spec) rules(t Type, policy map[string]any) *Rules {
	both := said{spec: &s, policy: policy}
	r := NoRules()
	r.TTL = min(both.least("message-ttl"), maxMilliseconds)
	r.Expires = min(both.least("expires"), maxMilliseconds)
	r.MaxLength = both.least("max-length")
	r.MaxBytes = both.least("max-length-bytes")
	if both.names("delivery-limit") {
		r.DeliveryLimit = max(both.least("delivery-limit"), unlimited)
	} else if t == Quorum {
		r.DeliveryLimit = defaultDeliveryLimit
	}
	r.Overflow = both.overflow(t)
	r.DeadLetter = both.deadLetter(t, r.Overflow)
	r.Retry = both.retry()
	if r == NoRules() {
		return nil
	}
	return &r
}

func (s said) overflow(t Type) Overflow {
	text, _ := s.text("overflow")
	if t == Quorum {
		text = s.policyFirst("overflow")
	}
	switch o := Overflow(text); {
	case o == RejectPublishDLX && t == Quorum: // which RabbitMQ warns of, and does
	case o == RejectPublish, o == RejectPublishDLX:
		return o
	}
	return DropHead
}

func (s said) deadLetter(t Type, overflow Overflow) *DeadLetter {
	exchange, ok := s.text("dead-letter-exchange")
	if !ok {
		return nil
	}
	d := &DeadLetter{Exchange: exchange}
	d.Key, d.HasKey = s.text("dead-letter-routing-key")
	// Otherwise RabbitMQ falls back to at most once, since a full queue would
	// have to drop what the strategy must not lose.
	strategy, _ := s.text("dead-letter-strategy")
	d.AtLeastOnce = t == Quorum && overflow == RejectPublish && strategy == "at-least-once"
	return d
}

func (s said) retry() Retry {
	r := Retry{Min: s.most("delayed-retry-min"), Max: max(s.least("delayed-retry-max"), 0)}
	r.Min, r.Max = min(r.Min, maxMilliseconds), min(r.Max, maxMilliseconds)
	switch kind, _ := s.text("delayed-retry-type"); kind {
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
