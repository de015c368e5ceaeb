package metrics

import (
	"slices"

	"github.com/leveretmq/leveret/message"
	"github.com/leveretmq/leveret/server"
)

// writeAggregated writes sums over all objects. Counters are those of the totals,
// which never go backwards.
func (s *scrape) writeAggregated(p *page) {
	s.writeNode(p)
	queues := s.allQueues()
	summed(p, queueCoarse(), queues)
	summed(p, queueConsumers(), queues)
	summed(p, queueDetails(), queues)
	counters := []object[message.Counters]{{of: &s.all().Counters}}
	each(p, queueDisk(), counters)
	sums := s.options.Server.Sums()
	clients := []object[server.Sums]{{of: &sums}}
	each(p, channelFamilies(), clients)
	each(p, channelProcess(), clients)
	each(p, channelExchange(), counters)
	each(p, channelQueue(), counters)
	each(p, connectionCoarse(), clients)
	each(p, connectionDetails(), clients)
	each(p, exchangeFlow(), counters)
	each(p, queueDelivery(), counters)
	through := []object[uint64]{{of: &s.all().Counters.PublishOut}}
	each(p, channelPassage(), through)
	each(p, passage(), through)
	s.writeGlobals(p, &sums)
	s.writeOwn(p)
	writeGo(p)
}

// writePerObject writes a line for each object.
func (s *scrape) writePerObject(p *page) {
	s.writeNode(p)
	for _, f := range perObjectFamilies() {
		f.write(s, p)
	}
	sums := s.options.Server.Sums()
	s.writeGlobals(p, &sums)
	s.writeOwn(p)
	writeGo(p)
}

// writeDetailed writes the families that were asked for, each once.
func (s *scrape) writeDetailed(p *page) {
	list := slices.Concat(nodeFamilies(), perObjectFamilies(), clusterFamilies())
	for _, f := range list {
		if slices.Contains(s.filter.families, f.name) && (f.name != "queue_consumer_count" || !slices.Contains(s.filter.families, "queue_metrics")) {
			f.write(s, p) // queue_metrics has the consumers as well
		}
	}
}

// group is a number of families with one name, by which they can be asked for.
type group struct {
	name  string
	write func(s *scrape, p *page)
}

func perObjectFamilies() []group {
	return []group{
		{"queue_coarse_metrics", func(s *scrape, p *page) { each(p, queueCoarse(), s.labelledQueues()) }},
		{"queue_consumer_count", func(s *scrape, p *page) {
			if s.filter.families == nil {
				return // a part of queue_metrics
			}
			each(p, queueConsumers(), s.labelledQueues())
		}},
		{"queue_metrics", func(s *scrape, p *page) {
			each(p, queueConsumers(), s.labelledQueues())
			each(p, queueUse(), s.labelledQueues())
			each(p, queueDetails(), s.labelledQueues())
			each(p, queueDisk(), s.queueCounters())
		}},
		{"queue_delivery_metrics", func(s *scrape, p *page) { each(p, queueDelivery(), s.queueCounters()) }},
		{"exchange_metrics", func(s *scrape, p *page) { each(p, exchangeFlow(), s.exchangeCounters()) }},
		{"channel_metrics", func(s *scrape, p *page) { each(p, channelFamilies(), s.channelSums()) }},
		{"channel_process_metrics", func(s *scrape, p *page) { each(p, channelProcess(), s.channelSums()) }},
		{"channel_exchange_metrics", func(s *scrape, p *page) { each(p, channelExchange(), s.channelTraffic("exchange", publishes)) }},
		{"channel_queue_metrics", func(s *scrape, p *page) { each(p, channelQueue(), s.channelTraffic("queue", deliveries)) }},
		{"channel_queue_exchange_metrics", func(s *scrape, p *page) { each(p, channelPassage(), s.channelPassages()) }},
		{"queue_exchange_metrics", func(s *scrape, p *page) { each(p, passage(), s.passages()) }},
		{"connection_coarse_metrics", func(s *scrape, p *page) { each(p, connectionCoarse(), s.connectionSums()) }},
		{"connection_metrics", func(s *scrape, p *page) { each(p, connectionDetails(), s.connectionSums()) }},
		{"queue_info", (*scrape).writeQueueInfo},
	}
}

// writeQueueInfo tells what does not change of queues.
func (s *scrape) writeQueueInfo(p *page) {
	p.begin("queue_info", gauge, "A metric with a constant '1' value and labels that provide some queue details")
	for _, q := range s.allQueues() {
		spec := &q.of.Spec
		p.sample(labelled("vhost", spec.VHost, "queue", spec.Name, "queue_type", moduleOf(q.of.Type), "membership", "leader"), 1)
	}
}

// clusterFamilies have names of their own.
func clusterFamilies() []group {
	return []group{
		{"vhost_status", func(s *scrape, p *page) {
			p.beginNamed("rabbitmq_cluster_vhost_status", gauge, "Whether a given vhost is running")
			for _, vhost := range s.options.Broker.VHosts() {
				if s.filter.hasVHost(vhost) {
					p.sample(labelled("vhost", vhost), 1)
				}
			}
		}},
		{"exchange_bindings", func(s *scrape, p *page) {
			p.beginNamed("rabbitmq_cluster_exchange_bindings", gauge, "Number of bindings for an exchange. This value is cluster-wide.")
			for _, x := range s.allExchanges() {
				if x.Spec.Name != "" {
					p.sample(labelled("vhost", x.Spec.VHost, "exchange", x.Spec.Name, "type", x.Spec.Type), float64(x.Bindings))
				}
			}
		}},
		{"exchange_names", func(s *scrape, p *page) {
			p.beginNamed("rabbitmq_cluster_exchange_name", gauge,
				"Enumerates exchanges without any additional info. This value is cluster-wide. A cheaper alternative to `exchange_bindings`")
			for _, x := range s.allExchanges() {
				if x.Spec.Name != "" {
					p.sample(labelled("vhost", x.Spec.VHost, "exchange", x.Spec.Name, "type", x.Spec.Type), 1)
				}
			}
		}},
	}
}
