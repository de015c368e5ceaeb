package bench

import (
	"encoding/binary"
	"errors"
	"os"
	"time"

	"github.com/leveretmq/leveret/amqp"
	"github.com/leveretmq/leveret/internal/client"
)

// producer is one publishing channel. One goroutine publishes; what the broker
// answers comes from that of the link.
type producer struct {
	run     *run
	link    *link
	channel uint16
	reel    *reel
	rate    float64
	delay   time.Duration // before the first message

	confirms  *confirms     // nil without
	committed chan struct{} // one for each commit that the broker has answered

	sent  int64 // of the publishing goroutine
	inTx  int   // of the publishing goroutine
	shard *shard

	spells    []spell // of the reading goroutine, until the next flush
	confirmed int64   // of the reading goroutine, until the next flush
	nacked    int64   // of the reading goroutine, until the next flush
	returned  int64   // of the reading goroutine, until the next flush
}

// publish sends messages until there were as many as asked for, or the test
// ends. Then it waits for what is not confirmed.
func (p *producer) publish() error {
	err := p.send()
	if p.run.stopped() {
		// A write that was broken off, or not begun: nobody waits for it.
		if errors.Is(err, os.ErrDeadlineExceeded) {
			p.link.torn.Store(true)
		}
		return nil
	}
	if err != nil || p.confirms == nil {
		return err
	}
	late := time.AfterFunc(p.run.ConfirmTimeout, p.confirms.close)
	defer late.Stop()
	if err := p.confirms.drain(); err != nil && !p.run.stopped() {
		return err
	}
	return nil
}

func (p *producer) send() error {
	if !p.run.pause(p.delay) {
		return nil
	}
	began := p.run.clock.now()
	for !p.run.stopped() {
		n := p.reel.run(p.left())
		if n == 0 {
			return p.commit()
		}
		due, ready := p.due(began, n)
		if ready == 0 {
			if !p.run.pause(time.Duration(due - p.run.clock.now())) {
				return nil
			}
			continue
		}
		if n = p.claim(ready); n == 0 {
			return nil
		}
		if err := p.burst(n, began); err != nil {
			return err
		}
	}
	return nil
}

// left is how many messages are to be sent at most, before anything else.
func (p *producer) left() int {
	most := int64(burstOctets)
	if limit := p.run.ProducerMessages; limit > 0 {
		most = min(most, limit-p.sent)
	}
	if limit := p.run.ProducerTx; limit > 0 {
		most = min(most, int64(limit-p.inTx))
	}
	return int(most)
}

// due is when the next message is, and how many of n are now.
func (p *producer) due(began int64, n int) (next int64, ready int) {
	if p.rate == 0 {
		return 0, n
	}
	next = p.intended(began, 0)
	passed := float64(p.run.clock.now()-began) * p.rate / float64(time.Second)
	return next, max(0, min(n, int(passed)+1-int(p.sent)))
}

// intended is when the message that is i after the next one should be sent.
func (p *producer) intended(began int64, i int) int64 {
	return began + int64(float64(p.sent+int64(i))*float64(time.Second)/p.rate)
}

// claim waits until messages may be sent, and returns how many.
func (p *producer) claim(most int) int {
	if p.confirms != nil {
		most = p.confirms.claim(most)
	}
	if most == 0 {
		return 0
	}
	return p.run.flight.claim(most)
}

// burst sends messages in one write. With a rate they carry the times at which
// they should have been sent: what one message is late by, because the one
// before it had to wait, counts.
func (p *producer) burst(n int, began int64) error {
	now := p.run.clock.now()
	for i := range n {
		at := now
		if p.rate > 0 {
			at = p.intended(began, i)
		}
		p.reel.stamp(i, uint32(p.sent)+uint32(i), at)
	}
	if p.confirms != nil {
		p.confirms.publish(n, now)
	}
	if err := p.link.client.Write(p.reel.wind(n)); err != nil {
		return err
	}
	p.sent += int64(n)
	p.run.counts.sent.Add(int64(n))
	if p.run.ProducerTx == 0 {
		return nil
	}
	if p.inTx += n; p.inTx < p.run.ProducerTx {
		return nil
	}
	return p.commit()
}

// commit ends a transaction and waits until the broker has.
func (p *producer) commit() error {
	if p.inTx == 0 {
		return nil
	}
	p.inTx = 0
	if err := p.link.client.Write(amqp.AppendMethod(nil, p.channel, &amqp.TxCommit{})); err != nil {
		return err
	}
	select {
	case <-p.committed:
	case <-p.run.done:
	}
	return nil
}

// take is given confirms, returned messages and the ends of transactions.
func (p *producer) take(f amqp.Frame, now int64) error {
	if f.Type != amqp.FrameMethod {
		return nil // of a returned message
	}
	switch id, args := amqp.SplitMethod(f.Payload); id {
	case amqp.IDBasicAck:
		p.settle(args, &p.confirmed, now)
	case amqp.IDBasicNack:
		p.settle(args, &p.nacked, now)
	case amqp.IDBasicReturn:
		p.returned++
	case amqp.IDTxCommitOk:
		p.committed <- struct{}{}
	default:
		return client.Unexpected(f, amqp.IDBasicAck)
	}
	return nil
}

// settle takes up the tag and the first bit of the arguments: multiple.
func (p *producer) settle(args []byte, count *int64, now int64) {
	if p.confirms == nil || len(args) < 9 {
		return
	}
	var n int64
	p.spells, n = p.confirms.settle(binary.BigEndian.Uint64(args), args[8]&1 != 0, now, p.spells)
	*count += n
}

func (p *producer) flush(int64) error {
	p.shard.record(p.spells)
	p.run.counts.confirmed.Add(p.confirmed)
	p.run.counts.nacked.Add(p.nacked)
	p.run.counts.returned.Add(p.returned)
	p.spells, p.confirmed, p.nacked, p.returned = p.spells[:0], 0, 0, 0
	return nil
}
