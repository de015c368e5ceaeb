package server_test

import (
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/leveretmq/leveret/amqp"
	"github.com/leveretmq/leveret/server"
)

// Who publishes faster than the rate is read more slowly, and loses nothing.
func TestToll(t *testing.T) {
	const messages, size = 40, 1000
	for name, c := range map[string]struct {
		options server.Options
		atLeast time.Duration
	}{
		"none":                  {server.Options{}, 0},
		"messages":              {server.Options{ConnectionRate: server.Rate{Messages: 10}}, 3 * time.Second},
		"octets":                {server.Options{ConnectionRate: server.Rate{Octets: 10_000}}, 3 * time.Second},
		"of the virtual host":   {server.Options{VHostRate: server.Rate{Messages: 20}}, time.Second},
		"the slower one counts": {server.Options{ConnectionRate: server.Rate{Messages: 20}, VHostRate: server.Rate{Messages: 10}}, 3 * time.Second},
	} {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				l := newListener()
				serve(t, l, newVolatile(), c.options)
				p := connect(t, l)
				p.handshake(opened)
				p.send(1, &amqp.QueueDeclare{Queue: "q"})
				synctest.Wait()
				p.frames()
				began := time.Now()
				for range messages {
					p.publish(1, &amqp.BasicPublish{RoutingKey: "q"}, nil, make([]byte, size))
					synctest.Wait() // or all would come in one read
				}
				p.send(1, &amqp.QueueDeclare{Queue: "q", Passive: true})
				var heard []string
				for len(heard) == 0 {
					time.Sleep(10 * time.Millisecond)
					heard = p.heard()
				}
				took := time.Since(began)
				require.Equal(t, []string{`1 queue.declare-ok{queue: "q", message-count: 40}`}, heard)
				require.GreaterOrEqual(t, took, c.atLeast)
				require.Less(t, took, c.atLeast+2*time.Second)
			})
		})
	}
}

// A client that is held back can still be told to go.
func TestToll_ServiceStops(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		l := newListener()
		s := serve(t, l, newVolatile(), server.Options{ConnectionRate: server.Rate{Octets: 1}})
		p := connect(t, l)
		p.handshake(opened)
		p.publish(1, &amqp.BasicPublish{RoutingKey: "q"}, nil, make([]byte, 10_000))
		synctest.Wait()
		require.Equal(t, 1, s.server.CloseConnections("guest", "", "enough"))
		time.Sleep(time.Second)
		require.Contains(t, strings.Join(p.heard(), "\n"), "enough")
	})
}
