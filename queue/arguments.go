package queue

import (
	"fmt"
	"math"
	"slices"

	"github.com/leveretmq/leveret/amqp"
)

// Type is the value of the x-queue-type argument.
type Type string

// The queue types. A quorum queue is a durable queue of one node here: all of
// its messages are kept, whatever their delivery mode.
const (
	Classic Type = "classic"
	Quorum  Type = "quorum"
	Stream  Type = "stream"
)

// module is the name that RabbitMQ's texts use for the type.
func (t Type) module() string { return "rabbit_" + string(t) + "_queue" }

// Arguments is what a queue's argument table means.
type Arguments struct {
	Type   Type
	Levels int // of priority
	// Deduplicates says that the queue drops messages that it has already.
	Deduplicates bool
	law          law
}

// maxMilliseconds is the longest time that RabbitMQ accepts for a TTL or an
// expiry: ten years of 365 days.
const maxMilliseconds = 315_360_000_000

// argument is one of the arguments that have a meaning. A queue of another type
// than those listed refuses it; an argument that is in no list is stored and has
// no meaning (RabbitMQ behaviour).
type argument struct {
	name  string
	types []Type
	// check returns the reason why the value is refused, as RabbitMQ prints
	// it, or nothing. It may be nil.
	check func(value any) (reason string)
}

// arguments lists what is validated at the declaration of a queue of the type.
func arguments(t Type) []argument { return append(knownArguments(t), ourArguments(t)...) }

// knownArguments are those that RabbitMQ knows for the type or refuses for it, in
// its order.
func knownArguments(t Type) []argument {
	classic, quorum, stream := []Type{Classic}, []Type{Quorum}, []Type{Stream}
	notStream, all := []Type{Classic, Quorum}, []Type{Classic, Quorum, Stream}
	list := []argument{
		{"x-expires", notStream, integerBetween(1, maxMilliseconds)},
		{"x-message-ttl", notStream, integerBetween(0, maxMilliseconds)},
		{"x-dead-letter-exchange", notStream, nil}, // has a text of its own
		{"x-dead-letter-routing-key", notStream, oneOf("")},
		{"x-dead-letter-strategy", quorum, oneOf("invalid_dlx_strategy", "at-most-once", "at-least-once")},
		{"x-max-length", notStream, integerBetween(0, math.MaxInt64)},
		{"x-max-length-bytes", all, integerBetween(0, math.MaxInt64)},
		{"x-max-in-memory-length", quorum, integerBetween(0, math.MaxInt64)},
		{"x-max-in-memory-bytes", quorum, integerBetween(0, math.MaxInt64)},
		{"x-max-priority", classic, checkMaxPriority},
		{"x-overflow", notStream, oneOf("invalid_overflow", "drop-head", "reject-publish", "reject-publish-dlx")},
		{"x-queue-mode", classic, checkMode},
		{"x-queue-version", classic, checkVersion},
		{"x-single-active-consumer", notStream, checkBool},
		{"x-queue-leader-locator", all, oneOf("invalid_queue_locator_arg", "client-local", "balanced", "random", "least-leaders")},
		{"x-queue-master-locator", classic, nil},
		{"x-quorum-initial-group-size", quorum, integerBetween(1, math.MaxInt64)},
		{"x-initial-cluster-size", stream, integerBetween(1, math.MaxInt64)},
		{"x-max-age", stream, nil},
		{"x-stream-max-segment-size-bytes", stream, nil},
	}
	if t == Classic {
		return list
	}
	return append(list,
		argument{"x-delivery-limit", quorum, nil},
		argument{"x-delayed-retry-type", quorum, nil},
		argument{"x-delayed-retry-min", quorum, nil},
		argument{"x-delayed-retry-max", quorum, nil})
}

// ourArguments are those that RabbitMQ does not know for the type.
func ourArguments(t Type) []argument {
	both := []Type{Classic, Quorum}
	list := []argument{{"x-delayed", both, checkBool}, {"x-message-ttl-anywhere", both, checkBool}}
	if t != Classic {
		return list
	}
	milliseconds := integerBetween(0, maxMilliseconds)
	return append(list,
		argument{"x-delivery-limit", both, checkInteger},
		argument{"x-delayed-retry-type", both, oneOf("invalid_delayed_retry_type", "disabled", "all", "failed", "returned")},
		argument{"x-delayed-retry-min", both, milliseconds},
		argument{"x-delayed-retry-max", both, milliseconds})
}

// Validate checks the arguments and whether the type allows the properties. A
// refusal is an *amqp.Error.
func (s Spec) Validate() error {
	t, err := s.queueType()
	if err != nil {
		return err
	}
	if t == Stream {
		return amqp.Errorf(amqp.CodeNotImplemented, "queue type 'stream' of %s is not supported by this broker yet", s)
	}
	if err := s.checkArguments(t); err != nil {
		return err
	}
	return s.checkProperties(t)
}

func (s Spec) queueType() (Type, error) {
	value, ok := s.Arguments.Lookup(typeArgument)
	if !ok {
		return Classic, nil
	}
	name, ok := value.(string)
	if !ok {
		return "", s.invalid(typeArgument, unacceptable(value))
	}
	switch t := Type(name); t {
	case Classic, Quorum, Stream:
		return t, nil
	case "undefined":
		return Classic, nil
	}
	return "", s.invalid(typeArgument, fmt.Sprintf("\"unsupported queue type '%s'\"", name))
}

func (s Spec) checkArguments(t Type) error {
	if len(s.Arguments) == 0 {
		return nil // most queues have none, and the list is garbage each time
	}
	for _, a := range arguments(t) {
		value, ok := s.Arguments.Lookup(a.name)
		if !ok {
			continue
		}
		if !slices.Contains(a.types, t) {
			return s.ofOtherType(a.name, t)
		}
		if err := s.checkDeadLetter(a.name, value); err != nil {
			return err
		}
		if a.check == nil {
			continue
		}
		if reason := a.check(value); reason != "" {
			return s.invalid(a.name, reason)
		}
	}
	return nil
}

// checkConsumer refuses the arguments of consumers that only streams know.
func (q *Queue) checkConsumer(args amqp.Table) error {
	if len(args) == 0 {
		return nil
	}
	for _, name := range []string{"x-stream-offset", "x-stream-filter", "x-stream-match-unfiltered"} {
		if _, ok := args.Lookup(name); ok {
			return q.spec.ofOtherType(name, q.args.Type)
		}
	}
	return nil
}

// checkDeadLetter knows the rules that do not fit the common form.
func (s Spec) checkDeadLetter(name string, value any) error {
	switch name {
	case "x-dead-letter-exchange":
		if _, ok := value.(string); !ok {
			return amqp.Errorf(amqp.CodePreconditionFailed, "invalid type '%s' for arg '%s' in %s", amqp.TypeName(value), name, s)
		}
	case "x-dead-letter-routing-key":
		_, text := value.(string)
		if _, ok := s.Arguments.Lookup("x-dead-letter-exchange"); text && !ok {
			return s.invalid(name, "routing_key_but_no_dlx_defined")
		}
	}
	return nil
}

// CheckServerNamed says whether the type allows that the broker invents the
// queue's name.
func (s Spec) CheckServerNamed() error {
	t, err := s.queueType()
	if err != nil || t == Classic {
		return err
	}
	return amqp.Errorf(amqp.CodePreconditionFailed, "Cannot declare a server-named queue for type %s", t.module())
}

// checkProperties refuses what a replicated queue cannot be.
func (s Spec) checkProperties(t Type) error {
	if t == Classic {
		return nil
	}
	var property string
	switch {
	case s.AutoDelete:
		property = "auto-delete"
	case s.Exclusive:
		property = "exclusive-owner"
	case !s.Durable:
		property = "non-durable"
	default:
		return nil
	}
	return amqp.Errorf(amqp.CodePreconditionFailed, "invalid property '%s' for %s", property, s)
}

func (s Spec) invalid(name, reason string) error {
	return amqp.Errorf(amqp.CodePreconditionFailed, "invalid arg '%s' for %s: %s", name, s, reason)
}

func (s Spec) ofOtherType(name string, t Type) error {
	return amqp.Errorf(amqp.CodePreconditionFailed, "invalid arg '%s' for %s of queue type %s", name, s, t.module())
}

func unacceptable(value any) string {
	return fmt.Sprintf("{unacceptable_type,%s}", amqp.TypeName(value))
}

func integerReason(value any) string {
	return fmt.Sprintf("\"expected integer, got %s\"", amqp.TypeName(value))
}

// integerBetween accepts any integer type of the wire.
func integerBetween(lowest, highest int64) func(any) string {
	return func(value any) string {
		n, ok := amqp.Integer(value)
		switch {
		case !ok:
			return integerReason(value)
		case n < 0:
			return fmt.Sprintf("{value_negative,%d}", n)
		case n < lowest:
			return fmt.Sprintf("{value_zero,%d}", n)
		case n > highest:
			return fmt.Sprintf("{value_too_large,%d}", n)
		}
		return ""
	}
}

// oneOf accepts the given strings, or any string if there are none.
func oneOf(reason string, allowed ...string) func(any) string {
	return func(value any) string {
		s, ok := value.(string)
		switch {
		case !ok:
			return unacceptable(value)
		case len(allowed) > 0 && !slices.Contains(allowed, s):
			return reason
		}
		return ""
	}
}

// checkInteger accepts any number.
func checkInteger(value any) string {
	if _, ok := amqp.Integer(value); !ok {
		return integerReason(value)
	}
	return ""
}

func checkBool(value any) string {
	if _, ok := value.(bool); !ok {
		return unacceptable(value)
	}
	return ""
}

func checkMaxPriority(value any) string {
	if reason := integerBetween(0, math.MaxInt64)(value); reason != "" {
		return reason
	}
	if n, _ := amqp.Integer(value); n > 255 {
		return fmt.Sprintf("{max_value_exceeded,%d}", n)
	}
	return ""
}

func checkMode(value any) string {
	s, ok := value.(string)
	switch {
	case !ok:
		return unacceptable(value)
	case s != "default" && s != "lazy":
		return fmt.Sprintf("\"unsupported queue mode '%s'\"", s)
	}
	return ""
}

func checkVersion(value any) string {
	if reason := integerBetween(0, math.MaxInt64)(value); reason != "" {
		return reason
	}
	if n, _ := amqp.Integer(value); n != 1 && n != 2 {
		return fmt.Sprintf("\"unsupported queue version '%d'\"", n)
	}
	return ""
}
