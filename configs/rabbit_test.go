package configs_test

import (
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/spf13/pflag"
	"github.com/stretchr/testify/require"

	"github.com/leveretmq/leveret/configs"
)

// report is LoadReport with a command line.
func report(t *testing.T, args ...string) (configs.Config, configs.Report, error) {
	t.Helper()
	flags := pflag.NewFlagSet("leveret", pflag.ContinueOnError)
	configs.AddFlags(flags)
	require.NoError(t, flags.Parse(args))
	return configs.LoadReport(flags)
}

// conf is the name of a rabbitmq.conf with the content.
func conf(t *testing.T, content string) string {
	t.Helper()
	return put(t, t.TempDir(), "rabbitmq.conf", content)
}

func put(t *testing.T, folder, name, content string) string {
	t.Helper()
	name = filepath.Join(folder, name)
	require.NoError(t, os.MkdirAll(filepath.Dir(name), 0o700))
	require.NoError(t, os.WriteFile(name, []byte(content), 0o600))
	return name
}

// finding is what became of one key.
func finding(t *testing.T, r configs.Report, name string) configs.Finding {
	t.Helper()
	for _, f := range r.Findings {
		if f.Name == name {
			return f
		}
	}
	require.Failf(t, "nothing was found out", "about %s", name)
	return configs.Finding{}
}

// The rates of the management, and that it collects none.
func TestRabbitConf_Rates(t *testing.T) {
	for content, want := range map[string]string{
		"":                                 configs.RatesBasic,
		"management.rates_mode = detailed": configs.RatesDetailed,
		"management.rates_mode = none":     configs.RatesNone,
		"management_agent.disable_metrics_collector = true":  configs.RatesNone,
		"management_agent.disable_metrics_collector = false": configs.RatesBasic,
	} {
		c, _, err := report(t, "--rabbitmq-conf", conf(t, content))
		require.NoError(t, err, content)
		require.Equal(t, want, c.RatesMode, content)
	}
	_, _, err := report(t, "--rabbitmq-conf", conf(t, "management.rates_mode = all"))
	require.ErrorContains(t, err, "rates")
}

const usualConf = `# a file as they are
listeners.tcp.1 = 127.0.0.1:5673
listeners.tcp.2 = ::1:5674
listeners.tcp.3 = 5675
listeners.ssl.default = 5671
ssl_options.cacertfile = /tls/ca.pem
ssl_options.certfile   = /tls/cert.pem
ssl_options.keyfile    = /tls/key.pem
ssl_options.verify     = verify_peer
ssl_options.fail_if_no_peer_cert = true
ssl_options.versions.1 = tlsv1.3
heartbeat = 30
frame_max = 0
channel_max = 128
handshake_timeout = 20000
consumer_timeout = 3600000
max_message_size = 1048576
connection_max = 100
consumer_max_per_channel = infinity
default_queue_type = quorum
vm_memory_high_watermark.relative = 0.4
disk_free_limit.absolute = 2GB
default_vhost = shop
default_user = app
default_pass = 'a # b'   # with a hash
default_user_tags.monitoring = true
default_user_tags.management = false
loopback_users = none
management.tcp.ip = 127.0.0.1
management.tcp.port = 25672
prometheus.tcp.port = 25692
log.console.level = warning
log.console.formatter = json
log.exchange = true
log.file = broker.log
log.dir = /var/log/broker
log.connection.level = none
log.queue.level = debug
log.file.rotation.date = $D0
ssl_cert_login_from = common_name
auth_mechanisms.1 = PLAIN
auth_mechanisms.2 = EXTERNAL
auth_backends.1 = internal
num_acceptors.tcp = 10
tcp_listen_options.nodelay = true
cluster_formation.peer_discovery_backend = classic_config
`

func TestRabbitMQConf(t *testing.T) {
	name := conf(t, usualConf)
	c, r, err := report(t, "--rabbitmq-conf", name)
	require.NoError(t, err)
	want := configs.Default()
	want.RabbitMQConf = name
	want.AMQPListen = []string{"127.0.0.1:5673", "[::1]:5674", ":5675"}
	want.TLSListen = []string{":5671"}
	want.TLSAuthorities, want.TLSCertificates, want.TLSKeys = "/tls/ca.pem", []string{"/tls/cert.pem"}, []string{"/tls/key.pem"}
	want.TLSClients, want.TLSVersion = configs.ClientsRequire, configs.TLS13
	want.Heartbeat, want.FrameMax, want.ChannelMax = 30*time.Second, 0, 128
	want.HandshakeTimeout, want.ConsumerTimeout = 20*time.Second, time.Hour
	want.MaxMessageSize, want.MaxConnections, want.DefaultQueueType = 1<<20, 100, configs.QueueQuorum
	want.MemoryHighWatermark, want.DiskFreeLimit = "0.4", 2_000_000_000
	want.VHost, want.UsersOnce, want.LoopbackUsers = "shop", true, []string{}
	want.Users = []configs.User{{Name: "app", Password: "a # b", Tags: []string{"monitoring"}}}
	want.HTTPListen, want.MetricsListen = "127.0.0.1:25672", ":25692"
	want.LogLevel, want.LogFormat, want.LogExchange = configs.LogWarn, configs.LogJSON, "shop"
	want.LogFile, want.LogLevels = "/var/log/broker/broker.log", []string{"connection=none", "queue=debug"}
	want.CertificateLogin, want.AuthMechanisms = configs.LoginCommonName, []string{"PLAIN", "EXTERNAL"}
	require.Equal(t, want, c)

	require.Equal(t, []string{name}, r.Files)
	require.Equal(t, "heartbeat", finding(t, r, "heartbeat").Ours)
	require.Equal(t, name+":12", finding(t, r, "heartbeat").From)
	require.Equal(t, configs.Ignored, finding(t, r, "num_acceptors.tcp").Outcome)
	groups := r.Ignored()
	require.Len(t, groups, 3, "one for each reason")
	require.Equal(t, []string{"num_acceptors.tcp", "tcp_listen_options.nodelay"}, groups[1].Names)
}

func TestEveryKeyOfRabbitMQIsKnown(t *testing.T) {
	keys, err := os.ReadFile("testdata/rabbitmq-keys.txt")
	require.NoError(t, err)
	for key := range strings.Lines(string(keys)) {
		key = strings.TrimSpace(key)
		_, r, _ := report(t, "--rabbitmq-conf", conf(t, key+" = 1"))
		require.NotEqual(t, configs.Unknown, finding(t, r, key).Outcome, key)
	}
}

func TestUnknownKeysOfRabbitMQ(t *testing.T) {
	for key, nearest := range map[string]string{
		"heartbeet":                  "heartbeat",
		"listener.tcp.default":       "listeners.tcp.default",
		"managment.tcp.port":         "management.tcp.port",
		"vm_memory_high_watermark":   "vm_memory_high_watermark.relative",
		"ssl_options.certifile":      "ssl_options.certfile",
		"default_password":           "default_pass",
		"cluster_formation_backend":  "cluster_formation",
		"disk_free_limit.absolut":    "disk_free_limit.absolute",
		"loopback_user.guest":        "loopback_users.guest",
		"tcp_listen_option.nodelay":  "tcp_listen_options.nodelay",
		"consumer_timeouts":          "consumer_timeout",
		"auth_mechanism.1":           "auth_mechanisms.1",
		"prometheus.tcp_port":        "prometheus.tcp.port",
		"default_user_tag.monitor":   "default_user_tags.monitor",
		"management.listener.port.x": "management.listener.port",
	} {
		name := conf(t, "\n"+key+" = 1")
		_, r, err := report(t, "--rabbitmq-conf", name)
		wantInvalid(t, err, name+":2: unknown key "+key)
		f := finding(t, r, key)
		require.Equal(t, configs.Unknown, f.Outcome)
		require.Equal(t, "did you mean "+nearest+"?", f.Note)
	}
}

func TestRabbitMQFilesInTheirOrder(t *testing.T) {
	folder := t.TempDir()
	main := put(t, folder, "rabbitmq.conf", "heartbeat = 10\nframe_max = 8192\ninclude more/*.conf # both\nchannel_max = 7\n")
	put(t, folder, "more/b.conf", "frame_max = 16384\nchannel_max = 1\n")
	put(t, folder, "more/a.conf", "frame_max = 4096\ninitial_frame_max = 4096\n")
	late := put(t, folder, "conf.d/90-late.conf", "heartbeat = 30\n")
	put(t, folder, "conf.d/10-early.conf", "heartbeat = 20\n")
	put(t, folder, "conf.d/ignored.txt", "nonsense\n")
	for _, name := range []string{main, folder} {
		c, r, err := report(t, "--rabbitmq-conf", name)
		require.NoError(t, err)
		require.Equal(t, 30*time.Second, c.Heartbeat)
		require.EqualValues(t, 16384, c.FrameMax)
		require.EqualValues(t, 7, c.ChannelMax)
		require.EqualValues(t, 4096, c.InitialFrameMax)
		require.Len(t, r.Files, 5)
		require.Equal(t, configs.Finding{
			Outcome: configs.Ignored, From: main + ":1", Name: "heartbeat", Note: "it is given again in " + late + ":1",
		}, finding(t, r, "heartbeat"))
	}

	t.Setenv("RABBITMQ_CONFIG_FILE", strings.TrimSuffix(main, ".conf"))
	t.Setenv("RABBITMQ_CONFIG_FILES", filepath.Join(folder, "more"))
	c, r, err := report(t)
	require.NoError(t, err)
	require.Equal(t, 10*time.Second, c.Heartbeat, "the other folder takes the place of conf.d")
	require.Len(t, r.Files, 5, "those of the other folder twice")

	_, _, err = report(t, "--rabbitmq-conf", filepath.Join(folder, "none.conf"))
	wantInvalid(t, err, "cannot read the configuration file", "none.conf")
	_, _, err = report(t, "--rabbitmq-conf", put(t, folder, "advanced.config", "[]."))
	wantInvalid(t, err, "Erlang terms")
	_, _, err = report(t, "--rabbitmq-conf", put(t, folder, "circle.conf", "include circle.conf\n"))
	wantInvalid(t, err, "circle.conf:1: files include each other too deeply")
}

func TestPrecedenceWithRabbitMQ(t *testing.T) {
	file := written(t, "vhost: ours\nheartbeat: 11\n")
	name := conf(t, "default_vhost = theirs\nheartbeat = 12\nchannel_max = 5\nlisteners.tcp.default = 1111\n")
	c, r, err := report(t, "--config", file, "--rabbitmq-conf", name)
	require.NoError(t, err)
	require.Equal(t, "ours", c.VHost, "our file goes before RabbitMQ's")
	require.Equal(t, 11*time.Second, c.Heartbeat)
	require.EqualValues(t, 5, c.ChannelMax)
	lost := finding(t, r, "default_vhost")
	require.Equal(t, configs.Ignored, lost.Outcome)
	require.Equal(t, file+":1 goes before it", lost.Note)

	t.Setenv("RABBITMQ_DEFAULT_VHOST", "variable")
	t.Setenv("RABBITMQ_NODE_PORT", "2222")
	t.Setenv("RABBITMQ_NODENAME", "rabbit@box")
	c, r, err = report(t, "--config", file, "--rabbitmq-conf", name)
	require.NoError(t, err)
	require.Equal(t, "variable", c.VHost, "a variable goes before files")
	require.Equal(t, []string{":2222"}, c.AMQPListen)
	require.Equal(t, "rabbit@box", c.NodeName)
	require.Contains(t, r.Values, configs.Value{Key: "vhost", Text: "variable", From: "RABBITMQ_DEFAULT_VHOST"})
	require.Contains(t, r.Values, configs.Value{Key: "heartbeat", Text: "11s", From: file + ":2"})
	require.Contains(t, r.Values, configs.Value{Key: "channel-max", Text: "5", From: name + ":3: channel_max"})

	t.Setenv("LEVERET_VHOST", "own")
	c, r, err = report(t, "--config", file, "--rabbitmq-conf", name, "--amqp-listen", ":3333")
	require.NoError(t, err)
	require.Equal(t, "own", c.VHost, "our variable goes before RabbitMQ's")
	require.Equal(t, []string{":3333"}, c.AMQPListen, "a flag goes before all")
	require.Equal(t, "--amqp-listen goes before it", finding(t, r, "RABBITMQ_NODE_PORT").Note)
}

func TestVariablesOfRabbitMQ(t *testing.T) {
	secret := put(t, t.TempDir(), "secret", "hunter2\n")
	data := t.TempDir()
	t.Setenv("RABBITMQ_DEFAULT_USER", "app")
	t.Setenv("RABBITMQ_DEFAULT_PASS_FILE", secret)
	t.Setenv("RABBITMQ_NODE_IP_ADDRESS", "::1")
	t.Setenv("RABBITMQ_MNESIA_BASE", data)
	t.Setenv("RABBITMQ_LOGS", "-")
	t.Setenv("RABBITMQ_LOG", "debug,connection.warning,+color")
	t.Setenv("RABBITMQ_ERLANG_COOKIE", "monster")
	t.Setenv("RABBITMQ_URL", "amqp://elsewhere")
	t.Setenv("RABBITMQ_NODENAMES", "rabbit")
	t.Setenv("RABBITMQ_SERVICE_HOST", "10.0.0.1")
	t.Setenv("RABBITMQ_PORT_5672_TCP", "tcp://10.0.0.1:5672")
	c, r, err := report(t)
	require.NoError(t, err, "a variable that RabbitMQ does not know is no mistake")
	require.Equal(t, []configs.User{{Name: "app", Password: "hunter2", Tags: []string{"administrator"}}}, c.Users)
	require.Equal(t, []string{"[::1]:5672"}, c.AMQPListen)
	require.Equal(t, filepath.Join(data, "leveret"), c.DataDir)
	require.Equal(t, configs.LogDebug, c.LogLevel)
	require.Equal(t, []string{"connection=warn"}, c.LogLevels)
	require.Equal(t, "+color has no meaning here", finding(t, r, "RABBITMQ_LOG").Note)
	require.Equal(t, configs.Ignored, finding(t, r, "RABBITMQ_ERLANG_COOKIE").Outcome)
	require.Equal(t, "did you mean RABBITMQ_NODENAME?", finding(t, r, "RABBITMQ_NODENAMES").Note)
	for _, f := range r.Findings {
		require.NotContains(t, f.Name, "SERVICE", "a link of Kubernetes")
		require.NotContains(t, f.Note+f.Name, "hunter2")
		require.NotContains(t, f.Note+f.Name, "monster")
	}
	for _, v := range r.Values {
		require.NotContains(t, v.Text, "hunter2")
	}
}

func TestValuesThatReferToOthers(t *testing.T) {
	folder := t.TempDir()
	t.Setenv("MY_PORT", "5699")
	put(t, folder, "secrets/pass", "from-a-file\n")
	name := put(t, folder, "rabbitmq.conf", `listeners.tcp.default = 127.0.0.1:$(MY_PORT)
default_user = app-$(default_vhost)
default_vhost = shop
default_pass = $(<secrets/pass)
`)
	c, err := load(t, "--rabbitmq-conf", name)
	require.NoError(t, err)
	require.Equal(t, []string{"127.0.0.1:5699"}, c.AMQPListen)
	require.Equal(t, "app-shop", c.Users[0].Name)
	require.Equal(t, configs.Secret("from-a-file"), c.Users[0].Password)

	for text, want := range map[string]string{
		"default_vhost = $(NO_SUCH)":                                       "no variable and no key NO_SUCH",
		"default_vhost = $(default_user)\ndefault_user = $(default_vhost)": "in a circle",
		"default_pass = $(<nowhere)":                                       "nowhere",
		"default_pass = encrypted:xyz":                                     "encrypted values cannot be read",
	} {
		_, err := load(t, "--rabbitmq-conf", conf(t, text))
		wantInvalid(t, err, "rabbitmq.conf:1: default_", want)
	}
}

func TestValuesOfRabbitMQThatAreNotAllowed(t *testing.T) {
	for text, wants := range map[string][]string{
		"heartbeat = often":               {"rabbitmq.conf:1: heartbeat", "seconds"},
		"handshake_timeout = 10s":         {"milliseconds"},
		"listeners.tcp.default = amqp":    {"listeners.tcp.default", "0 to 65535"},
		"ssl_options.password = hunter2":  {"cannot be read"},
		"loopback_users.guest = maybe":    {"true or false"},
		"default_queue_type = mirrored":   {"classic or quorum"},
		"log.console.level = loud":        {"debug, info, notice"},
		"disk_free_limit.absolute = much": {"octets"},
		"listeners.tcp = none":            {"at least one address"},
		"no equals sign":                  {"rabbitmq.conf:1: it must be key = value"},
		"heartbeat =":                     {"heartbeat: it has no value"},
		"heartbeat = # none":              {"heartbeat: it has no value"},
		"default_pass = 'a'b":             {"behind the closing quote"},
		".heartbeat = 1":                  {"key = value"},
		"include # none":                  {"key = value"},
		"heartbeat. = 1":                  {"key = value"},
	} {
		_, err := load(t, "--rabbitmq-conf", conf(t, text))
		wantInvalid(t, err, wants...)
		require.NotContains(t, err.Error(), "hunter2")
	}
}

func TestMeaningsOfRabbitMQ(t *testing.T) {
	for text, check := range map[string]func(configs.Config) bool{
		"disk_free_limit.absolute = 50MB":                                       func(c configs.Config) bool { return c.DiskFreeLimit == 160<<20 },
		"vm_memory_high_watermark.absolute = 1GiB":                              func(c configs.Config) bool { return c.MemoryHighWatermark == "1073741824" },
		"connection_max = infinity":                                             func(c configs.Config) bool { return c.MaxConnections == 0 },
		"loopback_users.guest = false":                                          func(c configs.Config) bool { return len(c.LoopbackUsers) == 0 },
		"loopback_users.ops = true":                                             func(c configs.Config) bool { return len(c.LoopbackUsers) == 1 && c.LoopbackUsers[0] == "ops" },
		"listeners.tcp = none\nlisteners.ssl.default = 5671":                    func(c configs.Config) bool { return len(c.AMQPListen) == 0 && len(c.TLSListen) == 1 },
		"management.ssl.port = 15671":                                           func(c configs.Config) bool { return c.HTTPSListen == ":15671" && c.HTTPListen == configs.ListenNone },
		"management.listener.port = 1\nmanagement.listener.ssl = true":          func(c configs.Config) bool { return c.HTTPSListen == ":1" && c.HTTPListen == configs.ListenNone },
		"prometheus.ssl.port = 15691":                                           func(c configs.Config) bool { return c.MetricsListen == configs.ListenNone },
		"anonymous_login_user = guest":                                          func(c configs.Config) bool { return c.AnonymousUser == "guest" && len(c.AuthMechanisms) == 3 },
		"anonymous_login_user = none":                                           func(c configs.Config) bool { return c.AnonymousUser == "" && len(c.AuthMechanisms) == 2 },
		"auth_mechanisms.1 = ANONYMOUS":                                         func(c configs.Config) bool { return c.AnonymousUser == "guest" && len(c.AuthMechanisms) == 1 },
		"queue_types.stream.enabled = false":                                    func(c configs.Config) bool { return c.DisabledQueueTypes[0] == configs.QueueStream },
		"proxy_protocol = true":                                                 func(c configs.Config) bool { return len(c.ProxyProtocolFrom) == 2 },
		"ssl_options.versions.1 = tlsv1.2\nssl_options.versions.2 = tlsv1.3":    func(c configs.Config) bool { return c.TLSVersion == configs.TLS12 },
		"password_hashing_module = rabbit_password_hashing_sha512":              func(c configs.Config) bool { return c.PasswordHashing == configs.HashingSHA512 },
		"\ufeffheartbeat=5\r\n\r\n#x\r\n":                                       func(c configs.Config) bool { return c.Heartbeat == 5*time.Second },
		`default_user_tags.a\.b = true`:                                         func(c configs.Config) bool { return c.Users[0].Tags[0] == "a.b" },
		"ssl_cert_login_from = subject_alt_name\nssl_cert_login_san_type = uri": func(c configs.Config) bool { return c.CertificateLogin == configs.LoginURI },
		"nodename = hare":                                                       func(c configs.Config) bool { return strings.HasPrefix(c.NodeName, "hare@") },
	} {
		c, err := load(t, "--rabbitmq-conf", conf(t, text))
		require.NoError(t, err, text)
		require.True(t, check(c), text)
	}
}
