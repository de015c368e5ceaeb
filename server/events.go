package server

import (
	"crypto/tls"
	"errors"
	"fmt"
	"net"
	"net/netip"
	"strings"
	"time"

	"github.com/leveretmq/leveret/amqp"
	"github.com/leveretmq/leveret/auth"
	"github.com/leveretmq/leveret/broker"
)

// What is told to the event exchange of connections, channels and consumers. Nothing
// is put together unless somebody can learn of it. Names and types of the properties
// are RabbitMQ's.

const (
	// performer is the property that names the user who has caused an event.
	performer = "user_who_performed_action"
	// nobody is who causes an event that follows from another one.
	nobody = ""
	// protocolTerm is the version of the protocol as events have it.
	protocolTerm = "{0,9,1}"
)

var _ broker.Actor = (*connection)(nil)

// Actor is the user of the connection, for events of what it does.
func (c *connection) Actor() string { return c.user.Name }

// Process stands for what is an Erlang process in RabbitMQ: it tells connections and
// channels apart.
func (c *connection) Process() string { return fmt.Sprintf("<%s.%d>", c.server.NodeName, c.number) }

func (ch *channel) process() string {
	return fmt.Sprintf("<%s.%d.%d>", ch.conn.server.NodeName, ch.conn.number, ch.id)
}

// name is how RabbitMQ calls the connection.
func (c *connection) name() string {
	if c.label != "" {
		return c.label
	}
	if _, local := c.sock.LocalAddr().(*net.UnixAddr); local { // whose clients have no address
		return fmt.Sprintf("unix:%d -> %s", c.number, c.sock.LocalAddr())
	}
	return c.sock.RemoteAddr().String() + " -> " + c.sock.LocalAddr().String()
}

// ChannelName is how RabbitMQ calls a channel of a connection.
func ChannelName(connection string, number uint16) string {
	return fmt.Sprintf("%s (%d)", connection, number)
}

func (c *connection) observed() bool { return c.server.Broker.Observing() }

// emit tells of an event; a property that names nobody is left out.
func (c *connection) emit(name string, by string, properties amqp.Table) {
	if by != nobody {
		properties = append(properties, broker.Fields(performer, by)...)
	}
	c.server.Broker.Emit(name, properties)
}

// tellLogin tells of a login that was right.
func (c *connection) tellLogin(user string) {
	if c.observed() {
		c.emit("user.authentication.success", nobody, c.loginFields(user))
	}
}

// protocolName is the protocol in counters of logins and in metrics.
const protocolName = "amqp091"

// countLogin counts a login, right or not.
func (c *connection) countLogin(user string, problem error) {
	var refused *auth.LoginError
	if errors.As(problem, &refused) {
		user = refused.Name
	}
	host, _ := address(c.sock.RemoteAddr())
	c.server.Broker.CountLogin(protocolName, host, user, problem == nil)
}

// tellRefused tells of a login that was not.
func (c *connection) tellRefused(problem error) {
	if !c.observed() {
		return
	}
	user, reason := "", problem.Error()
	var refused *auth.LoginError
	if errors.As(problem, &refused) {
		user, reason = refused.Name, refused.Reason()
	}
	c.emit("user.authentication.failure", nobody, append(c.loginFields(user), broker.Fields("error", reason)...))
}

func (c *connection) loginFields(user string) amqp.Table {
	host, _ := endpoint(c.sock.LocalAddr())
	peerHost, peerPort := endpoint(c.sock.RemoteAddr())
	_, ssl := c.sock.(*tls.Conn)
	return broker.Fields("name", user, "connection_type", "network", "connection_name", c.name(), "host", host,
		"peer_host", peerHost, "peer_port", peerPort, "auth_mechanism", c.mechanism, "protocol", protocolTerm, "ssl", ssl)
}

func (c *connection) tellOpened() {
	if !c.observed() {
		return
	}
	host, port := endpoint(c.sock.LocalAddr())
	peerHost, peerPort := endpoint(c.sock.RemoteAddr())
	fields := append(c.secrecy(), broker.Fields("pid", c.Process(), "name", c.name(), "host", host, "port", port,
		"peer_host", peerHost, "peer_port", peerPort, "auth_mechanism", c.mechanism, "protocol", protocolTerm,
		"user", c.user.Name, "vhost", c.vhost.Name(), "timeout", int64(c.heart.interval/time.Second),
		"frame_max", int64(c.frameMax), "channel_max", int64(c.channelMax), "client_properties", c.client.terms,
		"connected_at", time.Now().UnixMilli(), "node", c.server.NodeName, "type", "network")...)
	c.emit("connection.created", c.user.Name, append(fields, c.givenName()...))
}

// tellClosed tells of the end of a connection, even of one that was never open
// (RabbitMQ behaviour).
func (c *connection) tellClosed() {
	if c.observed() {
		terms := append(amqp.Array{}, c.client.terms...) // none is an empty list
		fields := broker.Fields("pid", c.Process(), "name", c.name(), "node", c.server.NodeName, "client_properties", terms)
		c.emit("connection.closed", nobody, append(fields, c.givenName()...))
	}
}

// givenName is the name that the client has given the connection, if it has.
func (c *connection) givenName() amqp.Table {
	if c.client.name == "" {
		return nil
	}
	return broker.Fields("user_provided_name", c.client.name)
}

func (ch *channel) tellCreated() {
	c := ch.conn
	if c.observed() {
		c.emit("channel.created", c.user.Name, broker.Fields("pid", ch.process(), "name", ChannelName(c.name(), ch.id),
			"connection", c.Process(), "number", int64(ch.id), "user", c.user.Name, "vhost", c.vhost.Name()))
	}
}

func (ch *channel) tellClosed() {
	if ch.conn.observed() {
		ch.conn.emit("channel.closed", ch.conn.user.Name, broker.Fields("pid", ch.process()))
	}
}

func (ch *channel) tellConsuming(c *consumer, args amqp.Table) {
	if ch.conn.observed() {
		ch.conn.emit("consumer.created", ch.conn.user.Name, broker.Fields("consumer_tag", c.Tag, "exclusive", c.Exclusive,
			"ack_required", !c.NoAck, "channel", ch.process(), "queue", c.Queue().Name(), "vhost", ch.conn.vhost.Name(),
			"prefetch_count", int64(ch.prefetch), "arguments", broker.Terms(args)))
	}
}

func (ch *channel) tellConsumed(c *consumer, by string) {
	if ch.conn.observed() {
		ch.conn.emit("consumer.deleted", by, broker.Fields("consumer_tag", c.Tag, "channel", ch.process(),
			"queue", c.Queue().Name(), "vhost", ch.conn.vhost.Name()))
	}
}

// witness is who the firehose names.
func (ch *channel) witness() broker.Witness {
	return broker.Witness{Connection: ch.conn.name(), Channel: ch.id, User: ch.conn.user.Name}
}

// endpoint is a host as the Erlang term that RabbitMQ makes of it, like {127,0,0,1},
// and a port.
func endpoint(addr net.Addr) (host string, port int64) {
	at, err := netip.ParseAddrPort(addr.String())
	if err != nil {
		return addr.String(), 0
	}
	ip := at.Addr().Unmap()
	octets := ip.AsSlice()
	var parts []string
	if ip.Is4() {
		for _, o := range octets {
			parts = append(parts, fmt.Sprint(o))
		}
	}
	for i := 0; ip.Is6() && i < len(octets); i += 2 {
		parts = append(parts, fmt.Sprint(int(octets[i])<<8|int(octets[i+1])))
	}
	return "{" + strings.Join(parts, ",") + "}", int64(at.Port())
}

// secrecy is what TLS has settled, with empty texts where there is none.
func (c *connection) secrecy() amqp.Table {
	s := c.tlsStatus()
	return broker.Fields("ssl", s.On, "ssl_protocol", s.Protocol, "ssl_key_exchange", s.KeyExchange, "ssl_cipher", s.Cipher,
		"ssl_hash", s.Hash, "peer_cert_subject", s.PeerSubject, "peer_cert_issuer", s.PeerIssuer, "peer_cert_validity", s.PeerValidity)
}

// tlsStatus is what TLS has settled.
func (c *connection) tlsStatus() (s TLSStatus) {
	secure, ok := c.sock.(*tls.Conn)
	if !ok {
		return s
	}
	state := secure.ConnectionState()
	s.On = true
	s.Protocol = strings.ToLower(strings.ReplaceAll(tls.VersionName(state.Version), "TLS ", "tlsv"))
	s.KeyExchange, s.Cipher, s.Hash = cipherParts(tls.CipherSuiteName(state.CipherSuite))
	if len(state.PeerCertificates) > 0 {
		peer := state.PeerCertificates[0]
		s.PeerSubject, s.PeerIssuer = peer.Subject.String(), peer.Issuer.String()
		s.PeerValidity = peer.NotBefore.UTC().Format(time.RFC3339) + " - " + peer.NotAfter.UTC().Format(time.RFC3339)
	}
	return s
}

// cipherParts takes the name of a cipher suite apart, like
// TLS_ECDHE_RSA_WITH_AES_128_GCM_SHA256, into what Erlang calls its key exchange,
// cipher and hash.
func cipherParts(suite string) (exchange, cipher, hash string) {
	suite = strings.ToLower(strings.TrimPrefix(suite, "TLS_"))
	exchange, rest, two := strings.Cut(suite, "_with_")
	if !two { // since TLS 1.3 a suite names none
		exchange, rest = "any", suite
	}
	at := strings.LastIndexByte(rest, '_')
	cipher, hash = rest[:max(at, 0)], rest[at+1:]
	if strings.HasSuffix(cipher, "gcm") || strings.HasSuffix(cipher, "poly1305") {
		hash = "aead"
	}
	return exchange, cipher, hash
}
