package server

// Sums is what all open connections have together. It costs much less than a list of
// them.
type Sums struct {
	Connections, Channels, Consumers int
	// Publishers are channels that have published something.
	Publishers int
	// Unacked and the following are those of the channels.
	Unacked, Unconfirmed, Uncommitted, AcksUncommitted int
	// Prefetch and GlobalPrefetch are the sums of the channels' limits.
	Prefetch, GlobalPrefetch int
	// ReceivedOctets and the following include what connections have received and
	// sent that are closed: they never go backwards.
	ReceivedOctets, SentOctets, ReceivedPackets, SentPackets uint64
	// Pending is octets that wait to be written.
	Pending int
}

// bygone is what closed connections have received and sent. It is guarded by the
// server's lock.
type bygone struct{ octetsIn, octetsOut, reads, writes uint64 }

// Sums adds up what the open connections have.
func (s *Server) Sums() Sums {
	s.mu.Lock()
	open := make([]*connection, 0, len(s.connections))
	for c := range s.connections {
		open = append(open, c)
	}
	sums := Sums{
		ReceivedOctets: s.bygone.octetsIn, SentOctets: s.bygone.octetsOut,
		ReceivedPackets: s.bygone.reads, SentPackets: s.bygone.writes,
	}
	s.mu.Unlock()
	for _, c := range open {
		c.addTo(&sums)
	}
	return sums
}

// retire keeps what a connection has received and sent that is closed. The caller
// holds the lock.
func (b *bygone) retire(c *connection) {
	b.octetsIn += c.octetsIn.Load()
	b.octetsOut += c.octetsOut.Load()
	b.reads += c.reads.Load()
	b.writes += c.writes.Load()
}

func (c *connection) addTo(sums *Sums) {
	sums.ReceivedOctets += c.octetsIn.Load()
	sums.SentOctets += c.octetsOut.Load()
	sums.ReceivedPackets += c.reads.Load()
	sums.SentPackets += c.writes.Load()
	if c.opened.Load() == 0 {
		return
	}
	sums.Connections++
	c.mu.Lock()
	defer c.mu.Unlock()
	sums.Pending += len(c.out)
	for _, ch := range c.channels {
		if !ch.closing {
			ch.addTo(sums)
		}
	}
}

// addTo adds what the channel has. The caller holds conn.mu.
func (ch *channel) addTo(sums *Sums) {
	sums.Channels++
	sums.Consumers += len(ch.consumers)
	if len(ch.traffic.inlets) > 0 {
		sums.Publishers++
	}
	sums.Unacked += ch.unacked.live
	sums.Unconfirmed += ch.confirms.unconfirmed()
	sums.Uncommitted += int(ch.uncommitted.Load())
	sums.AcksUncommitted += int(ch.undecided.Load())
	sums.Prefetch += ch.prefetch
	sums.GlobalPrefetch += int(ch.limiter.Limit())
}
