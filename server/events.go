package server

import (
	"crypto/tls"
	"fmt"
	"net"
	"time"

	"github.com/leveretmq/leveret/amqp"
	"github.com/leveretmq/leveret/broker"
)

// What is told to the event exchange of connections, channels and consumers. Nothing
// is put together unless somebody can learn of it.

// Actor is the user of the connection, for events of what it does.
func (c *connection) Actor() string { return c.user.Name }

// name is how RabbitMQ calls the connection.
func (c *connection) name() string {
	return c.sock.RemoteAddr().String() + " -> " + c.sock.LocalAddr().String()
}

// pid stands for what is an Erlang process in RabbitMQ: it tells connections and
// channels apart.
func (c *connection) pid() string { return fmt.Sprintf("<%s.%d>", c.server.NodeName, c.number) }

func (ch *channel) pid() string {
	return fmt.Sprintf("<%s.%d.%d>", ch.conn.server.NodeName, ch.conn.number, ch.id)
}

// secure says whether the connection is over TLS.
func (c *connection) secure() bool {
	_, ok := c.sock.(*tls.Conn)
	return ok
}

func (c *connection) observed() bool { return c.server.Broker.Observing() }

// endpoints are the addresses, as events have them.
func endpoints(sock net.Conn) (t amqp.Table) {
	add := func(addr net.Addr, host, port string) {
		h, p, err := net.SplitHostPort(addr.String())
		if err != nil {
			h, p = addr.String(), "0"
		}
		n := 0
		if _, err := fmt.Sscan(p, &n); err != nil {
			n = 0
		}
		t = append(t, broker.Fields(host, h, port, int64(n))...)
	}
	add(sock.RemoteAddr(), "peer_host", "peer_port")
	add(sock.LocalAddr(), "host", "port")
	return t
}

// tellLogin tells how a login ended.
func (c *connection) tellLogin(mechanism, user string, problem error) {
	if !c.observed() {
		return
	}
	name := "user.authentication.success"
	fields := broker.Fields("name", user, "connection_type", "network", "connection_name", c.name(),
		"auth_mechanism", mechanism, "protocol", protocolTerm, "ssl", c.secure())
	if problem != nil {
		name = "user.authentication.failure"
		fields = append(fields, broker.Fields("error", problem.Error())...)
	}
	c.server.Broker.Emit(name, append(fields, endpoints(c.sock)...))
}

// protocolTerm is the version of the protocol as events have it.
const protocolTerm = "{0,9,1}"

func (c *connection) tellOpened(mechanism string, vhost string) {
	if !c.observed() {
		return
	}
	fields := broker.Fields("pid", c.pid(), "name", c.name(), "ssl", c.secure(), "auth_mechanism", mechanism,
		"protocol", protocolTerm, "user", c.user.Name, "vhost", vhost, "timeout", int64(c.heart.interval/time.Second),
		"frame_max", int64(c.frameMax), "channel_max", int64(c.channelMax), "connected_at", time.Now().UnixMilli(),
		"node", c.server.NodeName, "type", "network", "user_provided_name", c.client.name,
		"user_who_performed_action", c.user.Name)
	c.server.Broker.Emit("connection.created", append(fields, endpoints(c.sock)...))
}

// tellClosed tells of the end of a connection that was open.
func (c *connection) tellClosed() {
	if c.vhost != nil && c.observed() {
		c.server.Broker.Emit("connection.closed", broker.Fields("pid", c.pid(), "name", c.name(), "node", c.server.NodeName))
	}
}

func (ch *channel) tellCreated() {
	c := ch.conn
	if c.observed() {
		c.server.Broker.Emit("channel.created", broker.Fields("pid", ch.pid(), "name", fmt.Sprintf("%s (%d)", c.name(), ch.id),
			"connection", c.pid(), "number", int64(ch.id), "user", c.user.Name, "vhost", c.vhost.Name(),
			"user_who_performed_action", c.user.Name))
	}
}

func (ch *channel) tellClosed() {
	if ch.conn.observed() {
		ch.conn.server.Broker.Emit("channel.closed", broker.Fields("pid", ch.pid(), "user_who_performed_action", ch.conn.user.Name))
	}
}

func (ch *channel) tellConsuming(c *consumer, args amqp.Table) {
	if ch.conn.observed() {
		ch.conn.server.Broker.Emit("consumer.created", broker.Fields("consumer_tag", c.Tag, "exclusive", c.Exclusive,
			"ack_required", !c.NoAck, "channel", ch.pid(), "queue", c.Queue().Name(), "vhost", ch.conn.vhost.Name(),
			"prefetch_count", int64(c.Prefetch), "arguments", broker.Terms(args), "user_who_performed_action", ch.conn.user.Name))
	}
}

func (ch *channel) tellConsumed(c *consumer) {
	if ch.conn.observed() {
		ch.conn.server.Broker.Emit("consumer.deleted", broker.Fields("consumer_tag", c.Tag, "channel", ch.pid(),
			"queue", c.Queue().Name(), "vhost", ch.conn.vhost.Name(), "user_who_performed_action", ch.conn.user.Name))
	}
}

// witness is who the firehose names.
func (ch *channel) witness() broker.Witness {
	c := ch.conn
	return broker.Witness{Node: c.server.NodeName, Connection: c.name(), Channel: ch.id, User: c.user.Name}
}
