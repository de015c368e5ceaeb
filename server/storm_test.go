package server_test

import (
	"bytes"
	"encoding/binary"
	"fmt"
	"hash/crc32"
	"math/rand/v2"
	"runtime"
	"sync"
	"testing"
	"time"

	amqp091 "github.com/rabbitmq/amqp091-go"
	"github.com/stretchr/testify/require"

	"github.com/leveretmq/leveret/server"
)

// storm is many clients of another make at once: publishers with confirms,
// consumers that acknowledge, give back, leave, fail and come again, and
// others that change the topology around them. No message of the one queue
// that stays may be lost, spoilt, or come twice without saying so.
type storm struct {
	t    *testing.T
	url  string
	stop chan struct{} // closed when all messages have been seen

	mu   sync.Mutex
	seen map[uint64]bool // guarded by mu; settled by a consumer, by message
	left int             // guarded by mu; messages that nobody has settled yet
}

const stormPublishers = 3

func stormMessages() int {
	if testing.Short() {
		return 200
	}
	return 2000
}

func TestStorm(t *testing.T) {
	n := listenTCP(t, server.Options{})
	s := &storm{
		t: t, url: "amqp://guest:guest@" + n.address + "/", stop: make(chan struct{}),
		seen: make(map[uint64]bool), left: stormPublishers * stormMessages(),
	}
	setup := s.connect()
	ch := s.channel(setup)
	require.NoError(t, ch.ExchangeDeclare("in", "topic", true, false, false, false, nil))
	_, err := ch.QueueDeclare("work", true, false, false, false, nil)
	require.NoError(t, err)
	require.NoError(t, ch.QueueBind("work", "#", "in", false, nil))

	eyes := n.look()
	var clients sync.WaitGroup
	for i := range stormPublishers {
		clients.Go(func() { s.publish(uint64(i)) })
	}
	for i := range 4 {
		clients.Go(func() { s.consume(rand.New(rand.NewPCG(uint64(i), 0))) })
	}
	for i := range 2 {
		clients.Go(func() { s.meddle(rand.New(rand.NewPCG(uint64(i), 1))) })
	}
	clients.Wait()
	eyes.finish(t)
	require.NoError(t, setup.Close())
	require.Zero(t, s.left)
	counts := n.find(t, "work").Counts()
	require.Zero(t, counts.Ready)
	require.Zero(t, counts.Unacked)
	require.Zero(t, counts.Consumers)
	requireNoGoroutines(t)
}

func (s *storm) connect() *amqp091.Connection {
	c, err := amqp091.DialConfig(s.url, amqp091.Config{Dial: amqp091.DefaultDial(patience)})
	if err != nil {
		s.t.Errorf("connecting: %v", err)
		runtime.Goexit()
	}
	return c
}

func (s *storm) channel(c *amqp091.Connection) *amqp091.Channel {
	ch, err := c.Channel()
	if err != nil {
		s.t.Errorf("opening a channel: %v", err)
		runtime.Goexit()
	}
	return ch
}

// body is a message that shows whether it is whole: its number, its filling,
// and their sum.
func body(number uint64, filling int) []byte {
	octets := binary.BigEndian.AppendUint64(nil, number)
	octets = append(octets, bytes.Repeat([]byte{byte(number)}, filling)...)
	return binary.BigEndian.AppendUint32(octets, crc32.ChecksumIEEE(octets))
}

// number checks a body and returns its number.
func (s *storm) number(octets []byte) uint64 {
	if len(octets) < 12 {
		s.t.Errorf("a message of %d octets", len(octets))
		return 0
	}
	content, sum := octets[:len(octets)-4], octets[len(octets)-4:]
	if crc32.ChecksumIEEE(content) != binary.BigEndian.Uint32(sum) {
		s.t.Errorf("the body of message %d is spoilt", binary.BigEndian.Uint64(octets))
	}
	return binary.BigEndian.Uint64(octets)
}

// publish sends messages of all sizes, and waits for their confirms in the end.
func (s *storm) publish(publisher uint64) {
	c := s.connect()
	ch := s.channel(c)
	if err := ch.Confirm(false); err != nil {
		s.t.Errorf("selecting confirms: %v", err)
	}
	random := rand.New(rand.NewPCG(publisher, 2))
	var waiting []*amqp091.DeferredConfirmation
	for n := range stormMessages() {
		filling := random.IntN(100)
		if n%100 == 0 {
			filling = random.IntN(300 << 10)
		}
		confirm, err := ch.PublishWithDeferredConfirm("in", fmt.Sprint("key.", n%5), true, false, amqp091.Publishing{
			DeliveryMode: uint8(1 + n%2), Body: body(publisher<<32|uint64(n), filling),
		})
		if err != nil {
			s.t.Errorf("publishing: %v", err)
			return
		}
		waiting = append(waiting, confirm)
	}
	for n, confirm := range waiting {
		select {
		case <-confirm.Done():
			if !confirm.Acked() {
				s.t.Errorf("message %d was refused", n)
			}
		case <-time.After(patience):
			s.t.Errorf("message %d was never confirmed", n)
			return
		}
	}
	if err := c.Close(); err != nil {
		s.t.Errorf("closing: %v", err)
	}
}

// consume takes part until all messages have been seen.
func (s *storm) consume(random *rand.Rand) {
	for s.goesOn() {
		c := s.connect()
		for goesOn := true; goesOn; {
			goesOn = s.consumeOnChannel(c, random)
		}
		if err := c.Close(); err != nil {
			s.t.Errorf("closing: %v", err)
		}
	}
}

func (s *storm) goesOn() bool {
	select {
	case <-s.stop:
		return false
	default:
		return !s.t.Failed()
	}
}

// consumeOnChannel consumes for a while, and leaves in one of all ways. It says
// whether the connection goes on.
func (s *storm) consumeOnChannel(c *amqp091.Connection, random *rand.Rand) (goesOn bool) {
	ch := s.channel(c)
	if err := ch.Qos(random.IntN(3)*random.IntN(50), 0, random.IntN(2) == 0); err != nil {
		s.t.Errorf("limiting: %v", err)
	}
	deliveries, err := ch.Consume("work", "consumer", false, false, false, false, nil)
	if err != nil {
		s.t.Errorf("consuming: %v", err)
		return false
	}
	s.settleSome(deliveries, random)
	switch random.IntN(4) {
	case 0: // leave all that is unacknowledged to the end of the channel
		err = ch.Close()
	case 1:
		if err = ch.Cancel("consumer", false); err == nil {
			err = ch.Close()
		}
	case 2: // an error, to which the library answers
		err = ch.Ack(1<<40, false)
	case 3: // at once with the connection
		return false
	}
	if err != nil {
		s.t.Errorf("leaving: %v", err)
	}
	return s.goesOn()
}

// settleSome settles deliveries: most for good, some so that they come back.
func (s *storm) settleSome(deliveries <-chan amqp091.Delivery, random *rand.Rand) {
	var held []amqp091.Delivery // since the last one that was settled with all before it
	for range 1 + random.IntN(300) {
		if len(deliveries) == 0 && len(held) > 0 { // perhaps all that is left
			s.settled(held)
			s.must(held[len(held)-1].Ack(true))
			held = nil
		}
		select {
		case <-s.stop:
			return
		case d := <-deliveries:
			s.check(d)
			switch held = append(held, d); random.IntN(12) {
			case 0:
				s.must(d.Nack(true, true))
				held = nil
			case 1:
				s.must(d.Reject(true))
				held = held[:len(held)-1]
			case 2, 3, 4, 5, 6:
				s.settled(held)
				s.must(d.Ack(true))
				held = nil
			default:
				s.settled(held[len(held)-1:])
				s.must(d.Ack(false))
				held = held[:len(held)-1]
			}
		}
	}
}

func (s *storm) must(err error) {
	if err != nil {
		s.t.Errorf("settling: %v", err)
	}
}

// check looks at a delivery: whoever has been settled may only come again if
// that did not arrive, and then says so.
func (s *storm) check(d amqp091.Delivery) {
	number := s.number(d.Body)
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.seen[number] && !d.Redelivered {
		s.t.Errorf("message %d came twice", number)
	}
}

// settled notes that deliveries are about to be acknowledged. An
// acknowledgement may be lost with its channel; so the message may come again.
func (s *storm) settled(deliveries []amqp091.Delivery) {
	s.mu.Lock()
	defer s.mu.Unlock()
	for _, d := range deliveries {
		if number := s.number(d.Body); !s.seen[number] {
			s.seen[number] = true
			if s.left--; s.left == 0 {
				close(s.stop)
			}
		}
	}
}

// read reads up to so many messages.
func (s *storm) read(deliveries <-chan amqp091.Delivery, count int) {
	for range count {
		select {
		case <-s.stop:
			return
		case d, ok := <-deliveries:
			if !ok {
				return // the queue was deleted
			}
			s.number(d.Body)
		}
	}
}

// meddle declares, binds, consumes from and deletes queues that get the same
// messages.
func (s *storm) meddle(random *rand.Rand) {
	c := s.connect()
	for s.goesOn() {
		ch := s.channel(c)
		name := fmt.Sprint("side ", random.IntN(3))
		if _, err := ch.QueueDeclare(name, true, random.IntN(2) == 0, false, random.IntN(2) == 0, nil); err != nil {
			continue // declared otherwise by somebody else, or just deleted
		}
		if err := ch.QueueBind(name, "key.*", "in", false, nil); err != nil {
			continue
		}
		if deliveries, err := ch.Consume(name, "", random.IntN(2) == 0, false, false, false, nil); err == nil {
			s.read(deliveries, random.IntN(20))
		}
		if _, err := ch.QueueDelete(name, false, false, false); err != nil {
			continue
		}
		if err := ch.Close(); err != nil {
			s.t.Errorf("closing: %v", err)
		}
	}
	if err := c.Close(); err != nil {
		s.t.Errorf("closing: %v", err)
	}
}
