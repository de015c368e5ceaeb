package crash

import (
	"errors"
	"fmt"
	"sync"
	"testing"
	"time"

	amqp "github.com/rabbitmq/amqp091-go"
	"github.com/stretchr/testify/require"
)

// joinDeadline is how long the clients may take to notice that the broker is
// gone, and a queue to be drained.
const joinDeadline = 60 * time.Second

// gang is clients at work.
type gang struct {
	ending  chan struct{} // closed before the broker is ended
	waiting sync.WaitGroup
	mu      sync.Mutex
	faults  []error // guarded by mu
}

func newGang() *gang { return &gang{ending: make(chan struct{})} }

// expectEnd has to be called before the broker is ended: a client that loses it
// earlier has found a fault.
func (g *gang) expectEnd() { close(g.ending) }

// work runs a client on a connection of its own, which it may close.
func (g *gang) work(url string, run func(*amqp.Connection) error) {
	g.waiting.Go(func() {
		conn, err := amqp.Dial(url)
		if err == nil {
			err = run(conn)
			// A killed broker answers no close: there is nothing to learn from it.
			_ = conn.Close()
		}
		if err != nil && g.isFault(err) {
			g.mu.Lock()
			defer g.mu.Unlock()
			g.faults = append(g.faults, err)
		}
	})
}

func (g *gang) isFault(err error) bool {
	var broken *promiseError
	if errors.As(err, &broken) || isBrokersFault(err) {
		return true
	}
	select {
	case <-g.ending:
		return false
	default:
		return true
	}
}

// join waits for the clients and requires that they found no fault.
func (g *gang) join(t *testing.T) {
	t.Helper()
	require.NoError(t, g.wait())
}

// wait waits for the clients and returns the faults that they found.
func (g *gang) wait() error {
	ended := make(chan struct{})
	go func() {
		defer close(ended)
		g.waiting.Wait()
	}()
	select {
	case <-ended:
	case <-time.After(joinDeadline):
		return &promiseError{fmt.Sprintf("the clients do not end within %v", joinDeadline)}
	}
	g.mu.Lock()
	defer g.mu.Unlock()
	if err := errors.Join(g.faults...); err != nil {
		return fmt.Errorf("the clients found: %w", err)
	}
	return nil
}

// promiseError says that the broker broke a promise which no history records.
type promiseError struct{ text string }

func (e *promiseError) Error() string { return e.text }

// isBrokersFault tells whether err is a fault that the broker reported; not if
// the connection was lost, or the broker said goodbye because it stops.
func isBrokersFault(err error) bool {
	var fault *amqp.Error
	return errors.As(err, &fault) && fault.Server && fault.Code != amqp.ConnectionForced
}

// closing tells how a channel ended.
type closing struct{ errors chan *amqp.Error }

func openChannel(conn *amqp.Connection) (*amqp.Channel, closing, error) {
	channel, err := conn.Channel()
	if err != nil {
		return nil, closing{}, err
	}
	return channel, closing{channel.NotifyClose(make(chan *amqp.Error, 1))}, nil
}

// close closes the channel and returns nil only if its close-ok has arrived:
// the client's own Close says nil as well when the channel had been lost.
func (c closing) close(channel *amqp.Channel) error {
	if err := channel.Close(); err != nil {
		return err
	}
	return c.reason()
}

// reason waits for the end of the channel and returns why it ended, nil if the
// client had closed it.
func (c closing) reason() error {
	if err := <-c.errors; err != nil {
		return err
	}
	return nil
}
