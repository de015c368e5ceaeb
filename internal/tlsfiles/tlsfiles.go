// Package tlsfiles makes a TLS configuration for servers out of files, and follows
// the files: a certificate that is renewed is used by the next connection, without
// a restart. Files that cannot be used leave everything as it was.
package tlsfiles

import (
	"crypto/tls"
	"crypto/x509"
	"encoding/pem"
	"errors"
	"fmt"
	"os"
	"slices"
	"sync/atomic"
	"time"
)

// ClientPolicy says what is asked of clients.
type ClientPolicy int

const (
	// NoCertificates: clients are not asked for a certificate.
	NoCertificates ClientPolicy = iota
	// VerifyGiven: a client may have one, which then has to be good (RabbitMQ's
	// verify_peer).
	VerifyGiven
	// Require: a client has to have a good one (fail_if_no_peer_cert).
	Require
)

// Pair is a certificate with its chain, and its key, as PEM files.
type Pair struct{ Certificate, Key string }

// Options is what a configuration is made of.
type Options struct {
	// Pairs are the certificates. A client gets the first one that fits the name
	// that it asks for (SNI), or else the first.
	Pairs []Pair
	// Authorities is a PEM file with the authorities that sign the certificates of
	// clients. It has to be there unless clients are not asked.
	Authorities string
	// Revoked is a PEM or DER file with lists of certificates that are not good any
	// more (CRL), or empty.
	Revoked string
	Clients ClientPolicy
	// Oldest is the oldest version of TLS, as crypto/tls numbers them.
	Oldest uint16
}

// Files is a TLS configuration that follows its files. All methods are safe for
// concurrent use.
type Files struct {
	options Options
	current atomic.Pointer[loaded]
}

type loaded struct {
	config   *tls.Config
	expiries []Expiry
	stamps   []stamp
}

// Expiry tells when a certificate ends.
type Expiry struct {
	File     string
	Subject  string
	NotAfter time.Time
}

// stamp is how a file looked when it was read.
type stamp struct {
	file    string
	size    int64
	changed time.Time
}

// Open reads the files.
func Open(o Options) (*Files, error) {
	f := &Files{options: o}
	if len(o.Pairs) == 0 {
		return nil, errors.New("there is no certificate")
	}
	return f, f.Reload()
}

// Reload reads the files again. If something is wrong with one of them, all stays as
// it was.
func (f *Files) Reload() error {
	l := &loaded{stamps: f.look()}
	config := &tls.Config{MinVersion: f.options.Oldest, CipherSuites: suites()}
	for _, p := range f.options.Pairs {
		pair, err := tls.LoadX509KeyPair(p.Certificate, p.Key)
		if err != nil {
			return fmt.Errorf("certificate %s with key %s: %w", p.Certificate, p.Key, err)
		}
		config.Certificates = append(config.Certificates, pair)
		l.expiries = append(l.expiries, Expiry{
			File: p.Certificate, Subject: pair.Leaf.Subject.String(), NotAfter: pair.Leaf.NotAfter,
		})
	}
	if f.options.Clients != NoCertificates {
		if err := f.askClients(config); err != nil {
			return err
		}
	}
	l.config = config
	f.current.Store(l)
	return nil
}

// askClients has clients show certificates.
func (f *Files) askClients(config *tls.Config) error {
	authorities, err := readCertificates(f.options.Authorities)
	if err != nil {
		return fmt.Errorf("authorities: %w", err)
	}
	config.ClientCAs = x509.NewCertPool()
	for _, a := range authorities {
		config.ClientCAs.AddCert(a)
	}
	config.ClientAuth = tls.VerifyClientCertIfGiven
	if f.options.Clients == Require {
		config.ClientAuth = tls.RequireAndVerifyClientCert
	}
	if f.options.Revoked == "" {
		return nil
	}
	revoked, err := readRevoked(f.options.Revoked, authorities)
	if err != nil {
		return fmt.Errorf("revoked certificates: %w", err)
	}
	config.VerifyConnection = revoked.check
	return nil
}

// suites are those of TLS 1.2 with forward secrecy and an authenticating cipher. The
// library would also take CBC with SHA-1. TLS 1.3 has no others.
func suites() []uint16 {
	return []uint16{
		tls.TLS_ECDHE_ECDSA_WITH_AES_128_GCM_SHA256, tls.TLS_ECDHE_RSA_WITH_AES_128_GCM_SHA256,
		tls.TLS_ECDHE_ECDSA_WITH_AES_256_GCM_SHA384, tls.TLS_ECDHE_RSA_WITH_AES_256_GCM_SHA384,
		tls.TLS_ECDHE_ECDSA_WITH_CHACHA20_POLY1305_SHA256, tls.TLS_ECDHE_RSA_WITH_CHACHA20_POLY1305_SHA256,
	}
}

// Config is for a listener: each connection gets what the files say then.
func (f *Files) Config() *tls.Config {
	return &tls.Config{
		MinVersion:         f.options.Oldest,
		GetConfigForClient: func(*tls.ClientHelloInfo) (*tls.Config, error) { return f.current.Load().config, nil },
	}
}

// Expiries tells when the certificates end.
func (f *Files) Expiries() []Expiry { return f.current.Load().expiries }

// Changed says whether a file is not what it was when it was read.
func (f *Files) Changed() bool { return !slices.Equal(f.current.Load().stamps, f.look()) }

// look notes how the files look now; one that is missing has no size.
func (f *Files) look() (stamps []stamp) {
	files := []string{f.options.Authorities, f.options.Revoked}
	for _, p := range f.options.Pairs {
		files = append(files, p.Certificate, p.Key)
	}
	for _, file := range files {
		if file == "" {
			continue
		}
		s := stamp{file: file}
		if info, err := os.Stat(file); err == nil {
			s.size, s.changed = info.Size(), info.ModTime()
		}
		stamps = append(stamps, s)
	}
	return stamps
}

// readCertificates reads all certificates of a PEM file.
func readCertificates(file string) (list []*x509.Certificate, err error) {
	rest, err := os.ReadFile(file)
	if err != nil {
		return nil, err
	}
	for {
		var block *pem.Block
		if block, rest = pem.Decode(rest); block == nil {
			break
		}
		if block.Type != "CERTIFICATE" {
			continue
		}
		c, err := x509.ParseCertificate(block.Bytes)
		if err != nil {
			return nil, fmt.Errorf("%s: %w", file, err)
		}
		list = append(list, c)
	}
	if len(list) == 0 {
		return nil, fmt.Errorf("%s has no certificate", file)
	}
	return list, nil
}
