package broker_test

import (
	"fmt"
	"math/rand/v2"
	"sync"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/leveretmq/leveret/exchange"
	"github.com/leveretmq/leveret/message"
	"github.com/leveretmq/leveret/queue"
)

// rounds is how much the tests of this file do.
func rounds() int {
	if testing.Short() {
		return 200
	}
	return 1000
}

// tally counts settled publishes.
type tally struct {
	wait sync.WaitGroup
}

func (c *tally) Settle(uint64, bool) { c.wait.Done() }

// TestConcurrency_PublishWhileTheTopologyChanges has one queue that is always
// bound. Whatever happens around it, it gets each message once, and the
// messages of each publisher in order; and each publish settles.
func TestConcurrency_PublishWhileTheTopologyChanges(t *testing.T) {
	const publishers, changers = 3, 3
	f := start(t)
	f.exchange("x", exchange.Topic)
	always := f.queue("always", durableQueue)
	f.bind(toQueue("x", "always", "#"))
	stop := make(chan struct{})
	var changing, publishing sync.WaitGroup
	for i := range changers {
		changing.Go(func() {
			for random := rand.New(rand.NewPCG(uint64(i), 0)); ; {
				select {
				case <-stop:
					return
				default:
					f.change(random)
				}
			}
		})
	}
	settled := new(tally)
	for i := range publishers {
		publishing.Go(func() {
			p := f.vhost.NewPublisher("guest")
			for n := range rounds() {
				m := &message.Message{Exchange: "x", RoutingKey: fmt.Sprint("key.", n%2), Persistent: n%3 == 0, Body: []byte{byte(i), byte(n >> 8), byte(n)}}
				queues, err := p.Route(m)
				if err != nil || len(queues) == 0 {
					t.Errorf("message %d of publisher %d: %v, %v", n, i, names(queues), err)
					return
				}
				settled.wait.Add(1)
				receipt := message.NewReceipt(settled, uint64(n), len(queues))
				for _, q := range queues {
					q.Publish([]queue.Publication{{Message: m, Receipt: receipt}})
				}
			}
		})
	}
	publishing.Wait()
	settled.wait.Wait()
	close(stop)
	changing.Wait()
	requireInOrder(t, always, publishers)
}

// change does something to the topology around the queue that stays.
func (f *fixture) change(random *rand.Rand) {
	name := fmt.Sprint("some ", random.IntN(4))
	var err error
	switch random.IntN(8) {
	case 0:
		_, err = f.vhost.DeclareQueue(queue.Spec{VHost: "/", Name: name, Durable: random.IntN(2) == 0}, nil)
	case 1:
		_, err = f.vhost.DeleteQueue(name, nil, queue.Condition{})
	case 2:
		err = f.vhost.Bind(toQueue("x", name, "key.*"), nil)
	case 3:
		err = f.vhost.Unbind(toQueue("x", name, "key.*"), nil)
	case 4:
		err = f.vhost.Bind(toQueue("x", name, "#.1"), nil)
	case 5:
		_, err = f.vhost.PurgeQueue(name, nil)
	case 6:
		err = f.broker.SetParameter(policyFor(name, "^some", "all", random.IntN(3), `{"alternate-exchange":"amq.fanout","max-length":9}`), "")
	case 7:
		err = f.broker.ClearParameter(policyFor(name, "", "", 0, ""), "")
	}
	_ = err // the queue may be missing, or be another one
}

func requireInOrder(t *testing.T, q *queue.Queue, publishers int) {
	t.Helper()
	next := make([]int, publishers)
	for {
		d, _, ok := q.Get(queue.AutoAck)
		if !ok {
			break
		}
		body := d.Message.Body
		require.Equal(t, next[body[0]], int(body[1])<<8|int(body[2]), "messages of publisher %d", body[0])
		next[body[0]]++
	}
	for i, n := range next {
		require.Equal(t, rounds(), n, "messages of publisher %d", i)
	}
}

// Many may declare the same at once: there is one, and all know when it is
// durable.
func TestConcurrency_DeclareTheSame(t *testing.T) {
	const clients, queues = 8, 10
	f := start(t)
	found := make([][]*queue.Queue, clients)
	var declaring sync.WaitGroup
	for i := range clients {
		declaring.Go(func() {
			for n := range queues {
				name := fmt.Sprint("q", n)
				q, err := f.vhost.DeclareQueue(queue.Spec{VHost: "/", Name: name, Durable: true}, nil)
				if err != nil {
					t.Error(err)
				}
				if err := f.vhost.Bind(toQueue("amq.topic", name, "#"), nil); err != nil {
					t.Error(err)
				}
				found[i] = append(found[i], q)
			}
		})
	}
	declaring.Wait()
	for _, list := range found {
		require.Equal(t, found[0], list)
	}
	require.Len(t, f.routed("amq.topic", ""), queues)
	require.Len(t, f.reopen().routed("amq.topic", ""), queues)
}

// Transactions lock all their queues at once, whatever the order in which they
// name them.
func TestConcurrency_TransactionsOverTheSameQueues(t *testing.T) {
	f := start(t)
	queues := []*queue.Queue{f.queue("a", durableQueue), f.queue("b"), f.queue("c", durableQueue)}
	var committing sync.WaitGroup
	const clients = 4
	for i := range clients {
		committing.Go(func() {
			random := rand.New(rand.NewPCG(uint64(i), 1))
			for n := range rounds() / 10 {
				var parts []queue.Part
				for _, at := range random.Perm(len(queues)) {
					m := &message.Message{Persistent: n%2 == 0}
					parts = append(parts, queue.Part{Queue: queues[at], Publish: []queue.Publication{{Message: m}}})
				}
				if err := f.vhost.Commit(parts); err != nil {
					t.Error(err)
				}
			}
		})
	}
	committing.Wait()
	for _, q := range queues {
		require.Equal(t, clients*(rounds()/10), q.Counts().Ready)
	}
}
