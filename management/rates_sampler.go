package management

import (
	"context"
	"time"

	"github.com/leveretmq/leveret/broker"
	"github.com/leveretmq/leveret/queue"
	"github.com/leveretmq/leveret/server"
)

// named is a queue or an exchange.
type named struct{ vhost, name string }

// channelKey names a channel.
type channelKey struct {
	connection uint64
	number     uint16
}

// The counters of connections; those of a virtual host are the sums.
const (
	countReceived = iota
	countSent
	trafficCounts
)

type traffic [trafficCounts]int64

// sampler keeps what rates and samples are made of. Its series may be read at any
// time; sample is called by one goroutine.
type sampler struct {
	broker *broker.Broker
	server *server.Server
	mode   RatesMode

	queues      *series[named]
	exchanges   *series[named]
	vhosts      *series[string]
	whole       *series[struct{}]
	churn       *series[struct{}]
	node        *series[struct{}]
	connections *series[uint64]
	channels    *series[channelKey]
	traffic     *series[string] // of virtual hosts
	passages    *series[passage]
	dealings    *series[dealing]

	seen map[uint64]traffic // of each open connection
	sums map[string]traffic // of each virtual host, closed connections included
}

func newSampler(b *broker.Broker, s *server.Server, mode RatesMode) *sampler {
	basic, global := basicPolicy(), globalPolicy()
	return &sampler{
		broker: b, server: s, mode: mode,
		queues:      newSeries[named](queueCounts, messageCounts, basic),
		exchanges:   newSeries[named](queueCounts, messageCounts, basic),
		vhosts:      newSeries[string](queueCounts, messageCounts, global),
		whole:       newSeries[struct{}](queueCounts, messageCounts, global),
		churn:       newSeries[struct{}](churnCounts, churnCounts, global),
		node:        newSeries[struct{}](nodeCounts, 0, global),
		connections: newSeries[uint64](trafficCounts, trafficCounts, basic),
		channels:    newSeries[channelKey](queueCounts, messageCounts, basic),
		traffic:     newSeries[string](trafficCounts, trafficCounts, global),
		passages:    newSeries[passage](1, 1, detailedPolicy()),
		dealings:    newSeries[dealing](messageCounts, messageCounts, detailedPolicy()),
		seen:        make(map[uint64]traffic),
		sums:        make(map[string]traffic),
	}
}

// Run looks at all counters every five seconds, for rates and samples, until the
// context ends. Without it all rates are zero.
func (a *API) Run(ctx context.Context) {
	interval := int64(sampleInterval)
	for {
		round := time.Now().UnixNano() / interval
		a.samples.sample(round, a.nodeNumbers)
		select {
		case <-ctx.Done():
			return
		case <-time.After(time.Until(time.Unix(0, (round+1)*interval))):
		}
	}
}

// sample takes one round. The numbers of the node follow from those of the whole.
func (s *sampler) sample(round int64, nodeOf func(whole numbers) nodeNumbers) {
	node := nodeOf(s.sampleQueues(round))
	s.sampleConnections(round)
	s.sampleDetails(round)
	churn := churnNumbers(s.broker.Churn())
	s.churn.record(round, func(each func(struct{}, []int64)) { each(struct{}{}, churn[:]) })
	s.node.record(round, func(each func(struct{}, []int64)) { each(struct{}{}, node[:]) })
}

// sampleQueues looks at queues, exchanges and what has them, in one pass. Only one
// queue is locked at a time, and none of the series meanwhile.
func (s *sampler) sampleQueues(round int64) (whole numbers) {
	var n numbers // used again and again
	s.queues.record(round, func(queues func(named, []int64)) {
		s.exchanges.record(round, func(exchanges func(named, []int64)) {
			s.vhosts.record(round, func(vhosts func(string, []int64)) {
				t := s.broker.Survey(broker.Survey{
					Queue: func(q *queue.Status) {
						n = s.told(queueNumbers(q))
						queues(named{q.Spec.VHost, q.Spec.Name}, n[:])
					},
					Exchange: func(x *broker.ExchangeStatus) {
						n = s.told(numbersOf(&x.Counters))
						exchanges(named{x.Spec.VHost, x.Spec.Name}, n[:])
					},
					VHost: func(name string, t *broker.Totals) {
						n = s.told(totalNumbers(t))
						vhosts(name, n[:])
					},
				})
				whole = totalNumbers(&t)
			})
		})
	})
	s.whole.record(round, func(each func(struct{}, []int64)) { each(struct{}{}, whole[:]) })
	return whole
}

// totals is what a virtual host has together.
func (s *sampler) totals(vhost string) numbers {
	v, ok := s.broker.VHost(vhost)
	if !ok {
		return numbers{}
	}
	t := v.Totals()
	return totalNumbers(&t)
}

func totalNumbers(t *broker.Totals) numbers {
	return numbersOf(&t.Counters).withDepth(t.Ready+t.Delayed+t.Unacked, t.Ready+t.Delayed, t.Unacked)
}

// queueNumbers counts messages that wait for their time as ready ones: RabbitMQ has no
// word for them, and tools expect the sum.
func queueNumbers(q *queue.Status) numbers {
	ready := q.Ready.Messages + q.Delayed.Messages
	return numbersOf(&q.Counters).withDepth(ready+q.Unacked.Messages, ready, q.Unacked.Messages)
}

// sampleConnections looks at connections and channels. What connections have sent and
// received is added up for their virtual hosts, where it stays when they close.
func (s *sampler) sampleConnections(round int64) {
	if s.server == nil {
		return
	}
	now := make(map[uint64]traffic, len(s.seen))
	s.connections.record(round, func(connections func(uint64, []int64)) {
		s.channels.record(round, func(channels func(channelKey, []int64)) {
			var of numbers // used again and again
			s.server.Survey(server.Survey{
				Connection: func(c server.ConnectionCounts) {
					n := traffic{countReceived: int64(c.ReceivedOctets), countSent: int64(c.SentOctets)}
					now[c.Number] = n
					s.add(c.VHost, n, s.seen[c.Number])
					connections(c.Number, n[:])
				},
				Channel: func(c server.ChannelCounts) {
					of = s.told(numbersOf(&c.Counters))
					channels(channelKey{c.Connection, c.Number}, of[:])
				},
			})
		})
	})
	s.seen = now
	s.traffic.record(round, func(each func(string, []int64)) {
		for name, n := range s.sums {
			if _, ok := s.broker.VHost(name); !ok {
				delete(s.sums, name)
				continue
			}
			each(name, n[:])
		}
	})
}

// add adds to a virtual host what a connection has transferred since the last look.
func (s *sampler) add(vhost string, now, before traffic) {
	sum := s.sums[vhost]
	for i := range sum {
		sum[i] += now[i] - before[i]
	}
	s.sums[vhost] = sum
}

// The counters of what comes and goes, in RabbitMQ's order.
const (
	countChannelClosed = iota
	countChannelCreated
	countConnectionClosed
	countConnectionCreated
	countQueueCreated
	countQueueDeclared
	countQueueDeleted
	churnCounts
)

func churnNumbers(c broker.Churn) [churnCounts]int64 {
	return [churnCounts]int64{
		countChannelClosed: int64(c.ChannelsClosed), countChannelCreated: int64(c.ChannelsCreated),
		countConnectionClosed: int64(c.ConnectionsClosed), countConnectionCreated: int64(c.ConnectionsCreated),
		countQueueCreated: int64(c.QueuesCreated), countQueueDeclared: int64(c.QueuesDeclared), countQueueDeleted: int64(c.QueuesDeleted),
	}
}

// churnNames are the members of churn_rates.
func churnNames() [churnCounts]string {
	return [churnCounts]string{"channel_closed", "channel_created", "connection_closed", "connection_created",
		"queue_created", "queue_declared", "queue_deleted"}
}
