package broker

import (
	"github.com/leveretmq/leveret/definitions"
	"github.com/leveretmq/leveret/exchange"
)

// DeclareExchange creates the exchange, or checks that the existing one is
// equivalent. It returns when the exchange is durable, if it has to be.
func (v *VHost) DeclareExchange(spec exchange.Spec) error {
	return v.DeclareExchangeIf(spec, Permits{})
}

// DeclareExchangeIf does what DeclareExchange does, if it is allowed.
func (v *VHost) DeclareExchangeIf(spec exchange.Spec, permits Permits) error {
	if err := exchange.CheckType(spec.Type); err != nil {
		return err
	}
	if err := exchange.CheckDefault(spec.Name); err != nil {
		return err
	}
	if err := permits.declare(spec.Name); err != nil {
		return err
	}
	v.mu.Lock()
	node, exists := v.exchanges[spec.Name]
	if exists {
		v.mu.Unlock()
		if err := node.spec.CheckEquivalent(spec); err != nil {
			return err
		}
		return node.declared.wait()
	}
	node, err := v.createExchange(spec, permits)
	if err == nil {
		v.tellExchangeCreated(node, permits.Owner)
	}
	v.mu.Unlock()
	if err != nil {
		return err
	}
	return node.declared.wait()
}

// createExchange adds a new exchange; the caller holds the lock.
func (v *VHost) createExchange(spec exchange.Spec, permits Permits) (*exchangeNode, error) {
	if err := exchange.CheckNewName(spec.Name); err != nil {
		return nil, err
	}
	if err := permits.create(); err != nil {
		return nil, err
	}
	if err := v.roomForExchange(spec.Name); err != nil {
		return nil, err
	}
	if err := spec.Validate(); err != nil {
		return nil, err
	}
	node := v.addExchange(spec)
	var c definitions.Change
	if err := v.hold(node, &c); err != nil {
		delete(v.exchanges, spec.Name)
		v.broker.exchanges.Add(-1)
		return nil, err
	}
	if spec.Durable {
		c.Put.Exchanges = append(c.Put.Exchanges, spec)
	}
	if !c.Empty() {
		node.declared.begin(v.broker.commit(c))
	}
	return node, nil
}

func (v *VHost) addExchange(spec exchange.Spec) *exchangeNode {
	node := &exchangeNode{
		spec:     spec,
		router:   exchange.NewRouter[target](spec),
		sourceOf: make(map[string]*edge),
		entrance: newEntrance(spec.Name),
	}
	node.govern(exchangePolicy(v.policies, spec.Name))
	v.exchanges[spec.Name] = node
	if spec.Name == exchange.Default {
		v.frontDoor = node.entrance
	}
	v.broker.exchanges.Add(1)
	v.version.Add(1)
	return node
}

// FindExchange is a passive declaration: it says whether the exchange exists,
// and waits until it is durable. Its properties are not compared.
func (v *VHost) FindExchange(name string) error {
	if err := exchange.CheckDefault(name); err != nil {
		return err
	}
	v.mu.RLock()
	node, ok := v.exchanges[name]
	v.mu.RUnlock()
	if !ok {
		return exchange.Missing(name, v.name)
	}
	return node.declared.wait()
}

// RoutesByTopic says whether the exchange exists and looks at the words of keys.
func (v *VHost) RoutesByTopic(name string) bool {
	v.mu.RLock()
	defer v.mu.RUnlock()
	node, ok := v.exchanges[name]
	return ok && node.spec.RoutingType() == exchange.Topic
}

// DeleteExchange removes the exchange with its bindings. A missing one is no
// error (RabbitMQ behaviour). With ifUnused, an exchange that is the source of
// a binding is refused.
func (v *VHost) DeleteExchange(name string, ifUnused bool) error {
	return v.DeleteExchangeFor(name, ifUnused, nil)
}

// DeleteExchangeFor does what DeleteExchange does for a connection.
func (v *VHost) DeleteExchangeFor(name string, ifUnused bool, owner any) error {
	if err := exchange.CheckDelete(name, v.name); err != nil {
		return err
	}
	return v.change(func(c *definitions.Change) error {
		node, ok := v.exchanges[name]
		if !ok {
			return nil
		}
		if ifUnused && len(node.sourceOf) > 0 {
			return exchange.InUse(name, v.name)
		}
		v.dropExchange(node, c, owner)
		return nil
	})
}

// dropExchange removes an exchange and what hangs on it: its bindings, and the
// auto-delete exchanges that thereby lose their last one. The caller holds the
// lock and commits c.
func (v *VHost) dropExchange(node *exchangeNode, c *definitions.Change, owner any) {
	v.tellExchangeDeleted(node.spec.Name, owner)
	delete(v.exchanges, node.spec.Name)
	node.entrance.bequeath(v.backDoor)
	v.broker.exchanges.Add(-1)
	v.version.Add(1)
	if node.spec.Durable {
		c.Delete.Exchanges = append(c.Delete.Exchanges, node.spec)
	}
	v.letGo(node, c)
	for _, e := range node.sourceOf {
		v.unlink(e, c, owner)
	}
	for node.boundTo.first != nil {
		v.unlink(node.boundTo.first, c, owner)
	}
}

func (v *VHost) restoreExchange(spec exchange.Spec) error {
	v.mu.Lock()
	defer v.mu.Unlock()
	if err := exchange.CheckType(spec.Type); err != nil {
		return err
	}
	v.addExchange(spec)
	return nil
}
