package conformance

import (
	"testing"

	"github.com/rabbitmq/amqp091-go"
	"github.com/stretchr/testify/require"
)

// A queue that refuses a publish makes the commit an error; what the others took
// stays.
func TestTx_RefusedPublishMakesTheCommitPartial(t *testing.T) {
	rule(t, "tx")
	ch, observer := txOpen(t)
	full := confirmDurableQueue(t, observer, amqp091.Table{"x-max-length": int32(1), "x-overflow": "reject-publish"})
	taking := tempQueue(t, observer)
	publish(t, ch, "", full, "fits")
	publish(t, ch, "", full, "too much")
	publish(t, ch, "", taking, "taken")
	requireChannelError(t, ch, ch.TxCommit, 406, "PRECONDITION_FAILED - partial tx completion")
	require.Equal(t, []basicReady{{"fits", false}}, basicDrain(t, observer, full, 1))
	require.Equal(t, []basicReady{{"taken", false}}, basicDrain(t, observer, taking, 1))
}
