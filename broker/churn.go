package broker

import (
	"sync/atomic"

	"github.com/leveretmq/leveret/queue"
)

// Churn is how often things have come and gone since the broker has started.
type Churn struct {
	ConnectionsCreated, ConnectionsClosed uint64
	ChannelsCreated, ChannelsClosed       uint64
	// QueuesDeclared counts each declaration, be the queue there or not;
	// QueuesCreated those that have made one.
	QueuesDeclared, QueuesCreated, QueuesDeleted uint64
	// Definitions is durable changes of what is defined: topology, users, parameters.
	Definitions uint64
}

// churn counts what Churn shows.
type churn struct {
	connectionsCreated, connectionsClosed        atomic.Uint64
	channelsCreated, channelsClosed              atomic.Uint64
	queuesDeclared, queuesCreated, queuesDeleted atomic.Uint64
	definitions                                  atomic.Uint64
}

// Clock is the clock that the broker's queues look at. The server advances it.
func (b *Broker) Clock() *queue.CoarseClock { return &b.clock }

// Load is what the broker has to do, and what it has it in.
type Load struct {
	// Memory is about what queued messages cost in memory, in octets, and
	// MemoryBudget what they may cost before they are paged out.
	Memory, MemoryBudget int64
	// Undertaking is the octets of messages that wait to be dead-lettered.
	Undertaking int64
}

// Load is the load of this moment.
func (b *Broker) Load() Load {
	b.undertaker.mu.Lock()
	undertaking := b.undertaker.octets
	b.undertaker.mu.Unlock()
	return Load{Memory: b.pager.Used(), MemoryBudget: b.pager.Budget(), Undertaking: undertaking}
}

// Churn is what has come and gone.
func (b *Broker) Churn() Churn {
	c := &b.churn
	return Churn{
		ConnectionsCreated: c.connectionsCreated.Load(), ConnectionsClosed: c.connectionsClosed.Load(),
		ChannelsCreated: c.channelsCreated.Load(), ChannelsClosed: c.channelsClosed.Load(),
		QueuesDeclared: c.queuesDeclared.Load(), QueuesCreated: c.queuesCreated.Load(), QueuesDeleted: c.queuesDeleted.Load(),
		Definitions: c.definitions.Load(),
	}
}

// ConnectionCreated, and those below, count what only the server sees.
func (b *Broker) ConnectionCreated() { b.churn.connectionsCreated.Add(1) }

// ConnectionClosed counts the end of a connection.
func (b *Broker) ConnectionClosed() { b.churn.connectionsClosed.Add(1) }

// ChannelCreated counts a channel that was opened.
func (b *Broker) ChannelCreated() { b.churn.channelsCreated.Add(1) }

// ChannelClosed counts the end of a channel.
func (b *Broker) ChannelClosed() { b.churn.channelsClosed.Add(1) }
