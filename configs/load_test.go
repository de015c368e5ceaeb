package configs_test

import (
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/spf13/pflag"
	"github.com/stretchr/testify/require"

	"github.com/leveretmq/leveret/configs"
)

// load is Load with a command line.
func load(t *testing.T, args ...string) (configs.Config, error) {
	t.Helper()
	flags := pflag.NewFlagSet("leveret", pflag.ContinueOnError)
	configs.AddFlags(flags)
	require.NoError(t, flags.Parse(args))
	return configs.Load(flags)
}

// written is the name of a file with the content.
func written(t *testing.T, content string) string {
	t.Helper()
	name := filepath.Join(t.TempDir(), "leveret.yaml")
	require.NoError(t, os.WriteFile(name, []byte(content), 0o600))
	return name
}

func TestWithoutSourcesTheDefaultsHold(t *testing.T) {
	config, err := load(t)
	require.NoError(t, err)
	require.Equal(t, configs.Default(), config)

	config, err = configs.Load(nil)
	require.NoError(t, err)
	require.Equal(t, configs.Default(), config)
}

func TestPrecedence(t *testing.T) {
	file := written(t, "log-level: warn\nlog-format: json\ndata-dir: from-file\n")
	t.Setenv("LEVERET_CONFIG", file)
	t.Setenv("LEVERET_LOG_LEVEL", "error")
	t.Setenv("LEVERET_DATA_DIR", "from-environment")

	config, err := load(t, "--data-dir", "from-flag")
	require.NoError(t, err)
	require.Equal(t, file, config.File)
	require.Equal(t, configs.LogJSON, config.LogFormat, "the file wins over the default")
	require.Equal(t, configs.LogError, config.LogLevel, "the environment wins over the file")
	require.Equal(t, "from-flag", config.DataDir, "the flag wins over the environment")
	require.Equal(t, configs.DurabilityFsync, config.Durability)

	t.Setenv("LEVERET_LOG_LEVEL", "")
	config, err = load(t, "--config", file)
	require.NoError(t, err)
	require.Equal(t, configs.LogWarn, config.LogLevel, "an empty variable is none")
}

func TestEverySourceCanGiveEveryKind(t *testing.T) {
	want := configs.Default()
	want.AMQPListen = []string{"127.0.0.1:5672", "[::1]:5672"}
	want.FrameMax = 4096
	want.ChannelMax = 0
	want.Heartbeat = 90 * time.Second
	want.HandshakeTimeout = 1500 * time.Millisecond
	want.MaxMessageSize = 1024
	want.MaxConnections = 5
	want.LoopbackUsers = []string{}
	want.CheckConfig = true
	want.Users = []configs.User{
		{Name: "app", Password: "a,b: [c]", Tags: []string{"monitoring", "management"}},
		{Name: "ops", Password: "1234"},
	}
	users := `[{name: app, password: "a,b: [c]", tags: [monitoring, management]}, {name: ops, password: "1234"}]`
	values := map[string]string{
		"amqp-listen":       `["127.0.0.1:5672", "[::1]:5672"]`,
		"frame-max":         "4096",
		"channel-max":       "0",
		"heartbeat":         "90",
		"handshake-timeout": "1500ms",
		"max-message-size":  "1024",
		"max-connections":   "5",
		"loopback-users":    "[]",
		"check-config":      "true",
		"users":             users,
	}

	var lines []string
	for key, value := range values {
		lines = append(lines, key+": "+value)
	}
	file := written(t, strings.Join(lines, "\n"))
	config, err := load(t, "--config", file)
	require.NoError(t, err)
	config.File = ""
	require.Equal(t, want, config, "from the file")

	for key, value := range values {
		t.Setenv("LEVERET_"+strings.ToUpper(strings.ReplaceAll(key, "-", "_")), value)
	}
	config, err = load(t)
	require.NoError(t, err)
	require.Equal(t, want, config, "from the environment")
}

func TestListsWithCommasAndRepeatedFlags(t *testing.T) {
	want := []string{"127.0.0.1:5672", "[::1]:5673"}
	config, err := load(t, "--amqp-listen", want[0], "--amqp-listen", want[1])
	require.NoError(t, err)
	require.Equal(t, want, config.AMQPListen)

	t.Setenv("LEVERET_AMQP_LISTEN", want[0]+", "+want[1])
	config, err = load(t)
	require.NoError(t, err)
	require.Equal(t, want, config.AMQPListen)
}

func TestDurations(t *testing.T) {
	for text, want := range map[string]time.Duration{
		"0": 0, "30": 30 * time.Second, `"30"`: 30 * time.Second, "2m": 2 * time.Minute, "1m30s": 90 * time.Second,
	} {
		config, err := load(t, "--config", written(t, "heartbeat: "+text))
		require.NoError(t, err, text)
		require.Equal(t, want, config.Heartbeat, text)
	}
}

func TestVariablesOfKubernetesAreNotOurs(t *testing.T) {
	for name, value := range map[string]string{
		"LEVERET_PORT":                         "tcp://10.0.0.1:5672",
		"LEVERET_PORT_5672_TCP":                "tcp://10.0.0.1:5672",
		"LEVERET_PORT_5672_TCP_ADDR":           "10.0.0.1",
		"LEVERET_SERVICE_HOST":                 "10.0.0.1",
		"LEVERET_SERVICE_PORT":                 "5672",
		"LEVERET_SERVICE_PORT_AMQP":            "5672",
		"LEVERET_HEADLESS_SERVICE_HOST":        "10.0.0.1",
		"LEVERET_HEADLESS_PORT_5672_TCP_PROTO": "tcp",
	} {
		t.Setenv(name, value)
	}
	_, err := load(t)
	require.NoError(t, err)
}

func TestPasswordsAreNotShown(t *testing.T) {
	config := configs.Default()
	config.Users = []configs.User{{Name: "app", Password: "hunter2"}}
	require.NotContains(t, fmt.Sprintf("%v %+v %s", config, config, config.Users), "hunter2")
}

func TestQueueTypes(t *testing.T) {
	config, err := load(t, "--config", written(t, "default-queue-type: quorum\ndisabled-queue-types: [stream, classic]\nrelaxed-queue-types: true"))
	require.NoError(t, err)
	require.Equal(t, configs.QueueQuorum, config.DefaultQueueType)
	require.Equal(t, []string{configs.QueueStream, configs.QueueClassic}, config.DisabledQueueTypes)
	require.True(t, config.RelaxedQueueTypes)

	_, err = load(t, "--config", written(t, "default-queue-type: stream"))
	wantInvalid(t, err, "default-queue-type", "it must be classic or quorum")
	_, err = load(t, "--config", written(t, "disabled-queue-types: [quorum, mirrored]"))
	wantInvalid(t, err, "disabled-queue-types", "each entry of the list: it must be classic, quorum or stream")
}
