package server_test

import (
	"math/rand/v2"
	"slices"

	"github.com/leveretmq/leveret/amqp"
	"github.com/leveretmq/leveret/queue"
)

// talker invents what a client says: right and wrong, by a seed alone and by
// what the broker answers. It leaves out only what is a matter of chance with
// any broker. So only one channel publishes to a queue between two pauses, only
// one consumes (the last), and there is no error on it, or of the connection,
// while something is on its way to it.
type talker struct {
	random   *rand.Rand
	channels []*talk
	counts   map[string]queue.Counts // of the queues, since the last pause
	owners   [groups]int             // of the channels that publish to the queues of each group
	mood     mood
	careless bool // the connection will probably not survive
	doubtful bool // it may wait for the rest of something, and end later
	number   int  // of the last message
}

// mood is what the client does with the channel that consumes.
type mood int

const (
	calm    mood = iota // nothing is delivered, so that everything may fail
	flow                // messages come, and are acknowledged
	request             // one method that makes messages come
)

// talk is one channel as far as the client knows it, and what it will say.
type talk struct {
	id        uint16
	open      bool
	failed    bool // the server has closed it
	openings  int  // that were not answered yet
	tx        bool
	consuming bool
	held      []uint64    // tags of deliveries that are thought to be outstanding
	last      uint64      // tag of the last delivery
	hoped     []uint64    // tags of deliveries that were asked for in this speech
	past      uint64      // a tag that was settled
	like      *publishing // the last one
	size      int         // of the last body
	said      [][]byte
}

// speech is what a client says between two pauses.
type speech struct {
	frames [][]byte
	cuts   []int // sizes of the pieces that it is written in, but for the last
	slowly bool  // the other broker pauses after each frame
	alarm  bool  // is on until the next pause
	hangUp bool  // the client is gone afterwards
}

// talkers are the channels that are used.
var talkers = []uint16{1, 2, 3, 4}

func newTalker(seed uint64) *talker {
	return &talker{random: rand.New(rand.NewPCG(seed, 3))}
}

// connected begins a connection, of which channel 1 is open.
func (k *talker) connected() {
	k.channels, k.doubtful = nil, false
	for _, id := range talkers {
		k.channels = append(k.channels, &talk{id: id, open: id == 1})
	}
}

// chance is true in so many cases of a hundred.
func (k *talker) chance(percent int) bool { return k.random.IntN(100) < percent }

func (k *talker) consumer() *talk { return k.channels[len(k.channels)-1] }

// hear learns from what the broker says, and says whether the connection has
// ended.
func (k *talker) hear(a *answers) (ended bool) {
	ended = a.ended
	for _, u := range a.heard {
		i := slices.Index(talkers, u.channel)
		if i < 0 {
			id := u.method.ID()
			ended = ended || id == amqp.IDConnectionClose || id == amqp.IDConnectionCloseOk
			continue
		}
		k.channels[i].hear(u.method)
	}
	return ended
}

// hear learns from one answer. What is about a channel that was closed since
// has been reckoned with.
func (ch *talk) hear(m amqp.Method) {
	if m.ID() == amqp.IDChannelOpenOk {
		ch.openings--
	}
	if ch.openings > 0 {
		return
	}
	switch m := m.(type) {
	case *amqp.ChannelClose:
		*ch = talk{id: ch.id, open: true, failed: true}
	case *amqp.ChannelCloseOk:
		if !ch.failed {
			*ch = talk{id: ch.id}
		}
	case *amqp.TxSelectOk:
		ch.tx = true
	case *amqp.BasicConsumeOk:
		ch.consuming = true
	case *amqp.BasicCancelOk:
		ch.consuming = false
	case *amqp.BasicGetOk:
		ch.hold(m.DeliveryTag)
	case *amqp.BasicDeliver:
		ch.hold(m.DeliveryTag)
	}
}

// hold notes a delivery.
func (ch *talk) hold(tag uint64) {
	ch.last = tag
	if !slices.Contains(ch.hoped, tag) {
		ch.held = append(ch.held, tag)
	}
}

// hope notes a delivery that may come.
func (ch *talk) hope() {
	tag := ch.last + uint64(len(ch.hoped)) + 1
	ch.hoped, ch.held = append(ch.hoped, tag), append(ch.held, tag)
}

// listened is the end of a pause: what has not come by now does not come.
func (ch *talk) listened() {
	ch.said, ch.hoped = nil, nil
	ch.held = slices.DeleteFunc(ch.held, func(tag uint64) bool { return tag > ch.last })
}

// speech is what the client says next.
func (k *talker) speech() *speech {
	k.mood = []mood{calm, calm, flow, flow, request}[k.random.IntN(5)]
	if k.doubtful {
		k.mood = calm
	}
	k.careless = k.mood == calm && k.chance(50)
	for i := range k.owners {
		if k.chance(30) {
			k.owners[i] = k.random.IntN(len(k.channels))
		}
	}
	for _, ch := range k.channels {
		ch.listened()
		if k.prepare(ch) {
			k.talkOn(ch)
		}
	}
	s := &speech{frames: k.merged(), slowly: k.chance(20)}
	switch {
	case k.chance(25):
		s.alarm = true
	case k.mood == calm && k.chance(10), k.doubtful && k.chance(50):
		s.hangUp = true
	}
	if k.chance(30) {
		for range k.random.IntN(20) {
			s.cuts = append(s.cuts, 1+k.random.IntN(200))
		}
	}
	return s
}

// prepare opens the channel if it is not, and says whether to talk on it.
func (k *talker) prepare(ch *talk) bool {
	if ch == k.consumer() && !k.mayTalk() {
		return false
	}
	if ch.failed && k.chance(80) {
		ch.say(&amqp.ChannelCloseOk{})
		ch.open = false
	}
	if !ch.open {
		ch.say(&amqp.ChannelOpen{})
		ch.begin()
	}
	return true
}

// mayTalk says whether the channel that consumes may say something: not when
// its acknowledgements would let messages come to an end that comes, too.
func (k *talker) mayTalk() bool { return k.mood != calm || k.counts[consumed].Ready == 0 }

// talkOn says something on an open channel.
func (k *talker) talkOn(ch *talk) {
	choices := k.topics(ch)
	sum := 0
	for _, c := range choices {
		sum += c.weight
	}
	most := 8
	if ch == k.consumer() && k.mood == request {
		most = 1
	}
	for range 1 + k.random.IntN(most) {
		n := k.random.IntN(sum)
		for _, c := range choices {
			if n -= c.weight; n < 0 {
				c.do(k, ch)
				break
			}
		}
	}
}

func (ch *talk) say(methods ...amqp.Method) {
	for _, m := range methods {
		ch.said = append(ch.said, amqp.AppendMethod(nil, ch.id, m))
	}
}

// begin forgets what the channel was before it is opened.
func (ch *talk) begin() {
	*ch = talk{id: ch.id, open: true, openings: ch.openings + 1, said: ch.said}
}

// merged brings the channels together. Each keeps its order; it goes on for a
// while mostly, and sometimes not even a content stays whole.
func (k *talker) merged() (frames [][]byte) {
	interruptions := []int{1, 10, 50}[k.random.IntN(3)]
	var left [][][]byte
	for _, ch := range k.channels {
		if len(ch.said) > 0 {
			left = append(left, ch.said)
		}
	}
	for len(left) > 0 {
		i := k.random.IntN(len(left))
		for len(left[i]) > 0 {
			frames = append(frames, left[i][0])
			left[i] = left[i][1:]
			if k.chance(interruptions) {
				break
			}
		}
		if len(left[i]) == 0 {
			left = slices.Delete(left, i, i+1)
		}
		if k.chance(5) {
			frames = append(frames, amqp.AppendHeartbeat(nil))
		}
	}
	return frames
}
