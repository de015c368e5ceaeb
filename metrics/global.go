package metrics

import (
	"github.com/leveretmq/leveret/broker"
	"github.com/leveretmq/leveret/message"
	"github.com/leveretmq/leveret/queue"
	"github.com/leveretmq/leveret/server"
)

// protocol is RabbitMQ's name of the only protocol that the broker speaks.
const protocol = "amqp091"

// moduleOf is RabbitMQ's name of the module that has the queues of a type.
func moduleOf(t queue.Type) string { return "rabbit_" + string(t) + "_queue" }

// queueTypes are those of which series are there from the start.
func queueTypes() []queue.Type { return []queue.Type{queue.Classic, queue.Quorum, queue.Stream} }

// writeGlobals writes what RabbitMQ counts for the whole broker.
func (s *scrape) writeGlobals(p *page, sums *server.Sums) {
	t := s.all()
	p.single("connections", gauge, "Connections currently open", float64(sums.Connections))
	p.single("channels", gauge, "Channels currently open", float64(sums.Channels))
	p.single("consumers", gauge, "Consumers currently connected", float64(sums.Consumers))
	p.single("queues", gauge, "Queues available", float64(t.Queues))
	for _, a := range []struct {
		name, help string
		on         bool
	}{
		{"alarms_file_descriptor_limit", "is 1 if file descriptor limit alarm is in effect", false},
		{"alarms_free_disk_space_watermark", "is 1 if free disk space watermark alarm is in effect", s.options.Broker.Alarms().On(broker.Disk)},
		{"alarms_memory_used_watermark", "is 1 if VM memory watermark alarm is in effect", s.options.Broker.Alarms().On(broker.Memory)},
	} {
		value := 0.0
		if a.on {
			value = 1
		}
		p.single(a.name, untyped, a.help, value)
	}
	p.single("unreachable_cluster_peers_count", gauge, "Number of peers in the cluster the current node cannot reach.", 0)

	spoken := labelled("protocol", protocol)
	p.begin("global_publishers", gauge, "Current number of publishers")
	p.sample(spoken, float64(sums.Publishers))
	p.begin("global_consumers", gauge, "Current number of consumers")
	p.sample(spoken, float64(sums.Consumers))
	each(p, globalIn(), []object[message.Counters]{{labels: spoken, of: &t.Counters}})
	var types []object[message.Counters]
	for _, kind := range queueTypes() {
		of := t.Types[kind]
		types = append(types, object[message.Counters]{labels: labelled("protocol", protocol, "queue_type", moduleOf(kind)), of: &of.Counters})
	}
	each(p, globalOut(), types)
	s.writeDeadLetters(p)
}

func globalIn() []family[message.Counters] {
	return []family[message.Counters]{
		flow("global_messages_received_total", "Total number of messages received from publishers", func(n *message.Counters) uint64 { return n.Publish }),
		flow("global_messages_received_confirm_total", "Total number of messages received from publishers expecting confirmations", func(n *message.Counters) uint64 { return n.PublishConfirm }),
		flow("global_messages_routed_total", "Total number of messages routed to queues or streams", func(n *message.Counters) uint64 { return n.PublishOut }),
		flow("global_messages_unroutable_dropped_total", "Total number of messages published as non-mandatory into an exchange and dropped as unroutable", func(n *message.Counters) uint64 { return n.DropUnroutable }),
		flow("global_messages_unroutable_returned_total", "Total number of messages published as mandatory into an exchange and returned to the publisher as unroutable", func(n *message.Counters) uint64 { return n.ReturnUnroutable }),
		flow("global_messages_confirmed_total", "Total number of messages confirmed to publishers", func(n *message.Counters) uint64 { return n.Confirm }),
	}
}

func globalOut() []family[message.Counters] {
	return []family[message.Counters]{
		flow("global_messages_delivered_total", "Total number of messages delivered to consumers", (*message.Counters).DeliverGet),
		flow("global_messages_delivered_consume_manual_ack_total", "Total number of messages delivered to consumers using basic.consume with manual acknowledgment", func(n *message.Counters) uint64 { return n.Deliver }),
		flow("global_messages_delivered_consume_auto_ack_total", "Total number of messages delivered to consumers using basic.consume with automatic acknowledgment", func(n *message.Counters) uint64 { return n.DeliverNoAck }),
		flow("global_messages_delivered_get_manual_ack_total", "Total number of messages delivered to consumers using basic.get with manual acknowledgment", func(n *message.Counters) uint64 { return n.Get }),
		flow("global_messages_delivered_get_auto_ack_total", "Total number of messages delivered to consumers using basic.get with automatic acknowledgment", func(n *message.Counters) uint64 { return n.GetNoAck }),
		flow("global_messages_get_empty_total", "Total number of times basic.get operations fetched no message", func(n *message.Counters) uint64 { return n.GetEmpty }),
		flow("global_messages_redelivered_total", "Total number of messages redelivered to consumers", func(n *message.Counters) uint64 { return n.Redeliver }),
		flow("global_messages_acknowledged_total", "Total number of messages acknowledged by consumers", func(n *message.Counters) uint64 { return n.Ack }),
	}
}

// writeDeadLetters writes what queues have dropped.
func (s *scrape) writeDeadLetters(p *page) {
	type drop struct {
		name, help string
		of         func(*queue.Dropped) uint64
	}
	for _, d := range []drop{
		{"maxlen", "Total number of messages dead-lettered due to overflow drop-head or reject-publish-dlx", func(d *queue.Dropped) uint64 { return d.MaxLength }},
		{"expired", "Total number of messages dead-lettered due to message TTL exceeded", func(d *queue.Dropped) uint64 { return d.Expired }},
		{"rejected", "Total number of messages dead-lettered due to basic.reject or basic.nack", func(d *queue.Dropped) uint64 { return d.Rejected }},
		{"delivery_limit", "Total number of messages dead-lettered due to delivery-limit exceeded", func(d *queue.Dropped) uint64 { return d.DeliveryLimit }},
	} {
		p.begin("global_messages_dead_lettered_"+d.name+"_total", counter, d.help)
		for _, kind := range []queue.Type{queue.Classic, queue.Quorum} {
			of := s.all().Types[kind]
			for _, strategy := range strategiesOf(kind) {
				dropped := of.Dropped[strategy]
				p.sample(labelled("queue_type", moduleOf(kind), "dead_letter_strategy", strategy.String()), float64(d.of(&dropped)))
			}
		}
	}
	p.begin("global_messages_dead_lettered_confirmed_total", counter, "Total number of messages dead-lettered and confirmed by target queues")
	p.sample(labelled("queue_type", moduleOf(queue.Quorum), "dead_letter_strategy", queue.DeadLetterAtLeastOnce.String()),
		float64(s.all().Types[queue.Quorum].Reburied))
}

// strategiesOf are what queues of a type can do with what they drop.
func strategiesOf(t queue.Type) []queue.Strategy {
	if t == queue.Quorum {
		return []queue.Strategy{queue.DeadLetterAtLeastOnce, queue.DeadLetterAtMostOnce, queue.DeadLetterDisabled}
	}
	return []queue.Strategy{queue.DeadLetterAtMostOnce, queue.DeadLetterDisabled}
}
