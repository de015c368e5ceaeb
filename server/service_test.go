package server_test

import (
	"context"
	"log/slog"
	"net"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/leveretmq/leveret/auth"
	"github.com/leveretmq/leveret/broker"
	"github.com/leveretmq/leveret/definitions"
	"github.com/leveretmq/leveret/server"
)

// service is a broker that serves one listener.
type service struct {
	server *server.Server
	broker *broker.Broker
	served chan error
}

// serve starts a broker over the store. It ends with the test, and fails it if
// there was a panic.
func serve(t testing.TB, l net.Listener, store broker.Store, o server.Options) *service {
	t.Helper()
	return serveBroker(t, l, broker.Options{Store: store}, o)
}

// serveBroker does the same for a broker that is not as usual.
func serveBroker(t testing.TB, l net.Listener, of broker.Options, o server.Options) *service {
	t.Helper()
	stored, err := of.Store.Definitions()
	require.NoError(t, err)
	stored.VHosts = []definitions.VHost{{Name: "/"}, {Name: "closed"}}
	of.Stored = &stored
	b, err := broker.New(of)
	require.NoError(t, err)
	users, err := auth.NewInternal(auth.Options{
		Users: []auth.Credentials{
			{Name: "guest", Password: "guest"},
			{Name: "app", Password: "secret"},
			{Name: "bridge", Password: "secret", Tags: []string{auth.Impersonator}},
		},
		LoopbackUsers: []string{"guest"},
		VHosts:        []string{"/"},
	})
	require.NoError(t, err)
	o.Broker = b
	if o.Authenticator == nil {
		o.Authenticator = users
	} else if narrow, ok := o.Authenticator.(interface{ over(users *auth.Internal) }); ok {
		narrow.over(users)
	}
	o.Version, o.NodeName = "test", "leveret@test"
	o.Logger = slog.New(alarm{t})
	s := &service{server: server.New(o), broker: b, served: make(chan error, 1)}
	go func() { s.served <- s.server.Serve(l) }()
	t.Cleanup(func() { s.stop(t) })
	return s
}

// stop ends the service, cutting off whoever is connected.
func (s *service) stop(t testing.TB) {
	now, cancel := context.WithCancel(context.Background())
	cancel()
	if err := s.server.Shutdown(now); err != nil {
		require.ErrorIs(t, err, context.Canceled)
	}
	require.ErrorIs(t, <-s.served, server.ErrServerClosed)
	require.NoError(t, s.broker.Close())
}

// alarm is the log of a server under test: a panic, which the server survives
// and logs, is a failure.
type alarm struct{ t testing.TB }

func (a alarm) Handle(_ context.Context, r slog.Record) error {
	r.Attrs(func(attr slog.Attr) bool {
		if attr.Key == "panic" {
			a.t.Errorf("the server has panicked: %v", r.Message)
			r.Attrs(func(detail slog.Attr) bool { a.t.Log(detail.Value); return true })
		}
		return true
	})
	return nil
}

func (alarm) Enabled(_ context.Context, level slog.Level) bool { return level >= slog.LevelError }
func (a alarm) WithAttrs([]slog.Attr) slog.Handler             { return a }
func (a alarm) WithGroup(string) slog.Handler                  { return a }
