package main

import (
	"context"
	"crypto/tls"
	"errors"
	"fmt"
	"io/fs"
	"log/slog"
	"net"
	"net/http"
	"os"
	"path/filepath"
	"time"

	"github.com/leveretmq/leveret/configs"
	"github.com/leveretmq/leveret/internal/tlsfiles"
)

const (
	// headerPatience is how long a client of HTTP may take for the head of a request.
	headerPatience = 10 * time.Second
	// maxHead bounds that head, in octets; some more are read before it is refused.
	maxHead = 64 << 10
	// idlePatience is how long it may keep a connection without one.
	idlePatience = 5 * time.Minute
	// lastRequests is how long requests may last when the broker stops.
	lastRequests = time.Second
	// controlName is the control socket within the data directory, and controlMode who
	// may use it: the user that the broker runs as.
	controlName = "control.sock"
	controlMode = 0o600
	// longestSocket is the longest path of a socket that all systems take, in octets.
	longestSocket = 103
)

// The names of endpoints.
const (
	nameManagement    = "management"
	nameManagementTLS = "management, TLS"
	nameMetrics       = "metrics"
)

// handlers are what a broker serves besides AMQP. One that is nil is not served.
type handlers struct {
	// management is the HTTP API for who can log in, control the same for who can
	// open the control socket.
	management, control http.Handler
	metrics             http.Handler
	// ending is called when the broker stops: what is answered without an end has to
	// end then. It may be nil.
	ending func()
}

// endpoint is a listener for HTTP.
type endpoint struct {
	name     string // for the greeting
	listener net.Listener
	server   *http.Server
}

// endpoints are all of them.
type endpoints []endpoint

// probeEndpoints checks that all of the addresses can be opened.
func probeEndpoints(config configs.Config) error {
	opened, err := openEndpoints(config, nil, handlers{
		management: http.NotFoundHandler(), metrics: http.NotFoundHandler(),
	}, slog.New(slog.DiscardHandler))
	opened.close()
	return err
}

// openEndpoints opens the addresses for what is served, or none.
func openEndpoints(config configs.Config, certificates *tlsfiles.Files, of handlers, log *slog.Logger) (endpoints, error) {
	var opened endpoints
	for _, wanted := range []struct {
		name, key, address string
		handler            http.Handler
		certificates       *tlsfiles.Files
	}{
		{nameManagement, "http-listen", config.HTTPListen, of.management, nil},
		{nameManagementTLS, "https-listen", config.HTTPSListen, of.management, certificates},
		{nameMetrics, "metrics-listen", config.MetricsListen, of.metrics, nil},
	} {
		if wanted.handler == nil || wanted.address == configs.ListenNone {
			continue
		}
		l, err := listenFor(wanted.key, wanted.address)
		if err != nil {
			opened.close()
			return nil, err
		}
		if wanted.certificates != nil {
			l = tls.NewListener(l, wanted.certificates.Config())
		}
		one := newEndpoint(wanted.name, l, wanted.handler, log)
		one.server.ConnState = newCrowd(config.HTTPMaxConnections, filesLimit()).follow
		opened = append(opened, one)
	}
	if config.PprofListen != configs.ListenNone {
		l, err := listenProfiles(config.PprofListen)
		if err != nil {
			opened.close()
			return nil, err
		}
		opened = append(opened, newEndpoint("pprof", l, profiles(), log))
	}
	if of.control != nil {
		l, err := listenControl(config, log)
		if err != nil {
			opened.close()
			return nil, err
		}
		if l != nil {
			opened = append(opened, newEndpoint("control", l, of.control, log))
		}
	}
	opened.endWith(of.ending)
	return opened, nil
}

// endWith calls a function when the endpoints are shut down.
func (e endpoints) endWith(ending func()) {
	if ending == nil {
		return
	}
	for _, one := range e {
		one.server.RegisterOnShutdown(ending)
	}
}

func newEndpoint(name string, l net.Listener, handler http.Handler, log *slog.Logger) endpoint {
	return endpoint{name: name, listener: l, server: &http.Server{
		Handler: handler, ReadHeaderTimeout: headerPatience, IdleTimeout: idlePatience,
		MaxHeaderBytes: maxHead,
		ErrorLog:       slog.NewLogLogger(log.Handler(), slog.LevelDebug),
	}}
}

// listenFor opens an address that a key gives.
func listenFor(key, address string) (net.Listener, error) {
	l, err := net.Listen(network(address), address)
	if err != nil {
		return nil, fail(statusListen, fmt.Errorf("cannot listen on %s: %w; %s", address, err, listenAdvice(err, key)))
	}
	return l, nil
}

// listenControl opens the control socket, if there is to be one. What an earlier
// broker has left there is replaced: whoever has the data directory has the socket.
func listenControl(config configs.Config, log *slog.Logger) (net.Listener, error) {
	path := controlSocket(config)
	if path == configs.ListenNone {
		return nil, nil
	}
	if config.ControlSocket == "" && len(path) > longestSocket {
		log.Warn("no control socket, as its path is too long; choose a shorter one with control-socket", "path", path)
		return nil, nil
	}
	if err := os.Remove(path); err != nil && !errors.Is(err, fs.ErrNotExist) {
		return nil, fail(statusListen, fmt.Errorf("cannot replace the control socket: %w", err))
	}
	l, err := net.Listen("unix", path)
	if err != nil {
		return nil, fail(statusListen, fmt.Errorf("cannot open the control socket %s: %w; choose another with control-socket, or none", path, err))
	}
	if err := os.Chmod(path, controlMode); err != nil {
		return nil, errors.Join(fail(statusListen, err), l.Close())
	}
	return l, nil
}

// controlSocket is the path of the control socket, or none.
func controlSocket(config configs.Config) string {
	if config.ControlSocket != "" {
		return config.ControlSocket
	}
	return filepath.Join(config.DataDir, controlName)
}

// serve answers requests until the endpoints are shut down.
func (e endpoints) serve(failed func(error)) {
	for _, one := range e {
		go func() {
			if err := one.server.Serve(one.listener); !errors.Is(err, http.ErrServerClosed) {
				failed(fmt.Errorf("%s: %w", one.name, err))
			}
		}()
	}
}

// end lets requests come to their ends for a moment, and cuts off those that do not.
func (e endpoints) end(log *slog.Logger) error {
	ctx, cancel := context.WithTimeout(context.Background(), lastRequests)
	defer cancel()
	var problems []error
	for _, one := range e {
		if err := one.server.Shutdown(ctx); err != nil {
			log.Warn("requests were cut off", "endpoint", one.name, "reason", err)
			problems = append(problems, one.server.Close())
		}
	}
	return errors.Join(problems...)
}

// close closes listeners that nobody has connected to yet.
func (e endpoints) close() {
	for _, one := range e {
		_ = one.listener.Close()
	}
}
