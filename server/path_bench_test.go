package server_test

import (
	"fmt"
	"io"
	"net"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/leveretmq/leveret/amqp"
	"github.com/leveretmq/leveret/server"
)

// path is the whole way of messages, from the socket of a publisher to that of
// a consumer. The clients of it allocate nothing while they are measured.
type path struct {
	pathOptions
	publisher, consumer *socket
	batch               []byte // the frames of all messages of an iteration
	delivery            int    // octets of the frames of one message
	room                []byte // for what the consumer reads
	acks                []byte // room for what it answers
	tag                 uint64 // of the last delivery
	confirmed           uint64 // the last publish that was
	start               chan struct{}
	published           chan struct{}
}

// pathOptions is which path.
type pathOptions struct {
	size     int // of the bodies, in octets
	messages int // of an iteration
	acked    bool
	confirms bool
}

func (o pathOptions) String() string {
	word := map[bool]string{false: "no", true: "yes"}
	return fmt.Sprintf("size=%d/acked=%s/confirms=%s/batch=%d", o.size, word[o.acked], word[o.confirms], o.messages)
}

// pathPrefetch is the prefetch of the consumer that acknowledges each message.
const pathPrefetch = 1000

// openPath starts a broker, whose store is never asked, and connects both.
func openPath(t testing.TB, o pathOptions) *path {
	t.Helper()
	l, err := net.Listen("tcp", "127.0.0.1:0")
	require.NoError(t, err)
	n := &network{service: serve(t, l, newVolatile(), server.Options{}), address: l.Addr().String()}
	p := &path{pathOptions: o, publisher: n.dial(t), consumer: n.dial(t), room: make([]byte, 256<<10)}
	p.consumer.request(1, &amqp.QueueDeclare{Queue: "q"}, amqp.IDQueueDeclareOk)
	if o.acked {
		p.consumer.request(1, &amqp.BasicQos{PrefetchCount: pathPrefetch}, amqp.IDBasicQosOk)
	}
	p.consumer.request(1, &amqp.BasicConsume{Queue: "q", ConsumerTag: "c", NoAck: !o.acked}, amqp.IDBasicConsumeOk)
	if o.confirms {
		p.publisher.request(1, &amqp.ConfirmSelect{}, amqp.IDConfirmSelectOk)
	}
	properties, body := amqp.PropertyList{DeliveryMode: 1}.Encode(), make([]byte, o.size)
	for range o.messages {
		p.batch = amqp.AppendContent(p.batch, 1, &amqp.BasicPublish{RoutingKey: "q"}, properties, body, defaultFrameMax)
	}
	p.delivery = len(amqp.AppendDeliver(nil, 1, &amqp.BasicDeliver{ConsumerTag: "c", RoutingKey: "q"}, properties, body, defaultFrameMax))
	p.start, p.published = make(chan struct{}), make(chan struct{})
	go p.publish()
	t.Cleanup(p.close)
	return p
}

// publish writes a batch each time that it is told to, so that the consumer can
// read meanwhile.
func (p *path) publish() {
	defer close(p.published)
	for range p.start {
		p.publisher.write(p.batch)
		for want := p.confirmed + uint64(p.messages); p.confirms && p.confirmed < want; {
			f, ok := p.publisher.next()
			var ack amqp.BasicAck
			if _, args := amqp.SplitMethod(f.Payload); !ok || ack.DecodeArguments(args) != nil {
				p.publisher.t.Errorf("the confirms ended at %d of %d", p.confirmed, want)
				break
			}
			p.confirmed = ack.DeliveryTag
		}
		p.published <- struct{}{}
	}
}

func (p *path) close() {
	close(p.start)
	<-p.published
	p.publisher.hangUp()
	p.consumer.hangUp()
}

// once takes one batch through the path.
func (p *path) once() {
	p.start <- struct{}{}
	_ = p.consumer.conn.SetReadDeadline(time.Now().Add(patience)) // fails only if the read does
	for octets, read := 0, 0; read < p.messages; {
		n, err := p.consumer.conn.Read(p.room)
		if err != nil {
			p.consumer.t.Errorf("after %d of %d messages: %v", read, p.messages, err)
			break
		}
		octets += n
		whole := octets/p.delivery - read
		read += whole
		p.settle(whole)
	}
	<-p.published
}

// settle acknowledges the next messages, each on its own.
func (p *path) settle(messages int) {
	if !p.acked || messages == 0 {
		return
	}
	p.acks = p.acks[:0]
	for range messages {
		p.tag++
		p.acks = amqp.AppendAck(p.acks, 1, amqp.BasicAck{DeliveryTag: p.tag})
	}
	p.consumer.write(p.acks)
}

// BenchmarkPath takes batches of messages from socket to socket, clients and
// kernel included.
func BenchmarkPath(b *testing.B) {
	for _, o := range []pathOptions{
		{size: 16, messages: 5000},
		{size: 16, messages: 5000, acked: true},
		{size: 16, messages: 5000, confirms: true},
		{size: 1 << 10, messages: 1000},
		{size: 1 << 10, messages: 1000, acked: true, confirms: true},
		{size: 64 << 10, messages: 32},
		{size: 16, messages: 1},
	} {
		b.Run(o.String(), func(b *testing.B) {
			p := openPath(b, o)
			p.once()
			b.ReportAllocs()
			b.SetBytes(int64(o.size * o.messages))
			for b.Loop() {
				p.once()
			}
			b.ReportMetric(float64(b.Elapsed().Nanoseconds())/float64(b.N)/float64(o.messages), "ns/msg")
		})
	}
}

// BenchmarkConnect opens and closes a connection with a channel.
func BenchmarkConnect(b *testing.B) {
	l, err := net.Listen("tcp", "127.0.0.1:0")
	require.NoError(b, err)
	n := &network{service: serve(b, l, newVolatile(), server.Options{}), address: l.Addr().String()}
	b.ReportAllocs()
	for b.Loop() {
		s := n.dial(b)
		s.request(0, &amqp.ConnectionClose{}, amqp.IDConnectionCloseOk)
		if _, err := io.Copy(io.Discard, s.conn); err != nil {
			b.Fatal(err)
		}
		s.hangUp()
	}
}
