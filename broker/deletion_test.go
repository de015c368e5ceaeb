package broker_test

import (
	"errors"
	"log/slog"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/leveretmq/leveret/broker"
	"github.com/leveretmq/leveret/definitions"
	"github.com/leveretmq/leveret/persistence"
	"github.com/leveretmq/leveret/queue"
)

var errCut = errors.New("the power was cut")

// cut is a store that a crash keeps from the deletion of a queue.
type cut struct{ *persistence.Store }

func (c cut) Change(change definitions.Change, done func(error)) {
	if len(change.Delete.Queues) > 0 {
		done(errCut)
		return
	}
	c.Store.Change(change, done)
}

// A queue goes with its messages or not at all, whenever the broker crashes.
func TestDeletionOfQueueIsOneChange(t *testing.T) {
	dir := t.TempDir()
	store, err := persistence.Open(persistence.Options{
		Dir: dir, Durability: persistence.OS, Logger: slog.New(slog.DiscardHandler),
	})
	require.NoError(t, err)
	b, err := broker.New(broker.Options{Store: cut{store}})
	require.NoError(t, err)
	v, _ := b.VHost("/")
	q, err := v.DeclareQueue(queue.Spec{VHost: "/", Name: "q", Durable: true}, nil)
	require.NoError(t, err)
	q.Publish([]queue.Publication{{Message: durableMessage("kept")}})
	require.NoError(t, v.Barrier())
	_, err = v.DeleteQueue("q", nil, queue.Condition{})
	require.ErrorIs(t, err, errCut)
	require.NoError(t, store.Close(nil))

	recovered, err := open(t, dir).vhost.Queue("q", nil)
	require.NoError(t, err)
	require.Equal(t, 1, recovered.Counts().Ready)
}
