package management

import (
	"cmp"
	"slices"

	"github.com/leveretmq/leveret/broker"
	"github.com/leveretmq/leveret/message"
	"github.com/leveretmq/leveret/queue"
	"github.com/leveretmq/leveret/server"
)

// What goes from channels to exchanges, on to queues, and to channels again. It is told
// in the rates mode "detailed" only; in the others these lists are empty.

// passageStats is what has gone from an exchange to a queue.
type passageStats struct {
	Publish        int64   `json:"publish"`
	PublishDetails details `json:"publish_details"`
}

// sourceView is what a queue gets of an exchange.
type sourceView struct {
	Exchange objectName   `json:"exchange"`
	Stats    passageStats `json:"stats"`
}

// outletView is what a queue gets of the exchange.
type outletView struct {
	Queue objectName   `json:"queue"`
	Stats passageStats `json:"stats"`
}

// publisherView is what an exchange gets of a channel, receiverView what a queue gives
// to one.
type publisherView struct {
	Channel consumerChannel `json:"channel_details"`
	Stats   publishStats    `json:"stats"`
}

type receiverView struct {
	Channel consumerChannel `json:"channel_details"`
	Stats   deliverStats    `json:"stats"`
}

// publishView is what the channel gives to an exchange, deliveryView what it gets of a
// queue.
type publishView struct {
	Exchange objectName   `json:"exchange"`
	Stats    publishStats `json:"stats"`
}

type deliveryView struct {
	Queue objectName   `json:"queue"`
	Stats deliverStats `json:"stats"`
}

// objectName is a queue or an exchange.
type objectName struct {
	Name  string `json:"name"`
	VHost string `json:"vhost"`
}

// passageStats is how much has gone one way, and how it changes.
func (a *API) passageStats(p *broker.Passage, asked windows) passageStats {
	r := reading{motion: a.samples.passages.motion(passageOf(p), asked), asked: asked}
	return passageStats{Publish: int64(p.Messages), PublishDetails: r.rate(countPublish)}
}

// sourcesOf is where the messages of a queue came from.
func (a *API) sourcesOf(vhost, name string, asked windows) []sourceView {
	views := []sourceView{}
	if a.options.RatesMode != RatesDetailed {
		return views
	}
	for _, p := range a.broker.PassagesTo(vhost, name) {
		views = append(views, sourceView{objectName{p.Exchange, p.VHost}, a.passageStats(&p, asked)})
	}
	return views
}

// outletsOf is where the messages of an exchange went.
func (a *API) outletsOf(vhost, name string, asked windows) []outletView {
	views := []outletView{}
	if a.options.RatesMode != RatesDetailed {
		return views
	}
	for _, p := range a.broker.PassagesFrom(vhost, name) {
		views = append(views, outletView{objectName{p.Queue, p.VHost}, a.passageStats(&p, asked)})
	}
	return views
}

// dealings shows what channels have exchanged, in the order of the connections.
func (a *API) dealings(vhost string, show func(*server.ChannelTraffic)) {
	if a.server == nil || a.options.RatesMode != RatesDetailed {
		return
	}
	var list []*server.ChannelTraffic
	a.server.Traffic(func(t *server.ChannelTraffic) {
		if t.VHost == vhost {
			list = append(list, t)
		}
	})
	slices.SortFunc(list, func(a, b *server.ChannelTraffic) int {
		return cmp.Or(cmp.Compare(a.Connection, b.Connection), cmp.Compare(a.Channel.Number, b.Channel.Number))
	})
	for _, t := range list {
		show(t)
	}
}

// dealing is the counters of a channel and one exchange, or one queue.
func (a *API) dealing(channel channelKey, end end, name string, n *message.Counters, asked windows) reading {
	key := dealing{channelKey: channel, end: end, name: name}
	return reading{now: numbersOf(n), motion: a.samples.dealings.motion(key, asked), asked: asked}
}

// publishersTo is who publishes to an exchange.
func (a *API) publishersTo(vhost, name string, asked windows) []publisherView {
	views := []publisherView{}
	a.dealings(vhost, func(t *server.ChannelTraffic) {
		for i := range t.Publishes {
			if p := &t.Publishes[i]; p.Name == name {
				r := a.dealing(channelKey{t.Connection, t.Channel.Number}, toExchange, name, &p.Counters, asked)
				views = append(views, publisherView{a.channelOf(&t.Channel), r.publishes()})
			}
		}
	})
	return views
}

// receiversOf is who gets the messages of a queue.
func (a *API) receiversOf(vhost, name string, asked windows) []receiverView {
	views := []receiverView{}
	a.dealings(vhost, func(t *server.ChannelTraffic) {
		for i := range t.Deliveries {
			if d := &t.Deliveries[i]; d.Name == name {
				r := a.dealing(channelKey{t.Connection, t.Channel.Number}, ofQueue, name, &d.Counters, asked)
				views = append(views, receiverView{a.channelOf(&t.Channel), r.deliveries()})
			}
		}
	})
	return views
}

// publishesOf is where a channel publishes to, and deliveriesOf where it gets messages
// from.
func (a *API) publishesOf(connection uint64, ch *server.ChannelStatus, asked windows) []publishView {
	views := []publishView{}
	if a.options.RatesMode != RatesDetailed {
		return views
	}
	for i := range ch.Publishes {
		p := &ch.Publishes[i]
		r := a.dealing(channelKey{connection, ch.Number}, toExchange, p.Name, &p.Counters, asked)
		views = append(views, publishView{objectName{p.Name, ch.VHost}, r.publishes()})
	}
	return views
}

func (a *API) deliveriesOf(connection uint64, ch *server.ChannelStatus, asked windows) []deliveryView {
	views := []deliveryView{}
	if a.options.RatesMode != RatesDetailed {
		return views
	}
	for i := range ch.Deliveries {
		d := &ch.Deliveries[i]
		r := a.dealing(channelKey{connection, ch.Number}, ofQueue, d.Name, &d.Counters, asked)
		views = append(views, deliveryView{objectName{d.Name, ch.VHost}, r.deliveries()})
	}
	return views
}

// channelOf is where something comes from or goes to.
func (a *API) channelOf(c *queue.ChannelRef) consumerChannel {
	return consumerChannel{
		ConnectionName: c.Connection, Name: server.ChannelName(c.Connection, c.Number),
		Node: a.options.NodeName, Number: c.Number, PeerHost: c.PeerHost, PeerPort: c.PeerPort, User: c.User,
	}
}
