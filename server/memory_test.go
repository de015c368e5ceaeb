package server_test

import (
	"runtime"
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/leveretmq/leveret/amqp"
	"github.com/leveretmq/leveret/server"
)

// heap is how much memory is in use, in octets.
func heap() int64 {
	var stats runtime.MemStats
	for range 2 { // the first only empties pools
		runtime.GC()
	}
	runtime.ReadMemStats(&stats)
	return int64(stats.HeapAlloc)
}

// requireHeap fails if more memory is in use than there was before, by more
// than the given number of octets.
func requireHeap(t testing.TB, before, most int64) {
	t.Helper()
	require.Less(t, heap()-before, most, "octets of memory in use")
}

const mebibyte = 1 << 20

// A client may ask for more than it reads: what waits for it has a bound, even
// if each question is tiny and each answer is large.
func TestMemory_AnswersToAClientThatDoesNotRead(t *testing.T) {
	const questions, size = 1000, 64 << 10
	synctest.Test(t, func(t *testing.T) {
		l := newListener()
		serve(t, l, newVolatile(), server.Options{})
		p := connect(t, l)
		p.handshake(opened)
		p.send(1, &amqp.QueueDeclare{Queue: "q"})
		p.publish(1, &amqp.BasicPublish{RoutingKey: "q"}, nil, make([]byte, size))
		synctest.Wait()
		require.Len(t, p.heard(), 1)
		before := heap()

		p.mute(true)
		for i := range questions {
			p.queue(amqp.AppendMethod(nil, 1, &amqp.BasicGet{Queue: "q"}))
			p.queue(amqp.AppendMethod(nil, 1, &amqp.BasicNack{DeliveryTag: uint64(i + 1), Requeue: true}))
		}
		p.flush()
		synctest.Wait()
		requireHeap(t, before, 8*mebibyte)

		p.mute(false)
		synctest.Wait()
		require.Len(t, p.heard(), questions)
	})
}

// A message that is settled is not kept by the connection that settled it.
func TestMemory_SettledMessagesAreReleased(t *testing.T) {
	const messages, size = 16, 300 << 10
	settle := map[string]func(*peer){
		"ack":   func(p *peer) { p.send(1, &amqp.BasicAck{DeliveryTag: messages, Multiple: true}) },
		"nack":  func(p *peer) { p.send(1, &amqp.BasicNack{DeliveryTag: messages, Multiple: true}) },
		"close": func(p *peer) { p.send(1, &amqp.ChannelClose{}, &amqp.ChannelOpen{}, &amqp.QueueDelete{Queue: "q"}) },
		"delete": func(p *peer) {
			p.send(1, &amqp.QueueDelete{Queue: "q"}, &amqp.BasicAck{DeliveryTag: messages, Multiple: true})
		},
		"commit": func(p *peer) {
			p.send(1, &amqp.TxSelect{}, &amqp.BasicAck{DeliveryTag: messages, Multiple: true}, &amqp.TxCommit{})
		},
		"requeue and purge": func(p *peer) {
			p.send(1, &amqp.BasicCancel{ConsumerTag: "c"})
			p.send(1, &amqp.BasicRecover{Requeue: true}, &amqp.QueuePurge{Queue: "q"})
		},
	}
	for name, settled := range settle {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				l := newListener()
				serve(t, l, newVolatile(), server.Options{})
				p := connect(t, l)
				p.handshake(opened)
				p.send(1, &amqp.QueueDeclare{Queue: "q"}, &amqp.BasicConsume{Queue: "q", ConsumerTag: "c"})
				synctest.Wait()
				before := heap()
				for range messages {
					p.publish(1, &amqp.BasicPublish{RoutingKey: "q"}, nil, make([]byte, size))
					synctest.Wait()
					p.heard()
				}
				settled(p)
				synctest.Wait()
				p.heard()
				p.in = nil
				requireHeap(t, before, messages*size/2)
			})
		})
	}
}

// What a burst needed is given back when the connection has been idle, on both
// ways.
func TestMemory_BuffersOfIdleConnections(t *testing.T) {
	const connections, messages, size = 20, 100, 10_000
	synctest.Test(t, func(t *testing.T) {
		l := newListener()
		serve(t, l, newVolatile(), server.Options{})
		publisher := connect(t, l)
		publisher.handshake(opened)
		consumers := make([]*peer, connections)
		for i := range consumers {
			consumers[i] = connect(t, l)
			consumers[i].handshake(opened)
			consumers[i].send(1, &amqp.QueueDeclare{Exclusive: true}, &amqp.QueueBind{Exchange: "amq.fanout"}, &amqp.BasicConsume{NoAck: true})
		}
		synctest.Wait()
		for _, p := range consumers {
			require.Len(t, p.heard(), 3)
		}
		before := heap()
		for range messages {
			publisher.queue(amqp.AppendContent(nil, 1, &amqp.BasicPublish{Exchange: "amq.fanout"}, nil, make([]byte, size), 0))
		}
		publisher.flush()
		time.Sleep(time.Minute)
		synctest.Wait()
		for _, p := range consumers {
			require.Len(t, p.heard(), messages)
			p.in = nil
		}
		requireHeap(t, before, connections*(32<<10))
	})
}
