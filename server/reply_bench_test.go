package server_test

import (
	"fmt"
	"net"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/leveretmq/leveret/amqp"
	"github.com/leveretmq/leveret/broker"
	"github.com/leveretmq/leveret/server"
)

// rpc is a requester and a responder, each with a connection of its own, and a
// queue of requests between them.
type rpc struct {
	requester, responder *socket
	batch                []byte // the requests that are asked at once
	window               int
	ended                chan struct{}
}

// openRPC starts a broker and both sides. Replies come directly or over a queue.
func openRPC(t testing.TB, replies string, window int) *rpc {
	t.Helper()
	l, err := net.Listen("tcp", "127.0.0.1:0")
	require.NoError(t, err)
	n := &network{service: serve(t, l, newVolatile(), server.Options{}), address: l.Addr().String()}
	r := &rpc{requester: n.dial(t), responder: n.dial(t), window: window, ended: make(chan struct{})}
	r.responder.request(1, &amqp.QueueDeclare{Queue: "requests"}, amqp.IDQueueDeclareOk)
	r.responder.request(1, &amqp.BasicConsume{Queue: "requests", NoAck: true}, amqp.IDBasicConsumeOk)
	if replies != broker.ReplyTo {
		r.requester.request(1, &amqp.QueueDeclare{Queue: replies, Exclusive: true}, amqp.IDQueueDeclareOk)
	}
	r.requester.request(1, &amqp.BasicConsume{Queue: replies, NoAck: true}, amqp.IDBasicConsumeOk)
	for i := range window {
		properties := amqp.PropertyList{DeliveryMode: 1, CorrelationID: fmt.Sprint(i), ReplyTo: replies}.Encode()
		r.batch = amqp.AppendContent(r.batch, 1, &amqp.BasicPublish{RoutingKey: "requests"}, properties, make([]byte, 16), defaultFrameMax)
	}
	go r.respond()
	t.Cleanup(func() {
		r.requester.hangUp()
		r.responder.hangUp()
		<-r.ended
	})
	return r
}

// respond answers all that one read has brought in one write.
func (r *rpc) respond() {
	defer close(r.ended)
	var out []byte
	for {
		if len(r.responder.in) == 0 && len(out) > 0 {
			if _, err := r.responder.conn.Write(out); err != nil {
				return
			}
			out = out[:0]
		}
		f, ok := r.responder.next()
		if !ok {
			return
		}
		if f.Type != amqp.FrameHeader {
			continue
		}
		h, err := amqp.DecodeHeader(f.Payload)
		if err != nil {
			r.responder.t.Errorf("header: %v", err)
			return
		}
		properties := amqp.PropertyList{CorrelationID: h.Properties.CorrelationID()}.Encode()
		out = amqp.AppendContent(out, 1, &amqp.BasicPublish{RoutingKey: h.Properties.ReplyTo()}, properties, make([]byte, 16), defaultFrameMax)
	}
}

// once asks a window of requests and waits for the replies.
func (r *rpc) once() {
	r.requester.write(r.batch)
	for range r.window {
		r.requester.expect(amqp.IDBasicDeliver)
	}
}

// BenchmarkRPC compares direct replies with a reply queue, clients and kernel
// included: one request at a time, and many.
func BenchmarkRPC(b *testing.B) {
	for _, window := range []int{1, 100} {
		for _, replies := range []string{broker.ReplyTo, "reply-queue"} {
			b.Run(fmt.Sprintf("%s/window=%d", replies, window), func(b *testing.B) {
				r := openRPC(b, replies, window)
				r.once()
				b.ReportAllocs()
				for b.Loop() {
					r.once()
				}
				b.ReportMetric(float64(b.Elapsed().Nanoseconds())/float64(b.N)/float64(window), "ns/request")
			})
		}
	}
}
