package crash

import (
	"context"
	"math"
	"math/rand/v2"
	"sync"
	"time"

	amqp "github.com/rabbitmq/amqp091-go"
)

const (
	// publishWindow is how many publishes one publisher has unanswered at most.
	publishWindow = 64
	smallestBody  = 100      // octets
	largestBody   = 20 << 10 // octets
	// One body in so many has hugeBody octets or more, which are kept in
	// pieces.
	hugeOneIn = 4000
	hugeBody  = 8<<20 + 1
	// One message in so many is transient.
	transientOneIn = 10
	// quietAnswer is how long an undisturbed broker may take for a confirm.
	quietAnswer = 10 * time.Second
)

// numbering hands out publishers with numbers of their own.
type numbering struct {
	seed    uint64
	history *History
	routes  []route
	given   uint16
}

func (n *numbering) publisher() *publisher {
	n.given++
	return &publisher{
		id: n.given, history: n.history, routes: n.routes,
		last:   make([]uint32, len(n.routes)),
		random: rand.New(rand.NewPCG(n.seed, uint64(n.given))),
	}
}

// publisher sends numbered messages over one connection per life of the broker.
// Its numbers go on from life to life.
type publisher struct {
	id      uint16
	random  *rand.Rand
	history *History
	routes  []route  // by origin
	last    []uint32 // sequence by origin
}

// next numbers one more message to any origin. Sequences have no gaps in what
// was recorded as sent: what is numbered and not sent ends its publisher's life,
// and order needs rising numbers only.
func (p *publisher) next() Value { return p.nextTo(uint16(p.random.IntN(len(p.routes)))) }

func (p *publisher) nextTo(origin uint16) Value {
	p.last[origin]++
	return Value{Publisher: p.id, Origin: origin, Seq: p.last[origin]}
}

// size is spread evenly over the orders of magnitude.
func (p *publisher) size() int {
	if p.random.IntN(hugeOneIn) == 0 {
		return hugeBody + p.random.IntN(1<<20)
	}
	return int(smallestBody * math.Pow(float64(largestBody)/smallestBody, p.random.Float64()))
}

// send publishes v, which is recorded by the caller.
func (p *publisher) send(channel *amqp.Channel, v Value, mode uint8) error {
	r := p.routes[v.Origin]
	return channel.PublishWithContext(context.Background(), r.exchange, r.key, true, false, amqp.Publishing{
		DeliveryMode: mode, Priority: priorityOf(v), Body: EncodeBody(v, p.size()),
	})
}

// run publishes with confirms until ctx ends, the connection is lost or count
// messages have been sent; count 0 is no limit. Then it waits for the answers
// that are missing, for as long as a quiet broker may take, and returns why the
// connection was lost, if it was.
func (p *publisher) run(ctx context.Context, conn *amqp.Connection, count int) error {
	return p.confirming(conn, func(channel *amqp.Channel, a *answers) {
		for sent := 0; (count == 0 || sent < count) && ctx.Err() == nil; sent++ {
			if !p.publish(channel, a, p.next()) {
				return
			}
		}
	})
}

// confirming has a body publish on a channel with confirms.
func (p *publisher) confirming(conn *amqp.Connection, publish func(*amqp.Channel, *answers)) error {
	channel, closed, err := openChannel(conn)
	if err != nil {
		return err
	}
	if err := channel.Confirm(false); err != nil {
		return err
	}
	a := p.listen(channel)
	publish(channel, a)
	a.wait(quietAnswer)
	// Not through closing.close: a publish that has no answer may be answered
	// during the close, and whether the channel was lost is asked below.
	_ = channel.Close()
	a.listeners.Wait()
	return closed.reason()
}

// answers matches confirms to publishes: both come in the order of their tags.
type answers struct {
	pending   chan Value // sent and not answered; its capacity is the window
	lost      chan struct{}
	listeners sync.WaitGroup
}

// listen records what the broker answers until the channel ends.
func (p *publisher) listen(channel *amqp.Channel) *answers {
	a := &answers{pending: make(chan Value, publishWindow), lost: make(chan struct{})}
	confirms := channel.NotifyPublish(make(chan amqp.Confirmation, publishWindow))
	returns := channel.NotifyReturn(make(chan amqp.Return, publishWindow))
	a.listeners.Go(func() {
		defer close(a.lost)
		for confirm := range confirms {
			outcome := Nacked
			if confirm.Ack {
				outcome = Confirmed
			}
			p.history.Outcome(<-a.pending, outcome)
		}
	})
	a.listeners.Go(func() {
		for returned := range returns {
			// What was altered on its way back is no outcome of any publish.
			if v, err := DecodeBody(returned.Body); err == nil {
				p.history.Outcome(v, Returned)
			}
		}
	})
	return a
}

// publish sends v once the window has room; it returns false when the channel is
// lost.
func (p *publisher) publish(channel *amqp.Channel, a *answers, v Value) bool {
	select {
	case a.pending <- v:
	case <-a.lost:
		return false
	}
	if p.random.IntN(transientOneIn) == 0 {
		p.history.SendTransient(v)
		return p.send(channel, v, amqp.Transient) == nil
	}
	p.history.Send(v)
	return p.send(channel, v, amqp.Persistent) == nil
}

// wait returns when every publish was answered, the channel is lost or limit
// has passed; the history knows which of them it was.
func (a *answers) wait(limit time.Duration) {
	deadline := time.After(limit)
	// The window is full of tokens exactly when nothing is pending.
	for range cap(a.pending) {
		select {
		case a.pending <- Value{}:
		case <-a.lost:
			return
		case <-deadline:
			return
		}
	}
}
