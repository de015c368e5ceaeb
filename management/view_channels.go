package management

import (
	"strings"
	"time"

	"github.com/leveretmq/leveret/definitions"
	"github.com/leveretmq/leveret/queue"
	"github.com/leveretmq/leveret/server"
)

// channelView is a channel in lists.
type channelView struct {
	AcksUncommitted     int          `json:"acks_uncommitted"`
	Confirm             bool         `json:"confirm"`
	Connection          peerView     `json:"connection_details"`
	ConsumerCount       int          `json:"consumer_count"`
	GarbageCollection   collection   `json:"garbage_collection"`
	GlobalPrefetch      int          `json:"global_prefetch_count"`
	IdleSince           string       `json:"idle_since,omitempty"`
	Stats               channelStats `json:"message_stats,omitzero"`
	Unacked             int          `json:"messages_unacknowledged"`
	Uncommitted         int          `json:"messages_uncommitted"`
	Unconfirmed         int          `json:"messages_unconfirmed"`
	Name                string       `json:"name"`
	Node                string       `json:"node"`
	Number              uint16       `json:"number"`
	PendingRaftCommands int          `json:"pending_raft_commands"`
	Prefetch            int          `json:"prefetch_count"`
	State               string       `json:"state"`
	Transactional       bool         `json:"transactional"`
	User                string       `json:"user"`
	By                  string       `json:"user_who_performed_action"`
	VHost               string       `json:"vhost"`
	reductions
}

// channelDetail is a channel on its own.
type channelDetail struct {
	channelView
	Consumers  []consumerView `json:"consumer_details"`
	Deliveries []deliveryView `json:"deliveries"`
	Publishes  []publishView  `json:"publishes"`
}

func (a *API) channelView(connection uint64, ch *server.ChannelStatus, asked windows) channelView {
	key := channelKey{connection, ch.Number}
	r := reading{now: numbersOf(&ch.Counters), motion: a.samples.channels.motion(key, asked), asked: asked}
	return channelView{
		AcksUncommitted: ch.AcksUncommitted, Confirm: ch.Confirm,
		Connection:    peerView{Name: ch.Connection, PeerHost: ch.PeerHost, PeerPort: ch.PeerPort},
		ConsumerCount: len(ch.Consumers), GlobalPrefetch: ch.GlobalPrefetch, IdleSince: idleSince(ch.IdleSince, time.Now()),
		Stats: told(a.options.RatesMode, r.channel), Unacked: ch.Unacked, Uncommitted: ch.Uncommitted, Unconfirmed: ch.Unconfirmed,
		Name: ch.Name, Node: a.options.NodeName, Number: ch.Number, Prefetch: ch.Prefetch, State: ch.State,
		Transactional: ch.Transactional, User: ch.User, By: ch.User, VHost: ch.VHost,
	}
}

func (a *API) channelViews(open []server.ConnectionStatus, r *request) (reply, error) {
	asked, err := parseWindows(r.query, time.Now())
	if err != nil {
		return reply{}, err
	}
	channels := 0
	for i := range open {
		channels += len(open[i].Channels)
	}
	asked = asked.forList(r, channels)
	items := make([]channelView, 0, channels)
	for i := range open {
		for j := range open[i].Channels {
			items = append(items, a.channelView(open[i].Number, &open[i].Channels[j], asked))
		}
	}
	return list(items), nil
}

func (a *API) listChannels(r *request) (reply, error) { return a.channelViews(a.open(r), r) }

func (a *API) connectionChannels(r *request) (reply, error) {
	c, err := a.theConnection(r, r.param("connection"), monitoring)
	if err != nil {
		return reply{}, err
	}
	return a.channelViews([]server.ConnectionStatus{c}, r)
}

func (a *API) showChannel(r *request) (reply, error) {
	name := r.param("channel")
	connection, _, _ := strings.Cut(name, " (")
	c, err := a.theConnection(r, connection, monitoring)
	if err != nil {
		return reply{}, err
	}
	asked, err := parseWindows(r.query, time.Now())
	if err != nil {
		return reply{}, err
	}
	for i := range c.Channels {
		if c.Channels[i].Name == name {
			return show(channelDetail{
				channelView: a.channelView(c.Number, &c.Channels[i], asked),
				Consumers:   a.consumerViews(c.Channels[i].Consumers),
				Deliveries:  a.deliveriesOf(c.Number, &c.Channels[i], asked), Publishes: a.publishesOf(c.Number, &c.Channels[i], asked),
			}), nil
		}
	}
	return reply{}, notFound()
}

// consumerView is a consumer.
type consumerView struct {
	Arguments      definitions.Arguments `json:"arguments"`
	AckRequired    bool                  `json:"ack_required"`
	Active         bool                  `json:"active"`
	ActivityStatus string                `json:"activity_status"`
	Channel        consumerChannel       `json:"channel_details"`
	Tag            string                `json:"consumer_tag"`
	Timeout        int64                 `json:"consumer_timeout"` // milliseconds; zero is for ever
	Exclusive      bool                  `json:"exclusive"`
	Prefetch       int                   `json:"prefetch_count"`
	Queue          objectName            `json:"queue"`
}

// consumerChannel is where a consumer is.
type consumerChannel struct {
	ConnectionName string `json:"connection_name"`
	Name           string `json:"name"`
	Node           string `json:"node"`
	Number         uint16 `json:"number"`
	PeerHost       string `json:"peer_host"`
	PeerPort       int    `json:"peer_port"`
	User           string `json:"user"`
}

func (a *API) consumerViews(consumers []queue.ConsumerStatus) []consumerView {
	items := make([]consumerView, len(consumers))
	for i := range consumers {
		c := &consumers[i]
		items[i] = consumerView{
			Arguments: definitions.Arguments(c.Arguments), AckRequired: c.AckRequired, Active: c.Active, ActivityStatus: activity(c),
			Channel: a.channelOf(&c.Channel),
			Tag:     c.Tag, Timeout: c.Timeout.Milliseconds(), Exclusive: c.Exclusive, Prefetch: c.Prefetch,
			Queue: objectName{Name: c.Queue, VHost: c.VHost},
		}
	}
	return items
}

// activity is RabbitMQ's word for whether a consumer gets messages.
func activity(c *queue.ConsumerStatus) string {
	switch {
	case !c.Single:
		return "up"
	case c.Active:
		return "single_active"
	default:
		return "waiting"
	}
}

func (a *API) consumersOf(vhost, name string) []consumerView {
	return a.consumerViews(a.broker.Consumers(vhost, name))
}

func (a *API) listConsumers(r *request) (reply, error) {
	var items []consumerView
	for _, c := range a.open(r) {
		for i := range c.Channels {
			items = append(items, a.consumerViews(c.Channels[i].Consumers)...)
		}
	}
	return list(items), nil
}
