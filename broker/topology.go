package broker

import (
	"cmp"
	"slices"
	"strings"

	"github.com/leveretmq/leveret/binding"
	"github.com/leveretmq/leveret/definitions"
	"github.com/leveretmq/leveret/exchange"
	"github.com/leveretmq/leveret/queue"
)

// Topology is all that was declared to be durable, of all virtual hosts, in order. The
// predeclared exchanges are not in it.
func (b *Broker) Topology() definitions.Set {
	var set definitions.Set
	for _, v := range b.all() {
		v.topology(&set)
	}
	slices.SortFunc(set.Exchanges, func(a, b exchange.Spec) int {
		return cmp.Or(cmp.Compare(a.VHost, b.VHost), cmp.Compare(a.Name, b.Name))
	})
	slices.SortFunc(set.Queues, func(a, b queue.Spec) int {
		return cmp.Or(cmp.Compare(a.VHost, b.VHost), cmp.Compare(a.Name, b.Name))
	})
	slices.SortFunc(set.Bindings, func(a, b binding.Spec) int {
		return cmp.Or(cmp.Compare(a.VHost, b.VHost), cmp.Compare(a.Source, b.Source), cmp.Compare(a.Kind, b.Kind),
			cmp.Compare(a.Destination, b.Destination), cmp.Compare(a.RoutingKey, b.RoutingKey),
			cmp.Compare(a.Identity(), b.Identity()))
	})
	return set
}

// topology appends what the virtual host has.
func (v *VHost) topology(set *definitions.Set) {
	v.mu.RLock()
	defer v.mu.RUnlock()
	for _, node := range v.exchanges {
		if node.spec.Durable && node.spec.Name != exchange.Default && !strings.HasPrefix(node.spec.Name, "amq.") {
			set.Exchanges = append(set.Exchanges, node.spec)
		}
		for _, e := range node.sourceOf {
			if e.durable() {
				set.Bindings = append(set.Bindings, e.spec)
			}
		}
	}
	for _, node := range v.queues {
		if spec := node.queue.Spec(); spec.Durable {
			set.Queues = append(set.Queues, spec)
		}
	}
}
