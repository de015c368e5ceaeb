package management

import (
	"github.com/leveretmq/leveret/message"
)

// The counters of messages, in the vectors that are sampled.
const (
	countPublish = iota
	countPublishIn
	countPublishOut
	countConfirm
	countDeliver
	countDeliverNoAck
	countGet
	countGetNoAck
	countDeliverGet
	countGetEmpty
	countRedeliver
	countAck
	countReturn
	countDrop
	countDiskReads
	countDiskWrites
	// countMessages and those behind it are sampled of queues and what has queues.
	// They may fall.
	countMessages
	countReady
	countUnacked
	queueCounts

	messageCounts = countMessages
)

// numbers is what is sampled of a queue, or of another thing that has messages.
type numbers [queueCounts]int64

func numbersOf(c *message.Counters) numbers {
	return numbers{
		countPublish: int64(c.Publish), countPublishIn: int64(c.PublishIn), countPublishOut: int64(c.PublishOut),
		countConfirm: int64(c.Confirm), countDeliver: int64(c.Deliver), countDeliverNoAck: int64(c.DeliverNoAck),
		countGet: int64(c.Get), countGetNoAck: int64(c.GetNoAck), countDeliverGet: int64(c.DeliverGet()),
		countGetEmpty: int64(c.GetEmpty), countRedeliver: int64(c.Redeliver), countAck: int64(c.Ack),
		countReturn: int64(c.ReturnUnroutable), countDrop: int64(c.DropUnroutable),
		countDiskReads: int64(c.DiskReads), countDiskWrites: int64(c.DiskWrites),
	}
}

// withDepth adds how many messages there are.
func (n numbers) withDepth(messages, ready, unacked int) numbers {
	n[countMessages], n[countReady], n[countUnacked] = int64(messages), int64(ready), int64(unacked)
	return n
}

// reading is what views are made of: the counters now, and how they change.
type reading struct {
	now    numbers
	motion motion
	asked  windows
}

func (r *reading) rate(count int) details { return r.motion.details(count, r.asked.messages) }

func (r *reading) depth(count int) details { return r.motion.details(count, r.asked.lengths) }

// deliverStats is what consumers and gets have done.
type deliverStats struct {
	Ack                 int64   `json:"ack"`
	AckDetails          details `json:"ack_details"`
	Deliver             int64   `json:"deliver"`
	DeliverDetails      details `json:"deliver_details"`
	DeliverGet          int64   `json:"deliver_get"`
	DeliverGetDetails   details `json:"deliver_get_details"`
	DeliverNoAck        int64   `json:"deliver_no_ack"`
	DeliverNoAckDetails details `json:"deliver_no_ack_details"`
	Get                 int64   `json:"get"`
	GetDetails          details `json:"get_details"`
	GetEmpty            int64   `json:"get_empty"`
	GetEmptyDetails     details `json:"get_empty_details"`
	GetNoAck            int64   `json:"get_no_ack"`
	GetNoAckDetails     details `json:"get_no_ack_details"`
	Redeliver           int64   `json:"redeliver"`
	RedeliverDetails    details `json:"redeliver_details"`
}

func (r *reading) deliveries() deliverStats {
	n := &r.now
	return deliverStats{
		Ack: n[countAck], AckDetails: r.rate(countAck),
		Deliver: n[countDeliver], DeliverDetails: r.rate(countDeliver),
		DeliverGet: n[countDeliverGet], DeliverGetDetails: r.rate(countDeliverGet),
		DeliverNoAck: n[countDeliverNoAck], DeliverNoAckDetails: r.rate(countDeliverNoAck),
		Get: n[countGet], GetDetails: r.rate(countGet),
		GetEmpty: n[countGetEmpty], GetEmptyDetails: r.rate(countGetEmpty),
		GetNoAck: n[countGetNoAck], GetNoAckDetails: r.rate(countGetNoAck),
		Redeliver: n[countRedeliver], RedeliverDetails: r.rate(countRedeliver),
	}
}

// publishStats is what publishers have done.
type publishStats struct {
	Confirm                 int64   `json:"confirm"`
	ConfirmDetails          details `json:"confirm_details"`
	DropUnroutable          int64   `json:"drop_unroutable"`
	DropUnroutableDetails   details `json:"drop_unroutable_details"`
	Publish                 int64   `json:"publish"`
	PublishDetails          details `json:"publish_details"`
	ReturnUnroutable        int64   `json:"return_unroutable"`
	ReturnUnroutableDetails details `json:"return_unroutable_details"`
}

func (r *reading) publishes() publishStats {
	n := &r.now
	return publishStats{
		Confirm: n[countConfirm], ConfirmDetails: r.rate(countConfirm),
		DropUnroutable: n[countDrop], DropUnroutableDetails: r.rate(countDrop),
		Publish: n[countPublish], PublishDetails: r.rate(countPublish),
		ReturnUnroutable: n[countReturn], ReturnUnroutableDetails: r.rate(countReturn),
	}
}

// diskStats is what has gone to the disk and come from it.
type diskStats struct {
	DiskReads         int64   `json:"disk_reads"`
	DiskReadsDetails  details `json:"disk_reads_details"`
	DiskWrites        int64   `json:"disk_writes"`
	DiskWritesDetails details `json:"disk_writes_details"`
}

func (r *reading) disk() diskStats {
	return diskStats{
		DiskReads: r.now[countDiskReads], DiskReadsDetails: r.rate(countDiskReads),
		DiskWrites: r.now[countDiskWrites], DiskWritesDetails: r.rate(countDiskWrites),
	}
}

// exchangeStats is what has gone through an exchange.
type exchangeStats struct {
	PublishIn         int64   `json:"publish_in"`
	PublishInDetails  details `json:"publish_in_details"`
	PublishOut        int64   `json:"publish_out"`
	PublishOutDetails details `json:"publish_out_details"`
	shown             shown
}

func (r *reading) passages() exchangeStats {
	return exchangeStats{
		PublishIn: r.now[countPublishIn], PublishInDetails: r.rate(countPublishIn),
		PublishOut: r.now[countPublishOut], PublishOutDetails: r.rate(countPublishOut), shown: true,
	}
}

// shown tells stats that are all zero from stats that are left out.
type shown bool

// channelStats, queueStats and wholeStats are message_stats of channels, of queues,
// and of virtual hosts and the whole.
type channelStats struct {
	deliverStats
	publishStats
	shown shown
}

type queueStats struct {
	deliverStats
	diskStats
	Publish        int64   `json:"publish"`
	PublishDetails details `json:"publish_details"`
	shown          shown
}

type wholeStats struct {
	deliverStats
	diskStats
	publishStats
	exchangeStats
}

func (r *reading) channel() channelStats { return channelStats{r.deliveries(), r.publishes(), true} }

func (r *reading) queue() queueStats {
	return queueStats{r.deliveries(), r.disk(), r.now[countPublish], r.rate(countPublish), true}
}

func (r *reading) whole() wholeStats {
	return wholeStats{r.deliveries(), r.disk(), r.publishes(), r.passages()}
}

// depths is how many messages there are.
type depths struct {
	Messages               int64   `json:"messages"`
	MessagesDetails        details `json:"messages_details"`
	MessagesReady          int64   `json:"messages_ready"`
	MessagesReadyDetails   details `json:"messages_ready_details"`
	MessagesUnacked        int64   `json:"messages_unacknowledged"`
	MessagesUnackedDetails details `json:"messages_unacknowledged_details"`
}

func (r *reading) depths() depths {
	n := &r.now
	return depths{
		Messages: n[countMessages], MessagesDetails: r.depth(countMessages),
		MessagesReady: n[countReady], MessagesReadyDetails: r.depth(countReady),
		MessagesUnacked: n[countUnacked], MessagesUnackedDetails: r.depth(countUnacked),
	}
}

// collection is what RabbitMQ tells of the garbage of an Erlang process. There is none
// here, but some readers insist.
type collection struct {
	FullsweepAfter  int `json:"fullsweep_after"`
	MaxHeapSize     int `json:"max_heap_size"`
	MinBinVheapSize int `json:"min_bin_vheap_size"`
	MinHeapSize     int `json:"min_heap_size"`
	MinorGCs        int `json:"minor_gcs"`
}

// reductions are the steps of an Erlang process, of which there are none.
type reductions struct {
	Reductions        int     `json:"reductions"`
	ReductionsDetails details `json:"reductions_details"`
}
