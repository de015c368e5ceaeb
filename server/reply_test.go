package server_test

import (
	"bytes"
	"fmt"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/leveretmq/leveret/amqp"
	"github.com/leveretmq/leveret/broker"
	"github.com/leveretmq/leveret/server"
)

// listen makes the peer a requester and returns its address.
func (p *peer) listen() (address string) {
	p.send(1, &amqp.QueueDeclare{Queue: "address", AutoDelete: true},
		&amqp.BasicConsume{Queue: broker.ReplyTo, ConsumerTag: "replies", NoAck: true})
	p.publish(1, &amqp.BasicPublish{RoutingKey: "address"}, amqp.PropertyList{ReplyTo: broker.ReplyTo}.Encode(), nil)
	p.send(1, &amqp.BasicGet{Queue: "address", NoAck: true}, &amqp.QueueDelete{Queue: "address"})
	synctest.Wait()
	for _, u := range understood(p.t, p.frames()) {
		if u.content {
			address = u.properties.ReplyTo()
		}
	}
	require.NotEmpty(p.t, address)
	return address
}

// deliveries are the bodies that have come in.
func (p *peer) deliveries() (bodies []string) {
	for _, u := range understood(p.t, p.frames()) {
		if u.content {
			bodies = append(bodies, string(u.body))
		}
	}
	return bodies
}

// What waits for a requester that does not read has a bound. Its responder waits
// a little, once, and what does not fit is lost; afterwards all is well again.
func TestReply_RequesterThatDoesNotRead(t *testing.T) {
	for _, size := range []int{0, 10_000, 1 * mebibyte} {
		t.Run(fmt.Sprint(size), func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				const octets = 48 * mebibyte
				l := newListener()
				serve(t, l, newVolatile(), server.Options{})
				slow, responder := connect(t, l), connect(t, l)
				slow.handshake(opened)
				responder.handshake(opened)
				address := slow.listen()
				slow.mute(true)
				before, began := heap(), time.Now()
				body := make([]byte, size)
				for sent, n := 0, 0; sent < octets; sent, n = sent+max(size, 400), n+1 {
					responder.queue(amqp.AppendContent(nil, 1, &amqp.BasicPublish{RoutingKey: address}, nil, body, defaultFrameMax))
					if len(responder.next) > mebibyte {
						responder.flush()
						time.Sleep(2 * time.Millisecond) // in virtual time: lets the server go on
						synctest.Wait()
					}
				}
				responder.send(1, &amqp.ChannelFlow{Active: true})
				for len(responder.frames()) == 0 {
					time.Sleep(time.Millisecond)
					synctest.Wait()
				}
				require.Less(t, time.Since(began), 2*time.Second, "a responder waits once")
				requireHeap(t, before, 16*mebibyte)
				slow.mute(false)
				synctest.Wait()
				require.NotEmpty(t, slow.deliveries())
				responder.publish(1, &amqp.BasicPublish{RoutingKey: address}, nil, []byte("the last one"))
				synctest.Wait()
				require.Equal(t, []string{"the last one"}, slow.deliveries())
			})
		})
	}
}

// A requester that reads slowly loses nothing: its responder keeps to its pace.
func TestReply_RequesterThatReadsSlowly(t *testing.T) {
	const replies, size = 2000, 10_000
	synctest.Test(t, func(t *testing.T) {
		l := newListener()
		serve(t, l, newVolatile(), server.Options{})
		slow, responder := connect(t, l), connect(t, l)
		slow.handshake(opened)
		responder.handshake(opened)
		address := slow.listen()
		slow.slowDown(20 * time.Millisecond)
		for n := range replies {
			body := fmt.Appendf(make([]byte, 0, size), "%09d", n)
			responder.queue(amqp.AppendContent(nil, 1, &amqp.BasicPublish{RoutingKey: address}, nil, body[:size], defaultFrameMax))
		}
		responder.flush()
		time.Sleep(5 * time.Minute)
		synctest.Wait()
		bodies := slow.deliveries()
		require.Len(t, bodies, replies)
		for n, body := range bodies {
			require.Equal(t, fmt.Sprintf("%09d", n), body[:9])
		}
	})
}

// A requester that goes while its replies come harms nobody.
func TestReply_RequesterThatGoes(t *testing.T) {
	const rounds = 60
	s := listenTCP(t, server.Options{})
	watcher := s.dial(t)
	defer watcher.hangUp()
	watcher.request(1, &amqp.QueueDeclare{Queue: "requests"}, amqp.IDQueueDeclareOk)
	watcher.request(1, &amqp.BasicConsume{Queue: "requests", NoAck: true}, amqp.IDBasicConsumeOk)
	var all sync.WaitGroup
	all.Go(func() { respondUntil(watcher, "goodbye") })
	var requesters sync.WaitGroup
	for range 3 {
		requesters.Go(func() {
			for round := range rounds {
				askAndGo(s, t, round)
			}
		})
	}
	requesters.Wait()
	last := s.dial(t)
	defer last.hangUp()
	last.write(question("goodbye", 0))
	all.Wait()
}

// askAndGo asks a few times and goes, in one way or another.
func askAndGo(s *network, t *testing.T, round int) {
	c := s.dial(t)
	defer c.hangUp()
	consume := &amqp.BasicConsume{Queue: broker.ReplyTo, ConsumerTag: "replies", NoAck: true}
	c.request(1, consume, amqp.IDBasicConsumeOk)
	c.write(bytes.Repeat(question("hello", 1+round*100), 20))
	switch round % 5 {
	case 0:
		c.request(1, &amqp.BasicCancel{ConsumerTag: "replies"}, amqp.IDBasicCancelOk)
		c.request(1, consume, amqp.IDBasicConsumeOk)
		c.write(question("hello", 1))
		c.expect(amqp.IDBasicDeliver)
	case 1:
		c.request(1, &amqp.ChannelClose{}, amqp.IDChannelCloseOk)
	case 2:
		c.request(0, &amqp.ConnectionClose{}, amqp.IDConnectionCloseOk)
	case 3:
		c.reset()
	case 4:
		for range 20 {
			c.expect(amqp.IDBasicDeliver)
		}
	}
}

// question is a request that asks for a direct reply.
func question(text string, size int) []byte {
	body := append([]byte(text), make([]byte, size)...)
	properties := amqp.PropertyList{ReplyTo: broker.ReplyTo, CorrelationID: "1"}.Encode()
	if text == "goodbye" {
		properties = nil
	}
	return amqp.AppendContent(nil, 1, &amqp.BasicPublish{RoutingKey: "requests"}, properties, body, defaultFrameMax)
}

// respondUntil answers each request with its own body until one begins with the
// given text.
func respondUntil(s *socket, last string) {
	for {
		s.expect(amqp.IDBasicDeliver)
		f, ok := s.next()
		if !ok {
			return
		}
		h, err := amqp.DecodeHeader(f.Payload)
		if err != nil {
			s.t.Errorf("header: %v", err)
			return
		}
		address := h.Properties.ReplyTo()
		f, ok = s.next()
		if !ok || bytes.HasPrefix(f.Payload, []byte(last)) {
			return
		}
		s.write(amqp.AppendContent(nil, 1, &amqp.BasicPublish{RoutingKey: address}, nil, f.Payload, defaultFrameMax))
	}
}
