package exchange

import (
	"errors"
	"strconv"

	"github.com/leveretmq/leveret/amqp"
	"github.com/leveretmq/leveret/binding"
	"github.com/leveretmq/leveret/message"
)

const (
	// hashHeader and hashProperty name what is hashed instead of the routing key.
	hashHeader   = "hash-header"
	hashProperty = "hash-property"

	// maxBuckets is how many buckets one binding may have (RabbitMQ 4.3).
	maxBuckets = 10_000
)

func newConsistentHash[T comparable](s Spec) Router[T] {
	r := Router[T]{table: binding.NewConsistentHash[T](), once: true}
	if name, ok := s.text(hashHeader); ok {
		r.key = func(m *message.Message) string { return headerKey(name, m) }
	} else if property, ok := s.text(hashProperty); ok {
		r.key = propertyKey(property)
	}
	r.static = r.key == nil
	return r
}

// headerKey is the value of a header as a key. Messages without it have all the
// same key.
func headerKey(name string, m *message.Message) string {
	if !m.Properties.HasHeader(name) {
		return ""
	}
	value, _ := m.Headers().Lookup(name)
	if text, ok := value.(string); ok {
		return text
	}
	return amqp.TypeName(value) + amqp.Term(value)
}

// propertyKey makes keys of a property, or is nil if that cannot be hashed.
func propertyKey(property string) func(*message.Message) string {
	switch property {
	case "correlation_id":
		return func(m *message.Message) string { return m.Properties.CorrelationID() }
	case "message_id":
		return func(m *message.Message) string { return m.Properties.MessageID() }
	case "timestamp":
		return func(m *message.Message) string {
			seconds, ok := m.Properties.Timestamp()
			if !ok {
				return ""
			}
			return strconv.FormatUint(seconds, 10)
		}
	}
	return nil
}

// checkHashed refuses what cannot be hashed. RabbitMQ closes the connection with
// 541 when the names are no text.
func checkHashed(s Spec) error {
	for _, name := range []string{hashHeader, hashProperty} {
		if err := s.checkText(name); err != nil {
			return err
		}
	}
	_, header := s.text(hashHeader)
	property, ok := s.text(hashProperty)
	switch {
	case header && ok:
		return amqp.Errorf(amqp.CodePreconditionFailed, "%s and %s are mutually exclusive", hashHeader, hashProperty)
	case ok && propertyKey(property) == nil:
		return amqp.Errorf(amqp.CodePreconditionFailed, "Unsupported property: %s", property)
	}
	return nil
}

// checkBuckets refuses binding keys that are no number of buckets.
func checkBuckets(_ Spec, b Binding) error {
	buckets, err := strconv.Atoi(b.Key)
	switch {
	case err != nil && !errors.Is(err, strconv.ErrRange):
		return amqp.Errorf(amqp.CodePreconditionFailed, "The binding key must be an integer: %s", amqp.Term(b.Key))
	case buckets < 1:
		return amqp.Errorf(amqp.CodePreconditionFailed, "The binding key must be greater than 0")
	case buckets > maxBuckets:
		return amqp.Errorf(amqp.CodePreconditionFailed, "The binding key must not exceed %d", maxBuckets)
	}
	return nil
}

func newModulusHash[T comparable](Spec) Router[T] {
	return Router[T]{table: binding.NewModulus[T](), once: true, static: true}
}
