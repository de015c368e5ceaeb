package conformance

import (
	"testing"

	"github.com/rabbitmq/amqp091-go"
	"github.com/stretchr/testify/require"
)

// An expiration of zero lets a message reach a waiting consumer, and nothing else.
func TestBasic_ExpirationZeroNeedsAWaitingConsumer(t *testing.T) {
	rule(t, "basic")
	ch := openChannel(t)
	queue := tempQueue(t, ch)
	expired := func(p *amqp091.Publishing) { p.Expiration = "0" }
	publish(t, ch, "", queue, "nobody waits", expired)
	requireEmpty(t, ch, queue)
	ds := basicConsumer{noAck: true}.startOn(t, ch, queue)
	publish(t, ch, "", queue, "delivered", expired)
	d := receive(t, ds)
	require.Equal(t, "delivered", string(d.Body))
	require.Equal(t, "0", d.Expiration)
}
