package server

import (
	"bytes"
	"crypto/tls"
	"errors"
	"fmt"
	"strings"
	"time"

	"github.com/leveretmq/leveret/amqp"
	"github.com/leveretmq/leveret/auth"
	"github.com/leveretmq/leveret/broker"
)

// CompatibleWith is the version of RabbitMQ that clients are shown everywhere, since
// they look at it to know what they may use.
const CompatibleWith = "4.0.5"

// What the server says of itself. Clients look at the product and at the
// version to know what they may use, so both are RabbitMQ's; Leveret's own
// follow beside them.
const (
	product          = "RabbitMQ"
	information      = "Leveret, an AMQP 0-9-1 broker compatible with RabbitMQ"
	copyright        = "Copyright the Leveret authors. Licensed under the Apache License 2.0."
	platform         = "Go"
	locale           = "en_US"
	loginRefusedText = "Login was refused using authentication mechanism %s. For details see the broker logfile."
)

// greet reads the protocol header and begins the handshake.
func (c *connection) greet() error {
	for len(c.input.buffered()) < len(amqp.ProtocolHeader) {
		if err := c.read(); err != nil {
			return err
		}
	}
	c.logAccepted()
	header := c.input.buffered()[:len(amqp.ProtocolHeader)]
	if !amqp.ParseProtocolHeader(header) {
		c.mu.Lock()
		c.out = append(c.out, amqp.ProtocolHeader...)
		c.mu.Unlock()
		return fmt.Errorf("bad protocol header %q%s", header, hint(header))
	}
	c.input.consume(len(header))
	c.send(0, &amqp.ConnectionStart{
		VersionMinor:     9,
		ServerProperties: c.server.properties(),
		Mechanisms:       c.server.Authenticator.MechanismsFor(c.identity()),
		Locales:          locale,
	})
	return nil
}

// hint says what a peer that does not speak AMQP seems to be.
func hint(header []byte) string {
	switch {
	case strings.HasPrefix(string(header), "GET "):
		return ": an HTTP client on the AMQP port"
	case header[0] == 0x16 && header[1] == 3:
		return ": a TLS client on the AMQP port without TLS"
	}
	return ""
}

// properties are the server properties of connection.start, sorted as
// RabbitMQ sorts them. A capability is only told of what is there.
func (s *Server) properties() amqp.Table {
	capabilities := amqp.Table{}
	for _, name := range []string{
		"publisher_confirms", "exchange_exchange_bindings", "basic.nack", "consumer_cancel_notify", "connection.blocked",
		"consumer_priorities", "authentication_failure_close", "per_consumer_qos", "direct_reply_to",
	} {
		capabilities = append(capabilities, amqp.Field{Key: name, Value: true})
	}
	return amqp.Table{
		{Key: "capabilities", Value: capabilities},
		{Key: "cluster_name", Value: s.NodeName},
		{Key: "copyright", Value: copyright},
		{Key: "information", Value: information},
		{Key: "leveret_version", Value: s.Version},
		{Key: "platform", Value: platform},
		{Key: "product", Value: product},
		{Key: "version", Value: CompatibleWith},
	}
}

// handshake acts on a frame before the connection is open. What breaks the
// protocol here gets no answer: the connection is kept a while and dropped
// (RabbitMQ behaviour).
func (c *connection) handshake(f amqp.Frame) error {
	if f.Channel == 0 && f.Type == amqp.FrameHeartbeat {
		return nil
	}
	if f.Channel != 0 || f.Type != amqp.FrameMethod {
		return c.refuseOrClose(amqp.UnexpectedFrame(f))
	}
	method, err := amqp.DecodeMethod(f.Payload)
	var protocol *amqp.Error
	if errors.As(err, &protocol) {
		return c.refuseOrClose(protocol)
	}
	if err != nil { // an unknown method: no answer in any state
		return err
	}
	switch m := method.(type) {
	case *amqp.ConnectionStartOk:
		if c.state == stateStarting {
			return c.login(m)
		}
	case *amqp.ConnectionTuneOk:
		if c.state == stateTuning {
			return c.tune(m)
		}
	case *amqp.ConnectionOpen:
		if c.state == stateOpening {
			return c.open(m)
		}
	}
	return c.refuseOrClose(amqp.Errorf(amqp.CodeChannelError, "unexpected method in connection state %s", c.state).At(method.ID()))
}

// refuseOrClose gives the client an answer where RabbitMQ gives one, which is
// in the last state of the handshake.
func (c *connection) refuseOrClose(e *amqp.Error) error {
	if c.state == stateOpening {
		c.close(e)
		return nil
	}
	return c.refuse(e)
}

func (c *connection) login(m *amqp.ConnectionStartOk) error {
	c.client = readClientProperties(m.ClientProperties)
	if c.observed() {
		c.client.terms = broker.Terms(m.ClientProperties)
	}
	c.mechanism = m.Mechanism
	c.logNamed()
	user, err := c.server.Authenticator.Login(m.Mechanism, m.Response, c.identity())
	c.countLogin(user.Name, err)
	switch {
	case err == nil:
		c.tellLogin(user.Name)
	case errors.Is(err, auth.ErrRefused):
		c.tellRefused(err)
		c.refused = true
		c.logError(err)
		if c.client.authFailureClose {
			e := amqp.Errorf(amqp.CodeAccessRefused, loginRefusedText, m.Mechanism)
			c.send(0, &amqp.ConnectionClose{ReplyCode: uint16(e.Code), ReplyText: e.ReplyText()})
		}
		return c.refuse(err)
	default:
		return c.refuse(fmt.Errorf("login with mechanism %q: %w", m.Mechanism, err))
	}
	c.user = user
	c.log = c.log.With("user", user.Name)
	if c.client.name != "" {
		c.log = c.log.With("connection_name", c.client.name)
	}
	c.enterState(stateTuning)
	c.send(0, &amqp.ConnectionTune{
		ChannelMax: c.server.ChannelMax,
		FrameMax:   c.server.FrameMax,
		Heartbeat:  uint16(min(c.server.Heartbeat/time.Second, 1<<16-1)),
	})
	return nil
}

// identity is where the client is, and what it has proved by TLS.
func (c *connection) identity() auth.Peer {
	peer := auth.Peer{Remote: c.sock.RemoteAddr(), Local: c.sock.LocalAddr()}
	if secure, ok := c.sock.(*tls.Conn); ok {
		peer.TLS = true
		if chains := secure.ConnectionState().VerifiedChains; len(chains) > 0 {
			peer.Certificates = chains[0]
		}
	}
	return peer
}

func readClientProperties(t amqp.Table) clientProperties {
	p := clientProperties{encoded: bytes.Clone(amqp.AppendTable(nil, t))}
	if name, ok := t.Lookup("connection_name"); ok {
		p.name, _ = name.(string) // another type is ignored (RabbitMQ behaviour)
	}
	value, _ := t.Lookup("capabilities")
	capabilities, _ := value.(amqp.Table)
	has := func(name string) bool {
		value, _ := capabilities.Lookup(name)
		return value == true
	}
	p.authFailureClose = has("authentication_failure_close")
	p.consumerCancelNotify = has("consumer_cancel_notify")
	p.connectionBlocked = has("connection.blocked")
	return p
}

// tune checks the client's choice. It is not bent into what would be allowed:
// a client that asks for more than it was offered is refused (RabbitMQ
// behaviour). The heartbeat is the client's alone.
func (c *connection) tune(m *amqp.ConnectionTuneOk) error {
	s := c.server
	for _, limit := range []struct {
		name                   string
		value, lowest, offered uint32
	}{
		{"frame_max", m.FrameMax, amqp.FrameMinSize, s.FrameMax},
		{"channel_max", uint32(m.ChannelMax), 1, uint32(s.ChannelMax)},
	} {
		if e := checkTuned(limit.name, limit.value, limit.lowest, limit.offered); e != nil {
			c.close(e.At(amqp.IDConnectionTune))
			return nil
		}
	}
	c.mu.Lock()
	c.frameMax = m.FrameMax
	c.mu.Unlock()
	c.channelMax = m.ChannelMax
	c.heart.start(time.Duration(m.Heartbeat) * time.Second)
	c.enterState(stateOpening)
	return nil
}

func checkTuned(name string, value, lowest, offered uint32) *amqp.Error {
	switch {
	case value == 0:
		return amqp.Errorf(amqp.CodeNotAllowed,
			"negotiated %s = 0 (no limit) is higher than the maximum allowed value (%d)", name, offered)
	case value < lowest:
		return amqp.Errorf(amqp.CodeNotAllowed,
			"negotiated %s = %d is lower than the minimum allowed value (%d)", name, value, lowest)
	case value > offered:
		return amqp.Errorf(amqp.CodeNotAllowed,
			"negotiated %s = %d is higher than the maximum allowed value (%d)", name, value, offered)
	}
	return nil
}

// open chooses the virtual host; afterwards the connection is open.
func (c *connection) open(m *amqp.ConnectionOpen) error {
	if e := c.enter(m.VirtualHost); e != nil {
		c.close(e.At(m.ID()))
		return nil
	}
	c.log = c.log.With("vhost", m.VirtualHost)
	c.enterState(stateRunning)
	c.label = c.name()
	c.opened.Store(time.Now().UnixMilli())
	c.server.Broker.ConnectionCreated()
	c.input.deadline = time.Time{}
	c.send(0, &amqp.ConnectionOpenOk{})
	c.logOpened(m.VirtualHost)
	c.tellOpened()
	return nil
}

func (c *connection) enter(name string) *amqp.Error {
	if err := c.server.admit(c, name); err != nil {
		return err
	}
	err := c.server.Authenticator.Enter(c.user, name)
	if err == nil {
		return nil
	}
	c.vhost = nil
	var refusal *amqp.Error
	if errors.As(err, &refusal) {
		return refusal
	}
	return amqp.Errorf(amqp.CodeInternalError, "cannot tell whether user '%s' may enter vhost '%s': %v", c.user.Name, name, err)
}

// handleConnection acts on a frame of channel 0 of an open connection.
func (c *connection) handleConnection(f amqp.Frame) error {
	if f.Type == amqp.FrameHeartbeat {
		return nil
	}
	if f.Type != amqp.FrameMethod {
		if c.state == stateClosing {
			return nil
		}
		return amqp.UnexpectedFrame(f)
	}
	method, err := amqp.DecodeMethod(f.Payload)
	if err != nil {
		if c.state == stateClosing {
			return nil
		}
		return err
	}
	switch method.(type) {
	case *amqp.ConnectionClose:
		c.release()
		if err := c.settle(); err != nil {
			return err
		}
		c.send(0, &amqp.ConnectionCloseOk{})
		if c.state == stateClosing {
			return nil // both closed at once: the answer to ours follows
		}
		return errEnded
	case *amqp.ConnectionCloseOk:
		if c.state == stateClosing {
			return errEnded
		}
	case *amqp.ConnectionUpdateSecret:
		if c.state == stateRunning {
			c.send(0, &amqp.ConnectionUpdateSecretOk{})
			return nil
		}
	}
	if c.state == stateClosing {
		return nil
	}
	return amqp.Errorf(amqp.CodeChannelError, "unexpected method in connection state %s", c.state).At(method.ID())
}
