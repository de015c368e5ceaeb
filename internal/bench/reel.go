package bench

import (
	"encoding/binary"

	"github.com/leveretmq/leveret/amqp"
)

const (
	numberOctets = 4 // of a message's number, where its body begins
	stampOctets  = 8 // of the time at which it was to be sent, after that

	// burstOctets is about how much one write has at most.
	burstOctets = 64 << 10
	// reelsOctets is what the reels of all channels may take together, unless
	// one message each is more.
	reelsOctets = 64 << 20
)

// reel is a run of messages as they go over the wire, made once and sent over
// and over: per message, only its number and time are written into the body.
type reel struct {
	octets []byte
	starts []int // of each message, and where the last one ends
	bodies []int // where the body of each begins
	at     int   // the next message
}

// newReel makes the messages of a channel: as many as fit a burst, and at
// least one for each key.
func newReel(o *Options, channel uint16, frameMax uint32, keys []string) *reel {
	r := &reel{}
	properties := o.Properties
	if o.Persistent {
		properties.DeliveryMode = 2
	}
	body := make([]byte, max(o.Size, MinSize))
	room := min(burstOctets, reelsOctets/max(1, o.Producers*o.ProducerChannels))
	for i := 0; i < len(keys) || len(r.octets) < room; i++ {
		start := len(r.octets)
		publish := &amqp.BasicPublish{Exchange: o.Exchange, RoutingKey: keys[i%len(keys)], Mandatory: o.Mandatory}
		r.octets = amqp.AppendContent(r.octets, channel, publish, properties.Encode(), body, frameMax)
		header := start + frameSize(r.octets[start:])
		r.starts = append(r.starts, start)
		r.bodies = append(r.bodies, header+frameSize(r.octets[header:])+amqp.FrameOverhead-1)
	}
	r.starts = append(r.starts, len(r.octets))
	return r
}

// frameSize is the number of octets of the frame at the start.
func frameSize(octets []byte) int {
	return int(binary.BigEndian.Uint32(octets[3:])) + amqp.FrameOverhead
}

// run is how many messages can be sent in one write, at most the given number.
func (r *reel) run(most int) int {
	n := 0
	for r.at+n < len(r.bodies) && n < most && (n == 0 || r.starts[r.at+n+1]-r.starts[r.at] <= burstOctets) {
		n++
	}
	return n
}

// stamp writes number and time into the message that is i after the next.
func (r *reel) stamp(i int, number uint32, nanoseconds int64) {
	body := r.octets[r.bodies[r.at+i]:]
	binary.BigEndian.PutUint32(body, number)
	binary.BigEndian.PutUint64(body[numberOctets:], uint64(nanoseconds))
}

// wind returns the octets of the next n messages and passes on to those after
// them. The octets are valid until these are stamped again.
func (r *reel) wind(n int) []byte {
	octets := r.octets[r.starts[r.at]:r.starts[r.at+n]]
	r.at += n
	if r.at == len(r.bodies) {
		r.at = 0
	}
	return octets
}
