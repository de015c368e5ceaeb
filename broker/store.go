package broker

import (
	"sync/atomic"

	"github.com/leveretmq/leveret/definitions"
	"github.com/leveretmq/leveret/queue"
)

// Store is what the broker needs of the place that keeps definitions and
// messages.
type Store interface {
	queue.Store

	// Definitions is the topology that was stored when the store was opened.
	Definitions() (definitions.Set, error)
	// Change hands over one atomic change of the topology, in memory. Changes
	// and units take effect in the order in which they were handed over. Done
	// is called once, without any lock, when the change is durable or failed.
	// A queue is deleted together with its messages.
	Change(c definitions.Change, done func(error))
	// LastQueueID is the highest queue number that was ever stored.
	LastQueueID() uint32
	// NextSequence is the lowest sequence number never used in the queue.
	NextSequence(queueID uint32) uint64
	// Recover yields what is stored of the queue by ascending sequence number.
	Recover(queueID uint32, yield func(queue.Recovered) error) error
	// Throttle blocks a publisher while too much waits to be written.
	Throttle(flow queue.Flow)
	// Close writes all that is pending and records a clean stop with the
	// stored messages that a consumer may have seen.
	Close(redelivered []queue.Range) error
}

// commitment is the outcome of a durable change that may still be on its way
// to the disk. The nil commitment is that of something not durable.
type commitment struct {
	settled chan struct{}
	err     error // set before settled is closed
}

func newCommitment() *commitment { return &commitment{settled: make(chan struct{})} }

func (c *commitment) settle(err error) {
	c.err = err
	close(c.settled)
}

// wait blocks until the change is durable or has failed.
func (c *commitment) wait() error {
	if c == nil {
		return nil
	}
	<-c.settled
	return c.err
}

// declaration is the commitment of something that was declared. It is forgotten
// when it has been met, as there are many queues and bindings, and all but the
// newest are durable.
type declaration struct{ pending atomic.Pointer[commitment] }

// begin is called at most once, before anybody can wait.
func (d *declaration) begin(c *commitment) { d.pending.Store(c) }

// wait blocks until what was declared is durable, if it has to be, or has
// failed.
func (d *declaration) wait() error {
	c := d.pending.Load()
	err := c.wait()
	if err == nil {
		d.pending.Store(nil)
	}
	return err
}

// Define hands a change of users, virtual hosts, permissions or parameters to the
// store, which applies changes in the order in which they come. The function that it
// returns waits until the change is durable or has failed. What the broker keeps in
// memory is not changed.
func (b *Broker) Define(c definitions.Change) (wait func() error) { return b.commit(c).wait }

// commit hands a change to the store. The caller holds the topology lock, and
// waits for the commitment after it has let go of it.
func (b *Broker) commit(c definitions.Change) *commitment {
	if c.Empty() {
		return nil
	}
	b.churn.definitions.Add(1)
	commitment := newCommitment()
	b.store.Change(c, commitment.settle)
	return commitment
}
