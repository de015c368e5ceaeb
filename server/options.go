package server

import (
	"log/slog"
	"time"

	"github.com/leveretmq/leveret/amqp"
	"github.com/leveretmq/leveret/auth"
	"github.com/leveretmq/leveret/broker"
)

// Authenticator is what the server needs of identity.
type Authenticator interface {
	// MechanismsFor lists the SASL mechanisms that the peer is offered, separated by
	// spaces.
	MechanismsFor(peer auth.Peer) string
	// Login checks the response of a mechanism.
	Login(mechanism, response string, peer auth.Peer) (auth.User, error)
	// Enter answers nil if the user may open a connection to a vhost. A refusal is an
	// *amqp.Error.
	Enter(user auth.User, vhost string) error
	Permissions
	// Limits says what the virtual host and the user may have open.
	Limits(vhost string, user auth.User) (ofVHost, ofUser auth.Limits)
}

// Options is what a server is made of. Zero values of the limits stand for the
// defaults, which are RabbitMQ's unless noted.
type Options struct {
	Broker        *broker.Broker
	Authenticator Authenticator
	Logger        *slog.Logger
	// Version is Leveret's own version, shown to clients.
	Version string
	// NodeName is shown to clients as the name of the cluster.
	NodeName string

	// FrameMax is the largest frame offered to clients, in octets (131072).
	FrameMax uint32
	// InitialFrameMax bounds frames until the client has logged in, in octets
	// (8192).
	InitialFrameMax uint32
	// ChannelMax is the number of channels a connection may have (2047).
	ChannelMax uint16
	// Heartbeat is the interval offered to clients (60 s); negative offers
	// none.
	Heartbeat time.Duration
	// HandshakeTimeout bounds the time from accept to connection.open (10 s).
	HandshakeTimeout time.Duration
	// RefusalDelay is how long a connection that failed before it was open is
	// kept before it is dropped, to slow down guessing (3 s).
	RefusalDelay time.Duration
	// CloseTimeout bounds the wait for a client's connection.close-ok (30 s).
	CloseTimeout time.Duration
	// MaxMessageSize is the largest body, in octets (134217728, the permissive
	// side of RabbitMQ's versions).
	MaxMessageSize uint64
	// BlockedGrace is how much a client may publish after it was told of an alarm,
	// in octets, before it is not read any more; zero is nothing (RabbitMQ).
	BlockedGrace int64
	// ConsumerTimeout is how long a message of a quorum queue may stay
	// unacknowledged; zero means for ever. Arguments of queues and consumers go
	// before it.
	ConsumerTimeout time.Duration
	// MaxConsumersPerChannel bounds consumers; zero means no bound.
	MaxConsumersPerChannel int
	// MaxConnections and MaxChannels bound connections and their channels, of all
	// clients together; zero means no bound.
	MaxConnections, MaxChannels int
	// MaxUnacked bounds what the consumers of a channel may have and not acknowledge,
	// whatever they ask for; zero means no bound.
	MaxUnacked int
	// MaxUnwritten is how much may wait for a slow client, in octets, before its own
	// requests are no longer read (1 MiB).
	MaxUnwritten int
	// MaxHeaderSize bounds the properties of a message, in octets; zero leaves that to
	// the size of a frame.
	MaxHeaderSize int
	// ConnectionRate and VHostRate are what a connection, and all connections to a
	// virtual host together, may publish.
	ConnectionRate, VHostRate Rate
}

// Defaults of the limits.
const (
	DefaultFrameMax         = 131072
	DefaultInitialFrameMax  = 8192
	DefaultChannelMax       = 2047
	DefaultHeartbeat        = 60 * time.Second
	DefaultHandshakeTimeout = 10 * time.Second
	DefaultRefusalDelay     = 3 * time.Second
	DefaultCloseTimeout     = 30 * time.Second
	DefaultMaxMessageSize   = 128 << 20
	DefaultBlockedGrace     = 128 << 10
	DefaultMaxUnwritten     = 1 << 20
)

func (o Options) withDefaults() Options {
	setDefault(&o.FrameMax, DefaultFrameMax)
	setDefault(&o.InitialFrameMax, DefaultInitialFrameMax)
	setDefault(&o.ChannelMax, DefaultChannelMax)
	setDefault(&o.Heartbeat, DefaultHeartbeat)
	setDefault(&o.HandshakeTimeout, DefaultHandshakeTimeout)
	setDefault(&o.RefusalDelay, DefaultRefusalDelay)
	setDefault(&o.CloseTimeout, DefaultCloseTimeout)
	setDefault(&o.MaxMessageSize, DefaultMaxMessageSize)
	setDefault(&o.MaxUnwritten, DefaultMaxUnwritten)
	o.FrameMax = max(o.FrameMax, amqp.FrameMinSize)
	o.InitialFrameMax = max(o.InitialFrameMax, amqp.FrameMinSize)
	o.Heartbeat = max(o.Heartbeat, 0)
	if o.Logger == nil {
		o.Logger = slog.New(slog.DiscardHandler)
	}
	return o
}

func setDefault[T comparable](field *T, value T) {
	var zero T
	if *field == zero {
		*field = value
	}
}

// The sizes of a connection's buffers, in octets, and its times.
const (
	// readBufferMin is what an idle connection's read buffer costs.
	readBufferMin = 16 << 10
	// readBufferMax is where growth by busy reads ends; larger gains nothing.
	readBufferMax = 256 << 10
	// writeSize is what one write carries at most, apart from a single larger
	// message: more costs cache, less costs system calls.
	writeSize = 256 << 10
	// keptBuffer is the largest write buffer that is kept for the next write.
	keptBuffer = 512 << 10
	// lastWriteTimeout is how long a connection that has ended tries to get
	// its last answers out.
	lastWriteTimeout = 5 * time.Second
	// idleBuffer is the largest write buffer that an idle connection keeps.
	idleBuffer = 16 << 10
	// shrinkAfter is how long a grown buffer may lie idle.
	shrinkAfter = 5 * time.Second
)
