package broker_test

import (
	"fmt"
	"sync"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/leveretmq/leveret/message"
	"github.com/leveretmq/leveret/queue"
)

// BenchmarkPolicy_Change changes a policy of 10,000 queues, while somebody publishes to
// one of them and takes the message out again. The longest time that this took is what
// clients notice of the change; without changes it is "idle-stall".
func BenchmarkPolicy_Change(b *testing.B) {
	const queues = 10_000
	f := start(b)
	for n := range queues {
		f.queue(fmt.Sprintf("team.%d", n))
	}
	idle := new(passer)
	idle.pass(f, 2000)
	busy, stop := new(passer), make(chan struct{})
	var passing sync.WaitGroup
	passing.Go(func() {
		for {
			select {
			case <-stop:
				return
			default:
				busy.pass(f, 1)
			}
		}
	})
	n := 0
	for b.Loop() {
		n++
		f.set(policyFor("p", `^team\.`, "queues", 0, fmt.Sprintf(`{"max-length":%d}`, 100+n%2)))
	}
	close(stop)
	passing.Wait()
	b.ReportMetric(float64(idle.longest.Microseconds()), "idle-stall-us")
	b.ReportMetric(float64(busy.longest.Microseconds()), "stall-us")
	s, _ := f.broker.Queue("/", "team.77")
	require.Equal(b, "p", s.Policy)
}

// passer passes messages through a queue.
type passer struct{ longest time.Duration }

func (p *passer) pass(f *fixture, times int) {
	m := &message.Message{RoutingKey: "team.5000", Body: []byte("x")}
	for range times {
		began := time.Now()
		queues, err := f.vhost.NewPublisher("guest").Route(m)
		require.NoError(f.t, err)
		queues[0].Publish([]queue.Publication{{Message: m}})
		_, _, ok := queues[0].Get(queue.AutoAck)
		require.True(f.t, ok)
		p.longest = max(p.longest, time.Since(began))
	}
}
