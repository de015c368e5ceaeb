package broker

import (
	"fmt"

	"github.com/leveretmq/leveret/definitions"
	"github.com/leveretmq/leveret/exchange"
	"github.com/leveretmq/leveret/policy"
	"github.com/leveretmq/leveret/queue"
)

// CheckParameter refuses a parameter with RabbitMQ's text: a policy that is none, and a
// component that nobody knows. The error is a *policy.Error.
func (b *Broker) CheckParameter(p definitions.Parameter) error {
	switch p.Component {
	case definitions.ComponentPolicy, definitions.ComponentOperatorPolicy:
		_, err := parsePolicy(p)
		return err
	case "": // a global one has no component, and may be anything
	case definitions.ComponentVHostLimits:
	case "shovel", "federation-upstream", "federation-upstream-set": // kept, without effect
	default:
		return &policy.Error{Problems: []string{"component " + p.Component + " not found"}}
	}
	return nil
}

func parsePolicy(p definitions.Parameter) (*policy.Policy, error) {
	return policy.Parse(policy.Kind(p.Component), p.VHost, p.Name, p.Value)
}

// SetParameter checks a parameter and has it take effect: a policy on all queues and
// exchanges that are there, before the call returns, and on those to come. It is not
// stored: the caller does so, see Define, in the order of its calls. Whom the event
// names is by. The caller leaves out what changes nothing, of which there is no event.
// An error is a *policy.Error or an ErrNoVHost.
func (b *Broker) SetParameter(p definitions.Parameter, by string) error {
	if err := b.CheckParameter(p); err != nil {
		return err
	}
	v, err := b.owner(p)
	if err != nil {
		return err
	}
	if isPolicy(p) {
		parsed, err := parsePolicy(p)
		if err != nil {
			return err
		}
		v.regulate(func(s *policy.Set) *policy.Set { return s.With(parsed) })
	}
	b.tellParameterSet(p, by)
	return nil
}

// ClearParameter undoes SetParameter. The value does not matter.
func (b *Broker) ClearParameter(p definitions.Parameter, by string) error {
	v, err := b.owner(p)
	if err != nil {
		return err
	}
	if isPolicy(p) {
		v.regulate(func(s *policy.Set) *policy.Set { return s.Without(policy.Kind(p.Component), p.Name) })
	}
	b.tellParameterCleared(p, by)
	return nil
}

func isPolicy(p definitions.Parameter) bool {
	return p.Component == definitions.ComponentPolicy || p.Component == definitions.ComponentOperatorPolicy
}

// owner is the virtual host of a parameter; a global one has none.
func (b *Broker) owner(p definitions.Parameter) (*VHost, error) {
	if p.Global() {
		return nil, nil
	}
	v, ok := b.VHost(p.VHost)
	if !ok {
		return nil, fmt.Errorf("%w: %q", ErrNoVHost, p.VHost)
	}
	return v, nil
}

// restorePolicies has the stored policies apply from the start, so that what comes back
// comes back by their rules. One that this version does not understand is left out.
func (b *Broker) restorePolicies(parameters []definitions.Parameter) {
	found := make(map[*VHost][]*policy.Policy)
	for _, p := range parameters {
		if !isPolicy(p) {
			continue
		}
		parsed, err := parsePolicy(p)
		v, ok := b.VHost(p.VHost)
		if err != nil || !ok {
			b.log.Error("a stored policy cannot be used", "vhost", p.VHost, "policy", p.Name, "error", err)
			continue
		}
		found[v] = append(found[v], parsed)
	}
	for v, policies := range found {
		v.regulate(func(*policy.Set) *policy.Set { return policy.NewSet(policies...) })
	}
}

// regulate changes the policies. Queues are told one after the other, without the
// topology lock, so that nobody waits for all of them. What is declared meanwhile has
// the new policies already.
func (v *VHost) regulate(change func(*policy.Set) *policy.Set) {
	v.regulating.Lock()
	defer v.regulating.Unlock()
	v.mu.Lock()
	v.policies = change(v.policies)
	set := v.policies
	queues := make([]*queue.Queue, 0, len(v.queues))
	for _, node := range v.queues {
		queues = append(queues, node.queue)
	}
	exchanges := make(map[*exchangeNode]policy.Effective, len(v.exchanges))
	for _, node := range v.exchanges {
		exchanges[node] = policy.Effective{}
	}
	v.mu.Unlock()
	for _, q := range queues {
		q.Govern(queuePolicy(set, q.Spec()))
	}
	for node := range exchanges {
		exchanges[node] = exchangePolicy(set, node.spec.Name)
	}
	v.tellLapsed(set)
	v.mu.Lock()
	defer v.mu.Unlock()
	for node, effective := range exchanges {
		node.govern(effective)
	}
	v.version.Add(1) // of alternate exchanges
}

// tellLapsed writes into the log which policies have patterns that take too long.
func (v *VHost) tellLapsed(set *policy.Set) {
	for _, p := range set.Policies() {
		if p.Lapsed() {
			v.broker.log.Error("the pattern of a policy takes too long, it applies to nothing any more",
				"vhost", v.name, "policy", p.Name, "pattern", p.Pattern)
		}
	}
}

// queuePolicy is what policies say about a queue.
func queuePolicy(set *policy.Set, s queue.Spec) queue.Policy {
	e := set.Effective(policy.Object{Kind: kindOfQueue(s.Type()), Name: s.Name})
	ordinary, operator := e.Names()
	return queue.Policy{Name: ordinary, Operator: operator, Definition: e.Definition}
}

// kindOfQueue is what policies call queues of a type.
func kindOfQueue(t queue.Type) policy.Target {
	switch t {
	case queue.Quorum:
		return policy.QuorumQueues
	case queue.Stream:
		return policy.Streams
	}
	return policy.ClassicQueues
}

// exchangePolicy is what policies say about an exchange.
func exchangePolicy(set *policy.Set, name string) policy.Effective {
	return set.Effective(policy.Object{Kind: policy.Exchanges, Name: name})
}

// govern takes over what policies say about the exchange. Its argument goes before
// that. The caller holds the topology lock.
func (n *exchangeNode) govern(e policy.Effective) {
	n.policy, _ = e.Names()
	if n.spec.Name == exchange.Default { // has none, whatever policies say (RabbitMQ behaviour)
		return
	}
	name, ok := n.spec.AlternateExchange()
	if !ok {
		name, _ = e.Definition[exchange.AlternateExchange].(string)
	}
	n.alternate = name
}
