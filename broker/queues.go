package broker

import (
	"fmt"
	"strings"

	"github.com/leveretmq/leveret/amqp"
	"github.com/leveretmq/leveret/definitions"
	"github.com/leveretmq/leveret/queue"
)

// generatedQueue is the prefix of the names that the server gives to queues.
const generatedQueue = "amq.gen-"

// DeclareQueue creates the queue, or checks that the existing one is
// equivalent; with an empty name it invents one. Owner identifies the
// connection, to which an exclusive queue will belong. It returns when the
// queue is durable, if it has to be.
func (v *VHost) DeclareQueue(spec queue.Spec, owner any) (*queue.Queue, error) {
	return v.DeclareQueueIf(spec, owner, Permits{})
}

// DeclareQueueIf does what DeclareQueue does, if it is allowed.
func (v *VHost) DeclareQueueIf(spec queue.Spec, owner any, permits Permits) (*queue.Queue, error) {
	v.broker.churn.queuesDeclared.Add(1)
	types := v.types.Load()
	spec = types.complete(spec)
	if spec.Exclusive {
		spec.Durable = false // the queue ends with its connection anyway
	}
	if err := v.nameQueue(&spec); err != nil {
		return nil, err
	}
	if err := permits.declare(spec.Name); err != nil {
		return nil, err
	}
	v.mu.Lock()
	node, exists := v.queues[spec.Name]
	if exists {
		v.mu.Unlock()
		spec = types.relax(spec, node.queue.Spec())
		if err := node.queue.CheckEquivalent(spec, owner); err != nil {
			return nil, err
		}
		node.queue.Touch()
		return node.queue, node.declared.wait()
	}
	node, err := v.createQueue(spec, owner, permits)
	if err == nil {
		v.broker.churn.queuesCreated.Add(1)
		v.tellQueueCreated(node, owner)
	}
	v.mu.Unlock()
	if err != nil {
		return nil, err
	}
	return node.queue, node.declared.wait()
}

// nameQueue invents a name or refuses a reserved one. Even an existing queue
// of a reserved name cannot be declared but passively (RabbitMQ behaviour).
func (v *VHost) nameQueue(spec *queue.Spec) error {
	if spec.Name == "" {
		spec.Name = GenerateName(generatedQueue)
		return spec.CheckServerNamed()
	}
	if strings.HasPrefix(spec.Name, "amq.") {
		return amqp.Errorf(amqp.CodeAccessRefused, "queue name '%s' contains reserved prefix 'amq.*'", spec.Name)
	}
	return nil
}

// createQueue adds a new queue; the caller holds the lock.
func (v *VHost) createQueue(spec queue.Spec, owner any, permits Permits) (*queueNode, error) {
	if err := spec.Validate(); err != nil {
		return nil, err
	}
	if err := permits.create(); err != nil {
		return nil, err
	}
	if err := v.types.Load().check(spec); err != nil {
		return nil, err
	}
	if err := v.roomForQueue(spec.Name); err != nil {
		return nil, err
	}
	var err error
	if spec.ID, err = v.broker.numbers.next(spec); err != nil {
		return nil, err
	}
	q, err := queue.New(spec, queue.Options{
		Store: v.broker.store, Pager: v.broker.pager, Owner: owner, Host: v.broker, Clock: &v.broker.clock,
		Policy: queuePolicy(v.policies, spec),
		// The store reserves numbers for all queues together, new ones included.
		NextSeq: v.broker.store.NextSequence(spec.ID),
	})
	if err != nil {
		v.broker.numbers.release(spec.ID)
		return nil, err
	}
	node := v.addQueue(q)
	if spec.Exclusive {
		if v.owned[owner] == nil {
			v.owned[owner] = make(map[*queueNode]struct{})
		}
		v.owned[owner][node] = struct{}{}
		node.owner = owner
	}
	if spec.Durable {
		node.declared.begin(v.broker.commit(definitions.Change{Put: definitions.Set{Queues: []queue.Spec{spec}}}))
	}
	return node, nil
}

func (v *VHost) addQueue(q *queue.Queue) *queueNode {
	node := &queueNode{queue: q}
	v.queues[q.Name()] = node
	v.broker.queues.Add(1)
	v.version.Add(1)
	return node
}

// Queue finds a queue for the connection that owner identifies: one that is
// exclusive to another connection is locked. It waits until the queue is
// durable.
func (v *VHost) Queue(name string, owner any) (*queue.Queue, error) {
	v.mu.RLock()
	node, ok := v.queues[name]
	v.mu.RUnlock()
	if !ok {
		return nil, queue.Missing(name, v.name)
	}
	if node.queue.LockedFor(owner) {
		return nil, node.queue.Spec().Locked()
	}
	return node.queue, node.declared.wait()
}

// PurgeQueue drops the ready messages of a queue and returns their number when
// that is durable.
func (v *VHost) PurgeQueue(name string, owner any) (int, error) {
	q, err := v.Queue(name, owner)
	if err != nil {
		return 0, err
	}
	done := newCommitment()
	n := q.Purge(done.settle)
	return n, done.wait()
}

// PauseQueue stops a queue from giving messages out, or lets it go on. A durable
// queue that is paused is so after a restart, too.
func (v *VHost) PauseQueue(name string, paused bool) error {
	return v.change(func(c *definitions.Change) error {
		node, ok := v.queues[name]
		if !ok {
			return queue.Missing(name, v.name)
		}
		node.queue.Pause(paused)
		if spec := node.queue.Spec(); spec.Durable {
			spec.Paused = paused
			c.Put.Queues = append(c.Put.Queues, spec)
		}
		return nil
	})
}

// DeleteQueue removes a queue with its messages and bindings if the condition
// holds, and returns how many messages were ready. A missing queue is no error
// (RabbitMQ behaviour).
func (v *VHost) DeleteQueue(name string, owner any, condition queue.Condition) (int, error) {
	n := 0
	err := v.change(func(c *definitions.Change) error {
		node, ok := v.queues[name]
		if !ok {
			return nil
		}
		if node.queue.LockedFor(owner) {
			return node.queue.Spec().Locked()
		}
		var err error
		n, err = v.dropQueue(node, condition, c, owner)
		return err
	})
	return n, err
}

// DeleteAbandoned removes auto-delete queues that have lost their last
// consumer. One that has got another consumer since is left alone, and so is a
// new queue of the same name.
func (v *VHost) DeleteAbandoned(queues ...*queue.Queue) error {
	if len(queues) == 0 {
		return nil
	}
	return v.change(func(c *definitions.Change) error {
		for _, q := range queues {
			node, ok := v.queues[q.Name()]
			if !ok || node.queue != q || q.Counts().Consumers > 0 {
				continue
			}
			if _, err := v.dropQueue(node, queue.Condition{}, c, nil); err != nil {
				return fmt.Errorf("deleting %s: %w", q.Spec(), err)
			}
		}
		return nil
	})
}

// Bury implements queue.Undertaker.
func (b *Broker) Bury(q *queue.Queue, dead []queue.Dead) { b.undertaker.Bury(q, dead) }

// Expired implements queue.Host: it deletes a queue that nobody uses.
func (b *Broker) Expired(q *queue.Queue) {
	<-b.recovered // the queue may have been back before its bindings
	v, ok := b.VHost(q.Spec().VHost)
	if !ok {
		return
	}
	err := v.change(func(c *definitions.Change) error {
		node, ok := v.queues[q.Name()]
		if !ok || node.queue != q || !q.Unused() {
			return nil
		}
		_, err := v.dropQueue(node, queue.Condition{}, c, nil)
		return err
	})
	if err != nil {
		b.log.Error("cannot delete a queue that expired", "queue", q.Spec().String(), "error", err)
	}
}

// DeleteExclusive removes the exclusive queues of a connection that ends.
func (v *VHost) DeleteExclusive(owner any) error {
	v.mu.RLock()
	owns := len(v.owned[owner]) > 0
	v.mu.RUnlock()
	if !owns {
		return nil
	}
	return v.change(func(c *definitions.Change) error {
		for node := range v.owned[owner] {
			if _, err := v.dropQueue(node, queue.Condition{}, c, nil); err != nil {
				return fmt.Errorf("deleting %s: %w", node.queue.Spec(), err)
			}
		}
		return nil
	})
}

// dropQueue ends a queue; the caller holds the lock and commits c.
func (v *VHost) dropQueue(node *queueNode, condition queue.Condition, c *definitions.Change, owner any) (int, error) {
	spec := node.queue.Spec()
	n, err := node.queue.Delete(condition)
	if err != nil {
		return 0, err
	}
	delete(v.queues, spec.Name)
	v.retire(node.queue)
	v.broker.queues.Add(-1)
	v.version.Add(1)
	if delete(v.owned[node.owner], node); len(v.owned[node.owner]) == 0 {
		delete(v.owned, node.owner)
	}
	for node.boundTo.first != nil {
		v.unlink(node.boundTo.first, c, nil) // it is nobody's wish (RabbitMQ behaviour)
	}
	v.broker.churn.queuesDeleted.Add(1)
	v.tellQueueDeleted(spec, owner)
	if spec.Durable {
		c.Delete.Queues = append(c.Delete.Queues, spec) // and its messages with it
	} else {
		v.broker.numbers.release(spec.ID)
	}
	return n, nil
}

func (v *VHost) restoreQueue(spec queue.Spec, progress *recovery) error {
	if strings.HasPrefix(spec.Name, hiddenDelay) {
		return v.restoreDelay(spec, progress)
	}
	v.mu.RLock()
	governed := queuePolicy(v.policies, spec)
	v.mu.RUnlock()
	q, err := queue.New(spec, queue.Options{
		Store: v.broker.store, Pager: v.broker.pager, Host: v.broker, Clock: &v.broker.clock, Policy: governed,
		NextSeq: v.broker.store.NextSequence(spec.ID),
	})
	if err != nil {
		return fmt.Errorf("restoring %s: %w", spec, err)
	}
	if err := v.recoverMessages(q, progress); err != nil {
		return err
	}
	v.mu.Lock()
	defer v.mu.Unlock()
	v.addQueue(q)
	return nil
}

// recoverMessages brings back what is stored of a queue.
func (v *VHost) recoverMessages(q *queue.Queue, progress *recovery) error {
	spec := q.Spec()
	for stream := range spec.Streams() {
		err := v.broker.store.Recover(spec.ID+uint32(stream), func(r queue.Recovered) error {
			q.Restore(stream, r)
			progress.add(r)
			return nil
		})
		if err != nil {
			return fmt.Errorf("reading the messages of %s: %w", spec, err)
		}
	}
	q.Restored()
	progress.queueDone()
	return nil
}

// Barrier returns when everything that was handed to the store before is
// durable.
func (v *VHost) Barrier() error {
	done := newCommitment()
	v.broker.store.Submit(queue.Unit{Done: done.settle})
	return done.wait()
}

// Commit applies a transaction and returns when it is durable. A queue that is
// full makes it an error, though the rest is done (RabbitMQ behaviour).
func (v *VHost) Commit(parts []queue.Part) error {
	done := newCommitment()
	complete := queue.Commit(v.broker.store, parts, done.settle)
	if err := done.wait(); err != nil {
		return err
	}
	if !complete {
		return amqp.Errorf(amqp.CodePreconditionFailed, "partial tx completion")
	}
	return nil
}
