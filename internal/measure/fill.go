package main

import (
	"bytes"
	"encoding/binary"
	"errors"
	"fmt"
	"net"

	"github.com/leveretmq/leveret/amqp"
	"github.com/leveretmq/leveret/internal/client"
)

// numberOctets is how many octets of a body hold the number of its message.
const numberOctets = 8

// filler publishes persistent messages with confirms over a connection of its
// own. Their bodies begin with their numbers within a queue, from zero.
type filler struct {
	url, exchange, key string
	keys               []string // instead of one: in turns
	messages, size     int
	inFlight           int
}

func (f filler) run() error {
	if f.size < numberOctets {
		return fmt.Errorf("a body has %d octets at least", numberOctets)
	}
	c, err := client.Dial(f.url, client.Options{})
	if err != nil {
		return err
	}
	if err := c.Request(1, &amqp.ConfirmSelect{}, amqp.IDConfirmSelectOk); err != nil {
		return errors.Join(err, c.Close())
	}
	w := client.NewWindow(f.inFlight)
	read := make(chan error, 1)
	go func() {
		err := readConfirms(c, w)
		w.Close()
		read <- err
	}()
	err = f.publish(c, w)
	if err == nil {
		err = w.Drain()
	}
	err = errors.Join(err, c.Close())
	if end := <-read; !errors.Is(end, net.ErrClosed) {
		err = errors.Join(err, end)
	}
	return err
}

func (f filler) publish(c *client.Client, w *client.Window) error {
	message := f.frames()
	var out []byte
	for next := 0; next < f.messages; {
		n := int(w.Claim(int64(min(burst, f.messages-next, max(1, burstOctets/f.size)))))
		if n == 0 {
			return nil // drain tells
		}
		out = out[:0]
		for i := range n {
			out = message(out, next+i)
		}
		if err := c.Write(out); err != nil {
			return err
		}
		next += n
	}
	return nil
}

// burst is how many messages the filler sends in one write at most.
const burst = 256

// burstOctets is how much the filler sends in one write at most, unless one
// message has more.
const burstOctets = 1 << 20

// frames appends the messages of the filler as they go over the wire, by their
// numbers.
func (f filler) frames() func(dst []byte, number int) []byte {
	keys := f.keys
	if len(keys) == 0 {
		keys = []string{f.key}
	}
	properties := amqp.PropertyList{DeliveryMode: 2}.Encode()
	body := bytes.Repeat([]byte("leveret."), f.size/8+1)[:f.size]
	return func(dst []byte, number int) []byte {
		binary.BigEndian.PutUint64(body, uint64(number/len(keys)))
		publish := &amqp.BasicPublish{Exchange: f.exchange, RoutingKey: keys[number%len(keys)]}
		return amqp.AppendContent(dst, 1, publish, properties, body, client.DefaultFrameMax)
	}
}
