package broker_test

import (
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/leveretmq/leveret/amqp"
	"github.com/leveretmq/leveret/broker"
	"github.com/leveretmq/leveret/message"
	"github.com/leveretmq/leveret/queue"
)

func everything(*broker.Sighting) bool { return true }

// What somebody has seen stays, though the memory of the message is used again.
func TestWatch_KeepsWhatIsSeen(t *testing.T) {
	f := start(t)
	q := f.queue("q")
	w := f.vhost.Watch(everything, 3)
	defer w.Leave()
	m := &message.Message{RoutingKey: "q", Body: []byte("hello"), Properties: amqp.PropertyList{DeliveryMode: 1}.Encode()}
	by := broker.Witness{Connection: "c", Channel: 2, User: "u"}
	f.vhost.TracePublished(by, m, []string{"q"}, []*queue.Queue{q})
	clear(m.Body)
	clear(m.Properties)
	s, ok := w.Next(t.Context())
	require.True(t, ok)
	require.Equal(t, "hel", string(s.Body))
	require.Equal(t, 5, s.Octets)
	require.Equal(t, by, s.Witness)
	require.Equal(t, []string{"q"}, s.Queues)
	require.Equal(t, uint8(1), s.Properties.DeliveryMode())
}

// Watching and the firehose are apart: neither switches the other on or off.
func TestWatch_AndTheFirehose(t *testing.T) {
	f := start(t)
	traces := f.queue("traces")
	q := f.queue("q")
	f.bind(toQueue(broker.TraceExchange, "traces", "#"))
	tell := func() {
		f.vhost.TracePublished(broker.Witness{}, &message.Message{RoutingKey: "q", Properties: amqp.Properties{0, 0}}, []string{"q"}, []*queue.Queue{q})
	}
	w := f.vhost.Watch(everything, 0)
	require.True(t, f.vhost.Tracing())
	require.False(t, f.vhost.Firehose())
	tell()
	require.Equal(t, 1, w.Waiting())
	require.Zero(t, traces.Counts().Ready)

	f.vhost.SetTracing(true)
	tell()
	require.Equal(t, 1, traces.Counts().Ready)
	w.Leave()
	require.True(t, f.vhost.Tracing())
	f.vhost.SetTracing(false)
	require.False(t, f.vhost.Tracing())
}

// The firehose itself is not told of.
func TestWatch_NotOfTraces(t *testing.T) {
	f := start(t)
	w := f.vhost.Watch(everything, 0)
	defer w.Leave()
	m := &message.Message{Exchange: broker.TraceExchange, Properties: amqp.Properties{0, 0}}
	f.vhost.TraceDelivered(broker.Witness{}, &queue.Entry{Message: m}, "traces")
	require.Zero(t, w.Waiting())
}

func TestWatchEvents_WithoutAnExchangeForThem(t *testing.T) {
	f := start(t)
	require.False(t, f.broker.Observing())
	seat := f.broker.WatchEvents(func(name string) bool { return name == "alarm.set" })
	require.True(t, f.broker.Observing())
	f.queue("q")
	f.broker.Alarms().Set(broker.Disk, true)
	e, ok := seat.Next(t.Context())
	require.True(t, ok)
	require.Equal(t, "alarm.set", e.Name)
	source, _ := e.Properties.Lookup("source")
	require.Equal(t, "disk", source)
	seat.Leave()
	require.False(t, f.broker.Observing())
}

// BenchmarkTracing is what each message pays for being watched, or for the question.
func BenchmarkTracing(b *testing.B) {
	f := start(b)
	queues := []*queue.Queue{f.queue("q")}
	m := &message.Message{RoutingKey: "q", Body: make([]byte, 1024), Properties: amqp.PropertyList{DeliveryMode: 2}.Encode()}
	publish := func() {
		if f.vhost.Tracing() {
			f.vhost.TracePublished(broker.Witness{}, m, []string{"q"}, queues)
		}
	}
	b.Run("nobody", func(b *testing.B) {
		b.ReportAllocs()
		for b.Loop() {
			publish()
		}
	})
	for name, wanted := range map[string]func(*broker.Sighting) bool{
		"not wanted": func(*broker.Sighting) bool { return false }, "seen": everything,
	} {
		b.Run(name, func(b *testing.B) {
			w := f.vhost.Watch(wanted, 0)
			defer w.Leave()
			b.ReportAllocs()
			for b.Loop() {
				publish()
				if w.Waiting() > 0 {
					w.Next(b.Context())
				}
			}
		})
	}
}
