package conformance

import (
	"maps"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/rabbitmq/amqp091-go"
	"github.com/stretchr/testify/require"
)

// tracedVHost is the virtual host whose firehose is on.
func tracedVHost(t *testing.T) string {
	t.Helper()
	if brokerIsRabbitMQ(t) {
		return "traced"
	}
	return "/"
}

// observation is what a client learns of what the broker tells of itself.
type observation struct {
	t     *testing.T
	queue string
	told  <-chan amqp091.Delivery
}

// observe binds a queue to one of the exchanges of what the broker tells.
func observe(t *testing.T, ch *amqp091.Channel, exchange string, keys ...string) *observation {
	t.Helper()
	q, err := ch.QueueDeclare(uniqueName(t, "observer"), false, false, true, false, nil)
	require.NoError(t, err)
	for _, key := range keys {
		require.NoError(t, ch.QueueBind(q.Name, key, exchange, false, nil), "bind to %s", exchange)
	}
	told, err := ch.Consume(q.Name, "", true, false, false, false, nil)
	require.NoError(t, err)
	return &observation{t: t, queue: q.Name, told: told}
}

// await returns the next message that fits: others may be of other tests.
func (o *observation) await(key string, fits func(amqp091.Delivery) bool) amqp091.Delivery {
	o.t.Helper()
	deadline := time.After(patience)
	for {
		select {
		case d, ok := <-o.told:
			require.True(o.t, ok, "the observer has ended while %s was awaited", key)
			if d.RoutingKey == key && fits(d) {
				return d
			}
		case <-deadline:
			require.FailNow(o.t, "nothing was told", "%s; is it switched on, as in rabbitmq/instance.sh?", key)
		}
	}
}

// event returns the next event of the name whose property has the value, without what
// depends on the time.
func (o *observation) event(name, property string, value any) amqp091.Table {
	o.t.Helper()
	d := o.await(name, func(d amqp091.Delivery) bool { return d.Headers[property] == value })
	require.Equal(o.t, "amq.rabbitmq.event", d.Exchange)
	require.Empty(o.t, d.Body)
	require.EqualValues(o.t, amqp091.Persistent, d.DeliveryMode)
	milliseconds, ok := d.Headers["timestamp_in_ms"].(int64)
	require.True(o.t, ok, "timestamp_in_ms is %T", d.Headers["timestamp_in_ms"])
	require.WithinDuration(o.t, d.Timestamp, time.UnixMilli(milliseconds), 2*time.Second)
	delete(d.Headers, "timestamp_in_ms")
	return d.Headers
}

// whatever takes properties away whose values do not matter, or were looked at; they
// have to be there.
func whatever(t *testing.T, got amqp091.Table, names ...string) {
	t.Helper()
	for _, name := range names {
		require.Contains(t, got, name)
		delete(got, name)
	}
}

func TestObservables_AreInternalTopicExchanges(t *testing.T) {
	rule(t, "exchange")
	for _, name := range []string{"amq.rabbitmq.trace", "amq.rabbitmq.event", "amq.rabbitmq.log"} {
		t.Run(name, func(t *testing.T) {
			rule(t, "exchange")
			require.NoError(t, openChannel(t).ExchangeDeclare(name, "topic", true, false, true, false, nil))
			ch := openChannel(t)
			requireChannelError(t, ch, func() error {
				return ch.PublishWithContext(t.Context(), name, "k", false, false, amqp091.Publishing{})
			}, amqp091.AccessRefused, "ACCESS_REFUSED - cannot publish to internal exchange '"+name+"' in vhost '/'")
			ch = openChannel(t)
			requireChannelError(t, ch, func() error { return ch.ExchangeDelete(name, false, false) },
				amqp091.AccessRefused, "ACCESS_REFUSED - deletion of system exchange '"+name+"' in vhost '/' not allowed")
		})
	}
}

// traced is a client of the virtual host whose firehose is on.
func traced(t *testing.T) (*amqp091.Connection, *amqp091.Channel) {
	t.Helper()
	c := dialConfig(t, amqp091.Config{Vhost: tracedVHost(t)})
	return c, channelOn(t, c)
}

// tracedQueue declares a queue that ends with the connection.
func tracedQueue(t *testing.T, ch *amqp091.Channel) string {
	t.Helper()
	q, err := ch.QueueDeclare(uniqueName(t, "q"), false, false, true, false, nil)
	require.NoError(t, err)
	return q.Name
}

// anyTold fits every message.
func anyTold(amqp091.Delivery) bool { return true }

func TestTracing_TellsOfWhatIsPublishedAndDelivered(t *testing.T) {
	rule(t, "exchange")
	c, ch := traced(t)
	q := tracedQueue(t, ch)
	o := observe(t, ch, "amq.rabbitmq.trace", "publish.#", "deliver."+q)
	all := amqp091.Publishing{
		ContentType: "ct", ContentEncoding: "ce", DeliveryMode: 2, Priority: 3, CorrelationId: "cid", ReplyTo: "rt",
		Expiration: "60000", MessageId: "mid", Timestamp: time.Unix(1_700_000_000, 0), Type: "ty", UserId: "guest", AppId: "app",
		Headers: amqp091.Table{"h": "v", "i": int32(4), "t": amqp091.Table{"a": []any{int64(1)}}}, Body: []byte("hello"),
	}
	require.NoError(t, ch.PublishWithContext(t.Context(), "", q, false, false, all))
	got := o.await("publish.", func(d amqp091.Delivery) bool { return slices.Contains(d.Headers["routing_keys"].([]any), any(q)) })
	want := amqp091.Table{
		"exchange_name": "", "routing_keys": []any{q}, "node": got.Headers["node"], "vhost": tracedVHost(t),
		"connection": c.LocalAddr().String() + " -> " + c.RemoteAddr().String(), "channel": int32(1), "user": "guest",
		"properties": amqp091.Table{
			"content_type": "ct", "content_encoding": "ce", "delivery_mode": int32(2), "priority": int32(3), "correlation_id": "cid",
			"reply_to": "rt", "expiration": "60000", "message_id": "mid", "timestamp": int32(1_700_000_000), "type": "ty",
			"user_id": "guest", "app_id": "app", "headers": all.Headers,
		},
	}
	require.Equal(t, "hello", string(got.Body))
	require.Empty(t, got.ContentType)
	require.Contains(t, got.Headers["node"], "@")
	sent := maps.Clone(want)
	sent["routed_queues"] = []any{q}
	require.Equal(t, sent, got.Headers)

	d, _, err := ch.Get(q, false)
	require.NoError(t, err)
	require.NoError(t, d.Nack(false, true))
	_, _, err = ch.Get(q, true)
	require.NoError(t, err)
	for _, redelivered := range []int32{0, 1} {
		got = o.await("deliver."+q, anyTold)
		want["redelivered"] = redelivered
		require.Equal(t, "hello", string(got.Body))
		require.Equal(t, want, got.Headers)
	}
}

func TestTracing_TellsOfDeliveriesToConsumers(t *testing.T) {
	rule(t, "exchange")
	_, ch := traced(t)
	q := tracedQueue(t, ch)
	o := observe(t, ch, "amq.rabbitmq.trace", "deliver."+q)
	ds, err := ch.Consume(q, "", false, false, false, false, nil)
	require.NoError(t, err)
	publish(t, ch, "", q, "hello")
	d := receive(t, ds)
	require.Equal(t, int32(0), o.await("deliver."+q, anyTold).Headers["redelivered"])
	require.NoError(t, d.Nack(false, true))
	receive(t, ds)
	require.Equal(t, int32(1), o.await("deliver."+q, anyTold).Headers["redelivered"])
}

func TestTracing_TellsOfWhatNoQueueGets(t *testing.T) {
	rule(t, "exchange")
	_, ch := traced(t)
	o := observe(t, ch, "amq.rabbitmq.trace", "publish.amq.direct")
	returned := ch.NotifyReturn(make(chan amqp091.Return, 1))
	key := uniqueName(t, "nowhere")
	require.NoError(t, ch.PublishWithContext(t.Context(), "amq.direct", key, true, false, amqp091.Publishing{}))
	<-returned
	d := o.await("publish.amq.direct", func(d amqp091.Delivery) bool { return d.Headers["routing_keys"].([]any)[0] == key })
	require.Empty(t, d.Headers["routed_queues"])
	require.Equal(t, amqp091.Table{}, d.Headers["properties"])
}

func TestTracing_NamesTheKeysOfCopies(t *testing.T) {
	rule(t, "exchange")
	_, ch := traced(t)
	q, copied, blind := tracedQueue(t, ch), tracedQueue(t, ch), tracedQueue(t, ch)
	o := observe(t, ch, "amq.rabbitmq.trace", "publish.")
	publish(t, ch, "", q, "hello", func(p *amqp091.Publishing) {
		p.Headers = amqp091.Table{"CC": []any{copied}, "BCC": []any{blind}}
	})
	d := o.await("publish.", func(d amqp091.Delivery) bool { return d.Headers["routing_keys"].([]any)[0] == q })
	require.Equal(t, []any{q, copied, blind}, d.Headers["routing_keys"])
	require.ElementsMatch(t, []any{q, copied, blind}, d.Headers["routed_queues"])
	require.Equal(t, amqp091.Table{"headers": amqp091.Table{"CC": []any{copied}}}, d.Headers["properties"])
}

func TestTracing_TellsOfTransactionsWhenTheyPublish(t *testing.T) {
	rule(t, "exchange")
	_, ch := traced(t)
	q := tracedQueue(t, ch)
	o := observe(t, ch, "amq.rabbitmq.trace", "publish.")
	require.NoError(t, ch.Tx())
	publish(t, ch, "", q, "rolled back")
	require.NoError(t, ch.TxRollback())
	d := o.await("publish.", func(d amqp091.Delivery) bool { return d.Headers["routing_keys"].([]any)[0] == q })
	require.Equal(t, []any{q}, d.Headers["routed_queues"])
	requireEmpty(t, ch, q)
}

// Else each copy would be told of in its turn.
func TestTracing_DoesNotTellOfItself(t *testing.T) {
	rule(t, "exchange")
	c, ch := traced(t)
	q := tracedQueue(t, ch)
	first := observe(t, channelOn(t, c), "amq.rabbitmq.trace", "deliver."+q)
	second := observe(t, channelOn(t, c), "amq.rabbitmq.trace", "publish.amq.rabbitmq.trace", "deliver."+first.queue)
	publish(t, ch, "", q, "hello")
	getBody(t, ch, q)
	first.await("deliver."+q, anyTold)
	requireNoDelivery(t, second.told)
}

func TestTracing_TellsOfTheCountOfQuorumQueues(t *testing.T) {
	rule(t, "exchange")
	_, ch := traced(t)
	q := uniqueName(t, "q")
	_, err := ch.QueueDeclare(q, true, false, false, false, amqp091.Table{"x-queue-type": "quorum"})
	require.NoError(t, err)
	t.Cleanup(func() {
		_, ch := traced(t)
		_, err := ch.QueueDelete(q, false, false, false)
		require.NoError(t, err)
	})
	o := observe(t, ch, "amq.rabbitmq.trace", "deliver."+q)
	ds, err := ch.Consume(q, "", false, false, false, false, nil)
	require.NoError(t, err)
	publish(t, ch, "", q, "hello")
	require.NoError(t, receive(t, ds).Nack(false, true))
	require.NoError(t, receive(t, ds).Ack(false))
	d := o.await("deliver."+q, func(d amqp091.Delivery) bool { return d.Headers["redelivered"] == int32(1) })
	require.Equal(t, amqp091.Table{"headers": amqp091.Table{"x-delivery-count": int64(1)}}, d.Headers["properties"])
}

func TestEvents_OfQueues(t *testing.T) {
	rule(t, "exchange")
	ch := openChannel(t)
	o := observe(t, ch, "amq.rabbitmq.event", "queue.*")
	q := uniqueName(t, "q")
	_, err := ch.QueueDeclare(q, true, true, false, false, amqp091.Table{"x-queue-type": "classic", "x-max-length": int32(5)})
	require.NoError(t, err)
	_, err = ch.QueueDelete(q, false, false, false)
	require.NoError(t, err)
	created, deleted := o.event("queue.created", "name", q), o.event("queue.deleted", "name", q)
	require.ElementsMatch(t, []any{`{<<"x-queue-type">>,longstr,<<"classic">>}`, `{<<"x-max-length">>,signedint,5}`}, created["arguments"])
	whatever(t, created, oneOf([]string{"arguments"}, []string{"arguments", "leader", "members"})...)
	gone := amqp091.Table{"name": q, "vhost": "/", "user_who_performed_action": "guest"}
	if oneOf("", "type") == "type" {
		gone["type"] = "rabbit_classic_queue"
	}
	require.Equal(t, gone, deleted)
	there := maps.Clone(gone)
	maps.Copy(there, amqp091.Table{"durable": true, "auto_delete": true, "exclusive": false, "owner_pid": ""})
	require.Equal(t, there, created)
}

func TestEvents_ExclusiveQueuesHaveAnOwner(t *testing.T) {
	rule(t, "exchange")
	o := observe(t, openChannel(t), "amq.rabbitmq.event", "queue.*", "connection.created")
	c := dial(t)
	pid := o.event("connection.created", "name", c.LocalAddr().String()+" -> "+c.RemoteAddr().String())["pid"]
	q, err := channelOn(t, c).QueueDeclare(uniqueName(t, "q"), false, false, true, false, nil)
	require.NoError(t, err)
	require.Equal(t, pid, o.event("queue.created", "name", q.Name)["owner_pid"])
	require.NoError(t, c.Close())
	require.Equal(t, "rmq-internal", o.event("queue.deleted", "name", q.Name)["user_who_performed_action"])
}

func TestEvents_OfExchangesAndBindings(t *testing.T) {
	rule(t, "exchange")
	ch := openChannel(t)
	q, x := tempQueue(t, ch), uniqueName(t, "x")
	o := observe(t, ch, "amq.rabbitmq.event", "exchange.*", "binding.*")
	require.NoError(t, ch.ExchangeDeclare(x, "topic", true, true, false, false, amqp091.Table{"alternate-exchange": "amq.fanout"}))
	require.NoError(t, ch.QueueBind(q, "a.*", x, false, amqp091.Table{"n": int64(1)}))
	require.NoError(t, ch.QueueUnbind(q, "a.*", x, amqp091.Table{"n": int64(1)})) // and with it the exchange
	require.Equal(t, amqp091.Table{
		"name": x, "vhost": "/", "type": "topic", "durable": true, "auto_delete": true, "internal": false, "policy": "",
		"arguments": []any{`{<<"alternate-exchange">>,longstr,<<"amq.fanout">>}`}, "user_who_performed_action": "guest",
	}, o.event("exchange.created", "name", x))
	bound := amqp091.Table{
		"source_name": x, "source_kind": "exchange", "destination_name": q, "destination_kind": "queue", "routing_key": "a.*",
		"arguments": []any{`{<<"n">>,long,1}`}, "vhost": "/", "user_who_performed_action": "guest",
	}
	require.Equal(t, bound, o.event("binding.created", "source_name", x))
	require.Equal(t, amqp091.Table{"name": x, "vhost": "/", "user_who_performed_action": "guest"}, o.event("exchange.deleted", "name", x))
	require.Equal(t, bound, o.event("binding.deleted", "source_name", x))
}

func TestEvents_BindingsOfADeletedQueueAreNobodysWish(t *testing.T) {
	rule(t, "exchange")
	ch := openChannel(t)
	q := tempQueue(t, ch)
	o := observe(t, ch, "amq.rabbitmq.event", "binding.deleted", "queue.deleted")
	require.NoError(t, ch.QueueBind(q, "k", "amq.direct", false, nil))
	_, err := ch.QueueDelete(q, false, false, false)
	require.NoError(t, err)
	require.Equal(t, "rmq-internal", o.event("binding.deleted", "destination_name", q)["user_who_performed_action"])
	require.Equal(t, "guest", o.event("queue.deleted", "name", q)["user_who_performed_action"])
}

func TestEvents_OfConnectionsAndChannels(t *testing.T) {
	rule(t, "exchange")
	o := observe(t, openChannel(t), "amq.rabbitmq.event", "connection.*", "channel.*", "user.authentication.success")
	c := dialConfig(t, amqp091.Config{Heartbeat: 20 * time.Second, Properties: amqp091.Table{"connection_name": "mine"}})
	name := c.LocalAddr().String() + " -> " + c.RemoteAddr().String()
	channelOn(t, c)
	require.NoError(t, c.Close())

	login := o.event("user.authentication.success", "connection_name", name)
	whatever(t, login, "host", "peer_host", "peer_port")
	require.Equal(t, amqp091.Table{
		"name": "guest", "connection_type": "network", "connection_name": name, "auth_mechanism": "PLAIN", "protocol": "{0,9,1}", "ssl": false,
	}, login)

	opened := o.event("connection.created", "name", name)
	pid := opened["pid"]
	require.Contains(t, opened["client_properties"], `{<<"connection_name">>,longstr,<<"mine">>}`)
	require.Equal(t, "{127,0,0,1}", opened["peer_host"])
	require.Positive(t, opened["port"])
	require.IsType(t, int64(0), opened["peer_port"])
	require.IsType(t, int64(0), opened["connected_at"])
	whatever(t, opened, "client_properties", "connected_at", "host", "peer_host", "port", "peer_port", "node", "frame_max", "channel_max", "pid")
	require.Equal(t, amqp091.Table{
		"name": name, "type": "network", "user": "guest", "vhost": "/", "protocol": "{0,9,1}", "auth_mechanism": "PLAIN", "timeout": int64(20),
		"user_provided_name": "mine", "user_who_performed_action": "guest", "ssl": false, "ssl_protocol": "", "ssl_key_exchange": "",
		"ssl_cipher": "", "ssl_hash": "", "peer_cert_subject": "", "peer_cert_issuer": "", "peer_cert_validity": "",
	}, opened)

	created := o.event("channel.created", "connection", pid)
	channel := created["pid"]
	whatever(t, created, "pid")
	require.Equal(t, amqp091.Table{
		"connection": pid, "name": name + " (1)", "number": int64(1), "user": "guest", "vhost": "/", "user_who_performed_action": "guest",
	}, created)
	require.Equal(t, "guest", o.event("channel.closed", "pid", channel)["user_who_performed_action"])
	closed := o.event("connection.closed", "name", name)
	whatever(t, closed, "client_properties", "node")
	require.Equal(t, amqp091.Table{"name": name, "pid": pid, "user_provided_name": "mine"}, closed)
}

func TestEvents_OfConsumers(t *testing.T) {
	rule(t, "exchange")
	ch := openChannel(t)
	q, tag := tempQueue(t, ch), uniqueName(t, "tag")
	o := observe(t, ch, "amq.rabbitmq.event", "consumer.*")
	require.NoError(t, ch.Qos(12, 0, false))
	_, err := ch.Consume(q, tag, true, true, false, false, amqp091.Table{"x-priority": int32(3)})
	require.NoError(t, err)
	require.NoError(t, ch.Cancel(tag, false))
	created, deleted := o.event("consumer.created", "consumer_tag", tag), o.event("consumer.deleted", "consumer_tag", tag)
	require.Equal(t, created["channel"], deleted["channel"])
	whatever(t, created, "channel")
	whatever(t, deleted, "channel")
	require.Equal(t, amqp091.Table{"consumer_tag": tag, "queue": q, "vhost": "/", "user_who_performed_action": "guest"}, deleted)
	require.Equal(t, amqp091.Table{
		"consumer_tag": tag, "queue": q, "vhost": "/", "user_who_performed_action": "guest", "exclusive": true, "ack_required": false,
		"prefetch_count": int64(12), "arguments": []any{`{<<"x-priority">>,signedint,3}`},
	}, created)
}

func TestEvents_OfRefusedLogins(t *testing.T) {
	rule(t, "exchange")
	o := observe(t, openChannel(t), "amq.rabbitmq.event", "user.authentication.failure")
	name := uniqueName(t, "nobody")
	_, err := amqp091.DialConfig(suite.url, amqp091.Config{SASL: []amqp091.Authentication{&amqp091.PlainAuth{Username: name, Password: "wrong"}}})
	require.Error(t, err)
	got := o.event("user.authentication.failure", "name", name)
	require.Equal(t, "{127,0,0,1}", got["peer_host"])
	require.Contains(t, got["connection_name"], " -> ")
	whatever(t, got, "host", "peer_host", "peer_port", "connection_name", "error") // a list of characters in RabbitMQ
	require.Equal(t, amqp091.Table{
		"name": name, "connection_type": "network", "auth_mechanism": "PLAIN", "protocol": "{0,9,1}", "ssl": false,
	}, got)
}

func TestLog_LinesArePublished(t *testing.T) {
	rule(t, "exchange")
	o := observe(t, openChannel(t), "amq.rabbitmq.log", "error")
	requireNoQueue(t, dial(t), "missing-"+o.queue)
	d := o.await("error", func(d amqp091.Delivery) bool { return strings.Contains(string(d.Body), "missing-"+o.queue) })
	require.Equal(t, "text/plain", d.ContentType)
	require.True(t, strings.HasSuffix(string(d.Body), "\n"), "%q", d.Body)
	require.False(t, d.Timestamp.IsZero())
	require.Len(t, d.Headers, 1)
	require.Contains(t, d.Headers["node"], "@")
}
