package main

import (
	"bytes"
	"encoding/binary"
	"errors"
	"fmt"
	"net"

	"github.com/leveretmq/leveret/amqp"
)

// numberOctets is how many octets of a body hold the number of its message.
const numberOctets = 8

// filler publishes persistent messages with confirms over a connection of its
// own. Their bodies begin with their numbers, from zero.
type filler struct {
	url, exchange, key string
	messages, size     int
	inFlight           int
}

func (f filler) run() error {
	if f.size < numberOctets {
		return fmt.Errorf("a body has %d octets at least", numberOctets)
	}
	c, err := dial(f.url)
	if err != nil {
		return err
	}
	if err := c.request(1, &amqp.ConfirmSelect{}, amqp.IDConfirmSelectOk); err != nil {
		return errors.Join(err, c.sock.Close())
	}
	w := newWindow(f.inFlight)
	read := make(chan error, 1)
	go func() {
		err := readConfirms(c, w)
		w.close()
		read <- err
	}()
	err = f.publish(c, w)
	if err == nil {
		err = w.drain()
	}
	err = errors.Join(err, c.sock.Close())
	if end := <-read; !errors.Is(end, net.ErrClosed) {
		err = errors.Join(err, end)
	}
	return err
}

func (f filler) publish(c *client, w *window) error {
	one, at := f.frames()
	var out []byte
	for next := 0; next < f.messages; {
		n := int(w.claim(int64(min(burst, f.messages-next, max(1, burstOctets/len(one))))))
		if n == 0 {
			return nil // drain tells
		}
		out = out[:0]
		for i := range n {
			binary.BigEndian.PutUint64(one[at:], uint64(next+i))
			out = append(out, one...)
		}
		if _, err := c.sock.Write(out); err != nil {
			return err
		}
		next += n
	}
	return nil
}

// burstOctets is how much the filler sends in one write at most, unless one
// message has more.
const burstOctets = 1 << 20

// frames is one message on the wire, and where its number goes.
func (f filler) frames() (frames []byte, at int) {
	body := bytes.Repeat([]byte("leveret."), f.size/8+1)[:f.size]
	frames = amqp.AppendContent(nil, 1, &amqp.BasicPublish{Exchange: f.exchange, RoutingKey: f.key},
		amqp.PropertyList{DeliveryMode: 2}.Encode(), body, clientFrameMax)
	return frames, bytes.Index(frames, body[:min(f.size, 2*numberOctets)])
}
