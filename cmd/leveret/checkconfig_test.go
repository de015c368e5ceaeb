package main_test

import (
	"net/http"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"

	"github.com/rabbitmq/amqp091-go"
	"github.com/stretchr/testify/require"
)

func rabbitConf(t *testing.T, content string) string {
	t.Helper()
	name := filepath.Join(t.TempDir(), "rabbitmq.conf")
	require.NoError(t, os.WriteFile(name, []byte(content), 0o600))
	return name
}

func TestCheckConfigSaysWhatItMeans(t *testing.T) {
	name := rabbitConf(t, `listeners.tcp.default = 5673
disk_free_limit.absolute = 50MB
num_acceptors.tcp = 10
default_pass = hunter2
`)
	p := start(t, []string{"RABBITMQ_NODENAME=rabbit@box"}, "check-config", "--rabbitmq-conf", name)
	status, stdout, stderr := p.wait()
	require.Zero(t, status, stderr)
	require.Equal(t, `Honoured
  `+name+`:1  listeners.tcp.default  amqp-listen
  `+name+`:2  disk_free_limit.absolute  disk-free-limit (167772160 is used, the nearest that is possible)
  `+name+`:4  default_pass  users (only in an empty data directory)
  environment  RABBITMQ_NODENAME  node-name
Ignored
  `+name+`:3  num_acceptors.tcp  sockets are set up for small delays and checked for life without being told
Settings that are not the default
  rabbitmq-conf = `+name+`  (--rabbitmq-conf)
  disk-free-limit = 167772160  (`+name+`:2: disk_free_limit.absolute)
  amqp-listen = :5673  (`+name+`:1: listeners.tcp.default)
  http-listen = none  (LEVERET_HTTP_LISTEN)
  metrics-listen = none  (LEVERET_METRICS_LISTEN)
  users = guest  (`+name+`:4: default_pass)
  users-once = true  (`+name+`:4: default_pass)
  node-name = rabbit@box  (RABBITMQ_NODENAME)
The configuration is valid.`, stdout)

	name = rabbitConf(t, "heartbeet = 1\n")
	p = start(t, nil, "check-config", "--rabbitmq-conf", name)
	status, stdout, stderr = p.wait()
	require.Equal(t, 2, status)
	require.Contains(t, stdout, "Unknown\n  "+name+":1  heartbeet  did you mean heartbeat?\n")
	require.Equal(t, "leveret: invalid configuration: "+name+":1: unknown key heartbeet, did you mean heartbeat?\n", stderr)
}

func TestServesWithRabbitMQConf(t *testing.T) {
	name := rabbitConf(t, `listeners.tcp.default = 127.0.0.1:0
default_user = app
default_pass = hunter2
num_acceptors.tcp = 10
num_acceptors.ssl = 10
auth_ldap.log = true
`)
	p := start(t, nil, "--rabbitmq-conf", name)
	p.ready()
	require.NoError(t, p.command.Process.Signal(os.Interrupt))
	status, _, stderr := p.wait()
	require.Zero(t, status)
	require.Regexp(t, `\[info\] <0.0.0> settings of RabbitMQ are ignored: sockets .+ settings="num_acceptors.tcp, num_acceptors.ssl"`, stderr)
	require.Regexp(t, `\[warning\] <0.0.0> settings of RabbitMQ are ignored: users .+ settings=auth_ldap.log`, stderr)
	require.NotContains(t, stderr, "hunter2")
}

// A password that an operator has changed is not what the file says any more.
func TestUsersOfRabbitMQConfAreMadeOnce(t *testing.T) {
	name := rabbitConf(t, "default_user = app\ndefault_pass = first\ndefault_vhost = shop\nloopback_users = none\n")
	data := t.TempDir()
	run := func(password string, act func(greeting string)) {
		p := start(t, []string{"LEVERET_HTTP_LISTEN=127.0.0.1:0"}, "--rabbitmq-conf", name, "--amqp-listen", anyPort, "--data-dir", data)
		greeting := p.ready()
		address := regexp.MustCompile(`AMQP 0-9-1 +(\S+)`).FindStringSubmatch(greeting)[1]
		connection, err := amqp091.Dial("amqp://app:" + password + "@" + address + "/shop")
		require.NoError(t, err)
		require.NoError(t, connection.Close())
		act(greeting)
		require.NoError(t, p.command.Process.Signal(os.Interrupt))
		status, _, stderr := p.wait()
		require.Zero(t, status, stderr)
	}
	run("first", func(greeting string) {
		url := "http://" + regexp.MustCompile(`management +(\S+)`).FindStringSubmatch(greeting)[1] + "/api/users/app"
		request, err := http.NewRequestWithContext(t.Context(), http.MethodPut, url, strings.NewReader(`{"password":"second","tags":"administrator"}`))
		require.NoError(t, err)
		request.SetBasicAuth("app", "first")
		response, err := http.DefaultClient.Do(request)
		require.NoError(t, err)
		require.NoError(t, response.Body.Close())
		require.Equal(t, http.StatusNoContent, response.StatusCode)
	})
	run("second", func(string) {})
}

// Where a file of definitions says who there is, default_user of a rabbitmq.conf makes
// nobody, and the greeting names those who are there.
func TestTheGreetingNamesUsersThatThereAre(t *testing.T) {
	definitions := filepath.Join(t.TempDir(), "d.json")
	require.NoError(t, os.WriteFile(definitions, []byte(`{"users":[{"name":"ops","tags":"administrator","password":"secret"}],`+
		`"vhosts":[{"name":"/"}],"permissions":[{"user":"ops","vhost":"/","configure":".*","write":".*","read":".*"}]}`), 0o600))
	name := rabbitConf(t, "default_user = app\ndefault_pass = first\nload_definitions = "+definitions+"\n")
	p := start(t, nil, "--rabbitmq-conf", name, "--amqp-listen", anyPort)
	greeting := p.ready()
	require.Regexp(t, `users +ops\n`, greeting)
	require.Regexp(t, `connect with +amqp://ops:PASSWORD@127\.0\.0\.1:\d+`, greeting)
	require.NotContains(t, greeting, "app")
}
