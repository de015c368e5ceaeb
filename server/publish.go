package server

import (
	"slices"
	"time"

	"github.com/leveretmq/leveret/amqp"
	"github.com/leveretmq/leveret/broker"
	"github.com/leveretmq/leveret/message"
	"github.com/leveretmq/leveret/queue"
)

// publishBatch is messages of one channel that go to the same queues.
type publishBatch struct {
	queues       []*queue.Queue
	inlet        *inlet
	publications []queue.Publication
}

// sameRoute says whether two results of broker.Publisher.Route are the same
// route.
func sameRoute(a, b []*queue.Queue) bool {
	return len(a) == len(b) && (len(a) == 0 || &a[0] == &b[0])
}

// publish routes a complete message. It enters its queues later, with others,
// unless the channel is transactional.
func (ch *channel) publish(m *message.Message) error {
	mandatory := ch.content.publish.Mandatory
	if ch.content.publish.Immediate {
		return amqp.Errorf(amqp.CodeNotImplemented, "immediate=true")
	}
	var keys []string
	tracing := ch.conn.vhost.Tracing()
	if tracing {
		keys = broker.RoutingKeys(m)
	}
	queues, err := ch.publisher.Route(m)
	if err != nil {
		return err
	}
	if tracing {
		ch.conn.vhost.TracePublished(ch.witness(), m, keys, queues)
	}
	requesters, entrance := ch.publisher.Requesters(), ch.publisher.Entrance()
	m.Share(len(queues) + len(requesters))
	if ch.tx != nil {
		ch.tx.publishes = append(ch.tx.publishes, txPublish{
			message: m, queues: queues, requesters: slices.Clone(requesters), mandatory: mandatory, entrance: entrance,
		})
		ch.uncommitted.Add(1)
		return nil
	}
	if len(queues) == 0 {
		ch.publishNowhere(m, requesters, mandatory, ch.inletOf(entrance))
		return nil
	}
	ch.respond(m, requesters)
	if !sameRoute(queues, ch.batch.queues) {
		ch.handOverPublishes()
		ch.batch.queues, ch.batch.inlet = queues, ch.inletOf(entrance)
	}
	if len(ch.batch.publications) == 0 {
		ch.conn.busy = append(ch.conn.busy, ch)
	}
	ch.measureSize(len(m.Body))
	ch.batch.publications = append(ch.batch.publications,
		queue.Publication{Message: m, Receipt: ch.confirms.receipt(len(queues), ch.batch.inlet)})
	return nil
}

// publishNowhere ends the way of a message that no queue gets. It may be a direct
// reply; where even the requester is gone, the publisher may want to know.
func (ch *channel) publishNowhere(m *message.Message, to []broker.Requester, mandatory bool, in *inlet) {
	ch.countPublished(in, 1, 0)
	in.countUnroutable(mandatory && len(to) == 0)
	ch.conn.server.measures.sizes.Observe(ch.conn.number, int64(m.Size()))
	if len(to) == 0 {
		if mandatory {
			ch.returnMessage(m)
		}
		ch.conn.stock.Release(m)
	}
	ch.respond(m, to)
	ch.confirms.settleNext(in) // nobody has to keep it
}

// handOverPublishes gives the gathered messages to their queues. They may be
// gone when the last queue has them.
func (ch *channel) handOverPublishes() {
	if len(ch.batch.publications) == 0 {
		return
	}
	ch.tellSizes()
	source := ch.batch.inlet.entrance.Source()
	for _, q := range ch.batch.queues {
		q.PublishFrom(source, ch.batch.publications)
	}
	ch.countPublished(ch.batch.inlet, len(ch.batch.publications), len(ch.batch.queues))
	ch.countPassages(ch.batch.inlet.entrance, ch.batch.queues, len(ch.batch.publications))
	ch.used.Store(ch.conn.arrived)
	ch.confirms.tellIssued()
	clear(ch.batch.publications)
	ch.batch.publications = ch.batch.publications[:0]
}

// pacePatience is how long a publisher waits for consumers that are busy: longer
// than they need for what a queue holds then.
const pacePatience = 10 * time.Millisecond

// pace waits for the consumers of the queues that the channel has published to.
func (ch *channel) pace() {
	for _, q := range ch.batch.queues {
		if q.Pace(pacePatience) {
			return
		}
	}
}

// returnMessage tells the client that a mandatory message has no queue.
func (ch *channel) returnMessage(m *message.Message) {
	c := ch.conn
	c.mu.Lock()
	c.out = amqp.AppendContent(c.out, ch.id, &amqp.BasicReturn{
		ReplyCode:  uint16(amqp.CodeNoRoute),
		ReplyText:  amqp.CodeNoRoute.String(),
		Exchange:   m.Exchange,
		RoutingKey: m.RoutingKey,
	}, m.Properties, m.Body, c.frameMax)
	c.mu.Unlock()
	c.wants.wake()
}
