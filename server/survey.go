package server

import "github.com/leveretmq/leveret/message"

// Survey is who is shown what every open connection and channel has counted, in no
// order. It costs much less than a list of them. No lock is held meanwhile.
type Survey struct {
	Connection func(ConnectionCounts)
	Channel    func(ChannelCounts)
}

// ConnectionCounts is what a connection has counted.
type ConnectionCounts struct {
	Number                     uint64
	VHost                      string
	ReceivedOctets, SentOctets uint64
}

// ChannelCounts is what a channel has counted.
type ChannelCounts struct {
	Connection uint64 // its number
	Number     uint16
	Counters   message.Counters
}

// Survey shows the open connections and their channels.
func (s *Server) Survey(show Survey) {
	s.mu.Lock()
	open := make([]*connection, 0, len(s.connections))
	for c := range s.connections {
		open = append(open, c)
	}
	s.mu.Unlock()
	var channels []ChannelCounts
	for _, c := range open {
		if c.opened.Load() == 0 {
			continue
		}
		show.Connection(ConnectionCounts{
			Number: c.number, VHost: c.vhost.Name(), ReceivedOctets: c.octetsIn.Load(), SentOctets: c.octetsOut.Load(),
		})
		channels = c.countChannels(channels[:0])
		for i := range channels {
			show.Channel(channels[i])
		}
	}
}

// countChannels appends what the channels of the connection have counted.
func (c *connection) countChannels(dst []ChannelCounts) []ChannelCounts {
	c.mu.Lock()
	defer c.mu.Unlock()
	for _, ch := range c.channels {
		if !ch.closing {
			dst = append(dst, ChannelCounts{Connection: c.number, Number: ch.id, Counters: ch.traffic.sum()})
		}
	}
	return dst
}
