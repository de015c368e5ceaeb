package server

import (
	"cmp"
	"net"
	"net/netip"
	"slices"
	"time"

	"github.com/leveretmq/leveret/amqp"
	"github.com/leveretmq/leveret/message"
	"github.com/leveretmq/leveret/queue"
)

// ConnectionStatus is what is known of an open connection at one moment. It is
// nobody else's.
type ConnectionStatus struct {
	// Name is how RabbitMQ calls the connection, and UserProvidedName how its
	// client does; that may be empty.
	Name, UserProvidedName string
	// Number tells connections apart for as long as the broker runs, and Process
	// stands for it where RabbitMQ has an Erlang process.
	Number  uint64
	Process string
	User    string
	VHost   string
	// State is one of RabbitMQ's words: running, blocked, blocking, flow, or closed: while
	// the client has to answer that it knows, for 30 s or one heartbeat at most.
	State string

	Host, PeerHost string
	Port, PeerPort int
	TLS            TLSStatus
	AuthMechanism  string
	// Heartbeat is the interval that the client has chosen; zero is none.
	Heartbeat time.Duration
	FrameMax  uint32 // in octets
	// ChannelMax is how many channels the client may have, and ChannelCount how many
	// it has.
	ChannelMax       uint16
	ChannelCount     int
	ClientProperties amqp.Table
	ConnectedAt      time.Time

	ReceivedOctets, SentOctets uint64
	// ReceivedPackets and SentPackets are reads and writes of the socket.
	ReceivedPackets, SentPackets uint64
	// Pending is octets that wait to be written.
	Pending int

	Channels []ChannelStatus
}

// TLSStatus is what TLS has settled; all texts are empty without it.
type TLSStatus struct {
	On                                    bool
	Protocol, KeyExchange, Cipher, Hash   string
	PeerSubject, PeerIssuer, PeerValidity string
}

// ChannelStatus is what is known of a channel at one moment.
type ChannelStatus struct {
	// Name is the name of its connection with the number in brackets.
	Name   string
	Number uint16
	// Process stands for the channel where RabbitMQ has an Erlang process.
	Process string
	// Connection, User, VHost, PeerHost and PeerPort are those of its connection.
	Connection, User, VHost string
	PeerHost                string
	PeerPort                int
	// State is running, or flow while publishes have to wait.
	State string

	Confirm       bool
	Transactional bool
	// Prefetch is the limit of consumers to come, and GlobalPrefetch that of the
	// whole channel; zero is none.
	Prefetch, GlobalPrefetch int
	// Unacked are messages that the client has and has not settled, Unconfirmed
	// publishes that were not confirmed yet; Uncommitted and AcksUncommitted are
	// publishes and acknowledgements of a transaction.
	Unacked, Unconfirmed, Uncommitted, AcksUncommitted int

	// Publishes and Deliveries tell the counters for each exchange that the channel
	// has published to, and each queue that it has got messages of.
	Counters              message.Counters
	Publishes, Deliveries []Traffic
	Passages              []ChannelPassage // see Server.WatchPassages
	Consumers             []queue.ConsumerStatus
	// IdleSince is when the client has used the channel last, within a second.
	IdleSince time.Time
}

// Connections lists the open connections, in the order in which they were opened.
func (s *Server) Connections() []ConnectionStatus {
	open := s.all()
	list := make([]ConnectionStatus, 0, len(open))
	for _, c := range open {
		if status, ok := c.status(); ok {
			list = append(list, status)
		}
	}
	return list
}

// all lists the connections in the order in which they came.
func (s *Server) all() []*connection {
	s.mu.Lock()
	list := make([]*connection, 0, len(s.connections))
	for c := range s.connections {
		list = append(list, c)
	}
	s.mu.Unlock()
	slices.SortFunc(list, func(a, b *connection) int { return cmp.Compare(a.number, b.number) })
	return list
}

// Connection finds an open connection by its name.
func (s *Server) Connection(name string) (ConnectionStatus, bool) {
	if c := s.named(name); c != nil {
		return c.status()
	}
	return ConnectionStatus{}, false
}

func (s *Server) named(name string) *connection {
	s.mu.Lock()
	defer s.mu.Unlock()
	for c := range s.connections {
		if c.opened.Load() != 0 && c.name() == name {
			return c
		}
	}
	return nil
}

// CloseConnection ends a connection with 320 CONNECTION_FORCED and the reason, and
// says whether there is one of the name. It does not wait for the end.
func (s *Server) CloseConnection(name, reason string) bool {
	c := s.named(name)
	if c != nil {
		c.interrupt(reason)
	}
	return c != nil
}

// ConnectionName is the name of the connection, for what belongs to it.
func (c *connection) ConnectionName() string { return c.name() }

var _ queue.Locator = (*consumer)(nil)

// Locate says where the consumer is; see queue.Locator.
func (c *consumer) Locate() queue.ChannelRef {
	conn := c.channel.conn
	host, port := address(conn.sock.RemoteAddr())
	return queue.ChannelRef{
		Connection: conn.name(), Number: c.channel.id, User: conn.user.Name, PeerHost: host, PeerPort: port,
	}
}

// address takes the address of a socket apart. Of one without ports all is host.
func address(of net.Addr) (host string, port int) {
	if tcp, ok := of.(*net.TCPAddr); ok {
		at := tcp.AddrPort()
		return at.Addr().Unmap().String(), int(at.Port())
	}
	at, err := netip.ParseAddrPort(of.String())
	if err != nil {
		return of.String(), 0
	}
	return at.Addr().Unmap().String(), int(at.Port())
}

// status tells what is known of the connection, if it is open. What the handshake
// has settled does not change any more.
func (c *connection) status() (ConnectionStatus, bool) {
	opened := c.opened.Load()
	if opened == 0 {
		return ConnectionStatus{}, false
	}
	s := ConnectionStatus{
		Name: c.name(), UserProvidedName: c.client.name, Number: c.number, Process: c.Process(),
		User: c.user.Name, VHost: c.vhost.Name(), TLS: c.tlsStatus(), AuthMechanism: c.mechanism,
		Heartbeat: c.heart.interval, ChannelMax: c.channelMax, ConnectedAt: time.UnixMilli(opened),
		ReceivedOctets: c.octetsIn.Load(), SentOctets: c.octetsOut.Load(),
		ReceivedPackets: c.reads.Load(), SentPackets: c.writes.Load(),
	}
	s.Host, s.Port = address(c.sock.LocalAddr())
	s.PeerHost, s.PeerPort = address(c.sock.RemoteAddr())
	if properties, err := amqp.DecodeTable(c.client.encoded[4:]); err == nil {
		s.ClientProperties = properties
	}
	var consumers [][]*consumer
	c.mu.Lock()
	s.FrameMax, s.Pending = c.frameMax, len(c.out)
	blocked := c.blockade != nil && !c.blockade.ended()
	for _, ch := range c.channels {
		if !ch.closing {
			status, has := ch.status()
			s.Channels, consumers = append(s.Channels, status), append(consumers, has)
		}
	}
	c.mu.Unlock()
	s.State = c.stateWord(blocked)
	s.ChannelCount = len(s.Channels)
	s.complete(consumers)
	return s, true
}

// stateWord is RabbitMQ's word for what the connection is doing.
func (c *connection) stateWord(blocked bool) string {
	state := state(c.phase.Load())
	switch {
	case state == stateClosing:
		return stateClosed.String() // RabbitMQ's word for it
	case state != stateRunning:
		return state.String()
	case blocked:
		return "blocked"
	case c.server.Broker.Alarms().State().Reason != "":
		return "blocking" // as soon as it publishes
	case c.held.Load():
		return flow
	}
	return state.String()
}

// flow is RabbitMQ's word for publishers that are held back.
const flow = "flow"

// complete fills in what the channels have from their connection, and what only the
// queues of their consumers know.
func (s *ConnectionStatus) complete(consumers [][]*consumer) {
	for i := range s.Channels {
		ch := &s.Channels[i]
		ch.Name = ChannelName(s.Name, ch.Number)
		ch.Connection, ch.User, ch.VHost = s.Name, s.User, s.VHost
		ch.PeerHost, ch.PeerPort = s.PeerHost, s.PeerPort
		for _, consumer := range consumers[i] {
			ch.Consumers = append(ch.Consumers, consumer.Status())
		}
		slices.SortFunc(ch.Consumers, func(a, b queue.ConsumerStatus) int { return cmp.Compare(a.Tag, b.Tag) })
	}
	slices.SortFunc(s.Channels, func(a, b ChannelStatus) int { return cmp.Compare(a.Number, b.Number) })
}

// status tells what the channel knows, and its consumers. The caller holds conn.mu.
func (ch *channel) status() (s ChannelStatus, consumers []*consumer) {
	s = ChannelStatus{
		Number: ch.id, Process: ch.process(), State: stateRunning.String(),
		Confirm: ch.confirms != nil, Transactional: ch.tx != nil,
		Prefetch: ch.prefetch, GlobalPrefetch: int(ch.limiter.Limit()),
		Unacked: ch.unacked.live, Unconfirmed: ch.confirms.unconfirmed(),
		Uncommitted: int(ch.uncommitted.Load()), AcksUncommitted: int(ch.undecided.Load()),
		IdleSince: time.UnixMilli(ch.used.Load()),
	}
	ch.traffic.describe(&s)
	if ch.conn.held.Load() {
		s.State = flow
	}
	for _, c := range ch.consumers {
		consumers = append(consumers, c)
	}
	return s, consumers
}
