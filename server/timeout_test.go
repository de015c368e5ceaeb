package server_test

import (
	"fmt"
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/leveretmq/leveret/amqp"
	"github.com/leveretmq/leveret/queue"
	"github.com/leveretmq/leveret/server"
)

// A message is taken back when its time is over, and at most a tenth of it, or a
// minute, too late.
func TestTimeout_Precision(t *testing.T) {
	for _, timeout := range []time.Duration{
		time.Second, 7 * time.Second, 95 * time.Second, 30 * time.Minute, 91 * time.Minute, 25 * time.Hour,
	} {
		t.Run(timeout.String(), func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				l := newListener()
				s := serve(t, l, newVolatile(), server.Options{})
				p := connect(t, l)
				p.handshake(opened)
				milliseconds := amqp.Table{{Key: "x-consumer-timeout", Value: timeout.Milliseconds()}}
				p.send(1, &amqp.QueueDeclare{Queue: "q"}, &amqp.BasicConsume{Queue: "q", ConsumerTag: "c", Arguments: milliseconds})
				tag := uint64(0)
				deliver := func() {
					p.publish(1, &amqp.BasicPublish{RoutingKey: "q"}, nil, []byte("x"))
					synctest.Wait()
					tag++
				}
				deliver() // the first one starts the clock
				time.Sleep(timeout / 23)
				deliver()
				p.send(1, &amqp.BasicAck{DeliveryTag: 1})
				time.Sleep(timeout - time.Millisecond)
				synctest.Wait()
				require.Equal(t, 1, s.find(t, "q").Counts().Consumers, "not too early")
				time.Sleep(min(timeout/10, time.Minute+timeout/1000) + 2*time.Millisecond)
				synctest.Wait()
				require.Zero(t, s.find(t, "q").Counts().Consumers, "not too late")
				require.Equal(t, 1, s.find(t, "q").Counts().Ready)
			})
		})
	}
}

// Who acknowledges in time may go on for ever, with something unacknowledged all
// the while.
func TestTimeout_BusyConsumer(t *testing.T) {
	const timeout, rounds = 10 * time.Minute, 500
	synctest.Test(t, func(t *testing.T) {
		l := newListener()
		s := serve(t, l, newVolatile(), server.Options{})
		p := connect(t, l)
		p.handshake(opened)
		milliseconds := amqp.Table{{Key: "x-consumer-timeout", Value: timeout.Milliseconds()}}
		p.send(1, &amqp.QueueDeclare{Queue: "q", Arguments: milliseconds}, &amqp.BasicConsume{Queue: "q", ConsumerTag: "c"})
		for n := range uint64(rounds) {
			p.publish(1, &amqp.BasicPublish{RoutingKey: "q"}, nil, fmt.Append(nil, n))
			time.Sleep(timeout / 3)
			if n > 0 {
				p.send(1, &amqp.BasicAck{DeliveryTag: n})
			}
		}
		synctest.Wait()
		require.Equal(t, 1, s.find(t, "q").Counts().Consumers)
		time.Sleep(2 * timeout)
		synctest.Wait()
		require.Zero(t, s.find(t, "q").Counts().Consumers)
		require.Equal(t, 1, s.find(t, "q").Counts().Ready)
	})
}

// What is late on one channel leaves the others alone, though their consumers
// took it from the same queue; and the limits of the channel are free again.
func TestTimeout_OtherChannelsGoOn(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		l := newListener()
		s := serve(t, l, newVolatile(), server.Options{})
		p := connect(t, l)
		p.handshake(opened)
		minute := amqp.Table{{Key: "x-consumer-timeout", Value: int32(60_000)}}
		p.send(2, &amqp.ChannelOpen{})
		p.send(1, &amqp.QueueDeclare{Queue: "q"}, &amqp.BasicQos{PrefetchCount: 2, Global: true},
			&amqp.BasicConsume{Queue: "q", ConsumerTag: "slow", Arguments: minute},
			&amqp.BasicConsume{Queue: "q", ConsumerTag: "patient"})
		for range 4 {
			p.publish(1, &amqp.BasicPublish{RoutingKey: "q"}, nil, []byte("x"))
		}
		synctest.Wait()
		require.Equal(t, 2, s.find(t, "q").Counts().Ready)
		p.send(2, &amqp.BasicConsume{Queue: "q", ConsumerTag: "other"})
		synctest.Wait()
		p.send(2, &amqp.BasicAck{Multiple: true})
		p.publish(1, &amqp.BasicPublish{RoutingKey: "q"}, nil, []byte("x"))
		synctest.Wait()
		p.frames()
		time.Sleep(2 * time.Minute)
		synctest.Wait()
		require.Equal(t, 2, s.find(t, "q").Counts().Consumers)
		require.Zero(t, s.find(t, "q").Counts().Ready)
	})
}

// The clock of a channel ends with it, whenever that is.
func TestTimeout_RacesWithTheEnd(t *testing.T) {
	const rounds = 40
	s := listenTCP(t, server.Options{})
	for round := range rounds {
		c := s.dial(t)
		soon := amqp.Table{{Key: "x-consumer-timeout", Value: int32(round)}}
		name := fmt.Sprint("q", round)
		c.request(1, &amqp.QueueDeclare{Queue: name, Exclusive: true}, amqp.IDQueueDeclareOk)
		c.request(1, &amqp.BasicConsume{Queue: name, ConsumerTag: "c", Arguments: soon}, amqp.IDBasicConsumeOk)
		for range 10 {
			c.write(amqp.AppendContent(nil, 1, &amqp.BasicPublish{RoutingKey: name}, nil, []byte("x"), 0))
			c.expect(amqp.IDBasicDeliver)
			c.send(1, &amqp.BasicNack{Multiple: true})
		}
		if round%2 == 0 {
			c.request(1, &amqp.ChannelClose{}, amqp.IDChannelCloseOk)
		}
		c.hangUp()
	}
}

// What basic.get has fetched is taken back even if the queue's time changes meanwhile.
func TestTimeout_ChangesForFetchedMessages(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		l := newListener()
		s := serve(t, l, newVolatile(), server.Options{})
		p := connect(t, l)
		p.handshake(opened)
		minute := amqp.Table{{Key: "x-consumer-timeout", Value: int32(60_000)}}
		p.send(1, &amqp.QueueDeclare{Queue: "q", Arguments: minute})
		p.publish(1, &amqp.BasicPublish{RoutingKey: "q"}, nil, []byte("x"))
		p.send(1, &amqp.BasicGet{Queue: "q"})
		time.Sleep(5 * time.Second)
		synctest.Wait()
		require.Zero(t, s.find(t, "q").Counts().Ready)
		s.find(t, "q").Govern(queue.Policy{Definition: map[string]any{"consumer-timeout": int64(20_000)}})
		time.Sleep(12 * time.Second)
		synctest.Wait()
		require.Zero(t, s.find(t, "q").Counts().Ready, "the new time has begun")
		time.Sleep(20 * time.Second)
		synctest.Wait()
		require.Equal(t, 1, s.find(t, "q").Counts().Ready)
	})
}

// A policy may give living consumers a time, and take it away again.
func TestTimeout_ChangesForConsumers(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		l := newListener()
		s := serve(t, l, newVolatile(), server.Options{})
		p := connect(t, l)
		p.handshake(opened)
		p.send(1, &amqp.QueueDeclare{Queue: "q"}, &amqp.BasicConsume{Queue: "q", ConsumerTag: "c"})
		p.publish(1, &amqp.BasicPublish{RoutingKey: "q"}, nil, []byte("x"))
		time.Sleep(time.Hour)
		synctest.Wait()
		q := s.find(t, "q")
		short := queue.Policy{Definition: map[string]any{"consumer-timeout": int64(20_000)}}
		long := queue.Policy{Definition: map[string]any{"consumer-timeout": int64(40_000)}}
		shown := func() time.Duration { return q.Consumers()[0].Timeout }
		q.Govern(short)
		require.Equal(t, 20*time.Second, shown())
		time.Sleep(15 * time.Second)
		q.Govern(long)
		time.Sleep(15 * time.Second)
		q.Govern(queue.Policy{})
		require.Zero(t, shown())
		time.Sleep(time.Hour)
		synctest.Wait()
		require.Equal(t, 1, q.Counts().Consumers, "no time was over while it counted")
		q.Govern(short)
		time.Sleep(19 * time.Second)
		synctest.Wait()
		require.Equal(t, 1, q.Counts().Consumers)
		time.Sleep(4 * time.Second)
		synctest.Wait()
		require.Zero(t, q.Counts().Consumers)
		require.Equal(t, 1, q.Counts().Ready)
	})
}
