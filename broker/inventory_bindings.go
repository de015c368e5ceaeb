package broker

import (
	"cmp"
	"slices"

	"github.com/leveretmq/leveret/amqp"
	"github.com/leveretmq/leveret/binding"
	"github.com/leveretmq/leveret/exchange"
)

// Bindings lists the bindings of a virtual host by source, destination, key and
// arguments. Each queue has one of the default exchange, by its name.
func (b *Broker) Bindings(vhost string) []binding.Spec {
	return b.collect(vhost, func(v *VHost, list []binding.Spec) []binding.Spec {
		for name := range v.queues {
			list = append(list, v.implied(name))
		}
		for _, node := range v.exchanges {
			list = node.appendBindings(list)
		}
		return list
	})
}

// BindingsFrom lists the bindings of one exchange in the order of Bindings. It takes as
// long as there are of them, not as the virtual host has.
func (b *Broker) BindingsFrom(vhost, source string) []binding.Spec {
	return b.collect(vhost, func(v *VHost, list []binding.Spec) []binding.Spec {
		if source == exchange.Default {
			for name := range v.queues {
				list = append(list, v.implied(name))
			}
		}
		if node, ok := v.exchanges[source]; ok {
			list = node.appendBindings(list)
		}
		return list
	})
}

// BindingsTo lists the bindings that lead to one queue or exchange in the order of
// Bindings. It takes as long as there are of them.
func (b *Broker) BindingsTo(vhost string, kind binding.DestinationKind, destination string) []binding.Spec {
	return b.collect(vhost, func(v *VHost, list []binding.Spec) []binding.Spec {
		if kind == binding.ToExchange {
			if node, ok := v.exchanges[destination]; ok {
				list = node.boundTo.appendTo(list)
			}
			return list
		}
		if node, ok := v.queues[destination]; ok {
			list = node.boundTo.appendTo(append(list, v.implied(destination)))
		}
		return list
	})
}

// collect sorts what add finds while the virtual host is locked for reading.
func (b *Broker) collect(vhost string, add func(v *VHost, list []binding.Spec) []binding.Spec) []binding.Spec {
	v, ok := b.VHost(vhost)
	if !ok {
		return nil
	}
	v.mu.RLock()
	list := add(v, nil)
	v.mu.RUnlock()
	slices.SortFunc(list, compareBindings)
	return list
}

// compareBindings is an order that depends on nothing but the bindings, so that two
// exports of one topology are the same. Identities, which are built, are compared last.
func compareBindings(a, b binding.Spec) int {
	order := cmp.Or(cmp.Compare(a.Source, b.Source), cmp.Compare(a.Kind, b.Kind),
		cmp.Compare(a.Destination, b.Destination), cmp.Compare(a.RoutingKey, b.RoutingKey))
	if order != 0 {
		return order
	}
	return cmp.Compare(a.Identity(), b.Identity())
}

// implied is the binding by which the default exchange reaches a queue.
func (v *VHost) implied(name string) binding.Spec {
	return binding.Spec{VHost: v.name, Destination: name, Kind: binding.ToQueue, RoutingKey: name, Arguments: amqp.Table{}}
}

// appendBindings adds the bindings that messages leave the exchange by.
func (n *exchangeNode) appendBindings(list []binding.Spec) []binding.Spec {
	for _, e := range n.sourceOf {
		list = append(list, e.spec)
	}
	return list
}

// appendTo adds the bindings of the list.
func (l *edges) appendTo(list []binding.Spec) []binding.Spec {
	for e := l.first; e != nil; e = e.next {
		list = append(list, e.spec)
	}
	return list
}
