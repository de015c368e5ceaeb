//go:build !windows

package main_test

import (
	"bytes"
	"encoding/json"
	"io"
	"net"
	"net/http"
	"os"
	"path/filepath"
	"regexp"
	"strconv"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/rabbitmq/amqp091-go"
	"github.com/stretchr/testify/require"
)

// logged waits until the file has a text that fits the pattern.
func logged(t *testing.T, name, pattern string) {
	t.Helper()
	fits := regexp.MustCompile(`(?m)` + pattern)
	require.Eventually(t, func() bool {
		content, err := os.ReadFile(name)
		return err == nil && fits.Match(content)
	}, patience, 10*time.Millisecond, "%s", pattern)
}

const (
	secretBody     = "payload-that-nobody-may-see"
	secretPassword = "password-that-nobody-may-see"
)

// TestLogOfConnections reads what RabbitMQ would say of the same.
func TestLogOfConnections(t *testing.T) {
	folder := t.TempDir()
	file, audit := filepath.Join(folder, "a.log"), filepath.Join(folder, "audit.log")
	p := start(t, []string{"LEVERET_LOG_FILE=" + file, "LEVERET_AUDIT_LOG=" + audit, "LEVERET_LOG_LEVEL=debug",
		"LEVERET_HTTP_LISTEN=127.0.0.1:0", "LEVERET_REFUSAL_DELAY=0", "LEVERET_NODE_NAME=rabbit@box"}, "--amqp-listen", anyPort)
	greeting := p.ready()
	url := connectURL(t, greeting)
	logged(t, file, `\[info\] <0\.0\.0> started TCP listener on 127\.0\.0\.1:\d+$`)
	logged(t, file, `\[info\] <0\.0\.0> Management plugin: HTTP \(non-TLS\) listener started on port \d+$`)
	logged(t, file, `\[info\] <0\.0\.0> Server startup complete; 0 plugins started\.$`)

	properties := amqp091.NewConnectionProperties()
	properties.SetClientConnectionName("my\napp")
	connection, err := amqp091.DialConfig(url, amqp091.Config{Properties: properties})
	require.NoError(t, err)
	channel, err := connection.Channel()
	require.NoError(t, err)
	require.NoError(t, channel.PublishWithContext(t.Context(), "", "nowhere", true, false, amqp091.Publishing{Body: []byte(secretBody)}))
	_, err = channel.QueueDeclarePassive("missing", false, false, false, false, nil)
	require.Error(t, err)
	require.NoError(t, connection.Close())
	pair := `127\.0\.0\.1:\d+ -> 127\.0\.0\.1:\d+`
	logged(t, file, `\[info\] <0\.1\.0> accepting AMQP connection `+pair+`$`)
	logged(t, file, `\[info\] <0\.1\.0> connection `+pair+` has a client-provided name: my\?app$`)
	logged(t, file, `\[info\] <0\.1\.0> connection `+pair+` - my\?app: user 'guest' authenticated and granted access to vhost '/'$`)
	logged(t, file, `\[error\] <0\.1\.0> Channel error on connection <0\.1\.0> \(`+pair+` - my\?app, vhost: '/', user: 'guest'\), channel 1:\n`+
		`.* \[error\] <0\.1\.0> operation queue\.declare caused a channel exception not_found: no queue 'missing' in vhost '/'$`)
	logged(t, file, `\[info\] <0\.1\.0> closing AMQP connection \(`+pair+` - my\?app, vhost: '/', user: 'guest', duration: '\d+m?s'\)$`)

	_, err = amqp091.Dial(strings.Replace(url, "guest:guest", "guest:"+secretPassword, 1))
	require.Error(t, err)
	logged(t, file, `\[error\] <0\.2\.0> Error on AMQP connection <0\.2\.0> \(`+pair+`, state: starting\):\n`+
		`.* \[error\] <0\.2\.0> PLAIN login refused: user 'guest' - invalid credentials$`)
	logged(t, file, `\[info\] <0\.2\.0> closing AMQP connection \(`+pair+`, duration: '\d+m?s'\)$`)

	_, err = amqp091.Dial(url + "/nope")
	require.Error(t, err)
	logged(t, file, `\[error\] <0\.3\.0> Error on AMQP connection <0\.3\.0> \(`+pair+`, user: 'guest', state: opening\):\n`+
		`.* \[error\] <0\.3\.0> .*vhost nope not found.*$`)

	var socket net.Conn
	_, err = amqp091.DialConfig(url, amqp091.Config{Dial: func(network, address string) (net.Conn, error) {
		conn, err := net.Dial(network, address)
		socket = conn
		return conn, err
	}})
	require.NoError(t, err)
	require.NoError(t, socket.Close())
	logged(t, file, `\[warning\] <0\.4\.0> closing AMQP connection <0\.4\.0> \(`+pair+`, vhost: '/', user: 'guest', duration: '\d+m?s'\):\n`+
		`.* \[warning\] <0\.4\.0> client unexpectedly closed TCP connection$`)

	web := "http://" + regexp.MustCompile(`management +(\S+)`).FindStringSubmatch(greeting)[1] + "/api/users/app"
	put(t, web, "guest", secretPassword)
	logged(t, file, `\[warning\] <0\.0\.0> HTTP access denied: user 'guest' - invalid credentials peer=127\.0\.0\.1:\d+$`)
	put(t, web, "guest", "guest")
	logged(t, audit, `"action":"user\.[a-z.]+","object":"app","user":"guest","peer":"127\.0\.0\.1:\d+","changed":"[a-z,]+","outcome":"done"\}$`)

	require.NoError(t, os.Rename(file, file+".1"))
	require.NoError(t, p.command.Process.Signal(syscall.SIGUSR1))
	require.Eventually(t, func() bool { _, err := os.Stat(file); return err == nil }, patience, 10*time.Millisecond)
	require.NoError(t, p.command.Process.Signal(os.Interrupt))
	status, _, stderr := p.wait()
	require.Zero(t, status, stderr)
	logged(t, file, `\[info\] <0\.0\.0> stopped$`)
	require.NotContains(t, stderr, "nobody-may-see")
	keepsSecrets(t, file, file+".1", audit)
}

func keepsSecrets(t *testing.T, names ...string) {
	t.Helper()
	for _, name := range names {
		content, err := os.ReadFile(name)
		require.NoError(t, err)
		require.NotContains(t, string(content), "nobody-may-see")
	}
}

// put makes a user by the HTTP API.
func put(t *testing.T, url, user, password string) {
	t.Helper()
	body := `{"password":"` + secretPassword + `","tags":"management"}`
	request, err := http.NewRequestWithContext(t.Context(), http.MethodPut, url, strings.NewReader(body))
	require.NoError(t, err)
	request.SetBasicAuth(user, password)
	response, err := http.DefaultClient.Do(request)
	require.NoError(t, err)
	_, err = io.Copy(io.Discard, response.Body)
	require.NoError(t, errorsOf(err, response.Body.Close()))
}

func errorsOf(errs ...error) error {
	for _, err := range errs {
		if err != nil {
			return err
		}
	}
	return nil
}

func TestMissedHeartbeatsAreLogged(t *testing.T) {
	p := start(t, nil, "--amqp-listen", anyPort)
	url := connectURL(t, p.ready())
	var socket *muteConn
	connection, err := amqp091.DialConfig(url, amqp091.Config{
		Heartbeat: time.Second,
		Dial: func(network, address string) (net.Conn, error) {
			conn, err := net.Dial(network, address)
			socket = &muteConn{Conn: conn}
			return socket, err
		},
	})
	require.NoError(t, err)
	t.Cleanup(func() { socket.Conn.Close() })
	closed := connection.NotifyClose(make(chan *amqp091.Error, 1))
	socket.mute.Store(true)
	require.Error(t, <-closed)
	require.NoError(t, p.command.Process.Signal(os.Interrupt))
	_, _, stderr := p.wait()
	require.Regexp(t, `(?m)\[error\] <0\.1\.0> closing AMQP connection <0\.1\.0> \(.*\):\n.* <0\.1\.0> missed heartbeats from client, timeout: 1s$`, stderr)
}

func TestLogAsJSONWithLevels(t *testing.T) {
	p := start(t, []string{"LEVERET_LOG_LEVELS=connection=error"}, "--amqp-listen", anyPort, "--log-format", "json")
	connection, err := amqp091.Dial(connectURL(t, p.ready()))
	require.NoError(t, err)
	require.NoError(t, connection.Close())
	require.NoError(t, p.command.Process.Signal(os.Interrupt))
	_, _, stderr := p.wait()
	require.NotContains(t, stderr, "accepting AMQP connection")
	require.Contains(t, stderr, `"msg":"Server startup complete; 0 plugins started.","pid":"<0.0.0>","domain":"rabbitmq"}`)
	for line := range bytes.Lines([]byte(stderr)) {
		var object map[string]any
		require.NoError(t, json.Unmarshal(line, &object), "%s", line)
	}
}

func TestLogThatCannotBeOpened(t *testing.T) {
	start(t, nil, "--log-file", "missing/a.log").wantFailure(2, "the log", "missing/a.log")
}

func TestLevelsChangeWhileItRuns(t *testing.T) {
	p := start(t, []string{"LEVERET_HTTP_LISTEN=127.0.0.1:0", "LEVERET_LOG_LEVEL=error"}, "--amqp-listen", anyPort)
	greeting := p.ready()
	web := "http://" + regexp.MustCompile(`management +(\S+)`).FindStringSubmatch(greeting)[1] + "/api/log-levels"
	set := func(path, level string, status int) {
		request, err := http.NewRequestWithContext(t.Context(), http.MethodPut, web+path, strings.NewReader(`{"level":"`+level+`"}`))
		require.NoError(t, err)
		request.SetBasicAuth("guest", "guest")
		response, err := http.DefaultClient.Do(request)
		require.NoError(t, err)
		require.NoError(t, response.Body.Close())
		require.Equal(t, status, response.StatusCode)
	}
	dial := func() {
		connection, err := amqp091.Dial(connectURL(t, greeting))
		require.NoError(t, err)
		require.NoError(t, connection.Close())
	}
	dial()
	set("/connection", "info", http.StatusNoContent)
	set("/connection", "loud", http.StatusBadRequest)
	set("/unheard-of", "info", http.StatusBadRequest)
	dial()
	require.NoError(t, p.command.Process.Signal(os.Interrupt))
	_, _, stderr := p.wait()
	require.Equal(t, 1, strings.Count(stderr, "accepting AMQP connection"), stderr)
	require.NotContains(t, stderr, "Server startup complete")
}

func TestAlarmsAreLogged(t *testing.T) {
	var disk syscall.Statfs_t
	require.NoError(t, syscall.Statfs(t.TempDir(), &disk))
	limit := strconv.FormatUint(disk.Bavail*uint64(disk.Bsize)*2, 10)
	file := filepath.Join(t.TempDir(), "a.log")
	p := start(t, []string{"LEVERET_NODE_NAME=rabbit@box", "LEVERET_DISK_BALLAST=0"}, "--amqp-listen", anyPort, "--disk-free-limit", limit, "--log-file", file)
	p.ready()
	logged(t, file, `\[warning\] <0\.0\.0> disk resource limit alarm set on node rabbit@box\.\n.*\n`+
		`.* \*{58}\n.* \*{3} Publishers will be blocked until this alarm clears \*{3}\n.* \*{58}$`)
}
