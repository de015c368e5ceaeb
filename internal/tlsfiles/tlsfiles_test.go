package tlsfiles_test

import (
	"crypto/tls"
	"crypto/x509"
	"net"
	"os"
	"path/filepath"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/leveretmq/leveret/internal/tlsfiles"
	"github.com/leveretmq/leveret/internal/tlstest"
)

// greet makes a connection and returns what the server and the client think of it.
func greet(t *testing.T, server *tls.Config, client *tls.Config) (state tls.ConnectionState, serverErr, clientErr error) {
	t.Helper()
	near, far := net.Pipe()
	defer near.Close()
	defer far.Close()
	s := tls.Server(far, server)
	done := make(chan error, 1)
	go func() {
		err := s.Handshake()
		if err != nil {
			_ = far.Close() // the client has to learn of it
		}
		done <- err
	}()
	c := tls.Client(near, client)
	clientErr = c.Handshake()
	if clientErr != nil {
		_ = near.Close()
	}
	serverErr = <-done
	return c.ConnectionState(), serverErr, clientErr
}

func TestFiles_ChoosesByName(t *testing.T) {
	dir, ca := t.TempDir(), tlstest.NewAuthority(t, "ca")
	a := ca.Issue(t, dir, "a.example", serverUse)
	b := ca.Issue(t, dir, "b.example", serverUse)
	f, err := tlsfiles.Open(tlsfiles.Options{Pairs: []tlsfiles.Pair{a, b}, Oldest: tls.VersionTLS12})
	require.NoError(t, err)
	for name, want := range map[string]string{"a.example": "a.example", "b.example": "b.example", "other.example": "a.example"} {
		state, _, err := greet(t, f.Config(), &tls.Config{ServerName: name, InsecureSkipVerify: true})
		require.NoError(t, err)
		require.Equal(t, want, state.PeerCertificates[0].DNSNames[0])
	}
	require.Len(t, f.Expiries(), 2)
	require.WithinDuration(t, time.Now().Add(tlstest.Validity), f.Expiries()[0].NotAfter, time.Minute)
}

func TestFiles_RefusesOldVersions(t *testing.T) {
	dir, ca := t.TempDir(), tlstest.NewAuthority(t, "ca")
	f, err := tlsfiles.Open(tlsfiles.Options{
		Pairs: []tlsfiles.Pair{ca.Issue(t, dir, "a.example", serverUse)}, Oldest: tls.VersionTLS13,
	})
	require.NoError(t, err)
	_, _, err = greet(t, f.Config(), &tls.Config{InsecureSkipVerify: true, MaxVersion: tls.VersionTLS12})
	require.Error(t, err)
}

// A client needs a certificate that is good in every way.
func TestFiles_ClientCertificates(t *testing.T) {
	dir, ca, foreign := t.TempDir(), tlstest.NewAuthority(t, "ca"), tlstest.NewAuthority(t, "ca")
	server := ca.Issue(t, dir, "server.example", serverUse)
	good := ca.Issue(t, dir, "good", clientUse)
	revoked := ca.Issue(t, dir, "revoked", clientUse)
	clients := map[string]struct {
		pair tlsfiles.Pair
		ok   bool
	}{
		"good":        {good, true},
		"expired":     {ca.Issue(t, dir, "expired", clientUse, tlstest.Expired), false},
		"foreign":     {foreign.Issue(t, dir, "foreign", clientUse), false},
		"wrong usage": {ca.Issue(t, dir, "usage", serverUse), false},
		"revoked":     {revoked, false},
	}
	f, err := tlsfiles.Open(tlsfiles.Options{
		Pairs: []tlsfiles.Pair{server}, Authorities: ca.Write(t, dir), Clients: tlsfiles.Require,
		Revoked: ca.Revoke(t, dir, revoked), Oldest: tls.VersionTLS12,
	})
	require.NoError(t, err)
	for name, c := range clients {
		pair, err := tls.LoadX509KeyPair(c.pair.Certificate, c.pair.Key)
		require.NoError(t, err)
		show := func(*tls.CertificateRequestInfo) (*tls.Certificate, error) { return &pair, nil }
		_, err, _ = greet(t, f.Config(), &tls.Config{
			InsecureSkipVerify: true, GetClientCertificate: show, MaxVersion: tls.VersionTLS12,
		})
		require.Equal(t, c.ok, err == nil, "%s: %v", name, err)
	}
	_, err, _ = greet(t, f.Config(), &tls.Config{InsecureSkipVerify: true, MaxVersion: tls.VersionTLS12})
	require.Error(t, err, "no certificate")
}

func TestFiles_VerifyGivenTakesClientsWithout(t *testing.T) {
	dir, ca := t.TempDir(), tlstest.NewAuthority(t, "ca")
	f, err := tlsfiles.Open(tlsfiles.Options{
		Pairs:       []tlsfiles.Pair{ca.Issue(t, dir, "server.example", serverUse)},
		Authorities: ca.Write(t, dir), Clients: tlsfiles.VerifyGiven, Oldest: tls.VersionTLS12,
	})
	require.NoError(t, err)
	_, serverErr, clientErr := greet(t, f.Config(), &tls.Config{InsecureSkipVerify: true})
	require.NoError(t, serverErr)
	require.NoError(t, clientErr)
}

// A renewed certificate is used by the next connection; a file that is no
// certificate changes nothing.
func TestFiles_Reload(t *testing.T) {
	dir, ca := t.TempDir(), tlstest.NewAuthority(t, "ca")
	pair := ca.Issue(t, dir, "old.example", serverUse)
	f, err := tlsfiles.Open(tlsfiles.Options{Pairs: []tlsfiles.Pair{pair}, Oldest: tls.VersionTLS12})
	require.NoError(t, err)
	require.False(t, f.Changed())
	config := f.Config()
	shown := func() string {
		state, _, err := greet(t, config, &tls.Config{InsecureSkipVerify: true})
		require.NoError(t, err)
		return state.PeerCertificates[0].DNSNames[0]
	}
	require.Equal(t, "old.example", shown())

	require.NoError(t, os.WriteFile(pair.Certificate, []byte("nonsense"), 0o600))
	require.True(t, f.Changed())
	require.Error(t, f.Reload())
	require.Equal(t, "old.example", shown())

	renewed := ca.Issue(t, t.TempDir(), "new.example", serverUse)
	require.NoError(t, os.Rename(renewed.Certificate, pair.Certificate))
	require.NoError(t, os.Rename(renewed.Key, pair.Key))
	require.NoError(t, f.Reload())
	require.False(t, f.Changed())
	require.Equal(t, "new.example", shown())
}

func TestOpen_Refuses(t *testing.T) {
	dir, ca := t.TempDir(), tlstest.NewAuthority(t, "ca")
	pair := ca.Issue(t, dir, "a.example", serverUse)
	empty := filepath.Join(dir, "empty")
	require.NoError(t, os.WriteFile(empty, nil, 0o600))
	foreign := tlstest.NewAuthority(t, "other")
	for name, o := range map[string]tlsfiles.Options{
		"no pair":             {},
		"missing file":        {Pairs: []tlsfiles.Pair{{Certificate: "missing", Key: pair.Key}}},
		"key of another":      {Pairs: []tlsfiles.Pair{{Certificate: pair.Certificate, Key: ca.Issue(t, dir, "b", serverUse).Key}}},
		"no authorities":      {Pairs: []tlsfiles.Pair{pair}, Clients: tlsfiles.Require},
		"empty authorities":   {Pairs: []tlsfiles.Pair{pair}, Clients: tlsfiles.Require, Authorities: empty},
		"list of a foreigner": {Pairs: []tlsfiles.Pair{pair}, Clients: tlsfiles.Require, Authorities: ca.Write(t, dir), Revoked: foreign.Revoke(t, dir)},
	} {
		_, err := tlsfiles.Open(o)
		require.Error(t, err, name)
	}
}

const (
	serverUse = x509.ExtKeyUsageServerAuth
	clientUse = x509.ExtKeyUsageClientAuth
)
