package server

import "github.com/leveretmq/leveret/queue"

// ChannelTraffic is what one channel has exchanged with exchanges and queues.
type ChannelTraffic struct {
	Channel queue.ChannelRef
	// Connection is the number of the channel's connection.
	Connection uint64
	VHost      string
	// Publishes and Deliveries are those of ChannelStatus.
	Publishes, Deliveries []Traffic
}

// Traffic shows what the open channels have exchanged, in no order. It costs less than a
// list of them. No lock is held meanwhile.
func (s *Server) Traffic(show func(*ChannelTraffic)) {
	for _, c := range s.all() {
		if c.opened.Load() == 0 {
			continue
		}
		list := c.traffic()
		for i := range list {
			show(&list[i])
		}
	}
}

// traffic is what the channels of the connection have exchanged, of those that have
// exchanged something.
func (c *connection) traffic() (list []ChannelTraffic) {
	host, port := address(c.sock.RemoteAddr())
	c.mu.Lock()
	defer c.mu.Unlock()
	for _, ch := range c.channels {
		if ch.closing || len(ch.traffic.inlets)+len(ch.traffic.outlets) == 0 {
			continue
		}
		one := ChannelTraffic{Connection: c.number, VHost: c.vhost.Name(), Channel: queue.ChannelRef{
			Connection: c.name(), Number: ch.id, User: c.user.Name, PeerHost: host, PeerPort: port,
		}}
		one.Publishes, one.Deliveries = ch.traffic.lists()
		list = append(list, one)
	}
	return list
}
