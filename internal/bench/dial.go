package bench

import (
	"errors"
	"fmt"
	"math/rand/v2"
	"time"

	"github.com/leveretmq/leveret/amqp"
	"github.com/leveretmq/leveret/internal/client"
)

func (r *run) dialProducer(number int) (*link, error) {
	l, err := dial(r, number, r.ProducerChannels)
	if err != nil {
		return nil, err
	}
	for n := range r.ProducerChannels {
		p := r.newProducer(l, number, n)
		l.add(p)
		if err := p.open(); err != nil {
			return nil, errors.Join(err, l.client.Close())
		}
	}
	l.begin(r.ended)
	return l, nil
}

func (r *run) newProducer(l *link, number, channel int) *producer {
	p := &producer{
		run:       r,
		link:      l,
		channel:   uint16(channel + 1),
		rate:      r.Rate,
		committed: make(chan struct{}, 1),
		shard:     r.confirmLatency.shard(number*r.ProducerChannels + channel),
	}
	p.reel = newReel(&r.Options, p.channel, l.client.FrameMax(), r.keysOf(number))
	if r.RandomStart > 0 {
		p.delay = rand.N(r.RandomStart)
	}
	if r.Confirm > 0 {
		p.confirms = newConfirms(r.Confirm)
	}
	return p
}

// open prepares the channel for confirms or transactions.
func (p *producer) open() error {
	if p.confirms != nil {
		return p.link.client.Request(p.channel, &amqp.ConfirmSelect{}, amqp.IDConfirmSelectOk)
	}
	if p.run.ProducerTx > 0 {
		return p.link.client.Request(p.channel, &amqp.TxSelect{}, amqp.IDTxSelectOk)
	}
	return nil
}

func (r *run) dialConsumer(number int) (*link, error) {
	l, err := dial(r, number, r.ConsumerChannels)
	if err != nil {
		return nil, err
	}
	var consume []byte
	for n := range r.ConsumerChannels {
		c := &consumer{run: r, link: l, channel: uint16(n + 1), shard: r.consumerLatency.shard(number*r.ConsumerChannels + n)}
		l.add(c)
		if consume, err = c.open(number, consume); err != nil {
			return nil, errors.Join(err, l.client.Close())
		}
	}
	// All channels at once, and the reader gets the answers: what the first of
	// them gets must not come between the requests of the next.
	if err := l.client.Write(consume); err != nil {
		return nil, errors.Join(err, l.client.Close())
	}
	l.begin(r.ended)
	return l, nil
}

// open prepares the channel, and appends what begins to consume.
func (c *consumer) open(number int, consume []byte) ([]byte, error) {
	r := c.run
	for _, limit := range []amqp.BasicQos{
		{PrefetchCount: uint16(r.Prefetch)},
		{PrefetchCount: uint16(r.ChannelPrefetch), Global: true},
	} {
		if limit.PrefetchCount == 0 {
			continue
		}
		if err := c.link.client.Request(c.channel, &limit, amqp.IDBasicQosOk); err != nil {
			return nil, err
		}
	}
	if r.ConsumerTx > 0 {
		if err := c.link.client.Request(c.channel, &amqp.TxSelect{}, amqp.IDTxSelectOk); err != nil {
			return nil, err
		}
	}
	queue, err := r.queueOf(number, c)
	if err != nil {
		return nil, err
	}
	if !r.AutoAck {
		c.every = uint64(max(1, r.AckEvery))
	}
	return amqp.AppendMethod(consume, c.channel, &amqp.BasicConsume{
		Queue: queue, ConsumerTag: fmt.Sprintf("bench-%d", c.channel), NoAck: r.AutoAck, Arguments: r.ConsumerArguments,
	}), nil
}

// ended takes up that the connection of a link has ended.
func (r *run) ended(err error) {
	if err != nil && !r.stopped() {
		r.failures <- fmt.Errorf("a connection ended: %w", err)
	}
}

// dial opens a connection to the next of the nodes.
func dial(r *run, number, channels int) (*link, error) {
	c, err := client.Dial(r.URLs[number%len(r.URLs)], client.Options{
		Channels: uint16(channels), FrameMax: r.FrameMax, Heartbeat: r.Heartbeat.Truncate(time.Second),
	})
	if err != nil {
		return nil, err
	}
	return &link{client: c, clock: r.clock, ended: make(chan struct{})}, nil
}
