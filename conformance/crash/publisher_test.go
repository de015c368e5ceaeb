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
	// quietAnswer is how long an undisturbed broker may take for a confirm.
	quietAnswer = 10 * time.Second
)

// publisher sends numbered messages over one connection per life of the broker.
// Its numbers go on from life to life.
type publisher struct {
	id      uint16
	random  *rand.Rand
	history *History
	last    []uint32 // sequence by origin
}

func newPublisher(id uint16, seed uint64, history *History) *publisher {
	return &publisher{
		id: id, history: history, last: make([]uint32, len(routes())),
		random: rand.New(rand.NewPCG(seed, uint64(id))),
	}
}

// run publishes on conn until ctx ends, the connection is lost or count
// messages have been sent; count 0 is no limit. Then it waits for the answers
// that are missing, for as long as a quiet broker may take, closes conn and
// returns the reason that the broker gave for closing the channel, if any.
func (p *publisher) run(ctx context.Context, conn *amqp.Connection, count int) *amqp.Error {
	// A killed broker answers no close: there is nothing to learn from it.
	defer func() { _ = conn.Close() }()
	channel, closed, err := openChannel(conn)
	if err != nil {
		return brokerReason(err)
	}
	if err := channel.Confirm(false); err != nil {
		return brokerReason(err)
	}
	answers := p.listen(channel)
	p.publishAll(ctx, channel, answers, count)
	answers.wait(quietAnswer)
	_ = conn.Close()
	answers.listeners.Wait()
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

func (p *publisher) publishAll(ctx context.Context, channel *amqp.Channel, a *answers, count int) {
	for sent := 0; count == 0 || sent < count; sent++ {
		v := p.next()
		select {
		case a.pending <- v:
		case <-a.lost:
			return
		case <-ctx.Done():
			return
		}
		route := routes()[v.Origin]
		p.history.Send(v)
		err := channel.PublishWithContext(context.Background(), route.exchange, route.key, true, false, amqp.Publishing{
			DeliveryMode: amqp.Persistent, Body: EncodeBody(v, p.size()),
		})
		if err != nil {
			return
		}
	}
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

// next numbers one more message. Sequences have no gaps in what was recorded as
// sent: what is numbered and not sent ends its publisher's life, and order needs
// rising numbers only.
func (p *publisher) next() Value {
	origin := p.random.IntN(len(p.last))
	p.last[origin]++
	return Value{Publisher: p.id, Origin: uint16(origin), Seq: p.last[origin]}
}

// size is spread evenly over the orders of magnitude.
func (p *publisher) size() int {
	return int(smallestBody * math.Pow(float64(largestBody)/smallestBody, p.random.Float64()))
}
