package conformance

import (
	"fmt"
	"testing"

	"github.com/rabbitmq/amqp091-go"
	"github.com/stretchr/testify/require"
)

func queueQuorumArgs() amqp091.Table { return amqp091.Table{"x-queue-type": "quorum"} }

func TestQueue_QuorumRefusesProperties(t *testing.T) {
	rule(t, "queue")
	c := dial(t)
	for _, row := range []struct {
		name     string
		spec     queueSpec
		property string
	}{
		{"exclusive", queueSpec{durable: true, exclusive: true}, "exclusive-owner"},
		{"exclusive and not durable", queueSpec{exclusive: true}, "exclusive-owner"},
		{"auto-delete", queueSpec{durable: true, autoDelete: true}, "auto-delete"},
		{"auto-delete and not durable", queueSpec{autoDelete: true}, "auto-delete"},
		{"auto-delete and exclusive", queueSpec{durable: true, autoDelete: true, exclusive: true}, "auto-delete"},
		{"not durable", queueSpec{}, "non-durable"},
	} {
		t.Run(row.name, func(t *testing.T) {
			rule(t, "queue")
			row.spec.name, row.spec.args = uniqueName(t, "q"), queueQuorumArgs()
			ch := channelOn(t, c)
			requireChannelError(t, ch, row.spec.declaring(ch), amqp091.PreconditionFailed,
				fmt.Sprintf("PRECONDITION_FAILED - invalid property '%s' for queue '%s' in vhost '/'", row.property, row.spec.name))
		})
	}
}

func TestQueue_QuorumChecksArgumentsBeforeProperties(t *testing.T) {
	rule(t, "queue")
	ch := openChannel(t)
	args := queueQuorumArgs()
	args["x-max-priority"] = int32(5)
	s := queueSpec{name: uniqueName(t, "q"), args: args}
	requireChannelError(t, ch, s.declaring(ch), amqp091.PreconditionFailed,
		fmt.Sprintf("PRECONDITION_FAILED - invalid arg 'x-max-priority' for queue '%s' in vhost '/' of queue type rabbit_quorum_queue", s.name))
}

func TestQueue_QuorumMustHaveAName(t *testing.T) {
	rule(t, "queue")
	c := dial(t)
	for row, s := range map[string]queueSpec{"durable": {durable: true}, "exclusive": {exclusive: true}} {
		t.Run(row, func(t *testing.T) {
			rule(t, "queue")
			s.args = queueQuorumArgs()
			ch := channelOn(t, c)
			requireChannelError(t, ch, s.declaring(ch), amqp091.PreconditionFailed,
				"PRECONDITION_FAILED - Cannot declare a server-named queue for type rabbit_quorum_queue")
		})
	}
}

func TestQueue_QuorumArgumentsAreValidated(t *testing.T) {
	rule(t, "queue")
	c := dial(t)
	for _, row := range []struct {
		argument string
		value    any
		reason   string
	}{
		{"x-message-ttl", int32(-1), "{value_negative,-1}"},
		{"x-expires", int32(0), "{value_zero,0}"},
		{"x-max-length", "text", `"expected integer, got longstr"`},
		{"x-overflow", "foo", "invalid_overflow"},
		{"x-dead-letter-strategy", "foo", "invalid_dlx_strategy"},
		{"x-dead-letter-strategy", int32(5), "{unacceptable_type,signedint}"},
		{"x-max-in-memory-length", int32(-1), "{value_negative,-1}"},
		{"x-max-in-memory-bytes", "text", `"expected integer, got longstr"`},
		{"x-quorum-initial-group-size", int32(0), "{value_zero,0}"},
		{"x-quorum-initial-group-size", "text", `"expected integer, got longstr"`},
		{"x-queue-leader-locator", "foo", "invalid_queue_locator_arg"},
		{"x-queue-leader-locator", int32(5), "{unacceptable_type,signedint}"},
		{"x-single-active-consumer", "true", "{unacceptable_type,longstr}"},
	} {
		t.Run(fmt.Sprintf("%s %v", row.argument, row.value), func(t *testing.T) {
			rule(t, "queue")
			args := queueQuorumArgs()
			args[row.argument] = row.value
			queueRequireRefused(t, c, row.argument, args, row.reason)
		})
	}
}

func TestQueue_QuorumTakesItsOwnArguments(t *testing.T) {
	rule(t, "queue")
	ch := openChannel(t)
	for argument, value := range map[string]any{
		"x-delivery-limit":            int32(5),
		"x-dead-letter-strategy":      "at-least-once",
		"x-max-in-memory-length":      int32(0),
		"x-max-in-memory-bytes":       int32(0),
		"x-quorum-initial-group-size": int32(1),
		"x-queue-leader-locator":      "client-local",
		"x-overflow":                  "reject-publish-dlx",
		"x-max-length":                int32(5),
	} {
		t.Run(argument, func(t *testing.T) {
			rule(t, "queue")
			args := queueQuorumArgs()
			args[argument] = value
			queueSpec{durable: true, args: args}.mustDeclare(t, ch)
		})
	}
}

func TestQueue_QuorumDeleteTakesNoConditions(t *testing.T) {
	rule(t, "queue")
	q := queueSpec{durable: true, args: queueQuorumArgs()}.mustDeclare(t, openChannel(t))
	for row, d := range map[string]struct {
		deletion queueDeletion
		flag     string
	}{
		"if-unused": {queueDeletion{name: q, ifUnused: true}, "if-unused"},
		"if-empty":  {queueDeletion{name: q, ifEmpty: true}, "if-empty"},
		"both":      {queueDeletion{name: q, ifUnused: true, ifEmpty: true}, "if-unused"},
	} {
		t.Run(row, func(t *testing.T) {
			rule(t, "queue")
			c := dial(t)
			requireConnectionError(t, c, d.deletion.deleting(channelOn(t, c)), amqp091.NotImplemented,
				fmt.Sprintf("NOT_IMPLEMENTED - cannot delete queue '%s' in vhost '/'. "+
					"queue.delete operations with %s flag set are not supported by quorum queues", q, d.flag))
		})
	}
}

func TestQueue_QuorumKeepsMessagesInOrder(t *testing.T) {
	rule(t, "queue")
	ch := openChannel(t)
	q := queueSpec{durable: true, args: queueQuorumArgs()}.mustDeclare(t, ch)
	ds := queueConsume(t, ch, q, "")
	for i := range 10 {
		publish(t, ch, "", q, fmt.Sprint(i))
	}
	for i := range 10 {
		require.Equal(t, fmt.Sprint(i), string(receive(t, ds).Body))
	}
}
