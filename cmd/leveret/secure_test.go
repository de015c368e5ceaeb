package main_test

import (
	"bufio"
	"crypto/tls"
	"crypto/x509"
	"fmt"
	"net"
	"os"
	"regexp"
	"slices"
	"strings"
	"syscall"
	"testing"

	amqp091 "github.com/rabbitmq/amqp091-go"
	"github.com/stretchr/testify/require"

	"github.com/leveretmq/leveret/internal/tlsfiles"
	"github.com/leveretmq/leveret/internal/tlstest"
)

// secured is a broker that takes clients over TLS.
type secured struct {
	*program
	address string
	ca      *tlstest.Authority
	pair    tlsfiles.Pair
}

func startSecured(t *testing.T, args ...string) *secured {
	t.Helper()
	dir, ca := t.TempDir(), tlstest.NewAuthority(t, "ca")
	s := &secured{ca: ca, pair: ca.Issue(t, dir, "localhost", x509.ExtKeyUsageServerAuth)}
	s.program = start(t, nil, append([]string{
		"serve", "--amqp-listen", "127.0.0.1:0", "--tls-listen", "127.0.0.1:0",
		"--tls-certificates", s.pair.Certificate, "--tls-keys", s.pair.Key,
	}, args...)...)
	found := regexp.MustCompile(`AMQP over TLS +(\S+)`).FindStringSubmatch(s.ready())
	require.Len(t, found, 2)
	s.address = found[1]
	return s
}

// trusting is what a client needs to trust the authority.
func (s *secured) trusting(t *testing.T) *tls.Config {
	t.Helper()
	octets, err := os.ReadFile(s.ca.Write(t, t.TempDir()))
	require.NoError(t, err)
	pool := x509.NewCertPool()
	require.True(t, pool.AppendCertsFromPEM(octets))
	return &tls.Config{RootCAs: pool, ServerName: "localhost"}
}

func TestTLS_ClientPublishesAndGets(t *testing.T) {
	s := startSecured(t)
	connection, err := amqp091.DialTLS("amqps://guest:guest@"+s.address, s.trusting(t))
	require.NoError(t, err)
	defer connection.Close()
	channel, err := connection.Channel()
	require.NoError(t, err)
	q, err := channel.QueueDeclare("", false, true, true, false, nil)
	require.NoError(t, err)
	require.NoError(t, channel.Publish("", q.Name, false, false, amqp091.Publishing{Body: make([]byte, 300_000)}))
	require.Eventually(t, func() bool {
		d, ok, err := channel.Get(q.Name, true)
		require.NoError(t, err)
		return ok && len(d.Body) == 300_000
	}, patience, patience/1000)
}

func TestTLS_OldVersionsAreRefused(t *testing.T) {
	s := startSecured(t)
	config := s.trusting(t)
	config.MinVersion, config.MaxVersion = tls.VersionTLS10, tls.VersionTLS11
	_, err := tls.Dial("tcp", s.address, config)
	require.Error(t, err)
}

// Suites without forward secrecy or without an authenticating cipher are refused, even
// if a client has nothing else.
func TestTLS_OldSuitesAreRefused(t *testing.T) {
	s := startSecured(t)
	for _, suite := range slices.Concat(tls.CipherSuites(), tls.InsecureCipherSuites()) {
		if !slices.Contains(suite.SupportedVersions, tls.VersionTLS12) {
			continue
		}
		t.Run(suite.Name, func(t *testing.T) {
			config := s.trusting(t)
			config.MaxVersion, config.CipherSuites = tls.VersionTLS12, []uint16{suite.ID}
			c, err := tls.Dial("tcp", s.address, config)
			// The broker's certificate has a key for ECDSA.
			if strings.HasPrefix(suite.Name, "TLS_ECDHE_ECDSA_") && !strings.Contains(suite.Name, "_CBC_") && !strings.Contains(suite.Name, "_RC4_") {
				require.NoError(t, err)
				require.NoError(t, c.Close())
				return
			}
			require.ErrorContains(t, err, "remote error")
		})
	}
}

// A renewed certificate is used when the process is told.
func TestTLS_RenewedCertificate(t *testing.T) {
	s := startSecured(t)
	serial := func() string {
		c, err := tls.Dial("tcp", s.address, s.trusting(t))
		require.NoError(t, err)
		defer c.Close()
		return c.ConnectionState().PeerCertificates[0].SerialNumber.String()
	}
	before := serial()
	renewed := s.ca.Issue(t, t.TempDir(), "localhost", x509.ExtKeyUsageServerAuth)
	require.NoError(t, os.Rename(renewed.Key, s.pair.Key))
	require.NoError(t, os.Rename(renewed.Certificate, s.pair.Certificate))
	require.NoError(t, s.command.Process.Signal(syscall.SIGHUP))
	require.Eventually(t, func() bool { return serial() != before }, patience, patience/1000)
}

func TestTLS_WithoutCertificatesIsAMistake(t *testing.T) {
	start(t, nil, "serve", "--tls-listen", "127.0.0.1:0").wantFailure(2, "tls-certificates")
}

// A trusted proxy has to tell who its client is; from others that is no AMQP.
func TestProxyProtocol(t *testing.T) {
	for _, trusted := range []string{"127.0.0.0/8", "10.0.0.0/8"} {
		p := start(t, []string{"LEVERET_PROXY_PROTOCOL_FROM=" + trusted}, "serve", "--amqp-listen", "127.0.0.1:0")
		found := regexp.MustCompile(`AMQP 0-9-1 +(\S+)`).FindStringSubmatch(p.ready())
		require.Len(t, found, 2)
		c, err := net.Dial("tcp", found[1])
		require.NoError(t, err)
		_, err = fmt.Fprintf(c, "PROXY TCP4 192.0.2.1 192.0.2.2 1000 5672\r\nAMQP\x00\x00\x09\x01")
		require.NoError(t, err)
		first, err := bufio.NewReader(c).ReadByte()
		require.NoError(t, err)
		if trusted == "127.0.0.0/8" {
			require.Equal(t, byte(1), first, "connection.start")
		} else {
			require.Equal(t, byte('A'), first, "the header of the protocol that is spoken")
		}
		require.NoError(t, c.Close())
	}
}

func TestTLS_AloneByRabbitMQConf(t *testing.T) {
	dir, ca := t.TempDir(), tlstest.NewAuthority(t, "ca")
	pair := ca.Issue(t, dir, "localhost", x509.ExtKeyUsageServerAuth)
	p := start(t, nil, "--rabbitmq-conf", rabbitConf(t, fmt.Sprintf(`listeners.tcp = none
listeners.ssl.default = 127.0.0.1:0
ssl_options.certfile = %s
ssl_options.keyfile  = %s
ssl_options.verify   = verify_none
`, pair.Certificate, pair.Key)))
	greeting := p.ready()
	require.NotContains(t, greeting, "AMQP 0-9-1")
	url := regexp.MustCompile(`connect with +(amqps://guest:guest@127\.0\.0\.1:\d+)`).FindStringSubmatch(greeting)
	require.Len(t, url, 2, greeting)
	s := &secured{program: p, ca: ca}
	connection, err := amqp091.DialTLS(url[1], s.trusting(t))
	require.NoError(t, err)
	require.NoError(t, connection.Close())
}
