package broker

import (
	"cmp"
	"slices"

	"github.com/leveretmq/leveret/queue"
)

// Passage is how many messages that clients have published to an exchange have come to
// a queue, whatever other exchanges lay between.
type Passage struct {
	VHost, Exchange, Queue string
	Messages               uint64
}

// PassagesTo lists what has come to a queue, by the name of the exchange. A passage goes
// with its exchange and its queue, and stays when the binding goes.
func (b *Broker) PassagesTo(vhost, name string) []Passage {
	q, ok := b.find(vhost, name)
	if !ok {
		return nil
	}
	return passages(nil, q)
}

// PassagesFrom lists what has come from an exchange, by the name of the queue. It looks
// at all queues of the virtual host.
func (b *Broker) PassagesFrom(vhost, name string) []Passage {
	v, ok := b.VHost(vhost)
	if !ok {
		return nil
	}
	v.mu.RLock()
	node, ok := v.exchanges[name]
	v.mu.RUnlock()
	if !ok {
		return nil
	}
	var list []Passage
	for _, q := range v.inOrder() {
		if n := q.ArrivedFrom(node.entrance.Source()); n > 0 {
			list = append(list, Passage{VHost: vhost, Exchange: name, Queue: q.Name(), Messages: n})
		}
	}
	return list
}

// Passages lists all of a virtual host, by the names of queue and exchange.
func (b *Broker) Passages(vhost string) []Passage {
	v, ok := b.VHost(vhost)
	if !ok {
		return nil
	}
	var list []Passage
	for _, q := range v.inOrder() {
		list = passages(list, q)
	}
	return list
}

func passages(dst []Passage, q *queue.Queue) []Passage {
	for _, a := range q.Arrivals() {
		dst = append(dst, Passage{VHost: q.Spec().VHost, Exchange: a.Exchange, Queue: q.Name(), Messages: a.Messages})
	}
	return dst
}

// inOrder lists the queues by name.
func (v *VHost) inOrder() []*queue.Queue {
	v.mu.RLock()
	queues := make([]*queue.Queue, 0, len(v.queues))
	for _, node := range v.queues {
		queues = append(queues, node.queue)
	}
	v.mu.RUnlock()
	slices.SortFunc(queues, func(a, b *queue.Queue) int { return cmp.Compare(a.Name(), b.Name()) })
	return queues
}
