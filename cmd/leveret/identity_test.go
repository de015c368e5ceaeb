package main_test

import (
	"crypto/tls"
	"crypto/x509"
	"os"
	"path/filepath"
	"regexp"
	"testing"

	amqp091 "github.com/rabbitmq/amqp091-go"
	"github.com/stretchr/testify/require"

	"github.com/leveretmq/leveret/internal/tlstest"
)

// A client logs in with its certificate, over TLS only.
func TestExternal(t *testing.T) {
	dir, ca := t.TempDir(), tlstest.NewAuthority(t, "ca")
	server := ca.Issue(t, dir, "localhost", x509.ExtKeyUsageServerAuth)
	file := filepath.Join(dir, "leveret.yaml")
	require.NoError(t, os.WriteFile(file, []byte(`
amqp-listen: ["127.0.0.1:0"]
tls-listen: ["127.0.0.1:0"]
tls-certificates: ["`+server.Certificate+`"]
tls-keys: ["`+server.Key+`"]
tls-authorities: "`+ca.Write(t, dir)+`"
tls-clients: verify
auth-mechanisms: [EXTERNAL, PLAIN]
certificate-login: common-name
users: [{name: app, password: s3cret}]
`), 0o600))
	greeting := start(t, nil, "--config", file).ready()
	found := regexp.MustCompile(`AMQP over TLS +(\S+)`).FindStringSubmatch(greeting)
	require.Len(t, found, 2)

	octets, err := os.ReadFile(filepath.Join(dir, "ca.crt"))
	require.NoError(t, err)
	pool := x509.NewCertPool()
	require.True(t, pool.AppendCertsFromPEM(octets))
	connect := func(name string) error {
		config := &tls.Config{RootCAs: pool, ServerName: "localhost"}
		if name != "" {
			pair := ca.Issue(t, t.TempDir(), name, x509.ExtKeyUsageClientAuth)
			certificate, err := tls.LoadX509KeyPair(pair.Certificate, pair.Key)
			require.NoError(t, err)
			config.Certificates = []tls.Certificate{certificate}
		}
		connection, err := amqp091.DialConfig("amqps://"+found[1]+"/", amqp091.Config{
			SASL: []amqp091.Authentication{&amqp091.ExternalAuth{}}, TLSClientConfig: config,
		})
		if err == nil {
			require.NoError(t, connection.Close())
		}
		return err
	}
	require.NoError(t, connect("app"))
	require.ErrorIs(t, connect("nobody"), amqp091.ErrCredentials)
	require.ErrorIs(t, connect(""), amqp091.ErrCredentials)

	plain := regexp.MustCompile(`AMQP 0-9-1 +(\S+)`).FindStringSubmatch(greeting)
	_, err = amqp091.DialConfig("amqp://"+plain[1]+"/", amqp091.Config{SASL: []amqp091.Authentication{&amqp091.ExternalAuth{}}})
	require.ErrorIs(t, err, amqp091.ErrSASL, "without TLS it is not offered")
}

// Users who came to the data directory once stay, whatever the configuration says.
func TestUsersStay(t *testing.T) {
	dir := t.TempDir()
	first := start(t, []string{`LEVERET_USERS=[{name: app, password: s3cret}]`}, "--data-dir", dir, "--amqp-listen", anyPort)
	first.ready()
	require.NoError(t, first.command.Process.Signal(os.Interrupt))
	status, _, stderr := first.wait()
	require.Zero(t, status, stderr)
	url := connectURL(t, start(t, nil, "--data-dir", dir, "--amqp-listen", anyPort).ready())
	for user, want := range map[string]error{"app:s3cret": nil, "guest:guest": amqp091.ErrCredentials} {
		connection, err := amqp091.Dial(regexp.MustCompile(`//[^@]*@`).ReplaceAllString(url, "//"+user+"@"))
		require.ErrorIs(t, err, want)
		if err == nil {
			require.NoError(t, connection.Close())
		}
	}
}
