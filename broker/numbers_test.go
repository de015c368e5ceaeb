package broker

import (
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/leveretmq/leveret/amqp"
	"github.com/leveretmq/leveret/queue"
)

func (n *queueNumbers) must(t *testing.T, spec queue.Spec) uint32 {
	id, err := n.next(spec)
	require.NoError(t, err)
	return id
}

func TestTransientQueuesUseNoNumbersOfDurableOnes(t *testing.T) {
	durable, transient := queue.Spec{Durable: true}, queue.Spec{}
	n := newQueueNumbers(7)
	require.EqualValues(t, 8, n.must(t, durable))
	require.Equal(t, queue.FirstTransientID+1, n.must(t, transient))
	require.Equal(t, queue.FirstTransientID+2, n.must(t, transient))
	require.EqualValues(t, 9, n.must(t, durable))
}

func TestTransientNumbersComeRoundAndLeaveOutThoseInUse(t *testing.T) {
	transient := queue.Spec{}
	n := newQueueNumbers(0)
	first, second, third := n.must(t, transient), n.must(t, transient), n.must(t, transient)
	n.release(second)
	n.transient = ^uint32(0) - 1
	require.Equal(t, ^uint32(0), n.must(t, transient))
	require.Equal(t, queue.FirstTransientID, n.must(t, transient), "the lower half belongs to durable queues")
	require.Equal(t, second, n.must(t, transient), "%d and %d are in use", first, third)
	require.Equal(t, third+1, n.must(t, transient))
}

func TestDurableNumbersNeverComeRound(t *testing.T) {
	n := newQueueNumbers(queue.FirstTransientID - 2)
	require.Equal(t, queue.FirstTransientID-1, n.must(t, queue.Spec{Durable: true}))
	_, err := n.next(queue.Spec{VHost: "/", Name: "q", Durable: true})
	var refused *amqp.Error
	require.ErrorAs(t, err, &refused)
	require.Equal(t, amqp.CodeResourceError, refused.Code)
	n.must(t, queue.Spec{})
}
