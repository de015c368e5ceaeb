package main

import (
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/leveretmq/leveret/amqp"
)

// deliveries are what a broker would send of the messages with these numbers.
func deliveries(t *testing.T, size int, numbers ...int) (frames []amqp.Frame) {
	t.Helper()
	message := filler{key: "q", size: size}.frames()
	for _, number := range numbers {
		published := false
		for rest := message(nil, number); len(rest) > 0; {
			f, n, err := amqp.ParseFrame(rest, 0)
			require.NoError(t, err)
			f.Payload = append([]byte(nil), f.Payload...)
			if !published {
				published = true
				delivery := amqp.AppendMethod(nil, 1, &amqp.BasicDeliver{ConsumerTag: drainTag, RoutingKey: "q"})
				f, _, err = amqp.ParseFrame(delivery, 0)
				require.NoError(t, err)
			}
			frames, rest = append(frames, f), rest[n:]
		}
	}
	return frames
}

func TestDrainerTakesMessagesInOrder(t *testing.T) {
	for _, size := range []int{numberOctets, 16, 1024, 300_000} {
		d := drainer{size: size}
		for _, f := range deliveries(t, size, 0, 1, 2) {
			require.NoError(t, d.take(f))
		}
		require.Equal(t, 3, d.next)
	}
}

func TestDrainerRefusesWhatIsNotExpected(t *testing.T) {
	for _, numbers := range [][]int{{1}, {0, 0}, {0, 2}} {
		var err error
		d := drainer{size: 100}
		for _, f := range deliveries(t, 100, numbers...) {
			if err = d.take(f); err != nil {
				break
			}
		}
		require.Error(t, err, "%v", numbers)
	}
	d := drainer{size: 100}
	require.Error(t, d.take(deliveries(t, 101, 0)[1]), "another size")
}
