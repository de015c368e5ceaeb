package crash

import (
	"context"
	"fmt"
	"path/filepath"
	"testing"
	"time"

	amqp "github.com/rabbitmq/amqp091-go"
	"github.com/stretchr/testify/require"
)

// P2 and P9 of the reliability programme: what a broker has answered with an ok
// is durable, be it a declaration or a deletion.
func TestCrash_DefinitionsSurvive(t *testing.T) {
	eachEra(t, environmentCount(t, "CRASH_DEFINITIONS", 5), cyclesPerEra, func(t *testing.T, era era) {
		trial := newTrial(t, filepath.Join(t.TempDir(), "data"), era)
		var topology topology
		for range era.cycles {
			trial.broker.start(t)
			topology.require(t, trial.broker.url())
			length := trial.length()
			topology.change(t, trial.broker, time.After(length), trial.broker.kill)
		}
		trial.broker.start(t)
		topology.require(t, trial.broker.url())
		require.Greater(t, len(topology.items), era.cycles, "the load was too small to show anything")
		t.Logf("%d exchanges and queues, slowest start %v", len(topology.items), trial.broker.slowest)
	})
}

// change changes the topology until end has ended the broker.
func (p *topology) change(t *testing.T, b *broker, over <-chan time.Time, end func()) {
	t.Helper()
	clients := newGang()
	clients.work(b.url(), func(conn *amqp.Connection) error { return declareInto(p, conn) })
	<-over
	b.requireAlive(t)
	clients.expectEnd()
	end()
	clients.join(t)
}

// item is one exchange, one queue and the bindings between them.
type item struct {
	exchange presence
	queue    presence
	binding  presence // exchange to queue, key()
	link     presence // sourceExchange to exchange, key()
	stray    presence // exchange to queue, strayKey(), unbound again
	number   int
}

const (
	sourceExchange    = "crash.source"
	transientExchange = "crash.transient"
	exclusiveQueue    = "crash.exclusive"
)

func (i *item) name() string     { return fmt.Sprintf("crash.item.%d", i.number) }
func (i *item) key() string      { return fmt.Sprintf("key.%d", i.number) }
func (i *item) strayKey() string { return fmt.Sprintf("stray.%d", i.number) }
func (i *item) kind() string {
	if i.number%2 == 0 {
		return amqp.ExchangeDirect
	}
	return amqp.ExchangeTopic
}

func (i *item) exchangeArguments() amqp.Table {
	return amqp.Table{"alternate-exchange": fmt.Sprintf("crash.alternate.%d", i.number)}
}

func (i *item) queueArguments() amqp.Table {
	return amqp.Table{"x-max-length": int32(1000 + i.number)}
}

// topology is all that the clients declared, over all lives of the broker.
type topology struct{ items []*item }

// declarer changes the topology as fast as the broker answers.
type declarer struct {
	topology *topology
	channel  *amqp.Channel
	err      error // why it ended
}

// declareInto first declares what one life needs; the transient and the
// exclusive thing have to be gone in the next.
func declareInto(topology *topology, conn *amqp.Connection) error {
	channel, err := conn.Channel()
	if err != nil {
		return err
	}
	d := &declarer{topology: topology, channel: channel}
	d.do(present, func() error {
		return channel.ExchangeDeclare(sourceExchange, amqp.ExchangeDirect, true, false, false, false, nil)
	})
	d.do(present, func() error {
		return channel.ExchangeDeclare(transientExchange, amqp.ExchangeDirect, false, false, false, false, nil)
	})
	d.do(present, func() error {
		_, err := channel.QueueDeclare(exclusiveQueue, true, false, true, false, nil)
		return err
	})
	d.run()
	return d.err
}

// run goes on until the broker ends.
func (d *declarer) run() {
	for d.err == nil {
		i := &item{number: len(d.topology.items)}
		d.topology.items = append(d.topology.items, i)
		d.create(i)
		if i.number%3 == 2 {
			d.deleteQueue(d.topology.items[i.number-1])
		}
		if i.number%4 == 3 {
			d.deleteExchange(d.topology.items[i.number-2])
		}
	}
}

// do runs one operation; known is what its ok makes certain.
func (d *declarer) do(result presence, operation func() error, known ...*presence) {
	if d.err != nil {
		return
	}
	for _, k := range known {
		*k = unknown
	}
	if d.err = operation(); d.err != nil {
		return
	}
	for _, k := range known {
		*k = result
	}
}

func (d *declarer) create(i *item) {
	name := i.name()
	d.do(present, func() error {
		return d.channel.ExchangeDeclare(name, i.kind(), true, false, false, false, i.exchangeArguments())
	}, &i.exchange)
	d.do(present, func() error {
		_, err := d.channel.QueueDeclare(name, true, false, false, false, i.queueArguments())
		return err
	}, &i.queue)
	d.do(present, func() error { return d.channel.QueueBind(name, i.key(), name, false, nil) }, &i.binding)
	d.do(present, func() error { return d.channel.ExchangeBind(name, i.key(), sourceExchange, false, nil) }, &i.link)
	d.do(present, func() error { return d.channel.QueueBind(name, i.strayKey(), name, false, nil) }, &i.stray)
	d.do(absent, func() error { return d.channel.QueueUnbind(name, i.strayKey(), name, nil) }, &i.stray)
}

func (d *declarer) deleteQueue(i *item) {
	d.do(absent, func() error {
		_, err := d.channel.QueueDelete(i.name(), false, false, false)
		return err
	}, &i.queue, &i.binding, &i.stray)
}

func (d *declarer) deleteExchange(i *item) {
	d.do(absent, func() error {
		return d.channel.ExchangeDelete(i.name(), false, false)
	}, &i.exchange, &i.binding, &i.link, &i.stray)
}

// require compares the broker with what is known.
func (p *topology) require(t *testing.T, url string) {
	t.Helper()
	conn, err := amqp.Dial(url)
	require.NoError(t, err)
	channel, err := conn.Channel()
	require.NoError(t, err)
	require.NoError(t, channel.Confirm(false))
	o := &observer{
		conn: conn, channel: channel,
		returns: channel.NotifyReturn(make(chan amqp.Return, 1)),
	}
	o.requireExchange(t, absent, transientExchange)
	o.requireQueue(t, absent, exclusiveQueue)
	for _, i := range p.items {
		o.requireExchange(t, i.exchange, i.name())
		o.requireQueue(t, i.queue, i.name())
		o.requireEqual(t, i)
		o.requireBindings(t, i)
	}
	require.NoError(t, conn.Close())
}

// observer asks a broker what it has.
type observer struct {
	conn    *amqp.Connection
	channel *amqp.Channel // with confirms
	returns chan amqp.Return
}

func (o *observer) requireExchange(t *testing.T, want presence, name string) {
	t.Helper()
	o.requirePresence(t, want, "exchange "+name, func(channel *amqp.Channel) error {
		return channel.ExchangeDeclarePassive(name, amqp.ExchangeDirect, true, false, false, false, nil)
	})
}

func (o *observer) requireQueue(t *testing.T, want presence, name string) {
	t.Helper()
	o.requirePresence(t, want, "queue "+name, func(channel *amqp.Channel) error {
		_, err := channel.QueueDeclarePassive(name, true, false, false, false, nil)
		return err
	})
}

// requirePresence asks on the common channel for what is there, and on one of
// its own for what is not: the answer closes it.
func (o *observer) requirePresence(t *testing.T, want presence, what string, ask func(*amqp.Channel) error) {
	t.Helper()
	switch want {
	case present:
		require.NoError(t, ask(o.channel), "%s was declared before the kill", what)
	case absent:
		channel, err := o.conn.Channel()
		require.NoError(t, err)
		var fault *amqp.Error
		require.ErrorAs(t, ask(channel), &fault, "%s must not be there after the kill", what)
		require.Equal(t, amqp.NotFound, fault.Code, "%s: %v", what, fault)
	}
}

// requireEqual declares again with the same type, flags and arguments.
func (o *observer) requireEqual(t *testing.T, i *item) {
	t.Helper()
	if i.exchange == present {
		require.NoError(t, o.channel.ExchangeDeclare(i.name(), i.kind(), true, false, false, false, i.exchangeArguments()))
	}
	if i.queue == present {
		_, err := o.channel.QueueDeclare(i.name(), true, false, false, false, i.queueArguments())
		require.NoError(t, err)
	}
}

// requireBindings publishes along every path whose presence is known.
func (o *observer) requireBindings(t *testing.T, i *item) {
	t.Helper()
	if i.exchange == present {
		o.requireRouted(t, i, i.binding, i.name(), i.key())
		o.requireRouted(t, i, i.stray, i.name(), i.strayKey())
	}
	switch {
	case i.link == absent || i.binding == absent:
		o.requireRouted(t, i, absent, sourceExchange, i.key())
	case i.link == present:
		o.requireRouted(t, i, i.binding, sourceExchange, i.key())
	}
}

// requireRouted publishes a mandatory message and requires it in the item's
// queue, or back; it leaves the queue empty.
func (o *observer) requireRouted(t *testing.T, i *item, want presence, exchange, key string) {
	t.Helper()
	if want == unknown {
		return
	}
	confirm, err := o.channel.PublishWithDeferredConfirmWithContext(context.Background(), exchange, key, true, false,
		amqp.Publishing{Body: []byte(key)})
	require.NoError(t, err)
	ctx, cancel := context.WithTimeout(t.Context(), quietAnswer)
	defer cancel()
	acked, err := confirm.WaitContext(ctx)
	require.NoError(t, err)
	require.True(t, acked)

	returned := false
	select {
	case <-o.returns: // a return precedes its confirm
		returned = true
	default:
	}
	require.Equal(t, want == absent, returned, "exchange %s, key %s", exchange, key)
	if want == present {
		delivery, ok, err := o.channel.Get(i.name(), true)
		require.NoError(t, err)
		require.True(t, ok, "nothing in queue %s for exchange %s, key %s", i.name(), exchange, key)
		require.Equal(t, key, string(delivery.Body))
	}
}
