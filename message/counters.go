package message

// Counters is how often something has happened to messages since the broker has
// started, with RabbitMQ's words and meanings. It is used for a queue, an exchange,
// a channel, a virtual host and the broker; what a thing does not count is zero.
type Counters struct {
	// Publish is messages that clients have published: each once, be it routed to
	// many queues or to none; for a queue those that were routed to it. What the
	// broker publishes itself, such as dead letters, does not count.
	Publish uint64
	// PublishIn and PublishOut are what an exchange has got, and what queues have
	// got of that, each queue counted.
	PublishIn, PublishOut uint64
	// PublishConfirm is the part of Publish whose publishers want confirms, and
	// Confirm is those that were confirmed. Refusals do not count.
	PublishConfirm, Confirm uint64
	// ReturnUnroutable and DropUnroutable are messages that no queue has got:
	// mandatory ones, and others.
	ReturnUnroutable, DropUnroutable uint64
	// Deliver and DeliverNoAck are messages that consumers were sent, with and
	// without acknowledgements.
	Deliver, DeliverNoAck uint64
	// Get and GetNoAck are messages that basic.get has fetched; GetEmpty is how
	// often it has found none.
	Get, GetNoAck, GetEmpty uint64
	// Redeliver is the part of all deliveries that were not the first one.
	Redeliver uint64
	// Ack is acknowledged messages. Refusals do not count.
	Ack uint64
	// DiskReads and DiskWrites are messages that a queue has read from the disk, and
	// those that it has handed to the disk.
	DiskReads, DiskWrites uint64
}

// DeliverGet is all messages that clients were sent.
func (c *Counters) DeliverGet() uint64 { return c.Deliver + c.DeliverNoAck + c.Get + c.GetNoAck }

// Add adds what something else has counted.
func (c *Counters) Add(other *Counters) {
	c.Publish += other.Publish
	c.PublishIn += other.PublishIn
	c.PublishOut += other.PublishOut
	c.PublishConfirm += other.PublishConfirm
	c.Confirm += other.Confirm
	c.ReturnUnroutable += other.ReturnUnroutable
	c.DropUnroutable += other.DropUnroutable
	c.Deliver += other.Deliver
	c.DeliverNoAck += other.DeliverNoAck
	c.Get += other.Get
	c.GetNoAck += other.GetNoAck
	c.GetEmpty += other.GetEmpty
	c.Redeliver += other.Redeliver
	c.Ack += other.Ack
	c.DiskReads += other.DiskReads
	c.DiskWrites += other.DiskWrites
}
