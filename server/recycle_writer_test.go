package server_test

import (
	"math/rand/v2"
	"sync"
	"time"

	"github.com/leveretmq/leveret/amqp"
)

// writer publishes letters, on one connection after the other.
type writer struct {
	*recycling
	id     uint32
	random *rand.Rand
	next   uint32
	w      *wire

	mu     sync.Mutex
	window []letterID // guarded by mu; publishes that were not confirmed, the oldest first
	first  uint64     // guarded by mu; tag of the first of them
	empty  chan struct{}
	closed chan struct{}    // by listen
	answer chan amqp.Method // what is neither a confirm nor a return
}

func (p *writer) mode() mode { return mode(p.id) % modeCount }

// run publishes so many letters.
func (p *writer) run(letters uint32) {
	for p.next < letters && !p.t.Failed() {
		p.w = dialWire(p.t, p.address, p.random)
		p.w.send(1, &amqp.ChannelOpen{})
		p.w.await(amqp.IDChannelOpenOk, func(event) {})
		p.window, p.first = nil, 1
		p.closed, p.answer = make(chan struct{}), make(chan amqp.Method, 16)
		go p.listen()
		p.session(min(p.next+50+p.random.Uint32N(300), letters))
		<-p.closed
	}
}

func (p *writer) session(end uint32) {
	switch p.mode() {
	case modePlain, modeCareless:
		p.plainly(end)
	case modeConfirm:
		p.confirmed(end)
	case modeTx:
		p.inTransactions(end)
	}
}

// listen takes what comes.
func (p *writer) listen() {
	defer close(p.closed)
	defer close(p.answer)
	for e := range p.w.events {
		switch m := e.method.(type) {
		case *amqp.BasicReturn:
			p.journal.sentBack(&e.arrival)
		case *amqp.BasicAck:
			p.confirm(m.DeliveryTag, m.Multiple, p.accept)
		case *amqp.BasicNack:
			p.confirm(m.DeliveryTag, m.Multiple, p.journal.refuse)
		case *amqp.ConnectionClose, *amqp.ChannelClose:
			p.t.Errorf("writer %d: %+v", p.id, m)
			p.w.drop(nil)
		default:
			p.answer <- m
		}
	}
}

func (p *writer) accept(id letterID) { p.journal.expect(published, id) }

// confirm takes letters out of the window; they are confirmed in order.
func (p *writer) confirm(tag uint64, multiple bool, settle func(letterID)) {
	p.mu.Lock()
	defer p.mu.Unlock()
	n := int(tag+1) - int(p.first)
	if n < 1 || n > len(p.window) || !multiple && n != 1 {
		p.t.Errorf("writer %d: confirm of %d (multiple: %v), %d from %d on are open", p.id, tag, multiple, len(p.window), p.first)
		return
	}
	for _, id := range p.window[:n] {
		settle(id)
	}
	p.window = p.window[n:]
	if p.first += uint64(n); len(p.window) == 0 && p.empty != nil {
		close(p.empty)
		p.empty = nil
	}
}

// request waits for the answer to a method.
func (p *writer) request(channel uint16, m amqp.Method, answer amqp.MethodID) {
	p.w.send(channel, m)
	p.w.flush()
	select {
	case got, ok := <-p.answer:
		if !ok || got.ID() != answer {
			p.t.Errorf("writer %d: %+v instead of %s", p.id, got, answer)
		}
	case <-time.After(patience):
		p.t.Errorf("writer %d: %s does not come", p.id, answer)
	}
}

// publish sends the next letter, at some time soon.
func (p *writer) publish() letterID {
	id := letterID{writer: p.id, number: p.next}
	p.next++
	l := p.journal.write(id)
	if p.mode() == modeConfirm {
		p.mu.Lock()
		p.window = append(p.window, id)
		p.mu.Unlock()
	}
	p.w.out = amqp.AppendContent(p.w.out, 1, &amqp.BasicPublish{
		Exchange: l.exchange, RoutingKey: l.key, Mandatory: l.mandatory,
	}, l.sent, p.post.body(l), p.w.frameMax)
	if len(p.w.out) > 64<<10 || p.random.IntN(20) == 0 {
		p.w.flush()
	}
	return id
}

// goodbye ends the connection, one way or another.
func (p *writer) goodbye() {
	p.request(0, &amqp.ConnectionClose{}, amqp.IDConnectionCloseOk)
	p.w.drop(nil)
}

// plainly publishes without asking what becomes of it, until the end.
func (p *writer) plainly(end uint32) {
	var ids []letterID
	for p.next < end {
		ids = append(ids, p.publish())
	}
	if p.mode() == modeCareless {
		p.abandon()
		return
	}
	p.request(1, &amqp.ChannelClose{}, amqp.IDChannelCloseOk)
	p.journal.expect(published, ids...)
	p.goodbye()
}

// abandon hangs up in the middle of a letter.
func (p *writer) abandon() {
	p.w.flush()
	id := p.publish()
	if n := len(p.w.out); n > 0 {
		p.w.out = p.w.out[:p.random.IntN(n)] // its frame end is not sent
		p.journal.expect(withdrawn, id)
	}
	p.w.flush()
	p.w.drop(p.random)
}

// confirmed publishes and waits for all confirms in the end.
func (p *writer) confirmed(end uint32) {
	p.request(1, &amqp.ConfirmSelect{}, amqp.IDConfirmSelectOk)
	for p.next < end {
		p.publish()
	}
	p.w.flush()
	empty := make(chan struct{})
	p.mu.Lock()
	if len(p.window) == 0 {
		close(empty)
	} else {
		p.empty = empty
	}
	p.mu.Unlock()
	select {
	case <-empty:
		p.goodbye()
	case <-p.closed:
		p.t.Errorf("writer %d: the connection ended before all confirms", p.id)
	case <-time.After(patience):
		p.t.Errorf("writer %d: confirms are missing", p.id)
		p.w.drop(nil)
	}
}

// inTransactions commits most of what it publishes.
func (p *writer) inTransactions(end uint32) {
	p.request(1, &amqp.TxSelect{}, amqp.IDTxSelectOk)
	for p.next < end {
		var ids []letterID
		for range 1 + p.random.IntN(20) {
			ids = append(ids, p.publish())
		}
		switch p.random.IntN(12) {
		case 0:
			p.journal.expect(withdrawn, ids...)
			p.request(1, &amqp.TxRollback{}, amqp.IDTxRollbackOk)
		case 1:
			p.journal.expect(withdrawn, ids...)
			p.w.flush()
			p.w.drop(p.random)
			return
		case 2:
			p.journal.expect(withdrawn, ids...)
			p.request(1, &amqp.ChannelClose{}, amqp.IDChannelCloseOk)
			p.request(1, &amqp.ChannelOpen{}, amqp.IDChannelOpenOk)
			p.request(1, &amqp.TxSelect{}, amqp.IDTxSelectOk)
		default:
			p.request(1, &amqp.TxCommit{}, amqp.IDTxCommitOk)
			p.journal.expect(published, ids...)
		}
	}
	p.goodbye()
}
