package server_test

import (
	"fmt"
	"net"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/leveretmq/leveret/amqp"
	"github.com/leveretmq/leveret/server"
)

// wide is an exchange with many queues, which keep one message each.
type wide struct {
	service   *service
	publisher *socket
	batch     []byte // the frames of all messages of an iteration
	messages  int
	confirmed uint64
}

// openWide makes so many queues, bound to two exchanges. The messages go to the first,
// or to both in turn, so that no message takes the route of the one before.
func openWide(t testing.TB, queues int, exchanges ...string) *wide {
	t.Helper()
	l, err := net.Listen("tcp", "127.0.0.1:0")
	require.NoError(t, err)
	n := &network{service: serve(t, l, newVolatile(), server.Options{}), address: l.Addr().String()}
	w := &wide{service: n.service, publisher: n.dial(t), messages: 64}
	t.Cleanup(w.publisher.hangUp)
	for _, x := range exchanges {
		w.publisher.request(1, &amqp.ExchangeDeclare{Exchange: x, Type: "fanout"}, amqp.IDExchangeDeclareOk)
	}
	for i := range queues {
		name := fmt.Sprintf("q%d", i)
		short := amqp.Table{{Key: "x-max-length", Value: int32(1)}}
		w.publisher.request(1, &amqp.QueueDeclare{Queue: name, Arguments: short}, amqp.IDQueueDeclareOk)
		for _, x := range exchanges {
			w.publisher.request(1, &amqp.QueueBind{Queue: name, Exchange: x}, amqp.IDQueueBindOk)
		}
	}
	w.publisher.request(1, &amqp.ConfirmSelect{}, amqp.IDConfirmSelectOk)
	properties := amqp.PropertyList{DeliveryMode: 1}.Encode()
	for i := range w.messages {
		to := &amqp.BasicPublish{Exchange: exchanges[i%len(exchanges)]}
		w.batch = amqp.AppendContent(w.batch, 1, to, properties, make([]byte, 128), defaultFrameMax)
	}
	return w
}

// once publishes a batch and waits until all of it is confirmed.
func (w *wide) once(t testing.TB) {
	w.publisher.write(w.batch)
	for want := w.confirmed + uint64(w.messages); w.confirmed < want; {
		f, ok := w.publisher.next()
		var ack amqp.BasicAck
		if _, args := amqp.SplitMethod(f.Payload); !ok || ack.DecodeArguments(args) != nil {
			t.Fatalf("the confirms ended at %d of %d", w.confirmed, want)
		}
		w.confirmed = ack.DeliveryTag
	}
}

// BenchmarkFanOut publishes to many queues, over one route and over another one for
// each message, also while the page of metrics is read that tells channels apart.
func BenchmarkFanOut(b *testing.B) {
	for _, queues := range []int{1, 50, 1000} {
		for _, o := range []struct {
			name      string
			exchanges []string
			watched   bool
		}{
			{"same", []string{"x"}, false}, {"same/watched", []string{"x"}, true},
			{"turns", []string{"x", "y"}, false}, {"turns/watched", []string{"x", "y"}, true},
		} {
			b.Run(fmt.Sprintf("queues=%d/route=%s", queues, o.name), func(b *testing.B) {
				w := openWide(b, queues, o.exchanges...)
				if o.watched {
					w.service.server.WatchPassages()
				}
				w.once(b)
				b.ReportAllocs()
				for b.Loop() {
					w.once(b)
				}
				b.ReportMetric(float64(b.Elapsed().Nanoseconds())/float64(b.N)/float64(w.messages*queues), "ns/delivery")
			})
		}
	}
}
