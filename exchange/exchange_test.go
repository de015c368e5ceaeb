package exchange

import (
	"errors"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/leveretmq/leveret/amqp"
)

// requireError requires an AMQP error with exactly that reply, or none if the
// reply is empty.
func requireError(t *testing.T, reply string, err error) {
	t.Helper()
	if reply == "" {
		require.NoError(t, err)
		return
	}
	var e *amqp.Error
	require.True(t, errors.As(err, &e), "want %q, got %v", reply, err)
	require.Equal(t, reply, e.ReplyText())
	require.Zero(t, e.Method, "who asks knows the method")
}

func argument(name string, v any) amqp.Table { return amqp.Table{{Key: name, Value: v}} }

func TestPredeclared(t *testing.T) {
	require.Equal(t, []Spec{
		{VHost: "v", Name: "", Type: "direct", Durable: true},
		{VHost: "v", Name: "amq.direct", Type: "direct", Durable: true},
		{VHost: "v", Name: "amq.fanout", Type: "fanout", Durable: true},
		{VHost: "v", Name: "amq.headers", Type: "headers", Durable: true},
		{VHost: "v", Name: "amq.match", Type: "headers", Durable: true},
		{VHost: "v", Name: "amq.rabbitmq.trace", Type: "topic", Durable: true, Internal: true},
		{VHost: "v", Name: "amq.topic", Type: "topic", Durable: true},
	}, Predeclared("v"))
	for _, s := range Predeclared("v") {
		require.NoError(t, s.Validate())
	}
}

func TestAlternateExchange(t *testing.T) {
	for _, c := range []struct {
		args amqp.Table
		name string
		ok   bool
	}{
		{nil, "", false},
		{argument("alternate-exchange", "ae"), "ae", true},
		{argument("alternate-exchange", ""), "", true},
		{argument("alternate-exchange", int32(5)), "", false},
		{argument("Alternate-Exchange", "ae"), "", false},
	} {
		name, ok := Spec{Arguments: c.args}.AlternateExchange()
		require.Equal(t, c.name, name)
		require.Equal(t, c.ok, ok)
	}
}

func TestErrorsOfOneExchange(t *testing.T) {
	requireError(t, "NOT_FOUND - no exchange 'x' in vhost '/'", Missing("x", "/"))
	requireError(t, "PRECONDITION_FAILED - exchange 'x' in vhost '/' in use", InUse("x", "/"))
	requireError(t, "ACCESS_REFUSED - cannot publish to internal exchange 'x' in vhost '/'", PublishInternal("x", "/"))
	requireError(t, "NOT_FOUND - no exchange '100%d' in vhost 'a%s'", Missing("100%d", "a%s"))
}
