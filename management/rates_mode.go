package management

import (
	"github.com/leveretmq/leveret/broker"
	"github.com/leveretmq/leveret/server"
)

// RatesMode is how much is told of what messages do, with RabbitMQ's words
// (management.rates_mode).
type RatesMode string

// Basic tells of each object, detailed also of what goes on between any two of them, and
// none of no messages at all but those that there are.
const (
	RatesBasic    RatesMode = "basic"
	RatesDetailed RatesMode = "detailed"
	RatesNone     RatesMode = "none"
)

// detailedPolicy is for what goes on between two objects: RabbitMQ's default.
func detailedPolicy() []step { return basicPolicy()[:1] }

// passage leads from an exchange to a queue.
type passage struct{ vhost, exchange, queue string }

func passageOf(p *broker.Passage) passage { return passage{p.VHost, p.Exchange, p.Queue} }

// end is what is at the other end of what a channel does.
type end uint8

const (
	toExchange end = iota
	ofQueue
)

// dealing is what goes on between a channel and one exchange or queue.
type dealing struct {
	channelKey
	end  end
	name string
}

// told is message_stats of an object; zero, which is left out, if the mode tells none.
func told[T any](mode RatesMode, stats func() T) (s T) {
	if mode != RatesNone {
		s = stats()
	}
	return s
}

// wholeStats is message_stats of the whole, which always is there.
func (a *API) wholeStats(r *reading) any {
	if a.options.RatesMode == RatesNone {
		return r.disk()
	}
	return r.whole()
}

// told leaves out what is not to be told: zeros are not remembered.
func (s *sampler) told(n numbers) numbers {
	if s.mode == RatesNone {
		clear(n[:messageCounts])
	}
	return n
}

// sampleDetails looks at what goes on between any two objects.
func (s *sampler) sampleDetails(round int64) {
	if s.mode != RatesDetailed {
		return
	}
	s.passages.record(round, func(each func(passage, []int64)) {
		for _, vhost := range s.broker.VHosts() {
			for _, p := range s.broker.Passages(vhost) {
				each(passageOf(&p), []int64{int64(p.Messages)})
			}
		}
	})
	if s.server == nil {
		return
	}
	s.dealings.record(round, func(each func(dealing, []int64)) {
		s.server.Traffic(func(t *server.ChannelTraffic) {
			channel := channelKey{t.Connection, t.Channel.Number}
			tell := func(at end, list []server.Traffic) {
				for i := range list {
					n := numbersOf(&list[i].Counters)
					each(dealing{channel, at, list[i].Name}, n[:messageCounts])
				}
			}
			tell(toExchange, t.Publishes)
			tell(ofQueue, t.Deliveries)
		})
	})
}
