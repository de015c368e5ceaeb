package server

import (
	"math/rand/v2"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/leveretmq/leveret/amqp"
)

func newWindow() *channel {
	ch := &channel{id: 1, conn: &connection{wants: newWants(), server: &Server{measures: newMeasures()}}}
	ch.confirms = &confirmWindow{channel: ch, next: 1}
	return ch
}

// confirmed is what the channel tells the client now.
func (ch *channel) confirmed(t *testing.T) []amqp.Method {
	t.Helper()
	var list []amqp.Method
	for octets := ch.appendConfirms(nil); len(octets) > 0; {
		f, n, err := amqp.ParseFrame(octets, 0)
		require.NoError(t, err)
		require.NotZero(t, n)
		octets = octets[n:]
		m, err := amqp.DecodeMethod(f.Payload)
		require.NoError(t, err)
		list = append(list, m)
	}
	return list
}

func ack(tag uint64) amqp.Method     { return &amqp.BasicAck{DeliveryTag: tag} }
func ackUpTo(tag uint64) amqp.Method { return &amqp.BasicAck{DeliveryTag: tag, Multiple: true} }
func nack(tag uint64) amqp.Method    { return &amqp.BasicNack{DeliveryTag: tag, Requeue: true} }
func nackUpTo(tag uint64) amqp.Method {
	return &amqp.BasicNack{DeliveryTag: tag, Multiple: true, Requeue: true}
}

func TestConfirmWindow(t *testing.T) {
	const yes, no = true, false
	type fate struct {
		tag uint64
		ok  bool
	}
	for name, c := range map[string]struct {
		settled []fate
		want    []amqp.Method
	}{
		"nothing":               {nil, nil},
		"the first":             {[]fate{{1, yes}}, []amqp.Method{ack(1)}},
		"not the first":         {[]fate{{2, yes}, {3, no}}, nil},
		"a run":                 {[]fate{{1, yes}, {2, yes}, {3, yes}}, []amqp.Method{ackUpTo(3)}},
		"out of order":          {[]fate{{3, yes}, {1, yes}, {2, yes}}, []amqp.Method{ackUpTo(3)}},
		"with a gap":            {[]fate{{1, yes}, {2, yes}, {4, yes}}, []amqp.Method{ackUpTo(2)}},
		"refused":               {[]fate{{1, no}}, []amqp.Method{nack(1)}},
		"a run of refusals":     {[]fate{{1, no}, {2, no}}, []amqp.Method{nackUpTo(2)}},
		"refused in the middle": {[]fate{{1, yes}, {2, yes}, {3, no}, {4, yes}}, []amqp.Method{ackUpTo(2), nack(3), ack(4)}},
		"far ahead":             {[]fate{{1000, yes}, {1, no}}, []amqp.Method{nack(1)}},
	} {
		t.Run(name, func(t *testing.T) {
			ch := newWindow()
			for _, f := range c.settled {
				ch.confirms.Settle(f.tag, f.ok)
			}
			require.Equal(t, c.want, ch.confirmed(t))
			require.Empty(t, ch.confirmed(t), "told once")
		})
	}
}

// The writer is told once, and again only when it has looked.
func TestConfirmWindow_AsksTheWriterOnce(t *testing.T) {
	ch := newWindow()
	asked := func() int {
		_, confirms, _ := ch.conn.wants.take(nil, nil, nil)
		return len(confirms)
	}
	ch.confirms.Settle(2, true)
	require.Zero(t, asked(), "there is nothing to tell yet")
	ch.confirms.Settle(1, true)
	ch.confirms.Settle(3, true)
	require.Equal(t, 1, asked())
	ch.confirmed(t)
	require.Zero(t, asked())
	ch.confirms.Settle(4, true)
	require.Equal(t, 1, asked())
}

// A channel that has ended confirms nothing any more.
func TestConfirmWindow_Closed(t *testing.T) {
	ch := newWindow()
	ch.confirms.Settle(1, true)
	ch.confirms.close()
	ch.confirms.Settle(2, true)
	require.Empty(t, ch.confirmed(t))
}

func TestConfirmWindow_NotInConfirmMode(t *testing.T) {
	var none *confirmWindow
	require.Nil(t, none.receipt(1, nil))
	none.settleNext(nil)
	none.close()
}

// Publishes of several queues each settle once, in their order, whoever is
// faster.
func TestConfirmWindow_SettledByMany(t *testing.T) {
	const publishes, queues = 5000, 3
	ch := newWindow()
	ended := make(chan struct{}, queues)
	receipts := make([]func(bool), publishes)
	for i := range receipts {
		receipts[i] = ch.confirms.receipt(queues, nil).Done
	}
	for i := range queues {
		go func() {
			for _, n := range rand.New(rand.NewPCG(uint64(i), 0)).Perm(publishes) {
				receipts[n](i > 0 || n%7 != 0)
			}
			ended <- struct{}{}
		}()
	}
	next := uint64(1)
	for running := queues; running > 0 || next <= publishes; {
		select {
		case <-ended:
			running--
		case <-ch.conn.wants.signal:
		}
		ch.conn.wants.take(nil, nil, nil)
		for _, m := range ch.confirmed(t) {
			next = ch.checkConfirm(t, m, next)
		}
	}
	require.Empty(t, ch.confirms.fates)
}

// checkConfirm looks at one confirm of the publishes from next on, of which
// each seventh was refused, and returns the first that is left.
func (ch *channel) checkConfirm(t *testing.T, m amqp.Method, next uint64) uint64 {
	last, multiple, accepted := uint64(0), false, true
	switch m := m.(type) {
	case *amqp.BasicAck:
		last, multiple = m.DeliveryTag, m.Multiple
	case *amqp.BasicNack:
		last, multiple, accepted = m.DeliveryTag, m.Multiple, false
	}
	require.Equal(t, multiple, last > next)
	for ; next <= last; next++ {
		require.Equal(t, (next-1)%7 != 0, accepted)
	}
	return next
}
