package broker_test

import (
	"bytes"
	"log/slog"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/leveretmq/leveret/amqp"
	"github.com/leveretmq/leveret/broker"
	"github.com/leveretmq/leveret/definitions"
	"github.com/leveretmq/leveret/persistence"
	"github.com/leveretmq/leveret/queue"
)

const observePatience = 10 * time.Second

// openTelling starts a broker that tells of itself as the options say.
func openTelling(t testing.TB, dir string, o broker.Options) *fixture {
	t.Helper()
	var err error
	o.Store, err = persistence.Open(persistence.Options{Dir: dir, Durability: persistence.OS, Logger: slog.New(slog.DiscardHandler)})
	require.NoError(t, err)
	b, err := broker.New(o)
	require.NoError(t, err)
	vhost, ok := b.VHost("/")
	require.True(t, ok)
	t.Cleanup(func() { _ = b.Close() })
	return &fixture{t: t, dir: dir, broker: b, vhost: vhost}
}

// told is the next message that the broker has told to the queue.
func (f *fixture) told(q *queue.Queue) (key string, headers amqp.Table, body string) {
	f.t.Helper()
	var d queue.Delivery
	require.Eventually(f.t, func() (ok bool) {
		d, _, ok = q.Get(queue.AckMode(true))
		return ok
	}, observePatience, time.Millisecond)
	return d.Message.RoutingKey, d.Message.Headers(), string(d.Message.Body)
}

// What was bound to an exchange that the configuration has taken away does not keep
// the broker from starting, and is gone for good.
func TestHerald_BindingsEndWithTheirExchange(t *testing.T) {
	dir := t.TempDir()
	events := broker.Options{EventVHost: "/", LogVHost: "/"}
	f := openTelling(t, dir, events)
	f.queue("q", durableQueue)
	f.exchange("x", "fanout", durableExchange)
	f.bind(toQueue(broker.EventExchange, "q", "queue.*"), toQueue(broker.LogExchange, "q", "#"), toExchange("x", broker.EventExchange, ""))
	require.NoError(t, f.broker.Close())

	f = openTelling(t, dir, broker.Options{})
	requireCode(t, amqp.CodeNotFound, f.vhost.FindExchange(broker.EventExchange))
	_, err := f.vhost.DeleteQueue("q", nil, queue.Condition{})
	require.NoError(t, err)
	require.NoError(t, f.broker.Close())

	f = openTelling(t, dir, events)
	require.NoError(t, f.vhost.FindExchange(broker.EventExchange))
	require.Empty(t, f.routed("x", ""))
}

func TestHerald_NeedsItsVirtualHosts(t *testing.T) {
	store, err := persistence.Open(persistence.Options{Dir: t.TempDir(), Durability: persistence.OS, Logger: slog.New(slog.DiscardHandler)})
	require.NoError(t, err)
	t.Cleanup(func() { require.NoError(t, store.Close(nil)) })
	_, err = broker.New(broker.Options{Store: store, LogVHost: "missing"})
	require.ErrorContains(t, err, `there is no virtual host "missing" for the exchange amq.rabbitmq.log`)
}

// lockedBuffer is what a log is written to.
type lockedBuffer struct {
	mu   sync.Mutex
	text bytes.Buffer
}

func (b *lockedBuffer) Write(p []byte) (int, error) {
	b.mu.Lock()
	defer b.mu.Unlock()
	return b.text.Write(p)
}

func (b *lockedBuffer) String() string {
	b.mu.Lock()
	defer b.mu.Unlock()
	return b.text.String()
}

// More than can be told is dropped, counted, and admitted once: whoever tells
// something never waits.
func TestHerald_DropsWhatIsTooMuch(t *testing.T) {
	var log lockedBuffer
	f := openTelling(t, t.TempDir(), broker.Options{LogVHost: "/", Logger: slog.New(slog.NewTextHandler(&log, nil))})
	q := f.queue("q")
	f.bind(toQueue(broker.LogExchange, "q", "info"))
	const lines = 100_000
	for range lines {
		f.broker.Log("info", "text/plain", []byte("line"))
	}
	require.Eventually(t, func() bool { return int64(q.Counts().Ready)+f.broker.Dropped() == lines }, observePatience, time.Millisecond)
	if f.broker.Dropped() > 0 {
		require.Eventually(t, func() bool { return strings.Contains(log.String(), "were not published") }, observePatience, time.Millisecond)
		require.Equal(t, 1, strings.Count(log.String(), "were not published"))
	}
}

func TestHerald_TellsLinesOfTheLog(t *testing.T) {
	f := openTelling(t, t.TempDir(), broker.Options{LogVHost: "/", Node: "n@h"})
	q := f.queue("q")
	f.bind(toQueue(broker.LogExchange, "q", "warning"))
	f.broker.Log("info", "text/plain", []byte("not bound"))
	f.broker.Log("warning", "text/plain", []byte("line\n"))
	key, headers, body := f.told(q)
	require.Equal(t, "warning", key)
	require.Equal(t, "line\n", body)
	require.Equal(t, amqp.Table{{Key: "node", Value: "n@h"}}, headers)
}

// Events are told while the topology is locked, and in the order of the changes.
func TestEvents_OfTheTopology(t *testing.T) {
	f := openTelling(t, t.TempDir(), broker.Options{EventVHost: "/", Node: "n@h"})
	q := f.queue("observer")
	f.bind(toQueue(broker.EventExchange, "observer", "#"))
	key, _, _ := f.told(q)
	for key != "binding.created" { // the queue may be told of, too
		key, _, _ = f.told(q)
	}
	f.exchange("x", "topic", autoDeleteExchange)
	f.queue("a")
	f.bind(toQueue("x", "a", "k"), toQueue("x", "observer", "k"))
	f.unbind(toQueue("x", "observer", "k"))
	_, err := f.vhost.DeleteQueue("a", actor{}, queue.Condition{})
	require.NoError(t, err)
	for _, want := range [][2]string{
		{"exchange.created", "rmq-internal"}, {"queue.created", "rmq-internal"},
		{"binding.created", "rmq-internal"}, {"binding.created", "rmq-internal"}, {"binding.deleted", "rmq-internal"},
		{"exchange.deleted", "rmq-internal"}, {"binding.deleted", "rmq-internal"}, {"queue.deleted", "somebody"},
	} {
		key, headers, body := f.told(q)
		by, _ := headers.Lookup("user_who_performed_action")
		require.Equal(t, want, [2]string{key, by.(string)})
		require.Empty(t, body)
	}
}

// actor is a connection that events name.
type actor struct{}

func (actor) Actor() string   { return "somebody" }
func (actor) Process() string { return "<n@h.1>" }

func TestEvents_OfVirtualHosts(t *testing.T) {
	f := openTelling(t, t.TempDir(), broker.Options{EventVHost: "/"})
	q := f.queue("observer")
	f.bind(toQueue(broker.EventExchange, "observer", "vhost.*"))
	_, err := f.broker.CreateVHost(definitions.VHost{Name: "new"}, "")
	require.NoError(t, err)
	require.NoError(t, f.broker.DeleteVHost("new", ""))
	for _, want := range []string{"vhost.created", "vhost.deleted"} {
		key, headers, _ := f.told(q)
		name, _ := headers.Lookup("name")
		require.Equal(t, []any{want, "new"}, []any{key, name}) // and none of those that were there
	}
}

func TestEvents_OfAlarms(t *testing.T) {
	f := openTelling(t, t.TempDir(), broker.Options{EventVHost: "/", Node: "n@h"})
	q := f.queue("observer")
	f.bind(toQueue(broker.EventExchange, "observer", "alarm.*"))
	for _, name := range []string{"alarm.set", "alarm.cleared"} {
		f.broker.Alarms().Set(broker.Memory, name == "alarm.set")
		key, headers, _ := f.told(q)
		require.Equal(t, name, key)
		require.Equal(t, amqp.Table{{Key: "source", Value: "memory"}, {Key: "node", Value: "n@h"}}, headers[:2])
	}
}
