package main

import (
	"errors"
	"net"
	"os"
	"strconv"
	"sync/atomic"
	"time"

	"github.com/leveretmq/leveret/amqp"
	"github.com/leveretmq/leveret/internal/client"
	"github.com/leveretmq/leveret/internal/process"
)

// round is one measurement: a publisher and a consumer on one queue.
type round struct {
	scenario  scenario
	queue     string
	publisher *client.Client
	consumer  *client.Client

	stop     atomic.Bool
	consumed atomic.Int64
	window   *client.Window
}

// burst is how many messages the publisher sends in one write at most.
const burst = 256

func measure(t *target, s scenario, length time.Duration) (result, error) {
	r := &round{scenario: s, queue: "measure-" + strconv.Itoa(os.Getpid()), window: client.NewWindow(s.inFlight)}
	if err := r.setUp(t.url); err != nil {
		return result{}, err
	}
	failed := make(chan error, 3)
	go func() { failed <- r.consume() }()
	go func() { failed <- r.publish() }()
	if s.durable {
		go func() { failed <- r.ended(readConfirms(r.publisher, r.window)) }()
	}
	res, err := r.watch(t, length, failed)
	return res, errors.Join(err, r.tearDown(t.url))
}

// watch takes the figures between two moments of the steady state.
func (r *round) watch(t *target, length time.Duration, failed <-chan error) (result, error) {
	select {
	case err := <-failed:
		return result{}, err
	case <-time.After(length / 5):
	}
	began, first, cpu := time.Now(), r.consumed.Load(), process.CPU(t.pids...)
	select {
	case err := <-failed:
		return result{}, err
	case <-time.After(length):
	}
	n := r.consumed.Load() - first
	if n == 0 {
		return result{}, errors.New("no message arrived")
	}
	return result{
		rate: float64(n) / time.Since(began).Seconds(),
		cpu:  (process.CPU(t.pids...) - cpu) / time.Duration(n),
	}, nil
}

func (r *round) setUp(url string) error {
	var err error
	if r.publisher, err = client.Dial(url, client.Options{}); err != nil {
		return err
	}
	if r.consumer, err = client.Dial(url, client.Options{}); err != nil {
		return err
	}
	declare := &amqp.QueueDeclare{Queue: r.queue, Durable: r.scenario.durable}
	if err := r.consumer.Request(1, declare, amqp.IDQueueDeclareOk); err != nil {
		return err
	}
	if r.scenario.durable {
		if err := r.publisher.Request(1, &amqp.ConfirmSelect{}, amqp.IDConfirmSelectOk); err != nil {
			return err
		}
	}
	if err := r.consumer.Request(1, &amqp.BasicQos{PrefetchCount: 1000}, amqp.IDBasicQosOk); err != nil {
		return err
	}
	return r.consumer.Request(1, &amqp.BasicConsume{Queue: r.queue, NoAck: !r.scenario.durable}, amqp.IDBasicConsumeOk)
}

// tearDown ends the round and deletes the queue.
func (r *round) tearDown(url string) error {
	r.stop.Store(true)
	r.window.Close()
	ended := errors.Join(r.publisher.Close(), r.consumer.Close())
	c, err := client.Dial(url, client.Options{})
	if err != nil {
		return errors.Join(ended, err)
	}
	defer c.Close()
	return errors.Join(ended, c.Request(1, &amqp.QueueDelete{Queue: r.queue}, amqp.IDQueueDeleteOk))
}

// ended turns the error of a socket that was closed on purpose into none.
func (r *round) ended(err error) error {
	if r.stop.Load() && errors.Is(err, net.ErrClosed) {
		return nil
	}
	return err
}

func (r *round) publish() error {
	properties := amqp.PropertyList{}.Encode()
	if r.scenario.durable {
		properties = amqp.PropertyList{DeliveryMode: 2}.Encode()
	}
	one := amqp.AppendContent(nil, 1, &amqp.BasicPublish{RoutingKey: r.queue}, properties, make([]byte, r.scenario.size), client.DefaultFrameMax)
	var all []byte
	for range burst {
		all = append(all, one...)
	}
	for {
		n := r.window.Claim(burst)
		if n == 0 {
			return nil
		}
		if err := r.publisher.Write(all[:int(n)*len(one)]); err != nil {
			return r.ended(err)
		}
	}
}

func (r *round) consume() error {
	var acks []byte
	n := int64(0)
	for {
		f, err := r.consumer.Frame()
		if err != nil {
			return r.ended(err)
		}
		if f.Type == amqp.FrameMethod {
			n++
			if r.scenario.durable {
				acks = amqp.AppendAck(acks, 1, amqp.BasicAck{DeliveryTag: uint64(r.consumed.Load() + n)})
			}
		}
		if !r.consumer.Drained() {
			continue
		}
		r.consumed.Add(n)
		if r.scenario.durable {
			if err := r.consumer.Write(acks); err != nil {
				return r.ended(err)
			}
			acks = acks[:0]
		} else {
			r.window.Settle(n)
		}
		n = 0
	}
}
