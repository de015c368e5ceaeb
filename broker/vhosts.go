package broker

import (
	"errors"
	"fmt"
	"maps"
	"slices"

	"github.com/leveretmq/leveret/amqp"
	"github.com/leveretmq/leveret/definitions"
	"github.com/leveretmq/leveret/queue"
)

// unlimited is the value of a limit that does not exist.
const unlimited = -1

// Limits bounds what clients may make, over all virtual hosts; zero means no limit.
type Limits struct {
	Queues    int
	Exchanges int
}

// VHostLimits bounds what clients may make in one virtual host; negative means no
// limit (RabbitMQ behaviour: zero means none at all).
type VHostLimits struct {
	Queues int
}

// ErrNoVHost is the error for a virtual host that does not exist.
var ErrNoVHost = errors.New("no such virtual host")

// VHost finds a virtual host by its name.
func (b *Broker) VHost(name string) (*VHost, bool) {
	b.vhostsMu.RLock()
	defer b.vhostsMu.RUnlock()
	v, ok := b.vhosts[name]
	return v, ok
}

// VHosts lists the names of the virtual hosts in order.
func (b *Broker) VHosts() []string {
	b.vhostsMu.RLock()
	defer b.vhostsMu.RUnlock()
	return slices.Sorted(maps.Keys(b.vhosts))
}

// all lists the virtual hosts.
func (b *Broker) all() []*VHost {
	b.vhostsMu.RLock()
	defer b.vhostsMu.RUnlock()
	return slices.Collect(maps.Values(b.vhosts))
}

// CreateVHost makes a virtual host with the predeclared exchanges, or configures the
// one that is there anew. It is not stored: see Define. Who has asked for it is named
// in the event.
func (b *Broker) CreateVHost(record definitions.VHost, by string) (*VHost, error) {
	b.vhostsMu.Lock()
	defer b.vhostsMu.Unlock()
	if v, ok := b.vhosts[record.Name]; ok {
		v.Configure(record)
		return v, nil
	}
	v, err := b.addVHost(record)
	if err != nil {
		return nil, err
	}
	b.tellVHostCreated(record, by)
	return v, nil
}

// addVHost makes a virtual host; the caller holds the lock, or is New.
func (b *Broker) addVHost(record definitions.VHost) (*VHost, error) {
	v, err := newVHost(b, record.Name)
	if err != nil {
		return nil, fmt.Errorf("making the virtual host %q: %w", record.Name, err)
	}
	v.Configure(record)
	b.vhosts[record.Name] = v
	return v, nil
}

// DeleteVHost deletes a virtual host with everything in it, and returns when that is
// durable. Connections to it find every change refused; the caller closes them. Who
// has asked for it is named in the event.
func (b *Broker) DeleteVHost(name, by string) error {
	b.vhostsMu.Lock()
	v, ok := b.vhosts[name]
	delete(b.vhosts, name)
	if ok {
		b.leaving[v] = struct{}{}
	}
	b.vhostsMu.Unlock()
	if !ok {
		return fmt.Errorf("%w: %q", ErrNoVHost, name)
	}
	defer b.retire(v)
	return v.change(func(c *definitions.Change) error {
		v.deleted = true
		b.tellVHostDeleted(name, by)
		return v.clear(c)
	})
}

// clear deletes everything in the virtual host; the caller holds the lock and
// commits c.
func (v *VHost) clear(c *definitions.Change) error {
	var problems []error
	for _, node := range v.queues {
		if _, err := v.dropQueue(node, queue.Condition{}, c, nil); err != nil {
			problems = append(problems, fmt.Errorf("deleting %s: %w", node.queue.Spec(), err))
		}
	}
	for _, node := range v.exchanges {
		v.dropExchange(node, c, nil)
	}
	return errors.Join(problems...)
}

// alive refuses to make something in a virtual host that was deleted; the caller
// holds the lock.
func (v *VHost) alive() error {
	if v.deleted {
		return amqp.Errorf(amqp.CodeInternalError, "vhost '%s' is down", v.name)
	}
	return nil
}

// Configure takes over what the record of the virtual host says about it: limits,
// tracing and the type of queues that are declared without one.
func (v *VHost) Configure(record definitions.VHost) {
	limits := VHostLimits{Queues: unlimited}
	if l := record.MaxQueues; l.Bounds() {
		limits.Queues = int(l.Max)
	}
	v.SetLimits(limits)
	v.SetTracing(record.Tracing)
	types := v.broker.types
	if record.DefaultQueueType != "" {
		types.Default = queue.Type(record.DefaultQueueType)
	}
	v.types.Store(&types)
}

// SetLimits changes the limits of the virtual host. What is there stays.
func (v *VHost) SetLimits(l VHostLimits) {
	v.mu.Lock()
	defer v.mu.Unlock()
	v.limits = l
}

// roomForQueue refuses one queue too many; the caller holds the lock.
func (v *VHost) roomForQueue(name string) error {
	if err := v.alive(); err != nil {
		return err
	}
	const text = "cannot declare queue '%s': queue limit in %s (%d) is reached"
	if n := v.limits.Queues; n >= 0 && len(v.queues) >= n {
		return amqp.Errorf(amqp.CodePreconditionFailed, text, name, fmt.Sprintf("vhost '%s'", v.name), n)
	}
	if n := v.broker.limits.Queues; n > 0 && v.broker.queues.Load() >= int64(n) {
		return amqp.Errorf(amqp.CodePreconditionFailed, text, name, "cluster", n)
	}
	return nil
}

// roomForExchange refuses one exchange too many; the caller holds the lock.
func (v *VHost) roomForExchange(name string) error {
	if err := v.alive(); err != nil {
		return err
	}
	if n := v.broker.limits.Exchanges; n > 0 && v.broker.exchanges.Load() >= int64(n) {
		return amqp.Errorf(amqp.CodePreconditionFailed,
			"cannot declare exchange '%s' in vhost '%s': exchange limit of %d is reached", name, v.name, n)
	}
	return nil
}
