package server_test

import (
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/leveretmq/leveret/amqp"
	"github.com/leveretmq/leveret/server"
)

// burst is many messages that go to and fro between clients, which stay
// connected when it is over.
type burst struct {
	t    *testing.T
	l    *listener
	size func(n int) int // of the n-th message
}

// messagesOfBurst is how many messages are in the queue at once.
const messagesOfBurst = 100

func (b *burst) run(clients []*peer, rounds int) {
	for round := range rounds {
		for i, p := range clients {
			for n := range messagesOfBurst / len(clients) {
				p.queue(amqp.AppendContent(nil, 1, &amqp.BasicPublish{RoutingKey: "q"},
					amqp.PropertyList{AppID: "burst"}.Encode(), make([]byte, b.size(round*n+i)), defaultFrameMax))
			}
			p.flush()
		}
		synctest.Wait()
		for _, p := range clients {
			if round%2 == 0 {
				p.send(1, &amqp.BasicConsume{Queue: "q", ConsumerTag: "c", NoAck: true})
			} else {
				p.send(1, &amqp.BasicConsume{Queue: "q", ConsumerTag: "c"})
			}
		}
		synctest.Wait()
		for _, p := range clients {
			p.send(1, &amqp.BasicAck{Multiple: true}, &amqp.BasicCancel{ConsumerTag: "c"})
			synctest.Wait()
			p.frames()
			p.in = nil
		}
	}
}

// What a burst leaves in the pool, and in the clients' stocks of it, is given
// back while nobody does anything.
func TestMemory_PoolOfABurst(t *testing.T) {
	sizes := map[string]func(n int) int{
		"64 KiB":     func(int) int { return 64 << 10 },
		"16 octets":  func(int) int { return 16 },
		"many sizes": func(n int) int { return n * 7919 % largestLetter },
	}
	for name, size := range sizes {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				b := &burst{t: t, l: newListener(), size: size}
				s := serve(t, b.l, newVolatile(), server.Options{})
				clients := make([]*peer, 10)
				for i := range clients {
					clients[i] = connect(t, b.l)
					clients[i].handshake(opened)
				}
				clients[0].send(1, &amqp.QueueDeclare{Queue: "q"})
				synctest.Wait()
				before := heap()
				b.run(clients, 3)
				require.Zero(t, s.find(t, "q").Counts().Ready)
				time.Sleep(time.Minute)
				synctest.Wait()
				requireHeap(t, before, mebibyte/4)
			})
		})
	}
}

// A few messages that stay do not hold on to the many that went.
func TestMemory_FewThatStay(t *testing.T) {
	const rounds, each = 20, 700
	synctest.Test(t, func(t *testing.T) {
		l := newListener()
		serve(t, l, newVolatile(), server.Options{})
		p := connect(t, l)
		p.handshake(opened)
		p.send(1, &amqp.QueueDeclare{Queue: "q"}, &amqp.QueueDeclare{Queue: "stay"})
		p.send(1, &amqp.BasicConsume{Queue: "q", NoAck: true})
		synctest.Wait()
		before := heap()
		for range rounds {
			for n := range each {
				key := "q"
				if n == 0 {
					key = "stay"
				}
				p.queue(amqp.AppendContent(nil, 1, &amqp.BasicPublish{RoutingKey: key}, nil, make([]byte, 1000), 0))
			}
			p.flush()
			synctest.Wait()
			p.frames()
		}
		p.in = nil
		time.Sleep(time.Minute)
		synctest.Wait()
		requireHeap(t, before, mebibyte/4)
	})
}
