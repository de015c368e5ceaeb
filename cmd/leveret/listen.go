package main

import (
	"crypto/tls"
	"errors"
	"fmt"
	"io/fs"
	"net"
	"net/netip"
	"os"
	"slices"
	"strings"

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
	if path, socket := strings.CutPrefix(address, configs.SocketPrefix); socket {
		return listenSocket(path)
	}
	l, err := net.Listen(network(address), address)
	if err != nil {
		return nil, fail(statusListen, fmt.Errorf("cannot listen on %s: %w; %s", address, err, listenAdvice(err, "amqp-listen")))
	}
	return behindProxies(l, proxies)
}

// listenSocket opens a Unix socket, for whoever may write to its file. One that a
// broker has left behind is replaced.
func listenSocket(path string) (net.Listener, error) {
	if info, err := os.Lstat(path); err == nil && info.Mode().Type() == fs.ModeSocket && !answered(path) {
		if err := os.Remove(path); err != nil {
			return nil, fail(statusListen, fmt.Errorf("cannot replace the socket: %w", err))
		}
	}
	l, err := net.Listen("unix", path)
	if err != nil {
		return nil, fail(statusListen, fmt.Errorf("cannot open the socket %s: %w", path, err))
	}
	return l, nil
}

// answered says whether somebody listens at the socket.
func answered(path string) bool {
	c, err := net.Dial("unix", path)
	if err != nil {
		return false
	}
	_ = c.Close() // nothing was said
	return true
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
