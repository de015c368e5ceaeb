package main

import (
	"context"
	"crypto/tls"
	"fmt"
	"log/slog"
	"net"
	"net/netip"
	"os"
	"os/signal"
	"slices"
	"time"

	"github.com/pires/go-proxyproto"

	"github.com/leveretmq/leveret/configs"
	"github.com/leveretmq/leveret/internal/tlsfiles"
)

const (
	// certificatesTick is how often the files of the certificates are looked at.
	certificatesTick = 5 * time.Second
	// endsSoon is how long before the end of a certificate the log warns of it.
	endsSoon = 30 * 24 * time.Hour
	// proxyPatience is how long a trusted proxy may take to tell who the client is.
	proxyPatience = 10 * time.Second
)

// openCertificates reads the files that TLS needs, or nothing if it is off.
func openCertificates(config configs.Config) (*tlsfiles.Files, error) {
	if len(config.TLSListen) == 0 && config.HTTPSListen == configs.ListenNone {
		return nil, nil
	}
	if len(config.TLSCertificates) == 0 || len(config.TLSCertificates) != len(config.TLSKeys) {
		return nil, fail(statusUsage, fmt.Errorf(
			"TLS needs tls-certificates and as many tls-keys: there are %d and %d", len(config.TLSCertificates), len(config.TLSKeys)))
	}
	o := tlsfiles.Options{Authorities: config.TLSAuthorities, Revoked: config.TLSRevoked, Oldest: tls.VersionTLS12}
	for i, c := range config.TLSCertificates {
		o.Pairs = append(o.Pairs, tlsfiles.Pair{Certificate: c, Key: config.TLSKeys[i]})
	}
	if config.TLSVersion == configs.TLS13 {
		o.Oldest = tls.VersionTLS13
	}
	switch config.TLSClients {
	case configs.ClientsVerify:
		o.Clients = tlsfiles.VerifyGiven
	case configs.ClientsRequire:
		o.Clients = tlsfiles.Require
	}
	files, err := tlsfiles.Open(o)
	if err != nil {
		return nil, fail(statusUsage, fmt.Errorf("TLS: %w", err))
	}
	return files, nil
}

// followCertificates uses renewed files until the context ends: when they change,
// and when the process is told to look.
func followCertificates(ctx context.Context, files *tlsfiles.Files, log *slog.Logger) {
	if files == nil {
		return
	}
	tellExpiries(files, log)
	asked := make(chan os.Signal, 1)
	signal.Notify(asked, reloadSignals()...)
	defer signal.Stop(asked)
	tick := time.NewTicker(certificatesTick)
	defer tick.Stop()
	for {
		select {
		case <-ctx.Done():
			return
		case <-asked:
		case <-tick.C:
			if !files.Changed() {
				continue
			}
		}
		if err := files.Reload(); err != nil {
			log.Error("the certificates cannot be used, the old ones stay", "error", err)
			continue
		}
		log.Info("certificates were read again")
		tellExpiries(files, log)
	}
}

// tellExpiries logs until when the certificates are good.
func tellExpiries(files *tlsfiles.Files, log *slog.Logger) {
	for _, e := range files.Expiries() {
		level := slog.LevelInfo
		if time.Until(e.NotAfter) < endsSoon {
			level = slog.LevelWarn
		}
		log.Log(context.Background(), level, "certificate", "file", e.File, "subject", e.Subject, "until", e.NotAfter)
	}
}

// behindProxies has a listener ask trusted proxies who their clients are (PROXY
// protocol, version 1 and 2). What others send of that kind is no AMQP.
func behindProxies(l net.Listener, trusted []string) (net.Listener, error) {
	if len(trusted) == 0 {
		return l, nil
	}
	networks := make([]netip.Prefix, 0, len(trusted))
	for _, text := range trusted {
		network, err := configs.ParseNetwork(text)
		if err != nil {
			return nil, err
		}
		networks = append(networks, network)
	}
	policy := func(o proxyproto.ConnPolicyOptions) (proxyproto.Policy, error) {
		from, err := netip.ParseAddrPort(o.Upstream.String())
		if err != nil {
			return proxyproto.SKIP, nil // a socket of this machine
		}
		address := from.Addr().Unmap()
		if slices.ContainsFunc(networks, func(n netip.Prefix) bool { return n.Contains(address) }) {
			return proxyproto.REQUIRE, nil
		}
		return proxyproto.SKIP, nil
	}
	return &proxyproto.Listener{Listener: l, ConnPolicy: policy, ReadHeaderTimeout: proxyPatience}, nil
}
