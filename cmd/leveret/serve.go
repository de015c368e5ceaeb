package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"net"
	"time"

	"github.com/leveretmq/leveret/auth"
	"github.com/leveretmq/leveret/configs"
)

// drainLimit is how long clients get to say goodbye when the broker stops.
const drainLimit = 10 * time.Second

// service is what a process needs of the broker that it runs.
type service interface {
	// Serve accepts connections until Shutdown. It takes over the listener.
	Serve(net.Listener) error
	// Handlers are what it serves besides AMQP.
	Handlers() handlers
	// Directory has the users, for the greeting.
	Directory() *auth.Directory
	// Shutdown ends all connections, by force when the context ends.
	Shutdown(context.Context) error
	// Close writes all that is pending. No connection is left by then.
	Close() error
}

// opener makes the service. Progress is told how far that has come. From then
// on fatal is called, from any goroutine, when the storage fails and the
// process has to end.
type opener func(config configs.Config, log *slog.Logger, progress func(recovery), fatal func(error)) (service, error)

// process is one run of the broker.
type process struct {
	config  configs.Config
	open    opener
	memory  *watermark
	log     *slog.Logger
	manager notifier
	stdout  io.Writer
}

// serve runs the broker until the context ends, then stops it cleanly.
//
// That the addresses are free is checked before anything is written. They are
// opened when the broker is ready: until then a client is refused, which it
// understands better than a connection on which nothing happens, and so do
// health checks.
func serve(ctx context.Context, p process) error {
	certificates, err := openCertificates(p.config)
	if err != nil {
		return err
	}
	if err := errors.Join(probe(p.config), probeEndpoints(p.config)); err != nil {
		return err
	}
	shareProcessors()
	governed, done := context.WithCancel(ctx)
	defer done()
	go followCertificates(governed, certificates, p.log)
	go governMemory(governed, p.memory, p.log)
	failed := make(chan error, 1)
	fatal := func(err error) {
		select {
		case failed <- err:
		default: // the process is ending for the first one
		}
	}
	broker, err := p.openBroker(fatal)
	if err != nil {
		return err
	}
	listeners, err := listen(p.config, certificates)
	if err != nil {
		return errors.Join(err, stop(broker, p))
	}
	others, err := openEndpoints(p.config, certificates, broker.Handlers(), p.log)
	if err != nil {
		closeAll(listeners)
		return errors.Join(err, stop(broker, p))
	}
	served := make(chan error, len(listeners)+len(others))
	for _, l := range listeners {
		go func() { served <- broker.Serve(l) }()
	}
	others.serve(func(err error) { served <- err })
	greet(p.stdout, p.config, broker.Directory(), listeners, others)
	tellListeners(p.config, listeners, others, p.log)
	p.manager.tell("READY=1", "STATUS=Serving AMQP")

	var cause error
	select {
	case <-ctx.Done():
	case cause = <-served:
	case err := <-failed:
		return storageFailure(err)
	}
	stopped := make(chan error, 1)
	go func() { stopped <- errors.Join(others.end(p.log), stop(broker, p)) }()
	select {
	case err := <-stopped:
		return errors.Join(cause, err)
	case err := <-failed:
		return storageFailure(err)
	}
}

// openBroker opens the data directory, and tells how far that has come.
func (p process) openBroker(fatal func(error)) (service, error) {
	starting := beginStartup(p.log, p.manager.tell)
	defer starting.end()
	return p.open(p.config, p.log, starting.recovered, fatal)
}

// stop ends the connections, then the broker. Clients that do not let go are
// cut off: that is no failure of the broker.
func stop(broker service, p process) error {
	log := p.log
	log.Info("stopping")
	p.manager.tell("STOPPING=1", "STATUS=Stopping")
	ctx, cancel := context.WithTimeout(context.Background(), drainLimit)
	defer cancel()
	if err := broker.Shutdown(ctx); err != nil {
		log.Warn("connections were cut off", "error", err)
	}
	if err := broker.Close(); err != nil {
		return storageFailure(err)
	}
	log.Info("stopped")
	return nil
}

// storageFailure ends the process without closing anything: what is on the
// disk is what was confirmed, and a store that has failed must not write.
func storageFailure(err error) error {
	var known *failure
	if errors.As(err, &known) {
		return err
	}
	return fail(statusStorage, fmt.Errorf("the storage failed: %w; "+
		"nothing that was confirmed is lost: check the disk and its free space, then start again", err))
}
