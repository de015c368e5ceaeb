package queue_test

import (
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/leveretmq/leveret/amqp"
	"github.com/leveretmq/leveret/queue"
)

// arg is an argument table of one field, on top of others.
func arg(key string, value any, more ...amqp.Field) amqp.Table {
	return append(amqp.Table{{Key: key, Value: value}}, more...)
}

// ofType makes a queue of that type.
func ofType(name string) amqp.Field { return amqp.Field{Key: "x-queue-type", Value: name} }

// requireText fails unless the error has the reply text, or is nil if that is
// empty.
func requireText(t testing.TB, text string, err error) {
	t.Helper()
	if text == "" {
		require.NoError(t, err)
		return
	}
	var protocol *amqp.Error
	require.ErrorAs(t, err, &protocol)
	require.Equal(t, text, protocol.ReplyText())
}

// Arguments have to be what RabbitMQ takes them for; the reason of a refusal is
// the Erlang term that it prints.
func TestSpec_ArgumentsOfClassicQueues(t *testing.T) {
	const tenYears = int64(315_360_000_000)
	dlx := amqp.Field{Key: "x-dead-letter-exchange", Value: "x"}
	for _, c := range []struct {
		args   amqp.Table
		reason string // none if the arguments are taken
	}{
		{arg("mine", amqp.Table{}), ""},
		{arg("x-unknown", int32(-1)), ""},
		{arg("x-queue-type", ""), `"unsupported queue type ''"`},
		{arg("x-queue-type", "undefined"), ""},
		{arg("x-queue-type", "classic"), ""},
		{arg("x-queue-type", "foo"), `"unsupported queue type 'foo'"`},
		{arg("x-queue-type", int64(1)), "{unacceptable_type,long}"},

		{arg("x-message-ttl", int32(0)), ""},
		{arg("x-message-ttl", uint8(255)), ""},
		{arg("x-message-ttl", tenYears), ""},
		{arg("x-message-ttl", tenYears+1), "{value_too_large,315360000001}"},
		{arg("x-message-ttl", int16(-1)), "{value_negative,-1}"},
		{arg("x-message-ttl", "1"), `"expected integer, got longstr"`},
		{arg("x-message-ttl", 1.5), `"expected integer, got double"`},
		{arg("x-message-ttl", nil), `"expected integer, got void"`},
		{arg("x-expires", uint16(1)), ""},
		{arg("x-expires", int8(0)), "{value_zero,0}"},
		{arg("x-expires", int64(-5)), "{value_negative,-5}"},
		{arg("x-expires", tenYears+1), "{value_too_large,315360000001}"},
		{arg("x-expires", true), `"expected integer, got bool"`},

		{arg("x-max-length", int64(0)), ""},
		{arg("x-max-length", int64(-1)), "{value_negative,-1}"},
		{arg("x-max-length-bytes", uint32(5)), ""},
		{arg("x-max-length-bytes", "5"), `"expected integer, got longstr"`},
		{arg("x-overflow", "drop-head"), ""},
		{arg("x-overflow", "reject-publish"), ""},
		{arg("x-overflow", "reject-publish-dlx"), ""},
		{arg("x-overflow", "drop-tail"), "invalid_overflow"},
		{arg("x-overflow", int64(1)), "{unacceptable_type,long}"},

		{arg("x-dead-letter-exchange", ""), ""},
		{arg("x-dead-letter-routing-key", "k", dlx), ""},
		{arg("x-dead-letter-routing-key", "k"), "routing_key_but_no_dlx_defined"},
		{arg("x-dead-letter-routing-key", int64(1), dlx), "{unacceptable_type,long}"},

		{arg("x-max-priority", int32(0)), ""},
		{arg("x-max-priority", int32(255)), ""},
		{arg("x-max-priority", int32(256)), "{max_value_exceeded,256}"},
		{arg("x-max-priority", int32(-1)), "{value_negative,-1}"},
		{arg("x-single-active-consumer", false), ""},
		{arg("x-single-active-consumer", "true"), "{unacceptable_type,longstr}"},
		{arg("x-queue-mode", "lazy"), ""},
		{arg("x-queue-mode", "foo"), `"unsupported queue mode 'foo'"`},
		{arg("x-queue-version", int64(1)), ""},
		{arg("x-queue-version", int64(2)), ""},
		{arg("x-queue-version", int64(3)), `"unsupported queue version '3'"`},
		{arg("x-queue-leader-locator", "balanced"), ""},
		{arg("x-queue-leader-locator", "foo"), "invalid_queue_locator_arg"},
	} {
		text := ""
		if c.reason != "" {
			text = "PRECONDITION_FAILED - invalid arg '" + c.args[0].Key + "' for queue 'q' in vhost '/': " + c.reason
		}
		requireText(t, text, queue.Spec{VHost: "/", Name: "q", Arguments: c.args}.Validate())
	}
	requireText(t, "PRECONDITION_FAILED - invalid type 'long' for arg 'x-dead-letter-exchange' in queue 'q' in vhost '/'",
		queue.Spec{VHost: "/", Name: "q", Arguments: arg("x-dead-letter-exchange", int64(1))}.Validate())
}

// RabbitMQ does not know these for classic queues, and does not look at those of
// quorum queues.
func TestSpec_ArgumentsBeyondRabbitMQ(t *testing.T) {
	for _, c := range []struct {
		args   amqp.Table
		reason string
	}{
		{arg("x-delivery-limit", int32(-1)), ""},
		{arg("x-delivery-limit", "many"), `"expected integer, got longstr"`},
		{arg("x-delivery-limit", "many", ofType("quorum")), ""}, // RabbitMQ does not look at it
		{arg("x-delayed-retry-type", "failed"), ""},
		{arg("x-delayed-retry-type", "foo"), "invalid_delayed_retry_type"},
		{arg("x-delayed-retry-type", int32(1)), "{unacceptable_type,signedint}"},
		{arg("x-delayed-retry-type", "foo", ofType("quorum")), ""},
		{arg("x-delayed-retry-min", int32(0)), ""},
		{arg("x-delayed-retry-min", int32(-1)), "{value_negative,-1}"},
		{arg("x-delayed-retry-max", int64(315_360_000_001)), "{value_too_large,315360000001}"},
		{arg("x-delayed-retry-max", "long", ofType("quorum")), ""},
		{arg("x-delayed", true), ""},
		{arg("x-message-ttl-anywhere", int32(1)), "{unacceptable_type,signedint}"},
		{arg("x-delayed", "yes"), "{unacceptable_type,longstr}"},
		{arg("x-delayed", "yes", ofType("quorum")), "{unacceptable_type,longstr}"},
		{arg("x-stream-filter-size-bytes", "any"), ""},
	} {
		text := ""
		if c.reason != "" {
			text = "PRECONDITION_FAILED - invalid arg '" + c.args[0].Key + "' for queue 'q' in vhost '/': " + c.reason
		}
		requireText(t, text, queue.Spec{VHost: "/", Name: "q", Durable: true, Arguments: c.args}.Validate())
	}
}

// An argument that belongs to another type is refused, whatever its value.
func TestSpec_ArgumentsOfOtherTypes(t *testing.T) {
	for _, c := range []struct{ argument, typ string }{
		{"x-max-priority", "quorum"},
		{"x-queue-mode", "quorum"},
		{"x-queue-version", "quorum"},
		{"x-max-age", "quorum"},
		{"x-dead-letter-strategy", "classic"},
		{"x-quorum-initial-group-size", "classic"},
		{"x-initial-cluster-size", "classic"},
		{"x-max-age", "classic"},
	} {
		spec := queue.Spec{VHost: "/", Name: "q", Durable: true, Arguments: arg(c.argument, "nonsense", ofType(c.typ))}
		requireText(t, "PRECONDITION_FAILED - invalid arg '"+c.argument+"' for queue 'q' in vhost '/' of queue type rabbit_"+c.typ+"_queue",
			spec.Validate())
	}
}

func TestSpec_QuorumQueues(t *testing.T) {
	quorum := amqp.Table{ofType("quorum")}
	property := func(name string) string {
		return "PRECONDITION_FAILED - invalid property '" + name + "' for queue 'q' in vhost '/'"
	}
	for _, c := range []struct {
		spec queue.Spec
		text string
	}{
		{queue.Spec{Durable: true, Arguments: quorum}, ""},
		{queue.Spec{Durable: true, Arguments: arg("x-delivery-limit", int64(-1), ofType("quorum"))}, ""},
		{queue.Spec{Durable: true, Arguments: arg("x-dead-letter-strategy", "at-least-once", ofType("quorum"))}, ""},
		{queue.Spec{Durable: true, Arguments: arg("x-quorum-initial-group-size", int64(3), ofType("quorum"))}, ""},
		{queue.Spec{Arguments: quorum}, property("non-durable")},
		{queue.Spec{Durable: true, AutoDelete: true, Arguments: quorum}, property("auto-delete")},
		{queue.Spec{Exclusive: true, Arguments: quorum}, property("exclusive-owner")},
		{
			queue.Spec{Durable: true, Arguments: arg("x-quorum-initial-group-size", int64(0), ofType("quorum"))},
			"PRECONDITION_FAILED - invalid arg 'x-quorum-initial-group-size' for queue 'q' in vhost '/': {value_zero,0}",
		},
	} {
		c.spec.VHost, c.spec.Name = "/", "q"
		requireText(t, c.text, c.spec.Validate())
	}
}

// Streams are not there yet, and say so instead of being something else.
func TestSpec_Streams(t *testing.T) {
	err := queue.Spec{VHost: "/", Name: "q", Durable: true, Arguments: amqp.Table{ofType("stream")}}.Validate()
	requireText(t, "NOT_IMPLEMENTED - queue type 'stream' of queue 'q' in vhost '/' is not supported by this broker yet", err)
}

// Only classic queues can be named by the server.
func TestSpec_ServerNamed(t *testing.T) {
	require.NoError(t, queue.Spec{}.CheckServerNamed())
	requireText(t, "PRECONDITION_FAILED - Cannot declare a server-named queue for type rabbit_quorum_queue",
		queue.Spec{Arguments: amqp.Table{ofType("quorum")}}.CheckServerNamed())
}

func TestConsumerPriority(t *testing.T) {
	q := newQueue(t, queue.Spec{})
	for _, c := range []struct {
		args amqp.Table
		want int64
		text string
	}{
		{nil, 0, ""},
		{arg("x-priority", int8(-5)), -5, ""},
		{arg("x-priority", int64(1)<<40), 1 << 40, ""},
		{arg("x-priority", "5"), 0, `PRECONDITION_FAILED - invalid arg 'x-priority' for queue 'q' in vhost '/': "expected integer, got longstr"`},
	} {
		priority, err := queue.ConsumerPriority(q, c.args)
		requireText(t, c.text, err)
		require.Equal(t, c.want, priority)
	}
}

func TestQueuesWithoutArgumentsAreCheckedWithoutGarbage(t *testing.T) {
	spec := queue.Spec{VHost: "/", Name: "q", Durable: true}
	require.Zero(t, testing.AllocsPerRun(100, func() { require.NoError(t, spec.Validate()) }))
}
