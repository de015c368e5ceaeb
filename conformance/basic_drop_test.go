package conformance

import (
	"net"
	"testing"

	"github.com/rabbitmq/amqp091-go"
	"github.com/stretchr/testify/require"
)

// basicDropper is the TCP connection under a client, for cutting it.
type basicDropper struct{ conn net.Conn }

// drop cuts the connection with a reset, without a word of AMQP.
func (d *basicDropper) drop(t *testing.T) {
	t.Helper()
	const discardUnsent = 0
	tcp, ok := d.conn.(*net.TCPConn)
	require.True(t, ok, "not a TCP connection")
	require.NoError(t, tcp.SetLinger(discardUnsent))
	require.NoError(t, tcp.Close())
}

// basicHold opens a channel on a connection that can be cut.
func basicHold(t *testing.T) *basicHolder {
	t.Helper()
	h := &basicHolder{dropper: &basicDropper{}}
	h.c = dialConfig(t, amqp091.Config{Dial: func(network, address string) (net.Conn, error) {
		conn, err := net.DialTimeout(network, address, patience)
		h.dropper.conn = conn
		return conn, err
	}})
	h.ch = channelOn(t, h.c)
	return h
}
