package server_test

import (
	"fmt"
	"testing"
	"testing/synctest"

	"github.com/stretchr/testify/require"

	"github.com/leveretmq/leveret/amqp"
	"github.com/leveretmq/leveret/broker"
	"github.com/leveretmq/leveret/queue"
	"github.com/leveretmq/leveret/server"
)

// find is a queue of the service.
func (s *service) find(t testing.TB, name string) *queue.Queue {
	t.Helper()
	var vhost *broker.VHost
	vhost, _ = s.broker.VHost("/")
	q, err := vhost.Queue(name, nil)
	require.NoError(t, err)
	return q
}

// mostHeld is how many small messages a connection that does not read may keep
// from others: what waits to be fetched, and one write of 256 KiB. Each message
// counts at least its frames there.
const mostHeld = 200 + 256<<10/64

// A consumer that does not read gets a share that is bounded; the others get
// the rest, and at its end its share too.
func TestSlowReader_LeavesTheQueueToOthers(t *testing.T) {
	const messages = 20_000
	synctest.Test(t, func(t *testing.T) {
		l := newListener()
		s := serve(t, l, newVolatile(), server.Options{})
		slow, quick := connect(t, l), connect(t, l)
		slow.handshake(opened)
		quick.handshake(opened)
		slow.send(1, &amqp.QueueDeclare{Queue: "q"}, &amqp.BasicConsume{Queue: "q"})
		synctest.Wait()
		slow.mute(true)
		quick.send(1, &amqp.BasicConsume{Queue: "q", NoAck: true})
		got := make(map[string]bool)
		take := func() {
			synctest.Wait()
			for _, u := range understood(t, quick.frames()) {
				if u.content {
					require.False(t, got[string(u.body)], "message %s came twice", u.body)
					got[string(u.body)] = true
				}
			}
		}
		for n := range messages {
			quick.queue(amqp.AppendContent(nil, 1, &amqp.BasicPublish{RoutingKey: "q"}, nil, fmt.Append(nil, n), 0))
			if n%1000 == 999 {
				quick.flush()
				take()
			}
		}
		require.GreaterOrEqual(t, len(got), messages-mostHeld)
		require.Zero(t, s.find(t, "q").Counts().Ready)
		slow.hangUp()
		take()
		require.Len(t, got, messages)
	})
}

// What is sent to a client that does not read has a bound: the messages stay
// in their queue, be they large or small.
func TestSlowReader_MessagesStayInTheQueue(t *testing.T) {
	for name, size := range map[string]int{"small": 100, "large": 300 << 10} {
		for _, noAck := range []bool{false, true} {
			t.Run(fmt.Sprint(name, ", no-ack ", noAck), func(t *testing.T) {
				synctest.Test(t, func(t *testing.T) {
					l := newListener()
					s := serve(t, l, newVolatile(), server.Options{})
					slow, publisher := connect(t, l), connect(t, l)
					slow.handshake(opened)
					publisher.handshake(opened)
					slow.send(1, &amqp.QueueDeclare{Queue: "q"}, &amqp.BasicConsume{Queue: "q", NoAck: noAck})
					synctest.Wait()
					slow.mute(true)
					octets := 0
					for octets < 6*mebibyte {
						publisher.publish(1, &amqp.BasicPublish{RoutingKey: "q"}, nil, make([]byte, size))
						octets += size
						if octets%(1000*size) == 0 {
							synctest.Wait() // the publisher's own buffer has a bound, too
						}
					}
					synctest.Wait()
					ready := s.find(t, "q").Counts().Ready
					require.GreaterOrEqual(t, ready*size, octets-mebibyte, "octets that are still ready")
				})
			})
		}
	}
}

// A publisher that does not read its confirms gets them all when it does.
func TestSlowReader_ConfirmsWait(t *testing.T) {
	const messages = 5000
	synctest.Test(t, func(t *testing.T) {
		l := newListener()
		serve(t, l, newVolatile(), server.Options{})
		p := connect(t, l)
		p.handshake(opened)
		p.send(1, &amqp.QueueDeclare{Queue: "q", Durable: true}, &amqp.ConfirmSelect{})
		synctest.Wait()
		p.heard()
		p.mute(true)
		for n := range messages {
			properties := amqp.PropertyList{DeliveryMode: uint8(1 + n%2)}.Encode()
			p.queue(amqp.AppendContent(nil, 1, &amqp.BasicPublish{RoutingKey: "q"}, properties, []byte("x"), 0))
		}
		p.flush()
		synctest.Wait()
		p.mute(false)
		synctest.Wait()
		require.Equal(t, []string{fmt.Sprintf("1 basic.ack up to %d", messages)}, p.heard())
	})
}

// A publisher that floods one queue does not stop another client's work.
func TestSlowReader_FloodLeavesOthersAlone(t *testing.T) {
	const requests = 50
	s := listenTCP(t, server.Options{})
	flood, other := s.dial(t), s.dial(t)
	other.request(1, &amqp.QueueDeclare{Queue: "flooded"}, amqp.IDQueueDeclareOk)
	stop, stopped := make(chan struct{}), make(chan struct{})
	go func() {
		defer close(stopped)
		var octets []byte
		for range 1000 {
			octets = amqp.AppendContent(octets, 1, &amqp.BasicPublish{RoutingKey: "flooded"}, nil, make([]byte, 16), 0)
		}
		for {
			select {
			case <-stop:
				return
			default:
				flood.write(octets)
			}
		}
	}()
	for n := range requests {
		name := fmt.Sprint("q", n%10)
		other.request(1, &amqp.QueueDeclare{Queue: name}, amqp.IDQueueDeclareOk)
		other.write(amqp.AppendContent(nil, 1, &amqp.BasicPublish{RoutingKey: name}, nil, []byte("x"), 0))
		other.request(1, &amqp.BasicGet{Queue: name, NoAck: true}, amqp.IDBasicGetOk)
		other.request(1, &amqp.QueuePurge{Queue: "flooded"}, amqp.IDQueuePurgeOk)
	}
	close(stop)
	<-stopped
	flood.hangUp()
	other.hangUp()
}
