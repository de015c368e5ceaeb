package bench

import (
	"fmt"

	"github.com/leveretmq/leveret/amqp"
	"github.com/leveretmq/leveret/internal/client"
)

// maxTopics is how many different patterns there are: a digit for each of the
// words that are fixed.
const maxTopics = 1_000_000

// topicKeys are keys of eight words, each of which matches one of n patterns.
func topicKeys(n int) []string {
	keys := make([]string, n)
	for i := range keys {
		keys[i] = fmt.Sprintf("%s.unit%d.metric.load", topicPlace(i), i%7)
	}
	return keys
}

// TopicPattern is the pattern of a binding, by its number: five fixed words, any word, and
// whatever follows.
func TopicPattern(i int) string { return topicPlace(i) + ".*.metric.#" }

func topicPlace(i int) string {
	return fmt.Sprintf("site%d.floor%d.room%d.rack%d.host%d", i%10, i/10%10, i/100%10, i/1000%10, i/10_000)
}

// bindTopics gives a queue its share of the bindings.
func (r *run) bindTopics(c *client.Client, at int, queue string) error {
	if r.SkipBinding {
		return nil
	}
	queues := len(r.queues())
	share := (max(0, r.TopicBindings-at) + queues - 1) / queues
	return c.RequestMany(share, func(number int) (uint16, amqp.Method) {
		return 1, &amqp.QueueBind{Queue: queue, Exchange: r.Exchange, RoutingKey: TopicPattern(at + number*queues)}
	}, amqp.IDQueueBindOk)
}
