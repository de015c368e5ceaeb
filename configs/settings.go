package configs

import (
	"math"
	"slices"
	"strings"
	"time"
)

// Bounds that are not the protocol's own.
const (
	// frameFloor is the protocol's frame-min-size in octets.
	frameFloor = 4096
	// frameCeiling bounds what one frame can make a connection hold, in octets.
	frameCeiling = 512 << 20
	// initialFrameCeiling keeps a stranger from holding much, in octets.
	initialFrameCeiling = 1 << 20
	// freeFloor is the least that the message store needs, in octets: 64 MiB of
	// its own, as much in which to give space back, and 32 MiB for what publishers
	// have under way when they are blocked.
	freeFloor = 160 << 20
	// ballastFloor is what the message store needs to start, in octets: less
	// would be of no use.
	ballastFloor = 32 << 20
	// budgetFloor leaves room for the heads of a few queues, in octets.
	budgetFloor = 1 << 20
	// unwrittenFloor is less than which no message could be sent in peace, in octets.
	unwrittenFloor = 64 << 10
	// messageCeiling is RabbitMQ's hard limit of a body, in octets.
	messageCeiling = 512 << 20
	// consumerTimeoutCeiling is far above any use.
	consumerTimeoutCeiling = 10 * 365 * 24 * time.Hour
	// heartbeatCeiling is what tune can carry.
	heartbeatCeiling = math.MaxUint16 * time.Second
	// handshakeCeiling and refusalCeiling bound how long a stranger holds a
	// connection; in less than handshakeFloor nobody logs in.
	handshakeFloor   = 10 * time.Millisecond
	handshakeCeiling = time.Hour
	refusalCeiling   = time.Minute
)

const (
	// keyConfig is a flag and a variable, but no key of the file that it names.
	keyConfig = "config"
	// keyUsers is the key whose value must not be shown.
	keyUsers = "users"
	// keyRabbit names a file in RabbitMQ's form.
	keyRabbit    = "rabbitmq-conf"
	keyUsersOnce = "users-once"
	keyDataDir   = "data-dir"
)

// setting is one key: how it reaches its field, and its flag if it has one.
type setting struct {
	key string
	// usage is the help of the flag; empty if the key has no flag.
	usage string
	// field is a pointer to the field of the Config.
	field func(c *Config) any
	// set decodes and checks a value of any source. Its error completes the
	// sentence "value is not allowed: ...".
	set func(c *Config, raw any) error
}

// newSetting makes a setting of a field, a decoder and checks.
func newSetting[T any](key string, field func(*Config) *T, decode func(any) (T, error), checks ...func(T) error) setting {
	set := func(c *Config, raw any) error {
		decoded, err := decode(raw)
		if err != nil {
			return err
		}
		for _, check := range checks {
			if err := check(decoded); err != nil {
				return err
			}
		}
		*field(c) = decoded
		return nil
	}
	return setting{key: key, field: func(c *Config) any { return field(c) }, set: set}
}

// flag gives the setting a flag of the same name.
func (s setting) flag(usage string) setting {
	s.usage = usage
	return s
}

// settings is every key.
func settings() []setting {
	return slices.Concat(storageSettings(), listenSettings(), tlsSettings(), logSettings(), frameSettings(), timeSettings(), limitSettings(), queueSettings(), accessSettings())
}

func storageSettings() []setting {
	return []setting{
		newSetting(keyRabbit, func(c *Config) *string { return &c.RabbitMQConf }, asText).
			flag("rabbitmq.conf to read as well, or the folder that has it; conf.d beside it is read, too"),
		newSetting(keyDataDir, func(c *Config) *string { return &c.DataDir }, asText, notBlank).
			flag("directory for everything that has to survive a restart"),
		newSetting("durability", func(c *Config) *string { return &c.Durability }, asText, oneOf(DurabilityFsync, DurabilityOS)).
			flag("when a persistent message is confirmed: fsync (the disk has it) or os (the operating system has it)"),
		newSetting("memory-budget", func(c *Config) *int64 { return &c.MemoryBudget }, asSize, between[int64](budgetFloor, math.MaxInt64)).
			flag("octets of memory that queued messages may take together before long queues stay on the disk"),
		newSetting("memory-high-watermark", func(c *Config) *string { return &c.MemoryHighWatermark }, asWatermark, isWatermark).
			flag("memory above which publishers are blocked: a part of what there is (0.6), octets or with a unit (2GiB), or none"),
		newSetting("blocked-grace", func(c *Config) *int64 { return &c.BlockedGrace }, asSize, between[int64](0, messageCeiling)),
		newSetting("disk-free-limit", func(c *Config) *int64 { return &c.DiskFreeLimit }, asSize, atLeast(freeFloor, "160 MiB")).
			flag("free disk space below which publishers are blocked, in octets or with a unit (1GiB)"),
		newSetting("disk-ballast", func(c *Config) *int64 { return &c.DiskBallast }, asSize, zeroOrAtLeast(ballastFloor, "32 MiB")).
			flag("size of the file that is given up to start on a full disk, in octets or with a unit; 0 for none"),
	}
}

func listenSettings() []setting {
	return []setting{
		newSetting(keyListen, func(c *Config) *[]string { return &c.AMQPListen }, asTexts, addresses).
			flag("address for AMQP clients, host:port (repeatable)"),
		newSetting("http-listen", func(c *Config) *string { return &c.HTTPListen }, asText, addressOrNone).
			flag("address of the HTTP API for management, or none"),
		newSetting("https-listen", func(c *Config) *string { return &c.HTTPSListen }, asText, addressOrNone).
			flag("address of the HTTP API over TLS, or none"),
		newSetting("http-prefix", func(c *Config) *string { return &c.HTTPPrefix }, asText, pathPrefix),
		newSetting("http-max-body", func(c *Config) *int64 { return &c.HTTPMaxBody }, asSize, between[int64](leastBody, mostBody)),
		newSetting("http-max-connections", func(c *Config) *int { return &c.HTTPMaxConnections }, asInteger, between(0, math.MaxInt32)),
		newSetting("rates-mode", func(c *Config) *string { return &c.RatesMode }, asText, oneOf(RatesBasic, RatesDetailed, RatesNone)),
		newSetting("metrics-listen", func(c *Config) *string { return &c.MetricsListen }, asText, addressOrNone).
			flag("address of the Prometheus metrics, or none"),
		newSetting("pprof-listen", func(c *Config) *string { return &c.PprofListen }, asText, thisMachine).
			flag("address of Go's profiles on this machine, unix:PATH, or none"),
		newSetting("metrics-per-object", func(c *Config) *bool { return &c.MetricsPerObject }, asBool),
		newSetting("control-socket", func(c *Config) *string { return &c.ControlSocket }, asText).
			flag("path of the socket for the command line, or none"),
	}
}

func tlsSettings() []setting {
	return []setting{
		newSetting("tls-listen", func(c *Config) *[]string { return &c.TLSListen }, asTexts, addresses).
			flag("address for AMQP clients over TLS, host:port (repeatable)"),
		newSetting("tls-certificates", func(c *Config) *[]string { return &c.TLSCertificates }, asTexts).
			flag("PEM file with a certificate and its chain (repeatable)"),
		newSetting("tls-keys", func(c *Config) *[]string { return &c.TLSKeys }, asTexts).
			flag("PEM file with the key of the certificate at the same place (repeatable)"),
		newSetting("tls-authorities", func(c *Config) *string { return &c.TLSAuthorities }, asText),
		newSetting("tls-revoked", func(c *Config) *string { return &c.TLSRevoked }, asText),
		newSetting("tls-clients", func(c *Config) *string { return &c.TLSClients }, asText, oneOf(ClientsNone, ClientsVerify, ClientsRequire)),
		newSetting("tls-version", func(c *Config) *string { return &c.TLSVersion }, asVersion, oneOf(TLS12, TLS13)),
		newSetting("proxy-protocol-from", func(c *Config) *[]string { return &c.ProxyProtocolFrom }, asTexts, each(isNetwork)),
	}
}

func logSettings() []setting {
	return []setting{
		newSetting("log-level", func(c *Config) *string { return &c.LogLevel }, asText, oneOf(LogDebug, LogInfo, LogWarn, LogError)).
			flag("least severity that is logged: debug, info, warn or error"),
		newSetting("log-format", func(c *Config) *string { return &c.LogFormat }, asText, oneOf(LogText, LogJSON)).
			flag("form of the log: text or json"),
		newSetting(keyLogLevels, func(c *Config) *[]string { return &c.LogLevels }, asTexts, each(categoryLevel)),
		newSetting(keyLogConsole, func(c *Config) *bool { return &c.LogConsole }, asBool),
		newSetting(keyLogFile, func(c *Config) *string { return &c.LogFile }, asText).
			flag("file that the log goes to as well"),
		newSetting("audit-log", func(c *Config) *string { return &c.AuditLog }, asText).
			flag("file for the changes that operators make"),
		newSetting("log-exchange", func(c *Config) *string { return &c.LogExchange }, asText),
		newSetting("log-exchange-level", func(c *Config) *string { return &c.LogExchangeLevel }, asText, oneOf(LogDebug, LogInfo, LogWarn, LogError)),
		newSetting("event-exchange", func(c *Config) *string { return &c.EventExchange }, asText),
		newSetting("tracing", func(c *Config) *[]string { return &c.Tracing }, asTexts),
		newSetting("check-config", func(c *Config) *bool { return &c.CheckConfig }, asBool).
			flag("check the configuration and end"),
	}
}

func frameSettings() []setting {
	return []setting{
		newSetting("frame-max", func(c *Config) *uint32 { return &c.FrameMax }, asInteger, zeroOrBetween[uint32](frameFloor, frameCeiling)),
		newSetting("initial-frame-max", func(c *Config) *uint32 { return &c.InitialFrameMax }, asInteger, between[uint32](frameFloor, initialFrameCeiling)),
		newSetting("max-message-size", func(c *Config) *int64 { return &c.MaxMessageSize }, asSize, between[int64](1, messageCeiling)),
	}
}

func timeSettings() []setting {
	return []setting{
		newSetting("heartbeat", func(c *Config) *time.Duration { return &c.Heartbeat }, asDuration, between(0, heartbeatCeiling), wholeSeconds),
		newSetting("handshake-timeout", func(c *Config) *time.Duration { return &c.HandshakeTimeout }, asDuration, between(handshakeFloor, handshakeCeiling)),
		newSetting("refusal-delay", func(c *Config) *time.Duration { return &c.RefusalDelay }, asDuration, between(0, refusalCeiling)),
		newSetting("consumer-timeout", func(c *Config) *time.Duration { return &c.ConsumerTimeout }, asDuration, between(0, consumerTimeoutCeiling)),
	}
}

func limitSettings() []setting {
	return []setting{
		newSetting("channel-max", func(c *Config) *uint16 { return &c.ChannelMax }, asInteger, between[uint16](0, math.MaxUint16)),
		newSetting("max-consumers-per-channel", func(c *Config) *int { return &c.MaxConsumersPerChannel }, asInteger, between(0, math.MaxInt32)),
		newSetting("max-connections", func(c *Config) *int { return &c.MaxConnections }, asInteger, between(0, math.MaxInt32)),
		newSetting("max-channels", func(c *Config) *int { return &c.MaxChannels }, asInteger, between(0, math.MaxInt32)),
		newSetting("max-unacked", func(c *Config) *int { return &c.MaxUnacked }, asInteger, between(0, math.MaxInt32)),
		newSetting("max-unwritten", func(c *Config) *int64 { return &c.MaxUnwritten }, asSize, between[int64](unwrittenFloor, messageCeiling)),
		newSetting("max-header-size", func(c *Config) *int64 { return &c.MaxHeaderSize }, asSize, between[int64](0, messageCeiling)),
		newSetting("max-queues", func(c *Config) *int { return &c.MaxQueues }, asInteger, between(0, math.MaxInt32)),
		newSetting("max-exchanges", func(c *Config) *int { return &c.MaxExchanges }, asInteger, between(0, math.MaxInt32)),
		newSetting("max-vhosts", func(c *Config) *int { return &c.MaxVHosts }, asInteger, between(0, math.MaxInt32)),
		newSetting("connection-message-rate", func(c *Config) *int { return &c.ConnectionMessageRate }, asInteger, between(0, math.MaxInt32)),
		newSetting("connection-octet-rate", func(c *Config) *int64 { return &c.ConnectionOctetRate }, asSize, between[int64](0, math.MaxInt32)),
		newSetting("vhost-message-rate", func(c *Config) *int { return &c.VHostMessageRate }, asInteger, between(0, math.MaxInt32)),
		newSetting("vhost-octet-rate", func(c *Config) *int64 { return &c.VHostOctetRate }, asSize, between[int64](0, math.MaxInt32)),
	}
}

func queueSettings() []setting {
	return []setting{
		newSetting("default-queue-type", func(c *Config) *string { return &c.DefaultQueueType }, asText, oneOf(QueueClassic, QueueQuorum)),
		newSetting("disabled-queue-types", func(c *Config) *[]string { return &c.DisabledQueueTypes }, asTexts, each(oneOf(QueueClassic, QueueQuorum, QueueStream))),
		newSetting("relaxed-queue-types", func(c *Config) *bool { return &c.RelaxedQueueTypes }, asBool),
	}
}

func accessSettings() []setting {
	return []setting{
		newSetting(keyUsers, func(c *Config) *[]User { return &c.Users }, asUsers, distinctUsers),
		newSetting("load-definitions", func(c *Config) *string { return &c.LoadDefinitions }, asText).
			flag("file or folder of definitions to import at the start"),
		newSetting("load-definitions-skip-unchanged", func(c *Config) *bool { return &c.SkipUnchanged }, asBool),
		newSetting("auth-mechanisms", func(c *Config) *[]string { return &c.AuthMechanisms }, asTexts, someOf, each(oneOf("PLAIN", "AMQPLAIN", "EXTERNAL", "ANONYMOUS"))),
		newSetting("anonymous-user", func(c *Config) *string { return &c.AnonymousUser }, asText),
		newSetting("certificate-login", func(c *Config) *string { return &c.CertificateLogin }, asText,
			oneOf(LoginDistinguishedName, LoginCommonName, LoginDNSName, LoginEmail, LoginURI, LoginIP)),
		newSetting("password-hashing", func(c *Config) *string { return &c.PasswordHashing }, asText, oneOf(HashingSHA256, HashingSHA512, HashingArgon2id)),
		newSetting(keyUsersOnce, func(c *Config) *bool { return &c.UsersOnce }, asBool),
		newSetting("loopback-users", func(c *Config) *[]string { return &c.LoopbackUsers }, asTexts),
		newSetting("track-logins", func(c *Config) *bool { return &c.TrackLogins }, asBool),
		newSetting("vhost", func(c *Config) *string { return &c.VHost }, asText, shortText),
		newSetting("cluster-name", func(c *Config) *string { return &c.ClusterName }, asText),
		newSetting("node-name", func(c *Config) *string { return &c.NodeName }, asText),
	}
}

// variable is the name of a key in the environment.
func variable(key string) string {
	return variablePrefix + strings.ToUpper(strings.ReplaceAll(key, "-", "_"))
}
