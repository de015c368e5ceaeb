package configs_test

import (
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/leveretmq/leveret/configs"
)

// wantInvalid checks that err is one line with all of the texts.
func wantInvalid(t *testing.T, err error, texts ...string) {
	t.Helper()
	require.ErrorIs(t, err, configs.ErrInvalid)
	require.NotContains(t, err.Error(), "\n")
	for _, text := range texts {
		require.Contains(t, err.Error(), text)
	}
}

func TestUnknownKeysNameTheNearest(t *testing.T) {
	for key, nearest := range map[string]string{
		"data_dir":        "data-dir",
		"Data-Dir":        "data-dir",
		"datadir":         "data-dir",
		"amqp.listen":     "amqp-listen",
		"frame_max":       "frame-max",
		"chanel-max":      "channel-max",
		"hearbeat":        "heartbeat",
		"max-mesage-size": "max-message-size",
		"user":            "users",
		"loglevel":        "log-level",
	} {
		for _, value := range []string{"x", "", "{}", "{a: {b: c}}"} {
			_, err := load(t, "--config", written(t, "# first line\n"+key+": "+value))
			wantInvalid(t, err, `leveret.yaml:2: unknown key "`+key+`", did you mean "`+nearest+`"?`)
		}
	}
}

func TestUnknownVariablesNameTheNearest(t *testing.T) {
	for name, nearest := range map[string]string{
		"LEVERET_DATADIR":      "LEVERET_DATA_DIR",
		"LEVERET_AMQP_PORT":    "LEVERET_AMQP_LISTEN",
		"LEVERET_data_dir":     "LEVERET_DATA_DIR",
		"LEVERET_CONFIG_FILE":  "LEVERET_CONFIG",
		"LEVERET_CHANNELS_MAX": "LEVERET_CHANNEL_MAX",
	} {
		t.Run(name, func(t *testing.T) {
			t.Setenv(name, "x")
			_, err := load(t)
			wantInvalid(t, err, "unknown environment variable "+name+", did you mean "+nearest+"?")
		})
	}
}

func TestValuesThatAreNotAllowed(t *testing.T) {
	for line, wants := range map[string][]string{
		`data-dir: ""`:                           {"must not be empty"},
		`data-dir: 5`:                            {`data-dir = "5"`, "put it in quotes"},
		`amqp-listen: []`:                        {"at least one address"},
		`amqp-listen: 5672`:                      {`"5672"`, "list"},
		`amqp-listen: ["5672"]`:                  {"host:port"},
		`amqp-listen: [5672]`:                    {"put it in quotes"},
		`amqp-listen: [":65536"]`:                {"0 to 65535"},
		`amqp-listen: [":amqp"]`:                 {"0 to 65535"},
		`amqp-listen: [":5672", ":5672"]`:        {"must not have :5672 twice"},
		`amqp-listen: none`:                      {"host:port"},
		`http-listen: "15672"`:                   {"host:port", "or none"},
		`pprof-listen: ":6060"`:                  {"this machine only"},
		`pprof-listen: 0.0.0.0:6060`:             {"this machine only"},
		`pprof-listen: 10.0.0.1:6060`:            {"this machine only"},
		`pprof-listen: "example.com:6060"`:       {"this machine only"},
		`pprof-listen: "unix:"`:                  {"must not be empty"},
		`pprof-listen: 127.0.0.1`:                {"host:port", "or none"},
		`metrics-listen: "x:y:z"`:                {"host:port", "or none"},
		`log-level: verbose`:                     {`log-level = "verbose"`, "debug, info, warn or error"},
		`log-levels: [loud=info]`:                {`no category "loud"`, "connection"},
		`log-levels: [queue=loud]`:               {"category=level"},
		`log-format: xml`:                        {"text or json"},
		`durability: none`:                       {"fsync or os"},
		`frame-max: 4095`:                        {`frame-max = "4095"`, "0 (no limit) or between 4096 and 536870912"},
		`frame-max: -1`:                          {"out of range"},
		`frame-max: 4294967296`:                  {"out of range"},
		`frame-max: big`:                         {"whole number"},
		`frame-max: 1.5`:                         {"whole number"},
		`initial-frame-max: 0`:                   {"between 4096 and 1048576"},
		`channel-max: 65536`:                     {"out of range"},
		`heartbeat: 500ms`:                       {`heartbeat = "500ms"`, "whole number of seconds"},
		`heartbeat: 65536`:                       {"between 0s and 18h12m15s"},
		`heartbeat: -1`:                          {"out of range"},
		`heartbeat: often`:                       {"seconds (60) or a duration"},
		`handshake-timeout: 0`:                   {"between 10ms and 1h0m0s"},
		`refusal-delay: 2m`:                      {"between 0s and 1m0s"},
		`max-message-size: 536870913`:            {"between 1 and 536870912"},
		`max-message-size: big`:                  {"octets (1048576)"},
		`max-connections: -1`:                    {"between 0 and"},
		`max-consumers-per-channel: 99999999999`: {"between 0 and"},
		`vhost: ""`:                              {"1 to 255 octets"},
		`loopback-users: 7`:                      {"list of texts"},
		`check-config: maybe`:                    {"true or false"},
		`check-config:`:                          {"check-config has no value"},
		`config: other.yaml`:                     {"cannot name a configuration file", "LEVERET_CONFIG"},
		"vhost: a\nvhost: b":                     {"vhost is given twice, first in line 1"},
		`just a text`:                            {"key: value"},
		"- a\n- b":                               {"key: value"},
		"vhost: a\n---\nvhost: b":                {"single YAML document"},
		"vhost: [a":                              {"leveret.yaml", "line 1"},
	} {
		_, err := load(t, "--config", written(t, line))
		wantInvalid(t, err, wants...)
	}
}

func TestUsersThatAreNotAllowed(t *testing.T) {
	for line, wants := range map[string][]string{
		`users: []`:                                                     {"at least one user"},
		`users: guest`:                                                  {"list"},
		`users: [guest]`:                                                {"user 1", "a name and a password"},
		`users: [{name: a}]`:                                            {`"a" has no password`},
		`users: [{name: a, password: ""}]`:                              {`"a" has no password`},
		`users: [{password: hunter2}]`:                                  {"no name"},
		`users: [{name: a, password: 12345}]`:                           {"password", "quotes"},
		`users: [{name: a, password: hunter2, tag: [x]}]`:               {`unknown key "tag", did you mean "tags"?`},
		`users: [{name: a, password: hunter2, tags: 1}]`:                {"tags", "list"},
		`users: [{name: a, password: "hunter2\0"}]`:                     {"NUL"},
		`users: [{name: a, password: x}, {name: a, password: hunter2}]`: {`"a" twice`},
	} {
		_, err := load(t, "--config", written(t, line))
		wantInvalid(t, err, append(wants, "users")...)
		require.NotContains(t, err.Error(), "hunter2")
		require.NotContains(t, err.Error(), "12345")
	}
	t.Setenv("LEVERET_USERS", "app:hunter2")
	_, err := load(t)
	wantInvalid(t, err, "LEVERET_USERS", "name: app, password: secret")
	require.NotContains(t, err.Error(), "hunter2")
}

func TestErrorsNameTheSourceThatWon(t *testing.T) {
	file := written(t, "\n\nlog-level: loud")
	_, err := load(t, "--config", file)
	wantInvalid(t, err, file+`:3: log-level = "loud"`)

	t.Setenv("LEVERET_LOG_LEVEL", "louder")
	_, err = load(t, "--config", file)
	wantInvalid(t, err, `LEVERET_LOG_LEVEL: log-level = "louder"`)

	_, err = load(t, "--config", file, "--log-level", "loudest")
	wantInvalid(t, err, `--log-level: log-level = "loudest"`)
}

func TestAllProblemsAreReportedAtOnce(t *testing.T) {
	_, err := load(t, "--config", written(t, "log-level: loud\ndurability: maybe\nvhost: \"\""))
	wantInvalid(t, err, "log-level", "durability", "vhost")
	require.Equal(t, 2, strings.Count(err.Error(), "; "))
}

func TestMissingFile(t *testing.T) {
	_, err := load(t, "--config", "does-not-exist.yaml")
	wantInvalid(t, err, "cannot read the configuration file", "does-not-exist.yaml")
}
