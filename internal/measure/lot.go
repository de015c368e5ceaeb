package main

import (
	"errors"
	"sync"

	"github.com/leveretmq/leveret/amqp"
	"github.com/leveretmq/leveret/internal/client"
)

// lot is the connections over which many things are made, and which keep them
// alive. They never read or write but for a request.
type lot struct {
	url      string
	carriers []*client.Client
}

// dialers is how many connections are opened at once.
const dialers = 32

// carry opens more connections.
func (l *lot) carry(n int, o client.Options) error {
	opened, failed := make([]*client.Client, n), make([]error, min(n, dialers))
	var all sync.WaitGroup
	for i := range failed {
		all.Go(func() {
			for at := i; at < n && failed[i] == nil; at += len(failed) {
				opened[at], failed[i] = client.Dial(l.url, o)
			}
		})
	}
	all.Wait()
	for _, c := range opened {
		if c != nil {
			l.carriers = append(l.carriers, c)
		}
	}
	return errors.Join(failed...)
}

// request sends methods for the numbers from one up to another, without it,
// over all carriers at once: a number belongs to the carrier that it leaves as a
// remainder. Each is answered.
func (l *lot) request(from, to int, method func(number int) (uint16, amqp.Method), answer amqp.MethodID) error {
	failed := make([]error, len(l.carriers))
	var all sync.WaitGroup
	for i, c := range l.carriers {
		all.Go(func() {
			step := len(l.carriers)
			first := from + (i-from%step+step)%step
			count := (max(0, to-first) + step - 1) / step
			failed[i] = c.RequestMany(count, func(at int) (uint16, amqp.Method) { return method(first + at*step) }, answer)
		})
	}
	all.Wait()
	return errors.Join(failed...)
}

// ask is request for a method on channel 1.
func (l *lot) ask(from, to int, method func(number int) amqp.Method, answer amqp.MethodID) error {
	return l.request(from, to, func(number int) (uint16, amqp.Method) { return 1, method(number) }, answer)
}

// close hangs up without a goodbye, which would only take time.
func (l *lot) close() error {
	failed := make([]error, len(l.carriers))
	for i, c := range l.carriers {
		failed[i] = c.Close()
	}
	return errors.Join(failed...)
}
