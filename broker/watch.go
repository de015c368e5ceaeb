package broker

import (
	"bytes"
	"time"

	"github.com/leveretmq/leveret/amqp"
	"github.com/leveretmq/leveret/internal/audience"
	"github.com/leveretmq/leveret/message"
	"github.com/leveretmq/leveret/queue"
)

// Sighting is a message that was published or delivered while somebody looks.
type Sighting struct {
	// Delivered says that it was; otherwise it was published.
	Delivered bool
	Time      time.Time
	VHost     string
	Witness
	Exchange    string
	RoutingKeys []string
	// Queues are those that a published message has gone to, or the one that a
	// delivered message came from.
	Queues      []string
	Redelivered bool
	Properties  amqp.Properties
	Octets      int // of the whole body
	// Body is the beginning of the body, as much as was asked for.
	Body []byte
}

// sightingOverhead is about what a sighting takes beside its octets.
const sightingOverhead = 512

// Watch looks at the messages of the virtual host that are published or delivered from
// now on, and of which the function says that they are wanted: it is called where that
// happens, must be quick, and must keep nothing of the sighting. At most body octets of
// each body are kept. It does not matter whether the firehose is on, and does not
// switch it on. The caller has to leave the seat.
func (v *VHost) Watch(wanted func(*Sighting) bool, body int) *Watcher {
	seat := v.watchers.Join(func(s *Sighting) (*Sighting, int, bool) {
		if !wanted(s) {
			return nil, 0, false
		}
		kept := *s // what it points to is a message's, which may be used again
		kept.Properties = bytes.Clone(s.Properties)
		kept.Body = bytes.Clone(s.Body[:min(body, len(s.Body))])
		return &kept, len(kept.Properties) + len(kept.Body) + sightingOverhead, true
	})
	v.lookAround()
	return &Watcher{Seat: seat, vhost: v}
}

// Watcher is a seat in front of a virtual host.
type Watcher struct {
	*audience.Seat[*Sighting]
	vhost *VHost
}

// Leave gives the seat up.
func (w *Watcher) Leave() {
	w.Seat.Leave()
	w.vhost.lookAround()
}

// lookAround notes whether anybody learns of messages.
func (v *VHost) lookAround() {
	v.looking.Lock()
	defer v.looking.Unlock()
	v.tracing.Store(v.firehose.Load() || !v.watchers.Empty())
}

// sightPublished tells of a published message.
func (v *VHost) sightPublished(w Witness, m *message.Message, keys []string, queues []*queue.Queue) {
	names := make([]string, len(queues))
	for i, q := range queues {
		names[i] = q.Name()
	}
	v.watchers.Tell(&Sighting{
		Time: time.Now(), VHost: v.name, Witness: w, Exchange: m.Exchange, RoutingKeys: keys, Queues: names,
		Properties: m.Properties, Octets: len(m.Body), Body: m.Body,
	})
}

// sightDelivered tells of a delivered message.
func (v *VHost) sightDelivered(w Witness, e *queue.Entry, from string) {
	m := e.Message
	v.watchers.Tell(&Sighting{
		Delivered: true, Time: time.Now(), VHost: v.name, Witness: w, Exchange: m.Exchange, RoutingKeys: routedKeys(m),
		Queues: []string{from}, Redelivered: e.Redelivered(), Properties: e.Properties(), Octets: len(m.Body), Body: m.Body,
	})
}

// Event is one of the broker's events.
type Event struct {
	Name string // like "queue.created"
	// Properties must not be changed: everybody who looks has the same.
	Properties amqp.Table
}

// eventOctets is about what an event takes in memory.
const eventOctets = 2 << 10

// WatchEvents looks at the events from now on whose names are wanted, whether or not
// there is an exchange for them. The caller has to leave the seat.
func (b *Broker) WatchEvents(wanted func(name string) bool) *audience.Seat[Event] {
	return b.watchers.Join(func(e Event) (Event, int, bool) { return e, eventOctets, wanted(e.Name) })
}
