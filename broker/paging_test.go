package broker_test

import (
	"fmt"
	"log/slog"
	"math/rand/v2"
	"slices"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/leveretmq/leveret/amqp"
	"github.com/leveretmq/leveret/broker"
	"github.com/leveretmq/leveret/message"
	"github.com/leveretmq/leveret/persistence"
	"github.com/leveretmq/leveret/queue"
)

// openTight starts a broker in which hardly any message may stay in memory.
func openTight(t testing.TB, dir string) *fixture {
	t.Helper()
	store, err := persistence.Open(persistence.Options{
		Dir: dir, Durability: persistence.OS, Logger: slog.New(slog.DiscardHandler),
		Fatal:  func(err error) { t.Errorf("the store has failed: %v", err) },
		Limits: persistence.Limits{ValueLogFile: 16 << 20},
	})
	require.NoError(t, err)
	b, err := broker.New(broker.Options{Store: store, MemoryBudget: 1})
	require.NoError(t, err)
	vhost, ok := b.VHost("/")
	require.True(t, ok)
	f := &fixture{t: t, dir: dir, broker: b, vhost: vhost}
	t.Cleanup(func() { _ = b.Close() })
	return f
}

// tester publishes numbered messages to one queue and knows which of them have
// to be there.
type tester struct {
	f       *fixture
	name    string
	random  *rand.Rand
	queue   *queue.Queue
	ready   []string // in the order of the queue
	flagged map[string]bool
	held    []queue.Delivery
	lasting map[string]bool // persistent ones
	next    int
}

func (p *tester) publish(n int) {
	var batch []queue.Publication
	for range n {
		name := fmt.Sprint(p.next)
		p.next++
		m := &message.Message{
			RoutingKey: p.name, Persistent: p.random.IntN(2) == 0,
			Properties: amqp.PropertyList{MessageID: name}.Encode(),
			Body:       append([]byte(name+" "), make([]byte, p.random.IntN(2)*p.random.IntN(20_000))...),
		}
		p.lasting[name] = m.Persistent
		p.ready = append(p.ready, name)
		batch = append(batch, queue.Publication{Message: m})
	}
	p.queue.Publish(batch)
}

// get takes some messages and keeps them unacknowledged.
func (p *tester) get(n int) {
	for range min(n, len(p.ready)) {
		d, remaining, ok := p.queue.Get(queue.ManualAck)
		require.True(p.f.t, ok)
		name := d.Message.Properties.MessageID()
		require.Equal(p.f.t, p.ready[0], name)
		require.Equal(p.f.t, p.flagged[name], d.Redelivered(), "message %s", name)
		require.Equal(p.f.t, len(p.ready)-1, remaining)
		require.Contains(p.f.t, string(d.Message.Body), name+" ")
		p.ready = p.ready[1:]
		p.held = append(p.held, d)
	}
}

// settle acknowledges some of what is held and puts the rest back.
func (p *tester) settle() {
	var acked, back []queue.Delivery
	for _, d := range p.held {
		if p.random.IntN(2) == 0 {
			acked = append(acked, d)
			continue
		}
		back = append(back, d)
		name := d.Message.Properties.MessageID()
		p.flagged[name] = true
		p.ready = append(p.ready, name)
	}
	slices.SortFunc(p.ready, func(a, b string) int { return number(a) - number(b) })
	p.held = nil
	p.queue.Ack(acked)
	p.queue.Requeue(back, queue.Nacked)
}

func number(name string) (n int) {
	_, _ = fmt.Sscan(name, &n)
	return n
}

// A queue of which nothing may stay in memory behaves like any other, whatever
// is stored of it, and so it does after a restart.
func TestPaging_QueueKeepsOrderAndFlags(t *testing.T) {
	for seed := range uint64(4) {
		t.Run(fmt.Sprint("seed ", seed), func(t *testing.T) {
			t.Parallel()
			f := openTight(t, t.TempDir())
			p := &tester{
				f: f, name: "long", random: rand.New(rand.NewPCG(seed, 7)), queue: f.queue("long", durableQueue),
				flagged: map[string]bool{}, lasting: map[string]bool{},
			}
			for range 60 {
				switch p.random.IntN(5) {
				case 0, 1:
					p.publish(1 + p.random.IntN(200))
				case 2:
					p.get(p.random.IntN(150))
				case 3:
					p.settle()
				case 4:
					require.NoError(t, f.vhost.Barrier())
				}
				require.Equal(t, len(p.ready), p.queue.Counts().Ready)
			}
			p.settle()
			p.ready = slices.DeleteFunc(p.ready, func(name string) bool { return !p.lasting[name] })
			require.NoError(t, f.broker.Close())
			p.f = openTight(t, f.dir)
			p.queue = p.f.find("long")
			p.get(len(p.ready))
			_, _, more := p.queue.Get(queue.AutoAck)
			require.False(t, more)
		})
	}
}

// Purging and deleting take what is out of memory, too.
func TestPaging_PurgeAndDelete(t *testing.T) {
	f := openTight(t, t.TempDir())
	p := &tester{
		f: f, name: "q", random: rand.New(rand.NewPCG(1, 1)), queue: f.queue("q", durableQueue),
		flagged: map[string]bool{}, lasting: map[string]bool{},
	}
	p.publish(3000)
	p.get(100)
	n, err := f.vhost.PurgeQueue("q", nil)
	require.NoError(t, err)
	require.Equal(t, 2900, n)
	p.ready = nil
	p.publish(1000)
	p.get(500)
	p.settle()
	n, err = f.vhost.DeleteQueue("q", nil, queue.Condition{})
	require.NoError(t, err)
	require.Equal(t, len(p.ready), n)
	require.NoError(t, f.broker.Close())
	require.NoFileExists(t, f.dir+"/swap")
}
