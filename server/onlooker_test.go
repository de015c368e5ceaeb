package server_test

import (
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/leveretmq/leveret/message"
)

// onlooker looks at everything again and again, and whether any total shrinks.
type onlooker struct {
	n     *network
	stop  chan struct{}
	ended chan struct{}
	looks int
	wrong string
}

func (n *network) look() *onlooker {
	o := &onlooker{n: n, stop: make(chan struct{}), ended: make(chan struct{})}
	go o.run()
	return o
}

func (o *onlooker) run() {
	defer close(o.ended)
	var before message.Counters
	for ; ; o.looks++ {
		select {
		case <-o.stop:
			return
		default:
		}
		now := o.n.broker.Totals().Counters
		if shrunk(before, now) {
			o.wrong = "a total has shrunk"
		}
		before = now
		for _, c := range o.n.server.Connections() {
			if _, known := o.n.server.Connection(c.Name); known && c.User == "" {
				o.wrong = "a connection has no user"
			}
		}
		for _, q := range o.n.broker.Queues("/") {
			o.n.broker.Consumers("/", q.Spec.Name)
		}
		o.n.broker.Exchanges("/")
		o.n.broker.Bindings("/")
		o.n.server.Measurements()
	}
}

// finish ends the onlooker, who has to have seen nothing wrong.
func (o *onlooker) finish(t *testing.T) {
	t.Helper()
	close(o.stop)
	<-o.ended
	require.Empty(t, o.wrong)
	require.NotZero(t, o.looks)
}

// shrunk says whether any number is lower than it was.
func shrunk(before, now message.Counters) bool {
	return now.Publish < before.Publish || now.PublishOut < before.PublishOut || now.Confirm < before.Confirm ||
		now.PublishConfirm < before.PublishConfirm || now.DropUnroutable < before.DropUnroutable ||
		now.Deliver < before.Deliver || now.DeliverNoAck < before.DeliverNoAck || now.Get < before.Get ||
		now.GetNoAck < before.GetNoAck || now.GetEmpty < before.GetEmpty || now.Redeliver < before.Redeliver ||
		now.Ack < before.Ack || now.DiskReads < before.DiskReads || now.DiskWrites < before.DiskWrites
}
