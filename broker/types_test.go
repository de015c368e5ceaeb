package broker_test

import (
	"log/slog"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/leveretmq/leveret/amqp"
	"github.com/leveretmq/leveret/broker"
	"github.com/leveretmq/leveret/persistence"
	"github.com/leveretmq/leveret/queue"
)

// openWithTypes starts a broker whose operator has set something about types.
func openWithTypes(t *testing.T, dir string, types broker.QueueTypes) *fixture {
	t.Helper()
	store, err := persistence.Open(persistence.Options{
		Dir: dir, Durability: persistence.OS, Logger: slog.New(slog.DiscardHandler),
		Fatal: func(err error) { t.Errorf("the store has failed: %v", err) },
	})
	require.NoError(t, err)
	b, err := broker.New(broker.Options{Store: store, QueueTypes: types})
	require.NoError(t, err)
	vhost, _ := b.VHost("/")
	t.Cleanup(func() { _ = b.Close() })
	return &fixture{t: t, dir: dir, broker: b, vhost: vhost}
}

func ofType(t queue.Type) amqp.Table { return amqp.Table{{Key: "x-queue-type", Value: string(t)}} }

func TestQueueTypes_Default(t *testing.T) {
	f := openWithTypes(t, t.TempDir(), broker.QueueTypes{Default: queue.Quorum})
	for name, c := range map[string]struct {
		spec queue.Spec
		want queue.Type
	}{
		"durable":         {queue.Spec{Durable: true}, queue.Quorum},
		"undefined":       {queue.Spec{Durable: true, Arguments: ofType("undefined")}, queue.Quorum},
		"with arguments":  {queue.Spec{Durable: true, Arguments: amqp.Table{{Key: "x-max-length", Value: int32(1)}}}, queue.Quorum},
		"named a classic": {queue.Spec{Durable: true, Arguments: ofType(queue.Classic)}, queue.Classic},
		"transient":       {queue.Spec{}, queue.Classic},
		"exclusive":       {queue.Spec{Durable: true, Exclusive: true}, queue.Classic},
		"auto-delete":     {queue.Spec{Durable: true, AutoDelete: true}, queue.Classic},
	} {
		t.Run(name, func(t *testing.T) {
			c.spec.VHost, c.spec.Name = "/", name
			arguments := len(c.spec.Arguments)
			q, err := f.vhost.DeclareQueue(c.spec, nil)
			require.NoError(t, err)
			require.Equal(t, c.want, q.Spec().Type())
			again, err := f.vhost.DeclareQueue(c.spec, nil)
			require.NoError(t, err)
			require.Same(t, q, again)
			require.Len(t, c.spec.Arguments, arguments, "what the client has sent does not change")
		})
	}
	_, err := f.vhost.DeclareQueue(queue.Spec{VHost: "/", Durable: true}, nil)
	requireRefused(t, "PRECONDITION_FAILED - Cannot declare a server-named queue for type rabbit_quorum_queue", err)
}

// A queue keeps the type that it was declared with.
func TestQueueTypes_DefaultIsOfTheDeclaration(t *testing.T) {
	dir := t.TempDir()
	f := openWithTypes(t, dir, broker.QueueTypes{Default: queue.Quorum})
	f.queue("old", durableQueue)
	require.NoError(t, f.broker.Close())

	f = openWithTypes(t, dir, broker.QueueTypes{})
	_, err := f.vhost.DeclareQueue(queue.Spec{VHost: "/", Name: "old", Durable: true}, nil)
	requireRefused(t, "PRECONDITION_FAILED - inequivalent arg 'x-queue-type' for queue 'old' in vhost '/': "+
		"received 'classic' but current is 'quorum'", err)
}

func TestQueueTypes_Disabled(t *testing.T) {
	f := openWithTypes(t, t.TempDir(), broker.QueueTypes{Disabled: []queue.Type{queue.Quorum}})
	f.queue("q", durableQueue)
	_, err := f.vhost.DeclareQueue(queue.Spec{VHost: "/", Name: "new", Durable: true, Arguments: ofType(queue.Quorum)}, nil)
	requireRefused(t, "INTERNAL_ERROR - Cannot declare queue 'new' in vhost '/' of type 'quorum': the queue type is disabled", err)
	f.requireNoQueue("new")
}

func TestQueueTypes_Relaxed(t *testing.T) {
	dir := t.TempDir()
	f := openWithTypes(t, dir, broker.QueueTypes{Relaxed: true})
	limited := func(t queue.Type) queue.Spec {
		return queue.Spec{VHost: "/", Name: "q", Durable: true, Arguments: append(ofType(t), amqp.Field{Key: "x-max-length", Value: int32(1)})}
	}
	q, err := f.vhost.DeclareQueue(limited(queue.Quorum), nil)
	require.NoError(t, err)
	again, err := f.vhost.DeclareQueue(limited(queue.Classic), nil)
	require.NoError(t, err)
	require.Same(t, q, again)
	_, err = f.vhost.DeclareQueue(queue.Spec{VHost: "/", Name: "q", Durable: true}, nil)
	requireRefused(t, "PRECONDITION_FAILED - inequivalent arg 'x-max-length' for queue 'q' in vhost '/': "+
		"received none but current is the value '1' of type 'signedint'", err)

	f.queue("classic", durableQueue)
	_, err = f.vhost.DeclareQueue(queue.Spec{VHost: "/", Name: "classic", Durable: true, Arguments: ofType(queue.Quorum)}, nil)
	requireRefused(t, "PRECONDITION_FAILED - inequivalent arg 'x-queue-type' for queue 'classic' in vhost '/': "+
		"received 'quorum' but current is 'classic'", err)
}
