package server

import (
	"time"

	"golang.org/x/time/rate"
)

// Rate bounds what is published in a second; zero is no bound.
type Rate struct {
	Messages int64
	// Octets counts all that a client sends, as it comes from the socket.
	Octets int64
}

// tollStep is the longest time for which a publisher is held back at once: in between
// it is looked whether the connection has to end.
const tollStep = 100 * time.Millisecond

// toll keeps publishers to a rate. What exceeds it is not refused: the client is not
// read for as long as it is ahead of its time. Nil is no toll. It may be shared.
type toll struct{ messages, octets *rate.Limiter }

func newToll(r Rate) *toll {
	if r == (Rate{}) {
		return nil
	}
	return &toll{messages: limiterOf(r.Messages), octets: limiterOf(r.Octets)}
}

// limiterOf lets a second's worth pass at once.
func limiterOf(perSecond int64) *rate.Limiter {
	if perSecond == 0 {
		return nil
	}
	return rate.NewLimiter(rate.Limit(perSecond), int(perSecond))
}

// pay says how long who has published has to wait.
func (t *toll) pay(messages, octets int, now time.Time) time.Duration {
	if t == nil {
		return 0
	}
	return max(due(t.messages, messages, now), due(t.octets, octets, now))
}

// due takes n from a limiter, which may be more than it lets pass at once.
func due(l *rate.Limiter, n int, now time.Time) (wait time.Duration) {
	if l == nil {
		return 0
	}
	for n > 0 {
		part := min(n, l.Burst())
		wait = l.ReserveN(now, part).DelayFrom(now)
		n -= part
	}
	return wait
}

// payTolls holds the client back if it has published too much in too short a time.
func (c *connection) payTolls(messages int) {
	if c.toll == nil && c.shared == nil {
		return
	}
	sent := c.octetsIn.Load()
	octets := int(sent - c.tolled)
	c.tolled = sent
	now := time.Now()
	until := now.Add(max(c.toll.pay(messages, octets, now), c.shared.pay(messages, octets, now)))
	for c.stop.Load() == nil {
		left := time.Until(until)
		if left <= 0 {
			return
		}
		select {
		case <-time.After(min(left, tollStep)):
		case <-c.written: // nobody is there any more
			return
		}
	}
}

// tollOf is what all connections to a virtual host pay together; the caller holds the
// server's lock.
func (s *Server) tollOf(vhost string) *toll {
	if s.VHostRate == (Rate{}) {
		return nil
	}
	t, ok := s.open.tolls[vhost]
	if !ok {
		t = newToll(s.VHostRate)
		s.open.tolls[vhost] = t
	}
	return t
}
