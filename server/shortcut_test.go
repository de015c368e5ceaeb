package server_test

import (
	"fmt"
	"maps"
	"os"
	"slices"
	"strconv"
	"strings"
	"sync"
	"testing"
	"testing/synctest"

	"github.com/stretchr/testify/require"

	"github.com/leveretmq/leveret/amqp"
	"github.com/leveretmq/leveret/broker"
	"github.com/leveretmq/leveret/queue"
	"github.com/leveretmq/leveret/server"
)

// shortcutSeeds is the variable with the seeds of TestShortcut_ChangesNothing:
// "10000" for a long run up to this seed, "17-17" for one that has failed.
const shortcutSeeds = "LEVERET_TEST_SHORTCUT_SEEDS"

// TestShortcut_ChangesNothing says the same to two brokers. One reads it in
// large pieces, so that publishes which repeat each other and acknowledgements
// take the short way, and acknowledgements are looked up together. To the other
// each frame comes alone and behind one of another channel that means nothing,
// so that nothing ever follows its like. Their answers and their queues have to
// be the same after each time that the client pauses.
func TestShortcut_ChangesNothing(t *testing.T) {
	first, last := seedsOf(t, os.Getenv(shortcutSeeds))
	for seed := first; seed <= last && !t.Failed(); seed++ {
		synctest.Test(t, func(t *testing.T) {
			d := newDifference(t, seed)
			for range 12 {
				d.step()
			}
			d.end()
		})
	}
}

// seedsOf reads the variable with the seeds.
func seedsOf(t *testing.T, text string) (first, last uint64) {
	const usual = 40
	if text == "" {
		return 0, usual - 1
	}
	from, to, some := strings.Cut(text, "-")
	if !some {
		from, to = "0", text
	}
	first, err := strconv.ParseUint(from, 10, 32)
	require.NoError(t, err)
	last, err = strconv.ParseUint(to, 10, 32)
	require.NoError(t, err)
	require.LessOrEqual(t, first, last)
	return first, last
}

// difference is the two brokers and the one who talks to both.
type difference struct {
	t            *testing.T
	seed         uint64
	talker       *talker
	quick, plain *side
}

func newDifference(t *testing.T, seed uint64) *difference {
	d := &difference{t: t, seed: seed, talker: newTalker(seed), quick: newSide(t), plain: newSide(t)}
	d.reconnect()
	return d
}

func (d *difference) reconnect() {
	d.quick.connect()
	d.plain.connect()
	d.talker.connected()
}

// step is what the client says between two pauses.
func (d *difference) step() {
	s := d.talker.speech()
	d.quick.setAlarm(s.alarm)
	d.plain.setAlarm(s.alarm)
	d.quick.sayQuickly(s)
	d.plain.sayPlainly(s)
	ended := d.compare(s)
	if s.alarm {
		d.quick.setAlarm(false)
		d.plain.setAlarm(false)
		ended = d.compare(s) || ended
	}
	if ended || s.hangUp {
		d.quick.peer.hangUp()
		d.plain.peer.hangUp()
		d.requireSameQueues(s)
		d.reconnect()
	}
}

// compare compares what the brokers have answered, and their queues. It says
// whether the connections have ended.
func (d *difference) compare(s *speech) (ended bool) {
	synctest.Wait()
	if !s.hangUp { // otherwise it is a matter of chance what can still be written
		quick, plain := d.quick.answers(), d.plain.answers()
		require.Equal(d.t, plain.ended, quick.ended, d.about(s))
		require.Equal(d.t, plain.said, quick.said, d.about(s))
		require.Equal(d.t, plain.brought, quick.brought, d.about(s))
		for _, life := range slices.Concat(slices.Collect(maps.Keys(plain.confirms)), slices.Collect(maps.Keys(quick.confirms))) {
			d.compareConfirms(s, life, plain, quick)
		}
		ended = d.talker.hear(plain)
	}
	d.requireSameQueues(s)
	return ended
}

// compareConfirms compares the confirms of a channel, each for itself. Where
// the channel has ended some of them may have come too late.
func (d *difference) compareConfirms(s *speech, of life, plain, quick *answers) {
	want, got := plain.confirms[of], quick.confirms[of]
	if plain.ends(of.channel) {
		n := min(len(want), len(got))
		want, got = want[:n], got[:n]
	}
	require.Equal(d.t, len(want), len(got), "channel %d: %s", of.channel, d.about(s))
	for i := range want {
		require.Equal(d.t, want[i].fate, got[i].fate, d.about(s))
		if s.slowly && !s.alarm { // the plain way has confirmed each as soon as it could
			require.GreaterOrEqual(d.t, got[i].returns, want[i].returns, "a confirm before its return: %s", d.about(s))
		}
	}
}

func (d *difference) requireSameQueues(s *speech) {
	synctest.Wait()
	counts := d.plain.counts()
	require.Equal(d.t, counts, d.quick.counts(), d.about(s))
	require.Equal(d.t, d.plain.store.entries(), d.quick.store.entries(), d.about(s))
	d.talker.counts = counts
}

// end compares what is left in the queues.
func (d *difference) end() {
	d.quick.peer.hangUp()
	d.plain.peer.hangUp()
	synctest.Wait()
	require.Equal(d.t, d.plain.contents(), d.quick.contents(), "seed %d", d.seed)
}

// about is shown with what is not the same.
func (d *difference) about(s *speech) fmt.Stringer { return lazily(func() string { return d.told(s) }) }

func (d *difference) told(s *speech) string {
	text := fmt.Sprintf("seed %d; the client said (alarm: %t, hangs up: %t):\n", d.seed, s.alarm, s.hangUp)
	for _, f := range s.frames {
		text += describeFrame(f) + "\n"
	}
	return text
}

// lazily makes a text when it is needed.
type lazily func() string

func (l lazily) String() string { return l() }

// describeFrame is a frame, or what was meant to be one, as a reader of a
// failure wants it.
func describeFrame(octets []byte) string {
	f, _, err := amqp.ParseFrame(octets, 0)
	if err != nil || f.Type != amqp.FrameMethod {
		return fmt.Sprintf("  %q", octets[:min(len(octets), longBody)])
	}
	m, err := amqp.DecodeMethod(f.Payload)
	if err != nil {
		return fmt.Sprintf("  %q", octets)
	}
	return fmt.Sprintf("  %d %s", f.Channel, writtenMethod(m))
}

// side is one of the brokers, and the client's connection to it.
type side struct {
	t         *testing.T
	listener  *listener
	store     *ledger
	service   *service
	peer      *peer
	lives     map[uint16]int    // of each channel so far
	confirmed map[uint16]uint64 // the last tag of each channel that was confirmed
	returned  map[uint16]int    // messages by channel
}

func newSide(t *testing.T) *side {
	s := &side{t: t, listener: newListener()}
	s.store = &ledger{volatile: newVolatile()}
	s.service = serve(t, s.listener, s.store, server.Options{})
	s.peer = connect(t, s.listener)
	s.peer.handshake(opened)
	s.peer.send(1, &amqp.QueueDeclare{Queue: consumed, Durable: true})
	s.peer.send(1, topology()...)
	synctest.Wait()
	require.Len(t, s.peer.frames(), 1+len(topology()))
	s.peer.hangUp()
	return s
}

// neutral is the channel whose frames keep others from following their like.
const neutral = 9

func (s *side) connect() {
	s.peer = connect(s.t, s.listener)
	s.peer.handshake(opened)
	s.peer.send(neutral, &amqp.ChannelOpen{})
	synctest.Wait()
	require.Len(s.t, s.peer.frames(), 1)
	s.lives, s.confirmed, s.returned = make(map[uint16]int), make(map[uint16]uint64), make(map[uint16]int)
}

func (s *side) setAlarm(low bool) { s.service.broker.Alarms().Set(broker.Disk, low) }

// sayQuickly writes as much as possible at once.
func (s *side) sayQuickly(what *speech) {
	octets := slices.Concat(what.frames...)
	for _, size := range what.cuts {
		n := min(size, len(octets))
		s.peer.queue(octets[:n])
		s.peer.flush()
		octets = octets[n:]
	}
	if !what.hangUp {
		s.peer.queue(octets)
		s.peer.flush()
		return
	}
	synctest.Wait()
	if _, err := s.peer.sock.Write(octets); err == nil {
		s.peer.hangUp() // while the broker works on what it has read
	}
}

// sayPlainly writes frame after frame. A cancel-ok is what the server ignores
// on an open channel, though it hands everything over.
func (s *side) sayPlainly(what *speech) {
	idle := amqp.AppendMethod(nil, neutral, &amqp.BasicCancelOk{})
	for _, frame := range what.frames {
		s.peer.queue(idle)
		s.peer.queue(frame)
		s.peer.flush()
		if what.slowly {
			synctest.Wait()
		}
	}
	if what.hangUp {
		synctest.Wait()
		s.peer.hangUp()
	}
}

// answers is what a broker has said since the last pause.
type answers struct {
	heard    []*utterance
	ended    bool                // the broker has closed the socket
	said     map[uint16][]string // by channel, all that the reader's goroutine answers
	brought  map[uint16][]string // by channel, deliveries
	confirms map[life][]confirm
}

// life is a channel from its opening to its end.
type life struct {
	channel uint16
	number  int
}

// confirm is a publish that the broker has confirmed.
type confirm struct {
	fate    string
	returns int // messages that had come back before
}

func (s *side) answers() *answers {
	a := &answers{heard: understood(s.t, s.peer.frames()), ended: s.peer.ended(), said: make(map[uint16][]string), brought: make(map[uint16][]string), confirms: make(map[life][]confirm)}
	for _, u := range a.heard {
		id := u.channel
		switch m := u.method.(type) {
		case *amqp.BasicAck:
			s.expand(a, id, "ack", m.DeliveryTag, m.Multiple)
			continue
		case *amqp.BasicNack:
			s.expand(a, id, "nack", m.DeliveryTag, m.Multiple)
			continue
		case *amqp.BasicDeliver:
			a.brought[id] = append(a.brought[id], u.String())
			continue
		case *amqp.BasicReturn:
			s.returned[id]++
		case *amqp.ChannelOpenOk:
			s.confirmed[id] = 0
			s.lives[id]++
		}
		a.said[id] = append(a.said[id], u.String())
	}
	return a
}

// expand notes a confirm for each publish that it is about.
func (s *side) expand(a *answers, id uint16, name string, tag uint64, multiple bool) {
	next, of := s.confirmed[id]+1, life{channel: id, number: s.lives[id]}
	require.True(s.t, tag == next || multiple && tag > next, "the confirm after %d is for %d", next-1, tag)
	for ; next <= tag; next++ {
		a.confirms[of] = append(a.confirms[of], confirm{fate: fmt.Sprint(name, " ", next), returns: s.returned[id]})
	}
	s.confirmed[id] = tag
}

// ends says that a channel has come to its end, or its connection has.
func (a *answers) ends(id uint16) bool {
	for _, u := range a.heard {
		switch u.method.(type) {
		case *amqp.ConnectionClose, *amqp.ConnectionCloseOk:
			return true
		case *amqp.ChannelClose, *amqp.ChannelCloseOk:
			if u.channel == id {
				return true
			}
		}
	}
	return a.ended
}

// counts are the numbers of all queues that there are.
func (s *side) counts() map[string]queue.Counts {
	all := make(map[string]queue.Counts)
	vhost, _ := s.service.broker.VHost("/")
	for _, name := range queueNames() {
		if q, err := vhost.Queue(name, nil); err == nil {
			all[name] = q.Counts()
		}
	}
	return all
}

// contents empties all queues.
func (s *side) contents() []string {
	s.connect()
	for _, name := range slices.Sorted(maps.Keys(s.counts())) {
		for range s.counts()[name].Ready {
			s.peer.send(1, &amqp.BasicGet{Queue: name, NoAck: true})
			synctest.Wait()
		}
	}
	return s.peer.heard()
}

// ledger is a store that notes which messages came in and went out.
type ledger struct {
	*volatile

	mu    sync.Mutex
	notes []string // guarded by mu; since the last look
}

func (l *ledger) Submit(u queue.Unit) {
	l.mu.Lock()
	for _, e := range u.Enqueue {
		l.notes = append(l.notes, fmt.Sprintf("queue %d: %d in", e.Queue, e.Seq))
	}
	for _, a := range u.Ack {
		l.notes = append(l.notes, fmt.Sprintf("queue %d: %d out", a.Queue, a.Seq))
	}
	for _, p := range u.Purge {
		l.notes = append(l.notes, fmt.Sprintf("queue %d: %d to %d out", p.Queue, p.First, p.Last))
	}
	l.mu.Unlock()
	l.volatile.Submit(u)
}

// entries takes the notes, in any order.
func (l *ledger) entries() []string {
	l.mu.Lock()
	defer l.mu.Unlock()
	notes := l.notes
	l.notes = nil
	slices.Sort(notes)
	return notes
}
