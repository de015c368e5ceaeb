package main

import (
	"errors"
	"fmt"
	"net"
	"os"
	"strconv"
	"strings"
	"sync/atomic"
	"time"

	"github.com/leveretmq/leveret/amqp"
)

// round is one measurement: a publisher and a consumer on one queue.
type round struct {
	scenario  scenario
	queue     string
	publisher *client
	consumer  *client

	stop     atomic.Bool
	consumed atomic.Int64
	window   *window
}

// burst is how many messages the publisher sends in one write at most.
const burst = 256

func measure(t *target, s scenario, length time.Duration) (result, error) {
	r := &round{scenario: s, queue: "measure-" + strconv.Itoa(os.Getpid()), window: newWindow(s.inFlight)}
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
	began, first, cpu := time.Now(), r.consumed.Load(), cpuTime(t.pids)
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
		cpu:  (cpuTime(t.pids) - cpu) / time.Duration(n),
	}, nil
}

func (r *round) setUp(url string) error {
	var err error
	if r.publisher, err = dial(url); err != nil {
		return err
	}
	if r.consumer, err = dial(url); err != nil {
		return err
	}
	declare := &amqp.QueueDeclare{Queue: r.queue, Durable: r.scenario.durable}
	if err := r.consumer.request(1, declare, amqp.IDQueueDeclareOk); err != nil {
		return err
	}
	if r.scenario.durable {
		if err := r.publisher.request(1, &amqp.ConfirmSelect{}, amqp.IDConfirmSelectOk); err != nil {
			return err
		}
	}
	if err := r.consumer.request(1, &amqp.BasicQos{PrefetchCount: 1000}, amqp.IDBasicQosOk); err != nil {
		return err
	}
	return r.consumer.request(1, &amqp.BasicConsume{Queue: r.queue, NoAck: !r.scenario.durable}, amqp.IDBasicConsumeOk)
}

// tearDown ends the round and deletes the queue.
func (r *round) tearDown(url string) error {
	r.stop.Store(true)
	r.window.close()
	ended := errors.Join(r.publisher.sock.Close(), r.consumer.sock.Close())
	c, err := dial(url)
	if err != nil {
		return errors.Join(ended, err)
	}
	defer c.sock.Close()
	return errors.Join(ended, c.request(1, &amqp.QueueDelete{Queue: r.queue}, amqp.IDQueueDeleteOk))
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
	one := amqp.AppendContent(nil, 1, &amqp.BasicPublish{RoutingKey: r.queue}, properties, make([]byte, r.scenario.size), clientFrameMax)
	var all []byte
	for range burst {
		all = append(all, one...)
	}
	for {
		n := r.window.claim(burst)
		if n == 0 {
			return nil
		}
		if _, err := r.publisher.sock.Write(all[:int(n)*len(one)]); err != nil {
			return r.ended(err)
		}
	}
}

func (r *round) consume() error {
	var acks []byte
	n := int64(0)
	for {
		f, err := r.consumer.frame()
		if err != nil {
			return r.ended(err)
		}
		if f.Type == amqp.FrameMethod {
			n++
			if r.scenario.durable {
				acks = amqp.AppendAck(acks, 1, amqp.BasicAck{DeliveryTag: uint64(r.consumed.Load() + n)})
			}
		}
		if !r.consumer.drained() {
			continue
		}
		r.consumed.Add(n)
		if r.scenario.durable {
			if _, err := r.consumer.sock.Write(acks); err != nil {
				return r.ended(err)
			}
			acks = acks[:0]
		} else {
			r.window.settle(n)
		}
		n = 0
	}
}

// cpuTime is the processor time that the processes have used, or zero where
// the system does not tell.
func cpuTime(pids []int) (sum time.Duration) {
	const tick = time.Second / 100 // the unit of /proc on Linux
	for _, pid := range pids {
		stat, err := os.ReadFile(fmt.Sprintf("/proc/%d/stat", pid))
		if err != nil {
			continue
		}
		fields := strings.Fields(string(stat[strings.LastIndexByte(string(stat), ')')+1:]))
		for _, field := range fields[11:13] {
			ticks, err := strconv.ParseInt(field, 10, 64)
			if err == nil {
				sum += time.Duration(ticks) * tick
			}
		}
	}
	return sum
}
