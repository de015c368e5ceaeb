package broker

import (
	"time"

	"github.com/leveretmq/leveret/binding"
	"github.com/leveretmq/leveret/definitions"
	"github.com/leveretmq/leveret/exchange"
	"github.com/leveretmq/leveret/queue"
)

// Bind adds a binding unless it is there. Owner is the connection that asks:
// exclusive queues of others are locked for it.
func (v *VHost) Bind(spec binding.Spec, owner any) error {
	if err := checkEnds(spec); err != nil {
		return err
	}
	v.mu.Lock()
	e, err := v.resolve(spec, owner)
	if err != nil {
		v.mu.Unlock()
		return err
	}
	if err := e.source.spec.CheckBinding(e.binding()); err != nil {
		v.mu.Unlock()
		return err
	}
	id := spec.Identity()
	var missed mail
	if existing, ok := e.source.sourceOf[id]; ok {
		e = existing
	} else {
		v.link(id, e)
		v.tellBinding("binding.created", e, owner)
		missed = v.catchUp(e)
		if e.durable() {
			e.declared.begin(v.broker.commit(definitions.Change{Put: definitions.Set{Bindings: []binding.Spec{e.spec}}}))
		}
	}
	v.mu.Unlock()
	missed.send()
	return e.declared.wait()
}

// catchUp addresses what a new binding's end gets if its source keeps the last
// messages. The caller holds the lock, so that no message is missing or comes
// twice, and sends them when it has let go of it.
func (v *VHost) catchUp(e *edge) (missed mail) {
	now := time.Now().UnixMilli()
	for _, m := range e.source.router.Recent() {
		m.Arrived = now
		if e.toQueue != nil {
			missed.add([]*queue.Queue{e.toQueue.queue}, m, nil)
			continue
		}
		r := route{vhost: v}
		r.match(e.toXchg, routedKeys(m), m)
		missed.add(r.queues, m, nil)
	}
	return missed
}

// Unbind removes a binding. If the binding or one of its ends is missing,
// there is nothing to do (RabbitMQ behaviour).
func (v *VHost) Unbind(spec binding.Spec, owner any) error {
	if err := checkEnds(spec); err != nil {
		return err
	}
	return v.change(func(c *definitions.Change) error {
		source, ok := v.exchanges[spec.Source]
		if !ok {
			return nil
		}
		e, ok := source.sourceOf[spec.Identity()]
		if !ok {
			return nil
		}
		if e.toQueue != nil && e.toQueue.queue.LockedFor(owner) {
			return e.toQueue.queue.Spec().Locked()
		}
		v.unlink(e, c, owner)
		return nil
	})
}

// checkEnds refuses bindings of the default exchange.
func checkEnds(spec binding.Spec) error {
	if err := exchange.CheckDefault(spec.Source); err != nil {
		return err
	}
	if spec.Kind == binding.ToExchange {
		return exchange.CheckDefault(spec.Destination)
	}
	return nil
}

// resolve finds both ends of a binding, the source first; the caller holds the
// lock.
func (v *VHost) resolve(spec binding.Spec, owner any) (*edge, error) {
	source, ok := v.exchanges[spec.Source]
	if !ok {
		return nil, exchange.Missing(spec.Source, v.name)
	}
	e := &edge{spec: spec, source: source}
	// The topology has these names already; a million bindings need no copies.
	e.spec.VHost, e.spec.Source = v.name, source.spec.Name
	if spec.Kind == binding.ToExchange {
		if e.toXchg, ok = v.exchanges[spec.Destination]; !ok {
			return nil, exchange.Missing(spec.Destination, v.name)
		}
		e.spec.Destination = e.toXchg.spec.Name
		return e, nil
	}
	if e.toQueue, ok = v.queues[spec.Destination]; !ok {
		return nil, queue.Missing(spec.Destination, v.name)
	}
	if e.toQueue.queue.LockedFor(owner) {
		return nil, e.toQueue.queue.Spec().Locked()
	}
	e.spec.Destination = e.toQueue.queue.Name()
	return e, nil
}

func (v *VHost) link(id string, e *edge) {
	v.version.Add(1)
	e.source.router.Add(e.spec.RoutingKey, e.spec.Arguments, e.target())
	e.source.sourceOf[id] = e
	e.destination().add(e)
}

// unlink removes a binding, and its source if that was an auto-delete exchange
// and this its last binding. The caller holds the lock and commits c.
func (v *VHost) unlink(e *edge, c *definitions.Change, owner any) {
	v.version.Add(1)
	id := e.spec.Identity()
	e.source.router.Remove(e.spec.RoutingKey, e.spec.Arguments, e.target())
	delete(e.source.sourceOf, id)
	e.destination().remove(e)
	if e.durable() {
		c.Delete.Bindings = append(c.Delete.Bindings, e.spec)
	}
	_, lives := v.exchanges[e.source.spec.Name]
	if lives && e.source.spec.AutoDelete && len(e.source.sourceOf) == 0 {
		v.dropExchange(e.source, c, owner)
	}
	v.tellBinding("binding.deleted", e, owner)
}

func (v *VHost) restoreBinding(spec binding.Spec) error {
	v.mu.Lock()
	defer v.mu.Unlock()
	if v.silent(spec.Source) || spec.Kind == binding.ToExchange && v.silent(spec.Destination) {
		v.broker.log.Warn("a binding is dropped, as its exchange is switched off",
			"vhost", v.name, "source", spec.Source, "destination", spec.Destination)
		v.broker.commit(definitions.Change{Delete: definitions.Set{Bindings: []binding.Spec{spec}}})
		return nil
	}
	e, err := v.resolve(spec, nil)
	if err != nil {
		return err
	}
	v.link(spec.Identity(), e)
	return nil
}
