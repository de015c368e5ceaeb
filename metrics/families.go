package metrics

import (
	"math"

	"github.com/leveretmq/leveret/message"
	"github.com/leveretmq/leveret/queue"
	"github.com/leveretmq/leveret/server"
)

func queueCoarse() []family[queue.Status] {
	return []family[queue.Status]{
		{"queue_messages_ready", gauge, "Messages ready to be delivered to consumers", func(s *queue.Status) float64 { return float64(s.Ready.Messages) }},
		{"queue_messages_unacked", gauge, "Messages delivered to consumers but not yet acknowledged", func(s *queue.Status) float64 { return float64(s.Unacked.Messages) }},
		{"queue_messages", gauge, "Sum of ready and unacknowledged messages - total queue depth", func(s *queue.Status) float64 { return float64(s.Messages().Messages) }},
		{"queue_process_reductions_total", counter, "Total number of queue process reductions", func(*queue.Status) float64 { return 0 }},
	}
}

func queueConsumers() []family[queue.Status] {
	return []family[queue.Status]{
		{"queue_consumers", gauge, "Consumers on a queue", func(s *queue.Status) float64 { return float64(s.Consumers) }},
	}
}

// queueUse is of no meaning as a sum.
func queueUse() []family[queue.Status] {
	return []family[queue.Status]{
		{"queue_consumer_capacity", gauge, "Consumer capacity", func(s *queue.Status) float64 { return s.Capacity }},
		{"queue_head_message_timestamp", gauge, "Timestamp of the first message in the queue, if any", headTimestamp},
	}
}

func headTimestamp(s *queue.Status) float64 {
	if s.HeadTimestamp == nil {
		return math.NaN()
	}
	return float64(*s.HeadTimestamp)
}

func queueDetails() []family[queue.Status] {
	return []family[queue.Status]{
		{"queue_consumer_utilisation", gauge, "Same as consumer capacity", func(s *queue.Status) float64 { return s.Capacity }},
		{"queue_process_memory_bytes", gauge, "Memory in bytes used by the Erlang queue process", func(s *queue.Status) float64 { return float64(s.Memory) }},
		{"queue_messages_ram", gauge, "Ready and unacknowledged messages stored in memory", func(s *queue.Status) float64 { return float64(s.InMemory.Messages) }},
		{"queue_messages_ram_bytes", gauge, "Size of ready and unacknowledged messages stored in memory", func(s *queue.Status) float64 { return float64(s.InMemory.Octets) }},
		{"queue_messages_ready_ram", gauge, "Ready messages stored in memory", func(s *queue.Status) float64 { return float64(s.ReadyInMemory) }},
		{"queue_messages_unacked_ram", gauge, "Unacknowledged messages stored in memory", func(s *queue.Status) float64 { return float64(s.UnackedInMemory) }},
		{"queue_messages_persistent", gauge, "Persistent messages", func(s *queue.Status) float64 { return float64(s.Persistent.Messages) }},
		{"queue_messages_persistent_bytes", gauge, "Size in bytes of persistent messages", func(s *queue.Status) float64 { return float64(s.Persistent.Octets) }},
		{"queue_messages_bytes", gauge, "Size in bytes of ready and unacknowledged messages", func(s *queue.Status) float64 { return float64(s.Messages().Octets) }},
		{"queue_messages_ready_bytes", gauge, "Size in bytes of ready messages", func(s *queue.Status) float64 { return float64(s.Ready.Octets) }},
		{"queue_messages_unacked_bytes", gauge, "Size in bytes of all unacknowledged messages", func(s *queue.Status) float64 { return float64(s.Unacked.Octets) }},
		{"queue_messages_paged_out", gauge, "Messages paged out to disk", func(s *queue.Status) float64 { return float64(s.PagedOut.Messages) }},
		{"queue_messages_paged_out_bytes", gauge, "Size in bytes of messages paged out to disk", func(s *queue.Status) float64 { return float64(s.PagedOut.Octets) }},
	}
}

// flow is a counter of messages.
func flow(name, help string, of func(*message.Counters) uint64) family[message.Counters] {
	return family[message.Counters]{name, counter, help, func(n *message.Counters) float64 { return float64(of(n)) }}
}

func queueDisk() []family[message.Counters] {
	return []family[message.Counters]{
		flow("queue_disk_reads_total", "Total number of times queue read messages from disk", func(n *message.Counters) uint64 { return n.DiskReads }),
		flow("queue_disk_writes_total", "Total number of times queue wrote messages to disk", func(n *message.Counters) uint64 { return n.DiskWrites }),
	}
}

func queueDelivery() []family[message.Counters] {
	return []family[message.Counters]{
		flow("queue_get_ack_total", "Total number of messages fetched from a queue with basic.get in manual acknowledgement mode", func(n *message.Counters) uint64 { return n.Get }),
		flow("queue_get_total", "Total number of messages fetched from a queue with basic.get in automatic acknowledgement mode", func(n *message.Counters) uint64 { return n.GetNoAck }),
		flow("queue_messages_delivered_ack_total", "Total number of messages delivered from a queue to consumers in manual acknowledgement mode", func(n *message.Counters) uint64 { return n.Deliver }),
		flow("queue_messages_delivered_total", "Total number of messages delivered from a queue to consumers in automatic acknowledgement mode", func(n *message.Counters) uint64 { return n.DeliverNoAck }),
		flow("queue_messages_redelivered_total", "Total number of messages redelivered from a queue to consumers", func(n *message.Counters) uint64 { return n.Redeliver }),
		flow("queue_messages_acked_total", "Total number of messages acknowledged by consumers on a queue", func(n *message.Counters) uint64 { return n.Ack }),
		flow("queue_get_empty_total", "Total number of times basic.get operations fetched no message on a queue", func(n *message.Counters) uint64 { return n.GetEmpty }),
	}
}

func exchangeFlow() []family[message.Counters] {
	return []family[message.Counters]{
		flow("exchange_messages_published_total", "Total number of messages published into an exchange", func(n *message.Counters) uint64 { return n.Publish }),
		flow("exchange_messages_confirmed_total", "Total number of messages published into an exchange and confirmed", func(n *message.Counters) uint64 { return n.Confirm }),
		flow("exchange_messages_unroutable_returned_total", "Total number of messages published as mandatory into an exchange and returned to the publisher as unroutable", func(n *message.Counters) uint64 { return n.ReturnUnroutable }),
		flow("exchange_messages_unroutable_dropped_total", "Total number of messages published as non-mandatory into an exchange and dropped as unroutable", func(n *message.Counters) uint64 { return n.DropUnroutable }),
	}
}

func channelExchange() []family[message.Counters] {
	return []family[message.Counters]{
		flow("channel_messages_published_total", "Total number of messages published into an exchange on a channel", func(n *message.Counters) uint64 { return n.Publish }),
		flow("channel_messages_confirmed_total", "Total number of messages published into an exchange and confirmed on the channel", func(n *message.Counters) uint64 { return n.Confirm }),
		flow("channel_messages_unroutable_returned_total", "Total number of messages published as mandatory into an exchange and returned to the publisher as unroutable", func(n *message.Counters) uint64 { return n.ReturnUnroutable }),
		flow("channel_messages_unroutable_dropped_total", "Total number of messages published as non-mandatory into an exchange and dropped as unroutable", func(n *message.Counters) uint64 { return n.DropUnroutable }),
	}
}

func channelQueue() []family[message.Counters] {
	return []family[message.Counters]{
		flow("channel_get_ack_total", "Total number of messages fetched with basic.get in manual acknowledgement mode", func(n *message.Counters) uint64 { return n.Get }),
		flow("channel_get_total", "Total number of messages fetched with basic.get in automatic acknowledgement mode", func(n *message.Counters) uint64 { return n.GetNoAck }),
		flow("channel_messages_delivered_ack_total", "Total number of messages delivered to consumers in manual acknowledgement mode", func(n *message.Counters) uint64 { return n.Deliver }),
		flow("channel_messages_delivered_total", "Total number of messages delivered to consumers in automatic acknowledgement mode", func(n *message.Counters) uint64 { return n.DeliverNoAck }),
		flow("channel_messages_redelivered_total", "Total number of messages redelivered to consumers", func(n *message.Counters) uint64 { return n.Redeliver }),
		flow("channel_messages_acked_total", "Total number of messages acknowledged by consumers", func(n *message.Counters) uint64 { return n.Ack }),
		flow("channel_get_empty_total", "Total number of times basic.get operations fetched no message", func(n *message.Counters) uint64 { return n.GetEmpty }),
	}
}

// What goes from exchanges to queues is but a number.

func channelPassage() []family[uint64] {
	return []family[uint64]{
		{"queue_messages_published_total", counter, "Total number of messages published into a queue through an exchange on a channel", messages},
	}
}

func passage() []family[uint64] {
	return []family[uint64]{
		{"queue_exchange_messages_published_total", counter, "Total number of messages published into a queue through an exchange", messages},
	}
}

func messages(n *uint64) float64 { return float64(*n) }

// Channels and connections are summed by server.Sums, and listed one by one: both are
// brought into that form.

func channelFamilies() []family[server.Sums] {
	return []family[server.Sums]{
		{"channel_consumers", gauge, "Consumers on a channel", func(s *server.Sums) float64 { return float64(s.Consumers) }},
		{"channel_messages_unacked", gauge, "Delivered but not yet acknowledged messages", func(s *server.Sums) float64 { return float64(s.Unacked) }},
		{"channel_messages_unconfirmed", gauge, "Published but not yet confirmed messages", func(s *server.Sums) float64 { return float64(s.Unconfirmed) }},
		{"channel_messages_uncommitted", gauge, "Messages received in a transaction but not yet committed", func(s *server.Sums) float64 { return float64(s.Uncommitted) }},
		{"channel_acks_uncommitted", gauge, "Message acknowledgements in a transaction not yet committed", func(s *server.Sums) float64 { return float64(s.AcksUncommitted) }},
		{"consumer_prefetch", gauge, "Limit of unacknowledged messages for each consumer", func(s *server.Sums) float64 { return float64(s.Prefetch) }},
		{"channel_prefetch", gauge, "Deprecated and will be removed in a future version", func(s *server.Sums) float64 { return float64(s.GlobalPrefetch) }},
	}
}

func channelProcess() []family[server.Sums] {
	return []family[server.Sums]{
		{"channel_process_reductions_total", counter, "Total number of channel process reductions", func(*server.Sums) float64 { return 0 }},
	}
}

func connectionCoarse() []family[server.Sums] {
	return []family[server.Sums]{
		{"connection_incoming_bytes_total", counter, "Total number of bytes received on a connection", func(s *server.Sums) float64 { return float64(s.ReceivedOctets) }},
		{"connection_outgoing_bytes_total", counter, "Total number of bytes sent on a connection", func(s *server.Sums) float64 { return float64(s.SentOctets) }},
		{"connection_process_reductions_total", counter, "Total number of connection process reductions", func(*server.Sums) float64 { return 0 }},
	}
}

func connectionDetails() []family[server.Sums] {
	return []family[server.Sums]{
		{"connection_incoming_packets_total", counter, "Total number of packets received on a connection", func(s *server.Sums) float64 { return float64(s.ReceivedPackets) }},
		{"connection_outgoing_packets_total", counter, "Total number of packets sent on a connection", func(s *server.Sums) float64 { return float64(s.SentPackets) }},
		{"connection_pending_packets", gauge, "Number of packets waiting to be sent on a connection", func(s *server.Sums) float64 { return float64(min(s.Pending, 1)) }},
		{"connection_channels", gauge, "Channels on a connection", func(s *server.Sums) float64 { return float64(s.Channels) }},
	}
}
