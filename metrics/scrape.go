package metrics

import (
	"github.com/leveretmq/leveret/broker"
	"github.com/leveretmq/leveret/message"
	"github.com/leveretmq/leveret/queue"
	"github.com/leveretmq/leveret/server"
)

// scrape is the snapshots that one page is made of. They are taken when they are
// needed first.
type scrape struct {
	*Handler
	filter filter

	totals    *broker.Totals
	facts     *Facts
	store     *Store
	queues    []object[queue.Status]
	exchanges []broker.ExchangeStatus
	clients   []server.ConnectionStatus
	taken     struct{ queues, labels, exchanges, clients bool }
}

// all is what the broker has together.
func (s *scrape) all() *broker.Totals {
	if s.totals == nil {
		t := s.options.Broker.Totals()
		s.totals = &t
	}
	return s.totals
}

func (s *scrape) process() *Facts {
	if s.facts == nil {
		s.facts = new(Facts)
		if s.options.Facts != nil {
			*s.facts = s.options.Facts()
		}
	}
	return s.facts
}

func (s *scrape) disk() *Store {
	if s.store == nil {
		s.store = new(Store)
		if s.options.Store != nil {
			*s.store = s.options.Store()
		}
	}
	return s.store
}

// allQueues are the queues, without labels.
func (s *scrape) allQueues() []object[queue.Status] {
	if s.taken.queues {
		return s.queues
	}
	s.taken.queues = true
	for _, vhost := range s.options.Broker.VHosts() {
		if !s.filter.hasVHost(vhost) {
			continue
		}
		list := s.options.Broker.Queues(vhost)
		for i := range list {
			if s.filter.hasQueue(list[i].Spec.Name) {
				s.queues = append(s.queues, object[queue.Status]{of: &list[i]})
			}
		}
	}
	return s.queues
}

// labelledQueues are the queues with their labels.
func (s *scrape) labelledQueues() []object[queue.Status] {
	list := s.allQueues()
	if !s.taken.labels {
		s.taken.labels = true
		for i := range list {
			spec := &list[i].of.Spec
			list[i].labels = labelled("vhost", spec.VHost, "queue", spec.Name)
		}
	}
	return list
}

// queueCounters are what queues count, with their labels.
func (s *scrape) queueCounters() []object[message.Counters] {
	queues := s.labelledQueues()
	list := make([]object[message.Counters], len(queues))
	for i := range queues {
		list[i] = object[message.Counters]{labels: queues[i].labels, of: &queues[i].of.Counters}
	}
	return list
}

// allExchanges are the exchanges.
func (s *scrape) allExchanges() []broker.ExchangeStatus {
	if s.taken.exchanges {
		return s.exchanges
	}
	s.taken.exchanges = true
	for _, vhost := range s.options.Broker.VHosts() {
		if s.filter.hasVHost(vhost) {
			s.exchanges = append(s.exchanges, s.options.Broker.Exchanges(vhost)...)
		}
	}
	return s.exchanges
}

// exchangeCounters are what exchanges count that have been used (RabbitMQ behaviour).
func (s *scrape) exchangeCounters() (list []object[message.Counters]) {
	exchanges := s.allExchanges()
	for i := range exchanges {
		x := &exchanges[i]
		if x.Counters.Publish > 0 {
			list = append(list, object[message.Counters]{labels: labelled("vhost", x.Spec.VHost, "exchange", x.Spec.Name), of: &x.Counters})
		}
	}
	return list
}

// connections are the open connections.
func (s *scrape) connections() []server.ConnectionStatus {
	if s.taken.clients {
		return s.clients
	}
	s.taken.clients = true
	for _, c := range s.options.Server.Connections() {
		if s.filter.hasVHost(c.VHost) {
			s.clients = append(s.clients, c)
		}
	}
	return s.clients
}

// connectionSums are the connections, each in the form of sums.
func (s *scrape) connectionSums() (list []object[server.Sums]) {
	for _, c := range s.connections() {
		list = append(list, object[server.Sums]{labels: labelled("channel", c.Process), of: &server.Sums{
			ReceivedOctets: c.ReceivedOctets, SentOctets: c.SentOctets,
			ReceivedPackets: c.ReceivedPackets, SentPackets: c.SentPackets,
			Pending: c.Pending, Channels: c.ChannelCount,
		}})
	}
	return list
}

// channelSums are the channels, each in the form of sums.
func (s *scrape) channelSums() (list []object[server.Sums]) {
	for _, c := range s.connections() {
		for i := range c.Channels {
			ch := &c.Channels[i]
			list = append(list, object[server.Sums]{labels: labelled("channel", ch.Process), of: &server.Sums{
				Consumers: len(ch.Consumers), Unacked: ch.Unacked, Unconfirmed: ch.Unconfirmed,
				Uncommitted: ch.Uncommitted, AcksUncommitted: ch.AcksUncommitted,
				Prefetch: ch.Prefetch, GlobalPrefetch: ch.GlobalPrefetch,
			}})
		}
	}
	return list
}

// channelTraffic is what channels have done with exchanges, or queues.
func (s *scrape) channelTraffic(with string, of func(*server.ChannelStatus) []server.Traffic) (list []object[message.Counters]) {
	for _, c := range s.connections() {
		for i := range c.Channels {
			ch := &c.Channels[i]
			traffic := of(ch)
			for j := range traffic {
				t := &traffic[j]
				list = append(list, object[message.Counters]{labels: labelled("channel", ch.Process, "vhost", ch.VHost, with, t.Name), of: &t.Counters})
			}
		}
	}
	return list
}

func publishes(ch *server.ChannelStatus) []server.Traffic  { return ch.Publishes }
func deliveries(ch *server.ChannelStatus) []server.Traffic { return ch.Deliveries }

// passages are what has come from exchanges to queues.
func (s *scrape) passages() (list []object[uint64]) {
	for _, vhost := range s.options.Broker.VHosts() {
		if !s.filter.hasVHost(vhost) {
			continue
		}
		found := s.options.Broker.Passages(vhost)
		for i := range found {
			if f := &found[i]; s.filter.hasQueue(f.Queue) {
				list = append(list, object[uint64]{labels: labelled("vhost", vhost, "exchange", f.Exchange, "queue", f.Queue), of: &f.Messages})
			}
		}
	}
	return list
}

// channelPassages are those of channels, which count them only while somebody looks.
func (s *scrape) channelPassages() (list []object[uint64]) {
	s.options.Server.WatchPassages()
	for _, c := range s.connections() {
		for i := range c.Channels {
			ch := &c.Channels[i]
			for j := range ch.Passages {
				p := &ch.Passages[j]
				list = append(list, object[uint64]{of: &p.Messages, labels: labelled("channel", ch.Process,
					"queue_vhost", ch.VHost, "queue", p.Queue, "exchange_vhost", ch.VHost, "exchange", p.Exchange)})
			}
		}
	}
	return list
}
