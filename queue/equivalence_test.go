package queue_test

import (
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/leveretmq/leveret/amqp"
	"github.com/leveretmq/leveret/queue"
)

// declared is a queue that exists, for the checks of another declaration.
func declared(t testing.TB, spec queue.Spec, owner any) *queue.Queue {
	t.Helper()
	spec.VHost, spec.Name = "/", "q"
	q, err := queue.New(spec, queue.Options{Owner: owner})
	require.NoError(t, err)
	return q
}

const locked = "RESOURCE_LOCKED - cannot obtain exclusive access to locked queue 'q' in vhost '/'. It could be originally declared " +
	"on another connection or the exclusive property value does not match that of the original declaration."

// A queue may be declared once more as it is. The first difference in this
// order is told.
func TestQueue_CheckEquivalentFlags(t *testing.T) {
	inequivalent := func(field, received, current string) string {
		return "PRECONDITION_FAILED - inequivalent arg '" + field + "' for queue 'q' in vhost '/': received '" +
			received + "' but current is '" + current + "'"
	}
	limit := arg("x-max-length", int64(5))
	for _, c := range []struct {
		current, requested queue.Spec
		text               string
	}{
		{queue.Spec{}, queue.Spec{}, ""},
		{queue.Spec{Durable: true, AutoDelete: true, Arguments: limit}, queue.Spec{Durable: true, AutoDelete: true, Arguments: limit}, ""},
		{queue.Spec{Durable: true}, queue.Spec{AutoDelete: true, Arguments: limit}, inequivalent("durable", "false", "true")},
		{queue.Spec{}, queue.Spec{Durable: true}, inequivalent("durable", "true", "false")},
		{queue.Spec{Durable: true}, queue.Spec{Durable: true, AutoDelete: true, Arguments: limit}, inequivalent("auto_delete", "true", "false")},
		{queue.Spec{}, queue.Spec{Exclusive: true, Durable: true}, locked},
	} {
		requireText(t, c.text, declared(t, c.current, nil).CheckEquivalent(c.requested, nil))
	}
}

// Whose an exclusive queue is comes before everything else.
func TestQueue_CheckEquivalentExclusive(t *testing.T) {
	owner, other := new(waker), new(waker)
	q := declared(t, queue.Spec{Exclusive: true}, owner)
	require.NoError(t, q.CheckEquivalent(queue.Spec{Exclusive: true}, owner))
	requireText(t, locked, q.CheckEquivalent(queue.Spec{Exclusive: true, AutoDelete: true}, other))
	requireText(t, locked, q.CheckEquivalent(queue.Spec{}, owner))
}

// Of the arguments, those count that the type of the queue knows. All widths of
// integers are one.
func TestQueue_CheckEquivalentArguments(t *testing.T) {
	for _, c := range []struct {
		current, requested amqp.Table
		field, text        string
	}{
		{arg("x-max-length", int64(5)), arg("x-max-length", uint8(5)), "", ""},
		{arg("x-queue-type", "classic"), nil, "", ""},
		{nil, arg("x-queue-type", "classic"), "", ""},
		{nil, arg("x-queue-type", "undefined"), "", ""},
		{arg("mine", "a"), arg("mine", "b"), "", ""},
		{nil, arg("x-delivery-limit", int64(5)), "", ""}, // is a quorum queue's
		{nil, arg("x-delayed", true), "", ""},            // is ours, and the queue has none
		{nil, arg("x-max-age", "1D"), "", ""},            // is a stream's
		{
			arg("x-delivery-limit", int64(5)), arg("x-delivery-limit", int64(6)), "x-delivery-limit",
			"received '6' but current is '5'",
		},
		{
			arg("x-delayed", true), nil, "x-delayed",
			"received none but current is the value 'true' of type 'bool'",
		},
		{arg("x-overflow", "drop-head"), arg("x-overflow", "drop-head"), "", ""},
		{
			nil, arg("x-max-length", int64(5)), "x-max-length",
			"received the value '5' of type 'long' but current is none",
		},
		{
			arg("x-overflow", "drop-head"), nil, "x-overflow",
			"received none but current is the value 'drop-head' of type 'longstr'",
		},
		{
			arg("x-message-ttl", int32(1)), arg("x-message-ttl", int32(2)), "x-message-ttl",
			"received '2' but current is '1'",
		},
		{
			nil, arg("x-queue-type", "quorum"), "x-queue-type",
			"received 'quorum' but current is 'classic'",
		},
	} {
		text := ""
		if c.field != "" {
			text = "PRECONDITION_FAILED - inequivalent arg '" + c.field + "' for queue 'q' in vhost '/': " + c.text
		}
		requireText(t, text, declared(t, queue.Spec{Arguments: c.current}, nil).CheckEquivalent(queue.Spec{Arguments: c.requested}, nil))
	}
}
