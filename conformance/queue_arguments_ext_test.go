package conformance

import (
	"fmt"
	"testing"

	"github.com/rabbitmq/amqp091-go"
	"github.com/stretchr/testify/require"
)

func TestQueue_QuorumNumericArgumentsMustBeInTheirRange(t *testing.T) {
	rule(t, "queue")
	c := dial(t)
	for argument, refusals := range map[string]map[int64]string{
		"x-message-ttl":               {-1: "{value_negative,-1}", queueLongestTime + 1: "{value_too_large,315360000001}"},
		"x-expires":                   {-1: "{value_negative,-1}", 0: "{value_zero,0}", queueLongestTime + 1: "{value_too_large,315360000001}"},
		"x-max-length":                {-1: "{value_negative,-1}"},
		"x-max-length-bytes":          {-1: "{value_negative,-1}"},
		"x-max-in-memory-length":      {-1: "{value_negative,-1}"},
		"x-max-in-memory-bytes":       {-1: "{value_negative,-1}"},
		"x-quorum-initial-group-size": {-1: "{value_negative,-1}", 0: "{value_zero,0}"},
	} {
		for value, reason := range refusals {
			t.Run(fmt.Sprintf("%s %d", argument, value), func(t *testing.T) {
				rule(t, "queue")
				args := queueQuorumArgs()
				args[argument] = value
				queueRequireRefused(t, c, argument, args, reason)
			})
		}
	}
}

func TestQueue_QuorumArgumentsHaveTheirTypes(t *testing.T) {
	rule(t, "queue")
	c := dial(t)
	integer := func(wireType string) string { return fmt.Sprintf(`"expected integer, got %s"`, wireType) }
	text := func(wireType string) string { return fmt.Sprintf("{unacceptable_type,%s}", wireType) }
	for argument, reason := range map[string]func(string) string{
		"x-message-ttl": integer, "x-expires": integer, "x-max-length": integer, "x-max-length-bytes": integer,
		"x-max-in-memory-length": integer, "x-max-in-memory-bytes": integer, "x-quorum-initial-group-size": integer,
		"x-overflow": text, "x-dead-letter-strategy": text, "x-dead-letter-routing-key": text, "x-queue-leader-locator": text,
	} {
		for _, wireType := range []string{"bool", "double", "timestamp", "array", "table", "binary", "void"} {
			t.Run(argument+" "+wireType, func(t *testing.T) {
				rule(t, "queue")
				args := queueQuorumArgs()
				args[argument] = exchangeValuesByType()[wireType]
				queueRequireRefused(t, c, argument, args, reason(wireType))
			})
		}
	}
}

func TestQueue_QuorumTakesMoreArguments(t *testing.T) {
	rule(t, "queue")
	ch := openChannel(t)
	type table = amqp091.Table
	for _, args := range []table{
		{"x-delivery-limit": int32(0)},
		{"x-delivery-limit": int32(-1)},
		{"x-delivery-limit": "not looked at"},
		{"x-dead-letter-strategy": "at-most-once"},
		{"x-dead-letter-strategy": "at-least-once", "x-overflow": "reject-publish", "x-dead-letter-exchange": ""},
		{"x-message-ttl": int64(queueLongestTime)},
		{"x-expires": int64(queueLongestTime)},
		{"x-overflow": "drop-head"},
		{"x-overflow": "reject-publish"},
		{"x-max-length-bytes": int32(0)},
		{"x-dead-letter-exchange": "none", "x-dead-letter-routing-key": "key"},
		{"x-single-active-consumer": false},
		{"x-quorum-initial-group-size": int32(7)},
		{"x-consumer-timeout": int32(60_000)},
		{"x-unknown-argument": "anything"},
		{"x-stream-filter-size-bytes": "of streams"},
	} {
		t.Run(fmt.Sprint(args), func(t *testing.T) {
			rule(t, "queue")
			q := quorumQueue(t, ch, args)
			_, err := queueDeletion{name: q}.delete(ch)
			require.NoError(t, err)
		})
	}
}

func TestQueue_LeaderLocatorIsOneOfFour(t *testing.T) {
	rule(t, "queue")
	c := dial(t)
	for _, queueType := range []string{"classic", "quorum"} {
		t.Run(queueType, func(t *testing.T) {
			rule(t, "queue")
			ch := channelOn(t, c)
			for _, locator := range []string{"client-local", "balanced", "random", "least-leaders"} {
				queueSpec{durable: true, args: amqp091.Table{"x-queue-type": queueType, "x-queue-leader-locator": locator}}.mustDeclare(t, ch)
			}
			queueRequireRefused(t, c, "x-queue-leader-locator",
				amqp091.Table{"x-queue-type": queueType, "x-queue-leader-locator": "nobody"}, "invalid_queue_locator_arg")
		})
	}
}

func TestQueue_MasterLocatorIsForClassicQueues(t *testing.T) {
	rule(t, "queue")
	c := dial(t)
	ch := channelOn(t, c)
	for _, locator := range []string{"min-masters", "client-local", "random"} {
		queueSpec{durable: true, args: amqp091.Table{"x-queue-master-locator": locator}}.mustDeclare(t, ch)
	}
	s := queueSpec{name: uniqueName(t, "q"), durable: true, args: amqp091.Table{"x-queue-type": "quorum", "x-queue-master-locator": "random"}}
	requireChannelError(t, ch, s.declaring(ch), amqp091.PreconditionFailed,
		fmt.Sprintf("PRECONDITION_FAILED - invalid arg 'x-queue-master-locator' for queue '%s' in vhost '/' of queue type rabbit_quorum_queue", s.name))
}

func TestQueue_QuorumRedeclareComparesEachArgument(t *testing.T) {
	rule(t, "queue")
	c := dial(t)
	for name, v := range map[string]struct {
		value any
		text  string
	}{
		"x-expires":                   {int32(60_000), "the value '60000' of type 'signedint'"},
		"x-message-ttl":               {int64(5), "the value '5' of type 'long'"},
		"x-dead-letter-exchange":      {"dlx", "the value 'dlx' of type 'longstr'"},
		"x-dead-letter-routing-key":   {"key", "the value 'key' of type 'longstr'"},
		"x-dead-letter-strategy":      {"at-most-once", "the value 'at-most-once' of type 'longstr'"},
		"x-delivery-limit":            {int32(5), "the value '5' of type 'signedint'"},
		"x-max-length":                {int16(5), "the value '5' of type 'short'"},
		"x-max-length-bytes":          {byte(5), "the value '5' of type 'unsignedbyte'"},
		"x-max-in-memory-length":      {int8(5), "the value '5' of type 'byte'"},
		"x-max-in-memory-bytes":       {int32(5), "the value '5' of type 'signedint'"},
		"x-overflow":                  {"reject-publish", "the value 'reject-publish' of type 'longstr'"},
		"x-quorum-initial-group-size": {int32(1), "the value '1' of type 'signedint'"},
		"x-queue-leader-locator":      {"client-local", "the value 'client-local' of type 'longstr'"},
		"x-single-active-consumer":    {true, "the value 'true' of type 'bool'"},
	} {
		t.Run(name, func(t *testing.T) {
			rule(t, "queue")
			ch := channelOn(t, c)
			q := quorumQueue(t, ch, nil)
			s := queueSpec{name: q, durable: true, args: amqp091.Table{"x-queue-type": "quorum", name: v.value}}
			requireChannelError(t, ch, s.declaring(ch), amqp091.PreconditionFailed, queueInequivalent(name, q, v.text, "none"))
		})
	}
}

func TestQueue_QuorumRedeclareIgnoresArgumentsOfOtherTypes(t *testing.T) {
	rule(t, "queue")
	ch := openChannel(t)
	q := quorumQueue(t, ch, nil)
	for name, value := range map[string]any{
		"x-max-priority": int32(5), "x-queue-mode": "lazy", "x-queue-version": int32(2), "x-max-age": "1D", "x-anything": "else",
	} {
		t.Run(name, func(t *testing.T) {
			rule(t, "queue")
			_, err := queueSpec{name: q, durable: true, args: amqp091.Table{"x-queue-type": "quorum", name: value}}.declare(ch)
			require.NoError(t, err)
		})
	}
}

func TestQueue_QuorumRedeclareComparesFlags(t *testing.T) {
	rule(t, "queue")
	c := dial(t)
	q := quorumQueue(t, channelOn(t, c), nil)
	for name, row := range map[string]struct {
		spec queueSpec
		code int
		text string
	}{
		"transient":   {queueSpec{}, amqp091.PreconditionFailed, queueInequivalent("durable", q, "'false'", "'true'")},
		"auto-delete": {queueSpec{durable: true, autoDelete: true}, amqp091.PreconditionFailed, queueInequivalent("auto_delete", q, "'true'", "'false'")},
		"exclusive":   {queueSpec{durable: true, exclusive: true}, amqp091.ResourceLocked, queueLocked(q)},
	} {
		t.Run(name, func(t *testing.T) {
			rule(t, "queue")
			row.spec.name, row.spec.args = q, queueQuorumArgs()
			ch := channelOn(t, c)
			requireChannelError(t, ch, row.spec.declaring(ch), row.code, row.text)
		})
	}
}

func TestQueue_ConsumerArgumentsOfStreamsAreRefused(t *testing.T) {
	rule(t, "queue")
	c := dial(t)
	offset := []string{"x-stream-offset"}
	arguments := oneOf(offset, append(offset, "x-stream-filter", "x-stream-match-unfiltered")) // filters are of 3.13
	for _, queueType := range []string{"classic", "quorum"} {
		q := queueSpec{durable: true, args: amqp091.Table{"x-queue-type": queueType}}.mustDeclare(t, channelOn(t, c))
		for _, argument := range arguments {
			t.Run(queueType+" "+argument, func(t *testing.T) {
				rule(t, "queue")
				ch := channelOn(t, c)
				requireChannelError(t, ch, basicConsumer{args: amqp091.Table{argument: "first"}}.refused(ch, q), amqp091.PreconditionFailed,
					fmt.Sprintf("PRECONDITION_FAILED - invalid arg '%s' for queue '%s' in vhost '/' of queue type rabbit_%s_queue",
						argument, q, queueType))
			})
		}
	}
}

// Since mirrored queues are gone, the flag of their consumers means nothing.
func TestQueue_ConsumerArgumentOfMirroredQueuesIsIgnored(t *testing.T) {
	rule(t, "queue")
	for _, queueType := range []string{"classic", "quorum"} {
		t.Run(queueType, func(t *testing.T) {
			rule(t, "queue")
			ch := openChannel(t)
			q := queueSpec{durable: true, args: amqp091.Table{"x-queue-type": queueType}}.mustDeclare(t, ch)
			ds := basicConsumer{noAck: true, args: amqp091.Table{"x-cancel-on-ha-failover": true}}.startOn(t, ch, q)
			publish(t, ch, "", q, "m")
			receive(t, ds)
		})
	}
}

func TestQueue_QuorumConsumerPriorityIsAnInteger(t *testing.T) {
	rule(t, "queue")
	c := dial(t)
	q := quorumQueue(t, channelOn(t, c), nil)
	for wireType, value := range exchangeValuesByType() {
		switch wireType {
		case "byte", "unsignedbyte", "short", "unsignedshort", "signedint", "unsignedint", "long":
			continue
		}
		t.Run(wireType, func(t *testing.T) {
			rule(t, "queue")
			ch := channelOn(t, c)
			requireChannelError(t, ch, basicConsumer{args: amqp091.Table{"x-priority": value}}.refused(ch, q), amqp091.PreconditionFailed,
				queueInvalid("x-priority", q, fmt.Sprintf(`"expected integer, got %s"`, wireType)))
		})
	}
}
