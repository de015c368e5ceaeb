package broker

import (
	"slices"

	"github.com/leveretmq/leveret/exchange"
	"github.com/leveretmq/leveret/message"
	"github.com/leveretmq/leveret/queue"
)

// seenAsMap is from how many destinations on repeats are looked for in a map
// instead of in the list itself.
const seenAsMap = 32

// route collects the queues of one message, each once.
type route struct {
	vhost  *VHost
	queues []*queue.Queue
	seen   map[*queue.Queue]struct{} // nil while the list is short
	// static says that the queues depend on the exchange and the key alone.
	static bool
}

// match finds the queues for a message that enters at the given exchange with
// the given keys (the routing key, then those of CC and BCC). The caller holds
// the topology lock for reading.
//
// Exchanges are worked off as a list, each once, so that circles of bindings
// end. An exchange that leads nowhere by itself hands the message to its
// alternate exchange.
func (r *route) match(first *exchangeNode, keys []string, m *message.Message) {
	work := []*exchangeNode{first}
	var room [16]target
	for i := 0; i < len(work); i++ {
		node := work[i]
		r.static = r.static && node.router.Static()
		found := r.vhost.leadsTo(room[:0], node, keys, m)
		if len(found) == 0 {
			found = r.vhost.alternate(found, node)
		}
		for _, t := range found {
			if t.queue != nil {
				r.add(t.queue)
			} else if !slices.Contains(work, t.exchange) {
				work = append(work, t.exchange)
			}
		}
	}
}

// leadsTo appends what one exchange's own bindings say.
func (v *VHost) leadsTo(dst []target, node *exchangeNode, keys []string, m *message.Message) []target {
	if node.spec.Name != exchange.Default {
		return node.router.Match(dst, keys, m)
	}
	for _, key := range keys {
		if q, ok := v.queues[key]; ok {
			dst = append(dst, target{queue: q.queue})
		}
	}
	return dst
}

// routedKeys are the keys of a message that was routed before. Those of BCC are
// gone.
func routedKeys(m *message.Message) []string {
	return append([]string{m.RoutingKey}, keysOf(m.Headers(), "CC")...)
}

func (v *VHost) alternate(dst []target, node *exchangeNode) []target {
	if node.alternate == exchange.Default { // which is nobody's alternate (RabbitMQ behaviour)
		return dst
	}
	if other, ok := v.exchanges[node.alternate]; ok {
		dst = append(dst, target{exchange: other})
	}
	return dst
}

func (r *route) add(q *queue.Queue) {
	if r.seen == nil {
		if slices.Contains(r.queues, q) {
			return
		}
		if r.queues = append(r.queues, q); len(r.queues) == seenAsMap {
			r.seen = make(map[*queue.Queue]struct{}, 2*seenAsMap)
			for _, known := range r.queues {
				r.seen[known] = struct{}{}
			}
		}
		return
	}
	if _, ok := r.seen[q]; !ok {
		r.seen[q] = struct{}{}
		r.queues = append(r.queues, q)
	}
}
