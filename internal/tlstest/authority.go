// Package tlstest makes certificates for tests: good ones, and such as should be
// refused.
package tlstest

import (
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/tls"
	"crypto/x509"
	"crypto/x509/pkix"
	"encoding/pem"
	"math/big"
	"os"
	"path/filepath"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/leveretmq/leveret/internal/tlsfiles"
)

// Validity is how long the certificates last.
const Validity = time.Hour

// Authority signs certificates.
type Authority struct {
	certificate *x509.Certificate
	key         *ecdsa.PrivateKey
	serial      int64
}

// NewAuthority makes an authority of the given name. Two of the same name are not the
// same.
func NewAuthority(t *testing.T, name string) *Authority {
	t.Helper()
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	require.NoError(t, err)
	template := &x509.Certificate{
		SerialNumber: big.NewInt(1), Subject: pkix.Name{CommonName: name}, IsCA: true, BasicConstraintsValid: true,
		NotBefore: time.Now().Add(-Validity), NotAfter: time.Now().Add(Validity),
		KeyUsage: x509.KeyUsageCertSign | x509.KeyUsageCRLSign,
	}
	der, err := x509.CreateCertificate(rand.Reader, template, template, key.Public(), key)
	require.NoError(t, err)
	certificate, err := x509.ParseCertificate(der)
	require.NoError(t, err)
	return &Authority{certificate: certificate, key: key, serial: 1}
}

// Expired makes a certificate one that has ended.
func Expired(c *x509.Certificate) { c.NotAfter = time.Now().Add(-time.Minute) }

// Issue writes a certificate and its key, for the host of the given name.
func (a *Authority) Issue(t *testing.T, dir, name string, use x509.ExtKeyUsage, change ...func(*x509.Certificate)) tlsfiles.Pair {
	t.Helper()
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	require.NoError(t, err)
	a.serial++
	template := &x509.Certificate{
		SerialNumber: big.NewInt(a.serial), Subject: pkix.Name{CommonName: name}, DNSNames: []string{name},
		NotBefore: time.Now().Add(-Validity), NotAfter: time.Now().Add(Validity),
		ExtKeyUsage: []x509.ExtKeyUsage{use},
	}
	for _, c := range change {
		c(template)
	}
	der, err := x509.CreateCertificate(rand.Reader, template, a.certificate, key.Public(), a.key)
	require.NoError(t, err)
	keyDER, err := x509.MarshalPKCS8PrivateKey(key)
	require.NoError(t, err)
	return tlsfiles.Pair{
		Certificate: writePEM(t, filepath.Join(dir, name+".crt"), "CERTIFICATE", der),
		Key:         writePEM(t, filepath.Join(dir, name+".key"), "PRIVATE KEY", keyDER),
	}
}

// Write writes the certificate of the authority.
func (a *Authority) Write(t *testing.T, dir string) string {
	t.Helper()
	return writePEM(t, filepath.Join(dir, "ca.crt"), "CERTIFICATE", a.certificate.Raw)
}

// Revoke writes a list of certificates that are not good any more.
func (a *Authority) Revoke(t *testing.T, dir string, pairs ...tlsfiles.Pair) string {
	t.Helper()
	list := &x509.RevocationList{Number: big.NewInt(1), ThisUpdate: time.Now(), NextUpdate: time.Now().Add(Validity)}
	for _, p := range pairs {
		pair, err := tls.LoadX509KeyPair(p.Certificate, p.Key)
		require.NoError(t, err)
		list.RevokedCertificateEntries = append(list.RevokedCertificateEntries,
			x509.RevocationListEntry{SerialNumber: pair.Leaf.SerialNumber, RevocationTime: time.Now()})
	}
	der, err := x509.CreateRevocationList(rand.Reader, list, a.certificate, a.key)
	require.NoError(t, err)
	return writePEM(t, filepath.Join(dir, "ca.crl"), "X509 CRL", der)
}

func writePEM(t *testing.T, file, kind string, der []byte) string {
	t.Helper()
	require.NoError(t, os.WriteFile(file, pem.EncodeToMemory(&pem.Block{Type: kind, Bytes: der}), 0o600))
	return file
}
