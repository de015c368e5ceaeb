package main_test

import (
	"net"
	"os"
	"path/filepath"
	"regexp"
	"testing"

	"github.com/rabbitmq/amqp091-go"
	"github.com/stretchr/testify/require"
)

// anyPort lets the system choose.
const anyPort = "127.0.0.1:0"

// connectURL finds what the broker tells people to connect with.
func connectURL(t *testing.T, greeting string) string {
	t.Helper()
	found := regexp.MustCompile(`connect with +(amqp://\S+)`).FindStringSubmatch(greeting)
	require.NotNil(t, found, greeting)
	return found[1]
}

func TestGreetingTellsWhatIsServed(t *testing.T) {
	p := start(t, nil, "--data-dir", "here", "--amqp-listen", anyPort, "--amqp-listen", "[::1]:0")
	greeting := p.ready()
	require.Regexp(t, `^Leveret \S+ \(go1`, greeting)
	require.Regexp(t, `configuration +defaults`, greeting)
	require.Regexp(t, `data directory +\S+here \(durability fsync\)`, greeting)
	require.Regexp(t, `AMQP 0-9-1 +127\.0\.0\.1:[1-9]`, greeting)
	require.Regexp(t, `AMQP 0-9-1 +\[::1\]:[1-9]`, greeting)
	require.Regexp(t, `limits +frame 131072 octets, message 134217728 octets, channels 2047 per connection, connections no limit, heartbeat 1m0s`, greeting)
	require.Regexp(t, `users +guest \(from this machine only\)`, greeting)
	require.Regexp(t, `connect with +amqp://guest:guest@127\.0\.0\.1:[1-9]`, greeting)
}

func TestClientConnectsWithTheGreetingsURL(t *testing.T) {
	p := start(t, nil, "--amqp-listen", anyPort)
	connection, err := amqp091.Dial(connectURL(t, p.ready()))
	require.NoError(t, err)
	require.NoError(t, connection.Close())
}

func TestConfigurationFileReachesTheBroker(t *testing.T) {
	file := filepath.Join(t.TempDir(), "leveret.yaml")
	require.NoError(t, os.WriteFile(file, []byte(`
amqp-listen: ["127.0.0.1:0"]
vhost: orders
users: [{name: app, password: s3cret}]
channel-max: 7
frame-max: 8192
`), 0o600))
	greeting := start(t, nil, "--config", file).ready()
	require.Contains(t, greeting, file)
	require.NotContains(t, greeting, "s3cret")
	url := connectURL(t, greeting)
	require.Regexp(t, `^amqp://app:PASSWORD@127\.0\.0\.1:\d+/orders$`, url)

	url = regexp.MustCompile(`PASSWORD`).ReplaceAllString(url, "s3cret")
	connection, err := amqp091.Dial(url)
	require.NoError(t, err)
	require.EqualValues(t, 7, connection.Config.ChannelMax)
	require.Equal(t, 8192, connection.Config.FrameSize)
	require.NoError(t, connection.Close())
}

func TestPortInUse(t *testing.T) {
	taken, err := net.Listen("tcp", anyPort)
	require.NoError(t, err)
	defer taken.Close()
	address := taken.Addr().String()

	p := start(t, nil, "--amqp-listen", anyPort, "--amqp-listen", address)
	p.wantFailure(3, "cannot listen on "+address, "address already in use", "--amqp-listen")
	require.NoDirExists(t, filepath.Join(p.command.Dir, "data"), "nothing is written before the ports are known to be free")
}

func TestAddressOfAnotherMachine(t *testing.T) {
	start(t, nil, "--amqp-listen", "192.0.2.1:5672").wantFailure(3, "192.0.2.1:5672", "--amqp-listen")
}

func TestDataDirectoryInUse(t *testing.T) {
	dir := t.TempDir()
	start(t, nil, "--data-dir", dir, "--amqp-listen", anyPort).ready()
	start(t, nil, "--data-dir", dir, "--amqp-listen", anyPort).wantFailure(4, dir)
}

func TestDataDirectoryNotWritable(t *testing.T) {
	file := filepath.Join(t.TempDir(), "file")
	require.NoError(t, os.WriteFile(file, nil, 0o600))
	start(t, nil, "--data-dir", filepath.Join(file, "data"), "--amqp-listen", anyPort).wantFailure(5, file)
}

// Each address keeps to its IP version, so that both can be asked for.
func TestSamePortOfBothIPVersions(t *testing.T) {
	free, err := net.Listen("tcp4", "127.0.0.1:0")
	require.NoError(t, err)
	_, port, err := net.SplitHostPort(free.Addr().String())
	require.NoError(t, err)
	require.NoError(t, free.Close())
	p := start(t, nil, "--amqp-listen", "0.0.0.0:"+port, "--amqp-listen", "[::]:"+port)
	greeting := p.ready()
	require.Regexp(t, `AMQP 0-9-1 +0\.0\.0\.0:`+port, greeting)
	require.Regexp(t, `AMQP 0-9-1 +\[::\]:`+port, greeting)
}

// Without a delay for refusals an orderly close is still answered.
func TestCloseIsAnsweredWithoutRefusalDelay(t *testing.T) {
	p := start(t, []string{"LEVERET_REFUSAL_DELAY=0"}, "--amqp-listen", anyPort)
	connection, err := amqp091.Dial(connectURL(t, p.ready()))
	require.NoError(t, err)
	require.NoError(t, connection.Close())
}
