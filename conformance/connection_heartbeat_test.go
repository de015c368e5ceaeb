package conformance

import (
	"errors"
	"os"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
)

// Section 1.7 of the behaviour reference: heartbeats. All of it takes seconds and
// runs in parallel.

// slack is what a busy machine may add to a moment on the clock.
const slack = 1500 * time.Millisecond

// rawOpenWithHeartbeat is rawOpen with a heartbeat agreed, in seconds.
func rawOpenWithHeartbeat(t *testing.T, seconds uint16) *rawClient {
	t.Helper()
	raw := rawDial(t)
	tune := raw.login()
	tune.heartbeat = seconds
	raw.handshakeWith(tune)
	return raw
}

func heartbeat(channel uint16) []byte { return encodeFrame(heartbeatFrame, channel, nil) }

// everyTick sends octets at an interval for a time, so that the broker always has
// something to read.
func (c *rawClient) everyTick(interval, total time.Duration, octets []byte) {
	c.t.Helper()
	ticker := time.NewTicker(interval)
	defer ticker.Stop()
	for end := time.Now().Add(total); time.Now().Before(end); <-ticker.C {
		c.send(octets)
	}
}

func TestConnection_HeartbeatsAreSentAtHalfTheInterval(t *testing.T) {
	rule(t, "connection")
	const seconds = 2
	raw := rawOpenWithHeartbeat(t, seconds)
	begin := time.Now()
	for range 3 {
		require.Equal(t, rawFrame{kind: heartbeatFrame, payload: []byte{}}, raw.readFrame())
	}
	elapsed := time.Since(begin)
	require.GreaterOrEqual(t, elapsed, 2*time.Second)
	require.Less(t, elapsed, 3*time.Second+slack)
}

func TestConnection_HeartbeatOfZeroTurnsThemOff(t *testing.T) {
	rule(t, "connection")
	raw := rawOpenWithHeartbeat(t, 0)
	_, err := raw.tryReadFrame(4 * time.Second)
	require.ErrorIs(t, err, os.ErrDeadlineExceeded)
	raw.requireAlive()
}

// A peer counts as dead when two checks in a row saw no octet: after two to three
// intervals.
func TestConnection_ClientWithoutHeartbeatsIsDropped(t *testing.T) {
	rule(t, "connection")
	for _, c := range []struct {
		name    string
		seconds uint16
	}{
		{"every second", 1},
		{"every two seconds", 2},
	} {
		t.Run(c.name, func(t *testing.T) {
			rule(t, "connection")
			t.Parallel()
			interval := time.Duration(c.seconds) * time.Second
			raw := rawOpenWithHeartbeat(t, c.seconds)
			begin := time.Now()
			raw.expectClosed(3*interval + slack)
			require.Greater(t, time.Since(begin), 2*interval-slack/2)
		})
	}
}

func TestConnection_AnyOctetsKeepTheConnectionAlive(t *testing.T) {
	rule(t, "connection")
	flow := encodeMethod(1, 20, 20, u8(1))
	for _, c := range []struct {
		name   string
		octets []byte
	}{
		{"heartbeats", heartbeat(0)},
		{"methods", flow},
	} {
		t.Run(c.name, func(t *testing.T) {
			rule(t, "connection")
			t.Parallel()
			raw := rawOpenWithHeartbeat(t, 1)
			raw.openChannel(1)
			raw.everyTick(500*time.Millisecond, 4*time.Second, c.octets)
			_, err := raw.drain()
			require.ErrorIs(t, err, os.ErrDeadlineExceeded, "the connection must have stayed open")
		})
	}
}

// drain reads what has arrived, and tells how reading ended.
func (c *rawClient) drain() (frames []rawFrame, err error) {
	c.t.Helper()
	for {
		f, err := c.tryReadFrame(100 * time.Millisecond)
		if err != nil {
			return frames, err
		}
		frames = append(frames, f)
	}
}

// A client library's own heartbeats keep its idle connection open.
func TestConnection_IdleClientWithHeartbeatsStaysConnected(t *testing.T) {
	rule(t, "connection")
	raw := rawOpenWithHeartbeat(t, 1)
	raw.everyTick(500*time.Millisecond, 5*time.Second, heartbeat(0))
	frames, err := raw.drain()
	require.True(t, errors.Is(err, os.ErrDeadlineExceeded), "closed: %v", err)
	for _, f := range frames {
		require.EqualValues(t, heartbeatFrame, f.kind, "unexpected %v", f)
	}
	raw.everyTick(500*time.Millisecond, 0, heartbeat(0))
}

func TestConnection_HeartbeatBeforeTuneOkIsAccepted(t *testing.T) {
	rule(t, "connection")
	raw := rawDial(t)
	raw.start()
	raw.send(heartbeat(0))
	raw.sendStartOk("PLAIN", plainResponse(raw.user, raw.password))
	tune := raw.expectTune()
	raw.send(heartbeat(0))
	tune.heartbeat = 0
	raw.handshakeWith(tune)
	raw.requireAlive()
}

func TestConnection_HeartbeatWithoutNegotiationIsAccepted(t *testing.T) {
	rule(t, "connection")
	raw := rawOpen(t)
	raw.send(heartbeat(0))
	raw.requireAlive()
}

func TestConnection_HeartbeatOnAChannelIsRefused(t *testing.T) {
	rule(t, "framing")
	for _, c := range []struct {
		name string
		open bool
	}{
		{"unopened", false},
		{"open", true},
	} {
		t.Run(c.name, func(t *testing.T) {
			rule(t, "framing")
			raw := rawOpen(t)
			if c.open {
				raw.openChannel(3)
			}
			raw.send(heartbeat(3))
			class, method := raw.expectConnectionClose(505, "UNEXPECTED_FRAME - type 8, all octets = <<>>")
			require.Equal(t, [2]uint16{0, 0}, [2]uint16{class, method})
			raw.expectClosed(patience)
		})
	}
}
