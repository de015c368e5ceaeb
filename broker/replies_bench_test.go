package broker_test

import (
	"testing"

	"github.com/leveretmq/leveret/message"
)

// BenchmarkRouteOfReplies finds requesters, from one goroutine and from all.
func BenchmarkRouteOfReplies(b *testing.B) {
	const requesters = 1000
	f := start(b)
	var messages []*message.Message
	for range requesters {
		messages = append(messages, &message.Message{RoutingKey: f.vhost.OpenReplies(new(idler))})
	}
	b.Run("one", func(b *testing.B) {
		p := f.vhost.NewPublisher("guest")
		b.ReportAllocs()
		for i := 0; b.Loop(); i++ {
			if _, err := p.Route(messages[i%requesters]); err != nil || len(p.Requesters()) != 1 {
				b.Fatal(err)
			}
		}
	})
	b.Run("parallel", func(b *testing.B) {
		b.RunParallel(func(pb *testing.PB) {
			p := f.vhost.NewPublisher("guest")
			for i := 0; pb.Next(); i++ {
				if _, err := p.Route(messages[i%requesters]); err != nil || len(p.Requesters()) != 1 {
					b.Error(err)
				}
			}
		})
	})
}
