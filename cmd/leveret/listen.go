package main

import (
	"crypto/tls"
	"errors"
	"fmt"
	"io/fs"
	"net"
	"net/netip"
	"slices"

	"github.com/leveretmq/leveret/configs"
	"github.com/leveretmq/leveret/internal/tlsfiles"
)

// probe checks that all of the addresses can be opened.
func probe(config configs.Config) error {
	listeners, err := listen(config, nil)
	closeAll(listeners)
	return err
}

// listen opens all of the addresses, or none. Without certificates nobody may
// connect to those for TLS.
func listen(config configs.Config, certificates *tlsfiles.Files) ([]net.Listener, error) {
	var listeners []net.Listener
	for i, address := range slices.Concat(config.AMQPListen, config.TLSListen) {
		l, err := listenAt(address, config.ProxyProtocolFrom)
		if err != nil {
			closeAll(listeners)
			return nil, err
		}
		if i >= len(config.AMQPListen) && certificates != nil {
			l = tls.NewListener(l, certificates.Config())
		}
		listeners = append(listeners, l)
	}
	return listeners, nil
}

func listenAt(address string, proxies []string) (net.Listener, error) {
	l, err := net.Listen(network(address), address)
	if err != nil {
		return nil, fail(statusListen, fmt.Errorf("cannot listen on %s: %w; %s", address, err, listenAdvice(err, "amqp-listen")))
	}
	return behindProxies(l, proxies)
}

// network keeps an address of one IP version to that version. A port alone is
// opened on both.
func network(address string) string {
	host, _, err := net.SplitHostPort(address)
	if err != nil {
		return "tcp" // Listen tells what is wrong with it
	}
	switch ip, err := netip.ParseAddr(host); {
	case err != nil:
		return "tcp"
	case ip.Is4():
		return "tcp4"
	}
	return "tcp6"
}

// listenAdvice says what to do about an address that the flag has given.
func listenAdvice(err error, flag string) string {
	switch {
	case errors.Is(err, errAddressInUse):
		return "stop the program that uses the port, or choose another with --" + flag
	case errors.Is(err, fs.ErrPermission):
		return "ports below 1024 need a privilege: choose another with --" + flag
	default:
		return "choose an address of this machine with --" + flag
	}
}

// closeAll closes listeners that nobody has connected to yet, so that there is
// nothing to do about an error.
func closeAll(listeners []net.Listener) {
	for _, l := range listeners {
		_ = l.Close()
	}
}
