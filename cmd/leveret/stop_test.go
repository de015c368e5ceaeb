package main

import (
	"bytes"
	"cmp"
	"context"
	"errors"
	"log/slog"
	"net"
	"sync"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/leveretmq/leveret/auth"
	"github.com/leveretmq/leveret/configs"
	"github.com/leveretmq/leveret/definitions"
)

// fakeService is a service that serves nothing, with hooks for what can go
// wrong in one.
type fakeService struct {
	address  string // to listen on; any if empty
	fatal    func(error)
	opened   func()
	stopped  chan struct{}
	once     sync.Once
	shutdown func(context.Context) error
	close    func() error
}

var _ service = (*fakeService)(nil)

func (f *fakeService) Serve(l net.Listener) error {
	<-f.stopped
	return l.Close()
}

func (f *fakeService) Shutdown(ctx context.Context) error {
	f.once.Do(func() { close(f.stopped) })
	return f.shutdown(ctx)
}

func (f *fakeService) Close() error { return f.close() }

func (f *fakeService) Handlers() handlers { return handlers{} }

func (f *fakeService) Directory() *auth.Directory {
	d, err := auth.NewDirectory(auth.DirectoryOptions{}, definitions.Set{})
	if err != nil {
		panic(err) // an empty one can be made
	}
	return d
}

// serveFake runs the fake until the context ends.
func serveFake(ctx context.Context, f *fakeService) error {
	config := configs.Default()
	config.AMQPListen = []string{cmp.Or(f.address, "127.0.0.1:0")}
	config.HTTPListen, config.MetricsListen = configs.ListenNone, configs.ListenNone
	f.stopped = make(chan struct{})
	open := func(_ configs.Config, _ *slog.Logger, _ func(recovery), fatal func(error)) (service, error) {
		f.fatal = fatal
		if f.opened != nil {
			f.opened()
		}
		return f, nil
	}
	return serve(ctx, process{config: config, open: open, memory: new(watermark), log: slog.New(slog.DiscardHandler), stdout: &bytes.Buffer{}})
}

// TestClientsAreRefusedUntilTheBrokerIsReady: a connection on which nothing
// happens is worse than none.
func TestClientsAreRefusedUntilTheBrokerIsReady(t *testing.T) {
	free, err := net.Listen("tcp", "127.0.0.1:0")
	require.NoError(t, err)
	address := free.Addr().String()
	require.NoError(t, free.Close())
	refused := false
	f := &fakeService{
		address:  address,
		opened:   func() { _, err := net.Dial("tcp", address); refused = err != nil },
		shutdown: func(context.Context) error { return nil },
		close:    func() error { return nil },
	}
	require.NoError(t, serveFake(ended(), f))
	require.True(t, refused)
}

// TestAddressThatIsTakenMeanwhile: the broker was made by then, and is closed
// in order.
func TestAddressThatIsTakenMeanwhile(t *testing.T) {
	free, err := net.Listen("tcp", "127.0.0.1:0")
	require.NoError(t, err)
	address := free.Addr().String()
	require.NoError(t, free.Close())
	closed := false
	f := &fakeService{
		address: address,
		opened: func() {
			l, err := net.Listen("tcp", address)
			require.NoError(t, err)
			t.Cleanup(func() { _ = l.Close() })
		},
		shutdown: func(context.Context) error { return nil },
		close:    func() error { closed = true; return nil },
	}
	require.Equal(t, statusListen, status(serveFake(t.Context(), f)))
	require.True(t, closed)
}

func ended() context.Context {
	ctx, cancel := context.WithCancel(context.Background())
	cancel()
	return ctx
}

func TestStopClosesInOrder(t *testing.T) {
	var order []string
	err := serveFake(ended(), &fakeService{
		shutdown: func(ctx context.Context) error {
			_, bounded := ctx.Deadline()
			require.True(t, bounded)
			order = append(order, "shutdown")
			return nil
		},
		close: func() error { order = append(order, "close"); return nil },
	})
	require.NoError(t, err)
	require.Equal(t, []string{"shutdown", "close"}, order)
}

func TestClientsThatDoNotLetGoAreNoFailure(t *testing.T) {
	closed := false
	err := serveFake(ended(), &fakeService{
		shutdown: func(context.Context) error { return context.DeadlineExceeded },
		close:    func() error { closed = true; return nil },
	})
	require.NoError(t, err)
	require.True(t, closed)
}

var errDisk = errors.New("input/output error")

func TestFailureOfTheStorageEndsTheProcess(t *testing.T) {
	f := &fakeService{
		shutdown: func(context.Context) error { t.Error("shutdown after a storage failure"); return nil },
		close:    func() error { t.Error("close after a storage failure"); return nil },
	}
	f.opened = func() {
		go func() {
			f.fatal(errDisk)
			f.fatal(errDisk)
		}()
	}
	err := serveFake(t.Context(), f)
	require.ErrorIs(t, err, errDisk)
	require.Equal(t, statusStorage, status(err))
}

func TestFailureOfTheStorageWhileStopping(t *testing.T) {
	f := &fakeService{close: func() error { return nil }}
	f.shutdown = func(ctx context.Context) error {
		f.fatal(errDisk)
		<-ctx.Done() // clients wait for confirms that never come
		return ctx.Err()
	}
	err := serveFake(ended(), f)
	require.ErrorIs(t, err, errDisk)
	require.Equal(t, statusStorage, status(err))

	err = serveFake(ended(), &fakeService{
		shutdown: func(context.Context) error { return nil },
		close:    func() error { return errDisk },
	})
	require.ErrorIs(t, err, errDisk)
	require.Equal(t, statusStorage, status(err))
}

func TestErrorsHaveOneLine(t *testing.T) {
	require.Equal(t, "a; b", oneLine(errors.Join(errors.New("a"), errors.New("b\n"))))
}

func TestStatusOfWrappedErrors(t *testing.T) {
	require.Equal(t, statusOther, status(errDisk))
	require.Equal(t, statusLocked, status(errors.Join(errDisk, fail(statusLocked, errDisk))))
	require.NoError(t, fail(statusLocked, nil))
}
