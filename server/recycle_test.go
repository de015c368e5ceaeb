package server_test

import (
	"fmt"
	"math/rand/v2"
	"net"
	"os"
	"strconv"
	"sync"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/leveretmq/leveret/amqp"
	"github.com/leveretmq/leveret/broker"
	"github.com/leveretmq/leveret/queue"
	"github.com/leveretmq/leveret/server"
)

// These are read from the environment: for how long the recycling test runs
// ("5m"), instead of once, and with which seed.
const (
	recycleTimeVariable = "RECYCLE_TIME"
	recycleSeedVariable = "RECYCLE_SEED"
)

// recycling is many clients at once that look at all of what they get. Memory of
// messages is used again as soon as nobody needs it: what is released too early,
// or twice, shows as a letter that is spoilt, or lost, or there twice.
type recycling struct {
	*network
	t       testing.TB
	post    *post
	journal *journal
	stop    chan struct{} // closed when all letters have come

	topology sync.RWMutex // held while a queue is away
}

// TestRecycle_LettersArriveWhole finds most with the race detector and with the
// tag invariants, which spoils what is released.
func TestRecycle_LettersArriveWhole(t *testing.T) {
	end := time.Now().Add(recycleTime(t))
	for seed := recycleSeed(t); ; seed++ {
		for name, budget := range map[string]int64{"plenty": 0, "tight": 1 << 16} {
			t.Run(fmt.Sprint(name, " seed ", seed), func(t *testing.T) { recycle(t, seed, budget, durable(t)) })
		}
		t.Run(fmt.Sprint("volatile seed ", seed), func(t *testing.T) { recycle(t, seed, 0, newVolatile()) })
		if t.Failed() || time.Now().After(end) {
			return
		}
	}
}

func recycleTime(t testing.TB) time.Duration {
	text := os.Getenv(recycleTimeVariable)
	if text == "" {
		return 0
	}
	d, err := time.ParseDuration(text)
	require.NoError(t, err)
	return d
}

func recycleSeed(t testing.TB) uint64 {
	text := os.Getenv(recycleSeedVariable)
	if text == "" {
		return uint64(time.Now().UnixNano()) % 1_000_000
	}
	n, err := strconv.ParseUint(text, 10, 64)
	require.NoError(t, err)
	return n
}

const (
	recycleWriters = 5 // the first mode has two
	recycleLetters = 400
)

func recycle(t *testing.T, seed uint64, budget int64, store broker.Store) {
	p := newPost(seed)
	l, err := net.Listen("tcp", "127.0.0.1:0")
	require.NoError(t, err)
	s := serveBroker(t, l, broker.Options{Store: newWitness(t, store, p), MemoryBudget: budget}, server.Options{})
	r := &recycling{
		network: &network{service: s, address: l.Addr().String()}, t: t,
		post: p, journal: newJournal(t, p), stop: make(chan struct{}),
	}
	r.declare()
	var writers, couriers sync.WaitGroup
	random := func(n int) *rand.Rand { return rand.New(rand.NewPCG(seed, uint64(n))) }
	for i := range recycleWriters {
		writers.Go(func() { (&writer{recycling: r, id: uint32(i), random: random(100 + i)}).run(recycleLetters) })
	}
	for i, where := range stations() {
		for n := range where.clients {
			couriers.Go(func() { (&courier{recycling: r, station: i, random: random(1000*i + n + 200)}).run() })
		}
	}
	couriers.Go(func() { (&courier{recycling: r, visitor: true, station: stationLoose, random: random(1)}).run() })
	couriers.Go(func() { r.meddle(random(2)) })
	writers.Wait()
	r.awaitAll()
	close(r.stop)
	couriers.Wait()
	r.requireEmpty()
}

// over says that nothing is left to be done.
func (r *recycling) over() bool {
	select {
	case <-r.stop:
		return true
	default:
		return r.t.Failed()
	}
}

// declare makes the topology.
func (r *recycling) declare() {
	w := dialWire(r.t, r.address, rand.New(rand.NewPCG(0, 0)))
	w.send(1, &amqp.ChannelOpen{})
	w.send(1, &amqp.ExchangeDeclare{Exchange: "in", Type: "topic"})
	w.send(1, &amqp.ExchangeDeclare{Exchange: "fan", Type: "fanout"})
	for _, where := range stations() {
		declareStation(w, where)
	}
	w.close(func(event) {})
}

func declareStation(w *wire, where station) {
	w.send(1, &where.queue)
	w.send(1, &amqp.QueueBind{Queue: where.queue.Queue, Exchange: "in", RoutingKey: "#." + where.queue.Queue + ".#"})
	if where.queue.Queue != stations()[stationFull].queue.Queue {
		w.send(1, &amqp.QueueBind{Queue: where.queue.Queue, Exchange: "fan"})
	}
}

// meddle purges and deletes the queue in which letters may be lost.
func (r *recycling) meddle(random *rand.Rand) {
	w := dialWire(r.t, r.address, random)
	w.send(1, &amqp.ChannelOpen{})
	where := stations()[stationLoose]
	pause := time.NewTicker(5 * time.Millisecond)
	defer pause.Stop()
	for !r.over() {
		switch random.IntN(3) {
		case 0:
			w.send(1, &amqp.QueuePurge{Queue: where.queue.Queue})
			w.await(amqp.IDQueuePurgeOk, func(event) {})
		case 1:
			r.topology.Lock()
			w.send(1, &amqp.QueueDelete{Queue: where.queue.Queue})
			w.await(amqp.IDQueueDeleteOk, func(event) {})
			declareStation(w, where)
			w.await(amqp.IDQueueBindOk, func(event) {})
			r.topology.Unlock()
		}
		<-pause.C
	}
	w.close(func(event) {})
}

// awaitAll waits until each letter has come, as long as something happens.
func (r *recycling) awaitAll() {
	often := time.NewTicker(5 * time.Millisecond)
	defer often.Stop()
	since, before := time.Now(), 0
	for !r.t.Failed() {
		left, events := r.journal.state()
		if left == 0 && r.empty() {
			return
		}
		if events != before {
			since, before = time.Now(), events
		}
		if time.Since(since) > patience {
			r.t.Errorf("%d letters do not come: %q, %+v", left, r.journal.missing(), r.counts())
			return
		}
		<-often.C
	}
}

// counts tells what is in the queues.
func (r *recycling) counts() map[string]queue.Counts {
	all := make(map[string]queue.Counts)
	for _, where := range stations() {
		if where.rule != loose {
			all[where.queue.Queue] = r.find(r.t, where.queue.Queue).Counts()
		}
	}
	return all
}

// empty says whether all is acknowledged.
func (r *recycling) empty() bool {
	for _, n := range r.counts() {
		if n.Ready+n.Unacked > 0 {
			return false
		}
	}
	return true
}

func (r *recycling) requireEmpty() {
	if r.t.Failed() {
		return
	}
	require.True(r.t, r.empty())
	requireNoGoroutines(r.t)
}
