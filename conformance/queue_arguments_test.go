package conformance

import (
	"fmt"
	"math"
	"testing"

	"github.com/rabbitmq/amqp091-go"
	"github.com/stretchr/testify/require"
)

// queueInvalid is the text for an argument whose value is refused.
func queueInvalid(argument, queue, reason string) string {
	return fmt.Sprintf("PRECONDITION_FAILED - invalid arg '%s' for queue '%s' in vhost '/': %s", argument, queue, reason)
}

// queueRequireRefused declares a queue of the arguments and requires the reason of
// the refusal.
func queueRequireRefused(t *testing.T, c *amqp091.Connection, argument string, args amqp091.Table, reason string) {
	t.Helper()
	ch := channelOn(t, c)
	s := queueSpec{name: uniqueName(t, "q"), durable: true, args: args}
	deleteQueueLater(t, s.name)
	requireChannelError(t, ch, s.declaring(ch), amqp091.PreconditionFailed, queueInvalid(argument, s.name, reason))
}

const queueLongestTime = 315_360_000_000 // ms, ten years of 365 days

func TestQueue_NumericArgumentsMustBeInTheirRange(t *testing.T) {
	rule(t, "queue")
	c := dial(t)
	type refusals map[int64]string
	for argument, values := range map[string]refusals{
		"x-message-ttl": {
			-1: "{value_negative,-1}", math.MinInt64: "{value_negative,-9223372036854775808}",
			queueLongestTime + 1: "{value_too_large,315360000001}", math.MaxInt64: "{value_too_large,9223372036854775807}",
		},
		"x-expires": {
			-1: "{value_negative,-1}", 0: "{value_zero,0}", queueLongestTime + 1: "{value_too_large,315360000001}",
		},
		"x-max-length":       {-1: "{value_negative,-1}"},
		"x-max-length-bytes": {-1: "{value_negative,-1}"},
		"x-max-priority": {
			-1: "{value_negative,-1}", 256: "{max_value_exceeded,256}", math.MaxInt64: "{max_value_exceeded,9223372036854775807}",
		},
		"x-queue-version": {
			-1: "{value_negative,-1}", 0: `"unsupported queue version '0'"`, 3: `"unsupported queue version '3'"`,
		},
	} {
		for value, reason := range values {
			t.Run(fmt.Sprintf("%s %d", argument, value), func(t *testing.T) {
				rule(t, "queue")
				queueRequireRefused(t, c, argument, amqp091.Table{argument: value}, reason)
			})
		}
	}
}

func TestQueue_NumericArgumentsMustBeIntegers(t *testing.T) {
	rule(t, "queue")
	c := dial(t)
	for _, argument := range []string{
		"x-message-ttl", "x-expires", "x-max-length", "x-max-length-bytes", "x-max-priority", "x-queue-version",
	} {
		for _, wireType := range []string{
			"longstr", "bool", "float", "double", "decimal", "timestamp", "array", "table", "binary", "void",
		} {
			t.Run(argument+" "+wireType, func(t *testing.T) {
				rule(t, "queue")
				queueRequireRefused(t, c, argument, amqp091.Table{argument: exchangeValuesByType()[wireType]},
					fmt.Sprintf(`"expected integer, got %s"`, wireType))
			})
		}
	}
}

func TestQueue_TextArgumentsMustBeStrings(t *testing.T) {
	rule(t, "queue")
	c := dial(t)
	for _, argument := range []string{"x-overflow", "x-queue-mode", "x-queue-type", "x-dead-letter-routing-key"} {
		for _, wireType := range []string{
			"bool", "byte", "unsignedbyte", "short", "unsignedshort", "signedint", "unsignedint", "long", "float", "double",
			"decimal", "timestamp", "array", "table", "binary", "void",
		} {
			t.Run(argument+" "+wireType, func(t *testing.T) {
				rule(t, "queue")
				queueRequireRefused(t, c, argument, amqp091.Table{argument: exchangeValuesByType()[wireType]},
					fmt.Sprintf("{unacceptable_type,%s}", wireType))
			})
		}
	}
}

func TestQueue_TextArgumentsMustBeKnownWords(t *testing.T) {
	rule(t, "queue")
	c := dial(t)
	for _, row := range []struct{ argument, value, reason string }{
		{"x-overflow", "foo", "invalid_overflow"},
		{"x-overflow", "", "invalid_overflow"},
		{"x-overflow", "Drop-Head", "invalid_overflow"},
		{"x-queue-mode", "foo", `"unsupported queue mode 'foo'"`},
		{"x-queue-mode", "", `"unsupported queue mode ''"`},
		{"x-queue-type", "", `"unsupported queue type ''"`},
		{"x-queue-type", "foo", `"unsupported queue type 'foo'"`},
		{"x-queue-type", "Classic", `"unsupported queue type 'Classic'"`},
	} {
		t.Run(fmt.Sprintf("%s %q", row.argument, row.value), func(t *testing.T) {
			rule(t, "queue")
			queueRequireRefused(t, c, row.argument, amqp091.Table{row.argument: row.value}, row.reason)
		})
	}
}

func TestQueue_SingleActiveConsumerMustBeABoolean(t *testing.T) {
	rule(t, "queue")
	c := dial(t)
	for wireType, value := range exchangeValuesByType() {
		if wireType == "bool" {
			continue
		}
		t.Run(wireType, func(t *testing.T) {
			rule(t, "queue")
			queueRequireRefused(t, c, "x-single-active-consumer", amqp091.Table{"x-single-active-consumer": value},
				fmt.Sprintf("{unacceptable_type,%s}", wireType))
		})
	}
}

func TestQueue_DeadLetterExchangeMustBeAString(t *testing.T) {
	rule(t, "queue")
	c := dial(t)
	for wireType, value := range exchangeValuesByType() {
		if wireType == "longstr" {
			continue
		}
		t.Run(wireType, func(t *testing.T) {
			rule(t, "queue")
			ch := channelOn(t, c)
			s := queueSpec{name: uniqueName(t, "q"), args: amqp091.Table{"x-dead-letter-exchange": value}}
			requireChannelError(t, ch, s.declaring(ch), amqp091.PreconditionFailed,
				fmt.Sprintf("PRECONDITION_FAILED - invalid type '%s' for arg 'x-dead-letter-exchange' in queue '%s' in vhost '/'", wireType, s.name))
		})
	}
}

func TestQueue_DeadLetterRoutingKeyNeedsAnExchange(t *testing.T) {
	rule(t, "queue")
	c := dial(t)
	for _, key := range []string{"key", ""} {
		t.Run(fmt.Sprintf("key %q", key), func(t *testing.T) {
			rule(t, "queue")
			queueRequireRefused(t, c, "x-dead-letter-routing-key", amqp091.Table{"x-dead-letter-routing-key": key},
				"routing_key_but_no_dlx_defined")
		})
	}
}

func TestQueue_DeadLetterRoutingKeyMustBeAString(t *testing.T) {
	rule(t, "queue")
	queueRequireRefused(t, dial(t), "x-dead-letter-routing-key",
		amqp091.Table{"x-dead-letter-exchange": "dlx", "x-dead-letter-routing-key": int32(5)}, "{unacceptable_type,signedint}")
}

func TestQueue_FirstInvalidArgumentIsReported(t *testing.T) {
	rule(t, "queue")
	c := dial(t)
	all := amqp091.Table{
		"x-single-active-consumer": "bad", "x-overflow": "bad", "x-max-length-bytes": "bad", "x-max-length": "bad",
		"x-message-ttl": "bad", "x-expires": "bad",
	}
	for _, row := range []struct{ argument, reason string }{
		{"x-expires", `"expected integer, got longstr"`},
		{"x-message-ttl", `"expected integer, got longstr"`},
		{"x-max-length", `"expected integer, got longstr"`},
		{"x-max-length-bytes", `"expected integer, got longstr"`},
	} {
		t.Run(row.argument, func(t *testing.T) {
			rule(t, "queue")
			queueRequireRefused(t, c, row.argument, all, row.reason)
		})
		delete(all, row.argument)
	}
}

func TestQueue_InvalidDeclarationCreatesNothing(t *testing.T) {
	rule(t, "queue")
	c := dial(t)
	ch := channelOn(t, c)
	s := queueSpec{name: uniqueName(t, "q"), args: amqp091.Table{"x-message-ttl": int32(-1)}}
	requireChannelError(t, ch, s.declaring(ch), amqp091.PreconditionFailed, queueInvalid("x-message-ttl", s.name, "{value_negative,-1}"))
	queueMustNotExist(t, c, s.name)
}

func TestQueue_ValidArgumentsAreAccepted(t *testing.T) {
	rule(t, "queue")
	ch := openChannel(t)
	type table = amqp091.Table
	for _, args := range []table{
		{"x-message-ttl": int32(0)},
		{"x-message-ttl": int64(queueLongestTime)},
		{"x-expires": int64(queueLongestTime)},
		{"x-expires": byte(255)},
		{"x-max-length": int32(0)},
		{"x-max-length": int64(math.MaxInt64)},
		{"x-max-length-bytes": int64(math.MaxInt64)},
		{"x-overflow": "drop-head"},
		{"x-overflow": "reject-publish"},
		{"x-overflow": "reject-publish-dlx"},
		{"x-dead-letter-exchange": ""},
		{"x-dead-letter-exchange": "no-such-exchange"},
		{"x-dead-letter-exchange": "dlx", "x-dead-letter-routing-key": ""},
		{"x-max-priority": int32(0)},
		{"x-max-priority": byte(255)},
		{"x-single-active-consumer": true},
		{"x-single-active-consumer": false},
		{"x-queue-mode": "default"},
		{"x-queue-mode": "lazy"},
		{"x-queue-version": int32(1)},
		{"x-queue-version": int32(2)},
		{"x-queue-type": "classic"},
		{"x-queue-master-locator": "client-local"},
		{"x-consumer-timeout": int32(60_000)},
		{"x-unknown-argument": "anything"},
		{"": "an empty name"},
		{"unknown": []any{int32(1), table{"nested": true}}},
	} {
		t.Run(fmt.Sprint(args), func(t *testing.T) {
			rule(t, "queue")
			q := queueSpec{args: args, exclusive: true}.mustDeclare(t, ch)
			_, err := queueDeletion{name: q}.delete(ch)
			require.NoError(t, err)
		})
	}
}

func TestQueue_ArgumentsTakeEachIntegerType(t *testing.T) {
	rule(t, "queue")
	ch := openChannel(t)
	for wireType, value := range map[string]any{
		"byte": int8(100), "unsigned byte": byte(200), "short": int16(100), "unsigned short": uint16(60_000),
		"int": int32(100), "unsigned int": uint32(4_000_000_000), "long": int64(5_000_000_000),
	} {
		t.Run(wireType, func(t *testing.T) {
			rule(t, "queue")
			queueSpec{exclusive: true, args: amqp091.Table{"x-max-length": value}}.mustDeclare(t, ch)
		})
	}
}

func TestQueue_ArgumentsOfOtherTypesAreRefused(t *testing.T) {
	rule(t, "queue")
	c := dial(t)
	for queueType, arguments := range map[string][]string{
		"classic": {
			"x-dead-letter-strategy", "x-max-in-memory-length", "x-max-in-memory-bytes", "x-quorum-initial-group-size",
			"x-initial-cluster-size", "x-max-age", "x-stream-max-segment-size-bytes",
		},
		"quorum": {
			"x-max-priority", "x-queue-mode", "x-queue-version", "x-initial-cluster-size", "x-max-age",
			"x-stream-max-segment-size-bytes",
		},
	} {
		for _, argument := range arguments {
			t.Run(queueType+" "+argument, func(t *testing.T) {
				rule(t, "queue")
				ch := channelOn(t, c)
				s := queueSpec{
					name: uniqueName(t, "q"), durable: true,
					args: amqp091.Table{"x-queue-type": queueType, argument: int32(5)},
				}
				requireChannelError(t, ch, s.declaring(ch), amqp091.PreconditionFailed,
					fmt.Sprintf("PRECONDITION_FAILED - invalid arg '%s' for queue '%s' in vhost '/' of queue type rabbit_%s_queue",
						argument, s.name, queueType))
			})
		}
	}
}
