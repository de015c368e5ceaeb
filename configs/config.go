package configs

import "time"

// Config is everything that can be set. The comment of a field is what the
// sample file says about its key.
type Config struct {
	// File is the configuration file that was read, empty if there was none.
	// It is no key of the file.
	File string

	// A rabbitmq.conf that is read as well, or the folder that has it, and the files
	// in conf.d beside it. A key of this file goes before it.
	RabbitMQConf string `key:"rabbitmq-conf"`

	// Directory for everything that has to survive a restart. It is created if
	// it is missing; a relative path starts at the working directory. One broker
	// at a time can use it.
	DataDir string `key:"data-dir"`

	// Addresses for AMQP 0-9-1 clients, each as host:port; without a host it
	// listens on all interfaces, with port 0 on any free port. unix: and a path is a
	// Unix socket, whose clients count as from this machine. There need not be
	// any if there is one for TLS.
	AMQPListen []string `key:"amqp-listen"`
	// Addresses for AMQP 0-9-1 clients over TLS, in the same form; none by
	// default. RabbitMQ uses port 5671.
	TLSListen []string `key:"tls-listen"`
	// PEM files with the certificates, each with its chain. A client gets the
	// first that fits the name that it asks for, or else the first. Files that
	// change are used by the next connection.
	TLSCertificates []string `key:"tls-certificates"`
	// PEM files with the keys of the certificates, in the same order.
	TLSKeys []string `key:"tls-keys"`
	// PEM file with the authorities that sign the certificates of clients.
	TLSAuthorities string `key:"tls-authorities"`
	// File with lists of revoked certificates of clients (CRL).
	TLSRevoked string `key:"tls-revoked"`
	// Whether clients are asked for certificates: none; verify takes clients
	// without one, but none with a bad one; require takes none without.
	TLSClients string `key:"tls-clients"`
	// Oldest version of TLS that a client may use: 1.2 or 1.3.
	TLSVersion string `key:"tls-version"`
	// Networks of the proxies that tell who their clients are (PROXY protocol,
	// version 1 or 2), such as 10.0.0.0/8. They have to, and nobody else may.
	ProxyProtocolFrom []string `key:"proxy-protocol-from"`
	// Address of the HTTP API for management, or none.
	HTTPListen string `key:"http-listen"`
	// Address of the same over TLS, with the certificates of tls-certificates, or
	// none. RabbitMQ uses port 15671.
	HTTPSListen string `key:"https-listen"`
	// Path in front of all paths of the HTTP API, such as /rabbit, for a proxy that
	// does not take it away. It does not end in a slash.
	HTTPPrefix string `key:"http-prefix"`
	// Largest body of a request to the HTTP API, in octets: a file of definitions has
	// to fit.
	HTTPMaxBody int64 `key:"http-max-body"`
	// How many connections each address of HTTP has at most: of the API, of the API over
	// TLS, of the metrics. One more ends the one that has been without a request for
	// the longest time. Zero is any number. An eighth of the files that the process may
	// open is the most in any case.
	HTTPMaxConnections int `key:"http-max-connections"`
	// How much the HTTP API tells of what messages do, as RabbitMQ's
	// management.rates_mode: basic tells of each object, detailed also of what goes
	// on between any two (from an exchange to a queue, from a queue to a channel),
	// none only how many messages there are.
	RatesMode string `key:"rates-mode"`
	// Address of the Prometheus metrics, or none. Whoever can connect can read
	// them.
	MetricsListen string `key:"metrics-listen"`
	// Address of Go's profiles, for who looks into the broker, or none: an address of
	// this machine (127.0.0.1:6060), or a socket that only the user of the broker can
	// open (unix:/run/leveret/pprof.sock).
	PprofListen string `key:"pprof-listen"`
	// Whether /metrics has a line for each object, as /metrics/per-object always has.
	MetricsPerObject bool `key:"metrics-per-object"`
	// Path of the socket through which the command line of this machine manages the
	// broker without a password, or none; if it is empty, control.sock in the data
	// directory. Only the user that the broker runs as can open it.
	ControlSocket string `key:"control-socket"`

	// Least severity that is logged: debug, info, warn or error.
	LogLevel string `key:"log-level"`
	// Levels of categories that differ, each as category=level: default, connection,
	// channel, queue, exchange, storage, management, upgrade or audit, and a severity
	// or none.
	LogLevels []string `key:"log-levels"`
	// Form of the log: text is RabbitMQ's, json has its keys.
	LogFormat string `key:"log-format"`
	// Whether the log goes to standard error.
	LogConsole bool `key:"log-console"`
	// File that the log goes to as well; none if it is empty. SIGHUP and SIGUSR1
	// open it anew.
	LogFile string `key:"log-file"`
	// File with a line for each change that operators make; if it is empty, these
	// lines are in the log.
	AuditLog string `key:"audit-log"`
	// Virtual host in which each line of the log is also published, to the
	// exchange amq.rabbitmq.log, with its level as the routing key; none if it is
	// empty.
	LogExchange string `key:"log-exchange"`
	// Least severity that is published: debug, info, warn or error.
	LogExchangeLevel string `key:"log-exchange-level"`
	// Virtual host in which events are published (queue.created and so on), to
	// the exchange amq.rabbitmq.event; none if it is empty.
	EventExchange string `key:"event-exchange"`
	// Virtual hosts in which each message that is published or delivered is
	// published once more, to the exchange amq.rabbitmq.trace.
	Tracing []string `key:"tracing"`

	// When a persistent message counts as safe and is confirmed. With fsync it
	// is on the disk and survives a power cut. With os the operating system has
	// it: it survives a crash of the broker, but not of the machine.
	Durability string `key:"durability"`

	// What queued messages may cost in memory together, in octets, 1048576 or
	// more. Beyond it the longest queues keep their messages on the disk until
	// consumers come near them.
	MemoryBudget int64 `key:"memory-budget"`

	// Memory that the broker may use before publishers are blocked, as RabbitMQ's
	// vm_memory_high_watermark: a part of what the machine or the control group
	// has (0.6), a number of octets, 134217728 or more, also with a unit (2GiB),
	// or none. Consumers go on.
	MemoryHighWatermark string `key:"memory-high-watermark"`
	// What a client may still publish when it was told that publishers are
	// blocked, in octets or with a unit, before it is not read any more until
	// they are not; 0 means nothing. While it is read it can acknowledge.
	BlockedGrace int64 `key:"blocked-grace"`

	// Free space on the disk of the data directory below which publishers are
	// blocked, as RabbitMQ's disk_free_limit: in octets, or with a unit (1GiB,
	// 500MB); 160 MiB or more. Consumers go on. Below an eighth of it (64 MiB
	// at least, 256 MiB at most) nothing is written or confirmed until there is
	// room.
	DiskFreeLimit int64 `key:"disk-free-limit"`
	// Size of a file that is kept in the data directory and given up on a full
	// disk, so that the broker can start and consumers can make room; 0 means
	// none, otherwise 32 MiB or more.
	DiskBallast int64 `key:"disk-ballast"`

	// Largest frame in octets that is proposed to clients, 4096 or more; 0 means
	// no limit.
	FrameMax uint32 `key:"frame-max"`
	// Largest frame in octets that a client may send before it has logged in.
	InitialFrameMax uint32 `key:"initial-frame-max"`
	// Number of channels that a connection may have open; 0 means no limit.
	ChannelMax uint16 `key:"channel-max"`
	// Heartbeat interval that is proposed to clients, in whole seconds; 0 means
	// none. A client that is silent for two to three intervals is disconnected.
	Heartbeat time.Duration `key:"heartbeat"`
	// Time that a client has to log in and open its virtual host.
	HandshakeTimeout time.Duration `key:"handshake-timeout"`
	// Time that a client whose login failed is kept waiting before its
	// connection is dropped, so that passwords cannot be tried quickly.
	RefusalDelay time.Duration `key:"refusal-delay"`

	// Largest message body in octets, 536870912 at most.
	MaxMessageSize int64 `key:"max-message-size"`
	// Time that consumers of quorum queues have to acknowledge a message before it
	// goes back to its queue and the consumer is cancelled; 0 means any. The
	// argument x-consumer-timeout of a queue or a consumer goes before it, which
	// may be a classic queue's, too. It is kept a tenth too late at most.
	ConsumerTimeout time.Duration `key:"consumer-timeout"`
	// Number of consumers that a channel may have; 0 means no limit.
	MaxConsumersPerChannel int `key:"max-consumers-per-channel"`
	// Number of client connections that may be open at a time; 0 means no limit.
	MaxConnections int `key:"max-connections"`
	// Number of channels that all connections together may have open; 0 means no
	// limit. RabbitMQ's channel_max_per_node.
	MaxChannels int `key:"max-channels"`
	// Number of messages that the consumers of a channel may have and not
	// acknowledge, whatever they ask for; 0 means no limit.
	MaxUnacked int `key:"max-unacked"`
	// What may wait for a client that reads slowly, in octets or with a unit, before
	// its own requests are no longer read.
	MaxUnwritten int64 `key:"max-unwritten"`
	// Size of the properties of a message, headers included, in octets or with a
	// unit; 0 leaves it to the size of a frame.
	MaxHeaderSize int64 `key:"max-header-size"`
	// Number of queues, exchanges and virtual hosts; 0 means no limit. RabbitMQ's
	// cluster_queue_limit, cluster_exchange_limit and vhost_max.
	MaxQueues    int `key:"max-queues"`
	MaxExchanges int `key:"max-exchanges"`
	MaxVHosts    int `key:"max-vhosts"`
	// What a connection may publish in a second: messages, and octets of all that it
	// sends, also with a unit; 0 means no limit. Who is faster is read more slowly.
	ConnectionMessageRate int   `key:"connection-message-rate"`
	ConnectionOctetRate   int64 `key:"connection-octet-rate"`
	// The same for all connections to a virtual host together, each virtual host for
	// itself.
	VHostMessageRate int   `key:"vhost-message-rate"`
	VHostOctetRate   int64 `key:"vhost-octet-rate"`

	// Type of a queue whose declaration names none: classic or quorum. It applies
	// to durable queues that are neither exclusive nor auto-delete; others are
	// classic. RabbitMQ's default_queue_type.
	DefaultQueueType string `key:"default-queue-type"`
	// Queue types of which no queue can be declared: any of classic, quorum and
	// stream. Queues that exist stay. RabbitMQ's queue_types.*.enabled.
	DisabledQueueTypes []string `key:"disabled-queue-types"`
	// Whether clients may declare an existing quorum queue once more as a classic
	// one, as they do after a move to quorum queues. RabbitMQ's
	// quorum_queue.property_equivalence.relaxed_checks_on_redeclaration.
	RelaxedQueueTypes bool `key:"relaxed-queue-types"`

	// Users that are made in an empty data directory, each with a name, a password
	// and, if need be, tags; they may do everything in the virtual host of the key
	// vhost. Users that are given here other than the default are also made, and get
	// their password and tags back, at each start. Others are made while the broker
	// runs, and stay.
	Users []User `key:"users"`
	// Whether these users and the virtual host are made in an empty data directory
	// only. Those of a rabbitmq.conf are.
	UsersOnce bool `key:"users-once"`
	// File of definitions in RabbitMQ's form, or folder with such files, that is
	// imported at each start; then no users are made but those that are given here.
	LoadDefinitions string `key:"load-definitions"`
	// Whether files that were imported last time, and have not changed, are passed
	// over.
	SkipUnchanged bool `key:"load-definitions-skip-unchanged"`
	// How clients may prove who they are: PLAIN and AMQPLAIN with a password,
	// EXTERNAL with the certificate of TLS, ANONYMOUS not at all.
	AuthMechanisms []string `key:"auth-mechanisms"`
	// User that clients are who choose ANONYMOUS.
	AnonymousUser string `key:"anonymous-user"`
	// What of a certificate is the name of the user, for EXTERNAL:
	// distinguished-name, common-name, or the first subject alternative name of a
	// kind, dns-name, email, uri or ip.
	CertificateLogin string `key:"certificate-login"`
	// How new passwords are kept: sha256 and sha512 as RabbitMQ does and can
	// import, or argon2id, which is expensive to guess.
	PasswordHashing string `key:"password-hashing"`
	// Users who may connect from this machine only.
	LoopbackUsers []string `key:"loopback-users"`
	// Whether tries to log in are also counted by address and user, not just by
	// protocol. RabbitMQ's track_auth_attempt_source.
	TrackLogins bool `key:"track-logins"`

	// Virtual host that is made in an empty data directory, or at each start if it
	// is another one than the default. Others are made while the broker runs, and
	// stay.
	VHost string `key:"vhost"`
	// Name of the cluster that the management shows unless an operator has set
	// another; if it is empty, the name of the node.
	ClusterName string `key:"cluster-name"`
	// Name that the broker goes by towards clients; if it is empty, leveret@ and
	// the name of the machine.
	NodeName string `key:"node-name"`

	// Do nothing but check the configuration: report what is wrong with it, or
	// that it is right, and end.
	CheckConfig bool `key:"check-config"`
}

// The values of Config.Durability.
const (
	DurabilityFsync = "fsync"
	DurabilityOS    = "os"
)

// The values of Config.DefaultQueueType and Config.DisabledQueueTypes. A stream
// cannot be the default.
const (
	QueueClassic = "classic"
	QueueQuorum  = "quorum"
	QueueStream  = "stream"
)

// The values of Config.RatesMode.
const (
	RatesBasic    = "basic"
	RatesDetailed = "detailed"
	RatesNone     = "none"
)

// The values of Config.LogFormat.
const (
	LogText = "text"
	LogJSON = "json"
)

// The values of Config.LogLevel. None is for Config.LogLevels only.
const (
	LogNone  = "none"
	LogDebug = "debug"
	LogInfo  = "info"
	LogWarn  = "warn"
	LogError = "error"
)

// Values of Config.CertificateLogin.
const (
	LoginDistinguishedName = "distinguished-name"
	LoginCommonName        = "common-name"
	LoginDNSName           = "dns-name"
	LoginEmail             = "email"
	LoginURI               = "uri"
	LoginIP                = "ip"
)

// Values of Config.PasswordHashing.
const (
	HashingSHA256   = "sha256"
	HashingSHA512   = "sha512"
	HashingArgon2id = "argon2id"
)

// SocketPrefix begins an address that is the path of a socket.
const SocketPrefix = "unix:"

// ListenNone is the address of a listener that is switched off.
const ListenNone = "none"

// User is one entry of Config.Users.
type User struct {
	Name     string
	Password Secret
	Tags     []string
}

// Secret is a text that formatting does not show.
type Secret string

// String hides the secret from package fmt and from logs.
func (Secret) String() string { return "***" }

// MarshalText hides the secret from encoders.
func (s Secret) MarshalText() ([]byte, error) { return []byte(s.String()), nil }

// Default is the configuration without any file, variable or flag: RabbitMQ's
// figures where it has them.
func Default() Config {
	return Config{
		DataDir:                "data",
		AMQPListen:             []string{":5672"},
		LogExchangeLevel:       LogInfo,
		Tracing:                []string{},
		TLSListen:              []string{},
		TLSCertificates:        []string{},
		TLSKeys:                []string{},
		ProxyProtocolFrom:      []string{},
		TLSClients:             ClientsNone,
		TLSVersion:             TLS12,
		HTTPListen:             ":15672",
		RatesMode:              RatesBasic,
		MetricsListen:          ":15692",
		HTTPSListen:            ListenNone,
		HTTPMaxBody:            20_000_000,
		HTTPMaxConnections:     1000,
		PprofListen:            ListenNone,
		LogLevel:               LogInfo,
		LogLevels:              []string{},
		LogFormat:              LogText,
		LogConsole:             true,
		Durability:             DurabilityFsync,
		MemoryBudget:           50331648,
		MemoryHighWatermark:    "0.6",
		BlockedGrace:           128 << 10,
		DiskFreeLimit:          1 << 30,
		DiskBallast:            256 << 20,
		FrameMax:               131072,
		InitialFrameMax:        8192,
		ChannelMax:             2047,
		Heartbeat:              60 * time.Second,
		HandshakeTimeout:       10 * time.Second,
		RefusalDelay:           3 * time.Second,
		MaxMessageSize:         134217728,
		ConsumerTimeout:        30 * time.Minute,
		MaxConsumersPerChannel: 0,
		MaxConnections:         0,
		MaxUnwritten:           1 << 20,
		DefaultQueueType:       QueueClassic,
		DisabledQueueTypes:     []string{},
		Users:                  []User{{Name: "guest", Password: "guest", Tags: []string{"administrator"}}},
		AuthMechanisms:         []string{"PLAIN", "AMQPLAIN"},
		CertificateLogin:       LoginDistinguishedName,
		PasswordHashing:        HashingSHA256,
		LoopbackUsers:          []string{"guest"},
		VHost:                  "/",
	}
}
