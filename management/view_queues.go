package management

import (
	"strconv"
	"strings"
	"time"

	"github.com/leveretmq/leveret/definitions"
	"github.com/leveretmq/leveret/queue"
)

// queueView is a queue in lists.
type queueView struct {
	Arguments           definitions.Arguments `json:"arguments"`
	AutoDelete          bool                  `json:"auto_delete"`
	ConsumerCapacity    float64               `json:"consumer_capacity"`
	ConsumerUtilisation float64               `json:"consumer_utilisation"`
	Consumers           int                   `json:"consumers"`
	Durable             bool                  `json:"durable"`
	EffectivePolicy     map[string]any        `json:"effective_policy_definition"`
	Exclusive           bool                  `json:"exclusive"`
	ExclusiveTag        *string               `json:"exclusive_consumer_tag"`
	GarbageCollection   collection            `json:"garbage_collection"`
	HeadTimestamp       *uint64               `json:"head_message_timestamp"`
	IdleSince           string                `json:"idle_since,omitempty"`
	Memory              int64                 `json:"memory"`
	Bytes               int64                 `json:"message_bytes"`
	BytesPagedOut       int64                 `json:"message_bytes_paged_out"`
	BytesPersistent     int64                 `json:"message_bytes_persistent"`
	BytesInMemory       int64                 `json:"message_bytes_ram"`
	BytesReady          int64                 `json:"message_bytes_ready"`
	BytesUnacked        int64                 `json:"message_bytes_unacknowledged"`
	Stats               queueStats            `json:"message_stats,omitzero"`
	depths
	PagedOut        int       `json:"messages_paged_out"`
	Persistent      int       `json:"messages_persistent"`
	InMemory        int       `json:"messages_ram"`
	ReadyInMemory   int       `json:"messages_ready_ram"`
	UnackedInMemory int       `json:"messages_unacknowledged_ram"`
	Name            string    `json:"name"`
	Node            string    `json:"node"`
	OperatorPolicy  *string   `json:"operator_policy"`
	Owner           *peerView `json:"owner_pid_details,omitempty"`
	Policy          *string   `json:"policy"`
	Recoverable     *[]string `json:"recoverable_slaves"`
	ActiveTag       *string   `json:"single_active_consumer_tag"`
	State           string    `json:"state"`
	StorageVersion  int       `json:"storage_version,omitempty"`
	Type            string    `json:"type"`
	VHost           string    `json:"vhost"`
	reductions
	*quorumView
}

// quorumView is what quorum queues have more.
type quorumView struct {
	membership
	DeliveryLimit any            `json:"delivery_limit"` // a number, or "unlimited"
	BytesDead     int64          `json:"message_bytes_dlx"`
	Dead          int            `json:"messages_dlx"`
	ReadyHigh     int            `json:"messages_ready_high"`
	ReadyNormal   int            `json:"messages_ready_normal"`
	ReadyReturned int            `json:"messages_ready_returned"`
	OpenFiles     map[string]int `json:"open_files"`
}

// membership is where a quorum queue is.
type membership struct {
	Leader  string   `json:"leader"`
	Members []string `json:"members"`
	Online  []string `json:"online"`
}

// peerView is the connection that something belongs to.
type peerView struct {
	Name     string `json:"name"`
	PeerHost string `json:"peer_host"`
	PeerPort int    `json:"peer_port"`
}

// peerOfConnection takes the name of a connection apart, "peer:port -> host:port".
func peerOfConnection(name string) *peerView {
	peer, _, _ := strings.Cut(name, " -> ")
	at := max(strings.LastIndexByte(peer, ':'), 0)
	port, err := strconv.Atoi(strings.TrimPrefix(peer[at:], ":"))
	if err != nil {
		return &peerView{Name: name, PeerHost: peer}
	}
	return &peerView{Name: name, PeerHost: peer[:at], PeerPort: port}
}

// queueDetail is a queue on its own.
type queueDetail struct {
	queueView
	Backing    *backingView   `json:"backing_queue_status,omitempty"`
	Consumers  []consumerView `json:"consumer_details"`
	Incoming   []sourceView   `json:"incoming"`
	Deliveries []receiverView `json:"deliveries"`
}

// backingView is what RabbitMQ 3 tells of the inside of a classic queue.
type backingView struct {
	AckEgress   float64        `json:"avg_ack_egress_rate"`
	AckIngress  float64        `json:"avg_ack_ingress_rate"`
	Egress      float64        `json:"avg_egress_rate"`
	Ingress     float64        `json:"avg_ingress_rate"`
	Delta       []any          `json:"delta"`
	Length      int            `json:"len"`
	Mode        string         `json:"mode"`
	NextDeliver int64          `json:"next_deliver_seq_id"`
	Next        int64          `json:"next_seq_id"`
	Lengths     map[string]int `json:"priority_lengths,omitempty"`
	Q1          int            `json:"q1"`
	Q2          int            `json:"q2"`
	Q3          int            `json:"q3"`
	Q4          int            `json:"q4"`
	Target      string         `json:"target_ram_count"`
	Version     int            `json:"version"`
}

func backingOf(s *queue.Status) *backingView {
	if s.Type != queue.Classic {
		return nil
	}
	b := &backingView{
		Delta: []any{"delta", "undefined", 0, 0, "undefined"}, Length: s.Ready.Messages, Mode: "default",
		NextDeliver: int64(s.Counters.DeliverGet()), Next: int64(s.Counters.Publish), Target: "infinity", Version: storageVersion,
	}
	for level, n := range s.Priorities {
		if b.Lengths == nil {
			b.Lengths = make(map[string]int, len(s.Priorities))
		}
		b.Lengths[strconv.Itoa(level)] = n
	}
	return b
}

// storageVersion is RabbitMQ's number for classic queues whose messages are not in
// memory.
const storageVersion = 2

// queueViews makes views of queues: the parts of them that are the same for many.
type queueViews struct {
	node    []string
	asked   windows
	now     time.Time
	samples *sampler
}

func (a *API) queueViews(r *request) (queueViews, error) {
	asked, err := parseWindows(r.query, time.Now())
	return queueViews{
		node: []string{a.options.NodeName}, asked: asked, now: time.Now(), samples: a.samples,
	}, err
}

func (v *queueViews) of(s *queue.Status) queueView {
	key := named{s.Spec.VHost, s.Spec.Name}
	r := reading{now: queueNumbers(s), motion: v.samples.queues.motion(key, v.asked), asked: v.asked}
	all := s.Messages()
	view := queueView{
		Arguments: definitions.Arguments(s.Spec.Arguments), AutoDelete: s.Spec.AutoDelete,
		ConsumerCapacity: s.Capacity, ConsumerUtilisation: s.Capacity, Consumers: s.Consumers,
		Durable: s.Spec.Durable, EffectivePolicy: effectivePolicy(s), Exclusive: s.Spec.Exclusive,
		ExclusiveTag: orNull(s.ExclusiveTag), HeadTimestamp: s.HeadTimestamp, IdleSince: idleSince(s.IdleSince, v.now),
		Memory: s.Memory, Bytes: all.Octets, BytesPagedOut: s.PagedOut.Octets, BytesPersistent: s.Persistent.Octets,
		BytesInMemory: s.InMemory.Octets, BytesReady: s.Ready.Octets + s.Delayed.Octets, BytesUnacked: s.Unacked.Octets,
		Stats: told(v.samples.mode, r.queue), depths: r.depths(),
		PagedOut: s.PagedOut.Messages, Persistent: s.Persistent.Messages, InMemory: s.InMemory.Messages,
		ReadyInMemory: s.ReadyInMemory, UnackedInMemory: s.UnackedInMemory,
		Name: s.Spec.Name, Node: v.node[0], OperatorPolicy: orNull(s.OperatorPolicy), Policy: orNull(s.Policy),
		ActiveTag: orNull(s.ActiveTag), State: string(s.State), Type: string(s.Type), VHost: s.Spec.VHost,
	}
	if s.Owner != "" {
		view.Owner = peerOfConnection(s.Owner)
	}
	switch s.Type {
	case queue.Classic:
		view.StorageVersion = storageVersion
	case queue.Quorum:
		view.quorumView = v.quorum(s)
	}
	return view
}

func (v *queueViews) quorum(s *queue.Status) *quorumView {
	var limit any = "unlimited"
	if s.DeliveryLimit >= 0 {
		limit = s.DeliveryLimit
	}
	return &quorumView{
		membership: v.membership(), DeliveryLimit: limit,
		ReadyNormal: s.Ready.Messages, OpenFiles: map[string]int{v.node[0]: 0},
	}
}

func (v *queueViews) membership() membership {
	return membership{Leader: v.node[0], Members: v.node, Online: v.node}
}

// orNull is nil for an empty text.
func orNull(s string) *string {
	if s == "" {
		return nil
	}
	return &s
}

// idleSince is the time as RabbitMQ has it, if the thing was not used since the last
// look at the counters.
func idleSince(at, now time.Time) string {
	if at.IsZero() || now.Sub(at) < sampleInterval {
		return ""
	}
	return at.UTC().Format("2006-01-02T15:04:05.000-07:00")
}

// bareQueue is a queue without statistics, for ?disable_stats=true.
type bareQueue struct {
	Arguments  definitions.Arguments `json:"arguments"`
	AutoDelete bool                  `json:"auto_delete"`
	Durable    bool                  `json:"durable"`
	Exclusive  bool                  `json:"exclusive"`
	*bareTotals
	*membership
	Name   string `json:"name"`
	Node   string `json:"node"`
	Policy string `json:"policy,omitempty"`
	State  string `json:"state"`
	Type   string `json:"type"`
	VHost  string `json:"vhost"`
}

type bareTotals struct {
	Messages int64 `json:"messages"`
	Ready    int64 `json:"messages_ready"`
	Unacked  int64 `json:"messages_unacknowledged"`
}

func (v *queueViews) bare(s *queue.Status, r *request) bareQueue {
	view := bareQueue{
		Arguments: definitions.Arguments(s.Spec.Arguments), AutoDelete: s.Spec.AutoDelete, Durable: s.Spec.Durable,
		Exclusive: s.Spec.Exclusive, Name: s.Spec.Name, Node: v.node[0], Policy: s.Policy,
		State: string(s.State), Type: string(s.Type), VHost: s.Spec.VHost,
	}
	if s.Type == queue.Quorum {
		where := v.membership()
		view.membership = &where
	}
	if r.flag("enable_queue_totals") {
		n := queueNumbers(s)
		view.bareTotals = &bareTotals{n[countMessages], n[countReady], n[countUnacked]}
	}
	return view
}

// visible are the virtual hosts whose objects a list has: the one of the path, or all
// that the caller may see.
func (a *API) visible(r *request) []string {
	if vhost := r.vhost(); vhost != "" {
		return []string{vhost}
	}
	var names []string
	for _, name := range a.broker.VHosts() {
		if a.lists(r.caller, name) {
			names = append(names, name)
		}
	}
	return names
}

func (a *API) listQueues(r *request) (reply, error) {
	views, err := a.queueViews(r)
	if err != nil {
		return reply{}, err
	}
	var queues []queue.Status
	for _, vhost := range a.visible(r) {
		queues = append(queues, a.broker.Queues(vhost)...)
	}
	views.asked = views.asked.forList(r, len(queues))
	if r.flag("disable_stats") {
		items := make([]bareQueue, len(queues))
		for i := range queues {
			items[i] = views.bare(&queues[i], r)
		}
		return list(items), nil
	}
	items := make([]queueView, len(queues))
	for i := range queues {
		items[i] = views.of(&queues[i])
	}
	return list(items), nil
}

func (a *API) showQueue(r *request) (reply, error) {
	s, ok := a.broker.Queue(r.vhost(), r.param("queue"))
	if !ok {
		return reply{}, notFound()
	}
	views, err := a.queueViews(r)
	if err != nil {
		return reply{}, err
	}
	if r.flag("disable_stats") {
		return show(views.bare(&s, r)), nil
	}
	return show(queueDetail{
		queueView: views.of(&s), Backing: backingOf(&s),
		Consumers:  a.consumersOf(s.Spec.VHost, s.Spec.Name),
		Incoming:   a.sourcesOf(s.Spec.VHost, s.Spec.Name, views.asked),
		Deliveries: a.receiversOf(s.Spec.VHost, s.Spec.Name, views.asked),
	}), nil
}

// quorumStatus is what a queue's only member has of its log. There is none: the
// numbers are zero.
type quorumStatus struct {
	Node       string `json:"Node Name"`
	State      string `json:"Raft State"`
	Membership string `json:"Membership"`
	LastIndex  int64  `json:"Last Log Index"`
	Written    int64  `json:"Last Written"`
	Applied    int64  `json:"Last Applied"`
	Commit     int64  `json:"Commit Index"`
	Snapshot   int64  `json:"Snapshot Index"`
	Term       int64  `json:"Term"`
	Machine    int64  `json:"Machine Version"`
}

func (a *API) quorumStatus(r *request) (reply, error) {
	s, ok := a.broker.Queue(r.vhost(), r.param("queue"))
	if !ok {
		return reply{}, notFound()
	}
	if s.Type != queue.Quorum {
		return unhealthy(struct {
			Status string `json:"status"`
			Reason string `json:"reason"`
		}{"failed", string(s.Type) + "_queue_not_supported"}), nil
	}
	return value([]quorumStatus{{
		Node: a.options.NodeName, State: "leader", Membership: "voter", Snapshot: -1, Term: 1,
	}}), nil
}

// effectivePolicy is what the policies say about a queue together, never null.
func effectivePolicy(s *queue.Status) map[string]any {
	if s.EffectivePolicy == nil {
		return map[string]any{}
	}
	return s.EffectivePolicy
}
