package broker

import (
	"sync"
	"sync/atomic"

	"github.com/leveretmq/leveret/definitions"
	"github.com/leveretmq/leveret/exchange"
	"github.com/leveretmq/leveret/internal/audience"
	"github.com/leveretmq/leveret/internal/lockorder"
	"github.com/leveretmq/leveret/policy"
	"github.com/leveretmq/leveret/queue"
)

// VHost is one virtual host: a name space of exchanges and queues. Its methods
// are safe for concurrent use.
type VHost struct {
	name    string
	broker  *Broker
	version atomic.Uint64 // of the topology; see the package comment
	replies replies
	tracing atomic.Bool // the firehose is on, or somebody watches
	// firehose is what the operator has switched; looking is held while tracing is
	// made of it and of the watchers.
	firehose atomic.Bool
	looking  sync.Mutex
	watchers audience.Audience[*Sighting]
	types    atomic.Pointer[QueueTypes]

	// regulating is held over a change of policies: they take effect one after the
	// other. It is taken before all other locks.
	regulating lockorder.Mutex[lockorder.Policies]

	mu        lockorder.RWMutex[lockorder.Topology]
	exchanges map[string]*exchangeNode // guarded by mu
	queues    map[string]*queueNode    // guarded by mu
	policies  *policy.Set              // guarded by mu
	limits    VHostLimits              // guarded by mu
	deleted   bool                     // guarded by mu
	// owned are the exclusive queues by the connection that they belong to;
	// guarded by mu.
	owned map[any]map[*queueNode]struct{}
	// retired is what deleted queues have counted; guarded by mu. Deleted
	// exchanges leave it to the back door.
	retired  Totals
	backDoor *Entrance
	// frontDoor is the entrance of the default exchange; it does not change.
	frontDoor *Entrance
}

// target is where a binding leads: a queue or another exchange.
type target struct {
	queue    *queue.Queue
	exchange *exchangeNode
}

// exchangeNode is an exchange within the topology; guarded by the vhost's lock.
type exchangeNode struct {
	spec      exchange.Spec
	router    *exchange.Router[target]
	sourceOf  map[string]*edge // by identity of the binding
	policy    string           // the name of the one that applies, or empty
	alternate string           // where messages go that lead nowhere; empty is nowhere
	boundTo   edges            // bindings that lead here
	delay     []*queue.Queue   // the one in which it holds messages back, if it does
	declared  declaration
	entrance  *Entrance
}

// queueNode is a queue within the topology; guarded by the vhost's lock.
type queueNode struct {
	queue    *queue.Queue
	owner    any // of an exclusive queue
	boundTo  edges
	declared declaration
}

func newVHost(b *Broker, name string) (*VHost, error) {
	v := &VHost{
		name:      name,
		broker:    b,
		policies:  policy.NewSet(),
		limits:    VHostLimits{Queues: unlimited},
		exchanges: make(map[string]*exchangeNode),
		queues:    make(map[string]*queueNode),
		owned:     make(map[any]map[*queueNode]struct{}),
		backDoor:  new(Entrance),
	}
	v.types.Store(&b.types)
	for _, spec := range append(exchange.Predeclared(name), b.herald.exchanges(name)...) {
		if err := v.restoreExchange(spec); err != nil {
			return nil, err
		}
	}
	return v, nil
}

// Name is the virtual host's name.
func (v *VHost) Name() string { return v.name }

// Version changes whenever the topology does, so that who keeps an answer knows whether
// it may not hold any more.
func (v *VHost) Version() uint64 { return v.version.Load() }

// Broker is the broker that the virtual host belongs to.
func (v *VHost) Broker() *Broker { return v.broker }

// stored lists the redelivered messages of all queues, for a clean stop.
func (v *VHost) stored() (redelivered []queue.Range) {
	v.mu.RLock()
	defer v.mu.RUnlock()
	for _, node := range v.queues {
		redelivered = append(redelivered, node.queue.Redelivered()...)
	}
	return redelivered
}

// change runs one change of the topology under the lock, hands its durable
// part to the store, and waits for that after the unlock.
func (v *VHost) change(do func(c *definitions.Change) error) error {
	v.mu.Lock()
	var c definitions.Change
	err := do(&c)
	done := v.broker.commit(c)
	v.mu.Unlock()
	if err != nil {
		return err
	}
	return done.wait()
}
