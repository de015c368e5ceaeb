package server_test

import (
	"encoding/binary"
	"fmt"
	"slices"

	"github.com/leveretmq/leveret/amqp"
)

// consumed is the queue of the only consumer.
const consumed = "c2"

// publishing is a way to publish.
type publishing struct {
	amqp.BasicPublish
	amqp.Properties
	group int
	risk  risk
}

// risk is what a publish may cost the client.
type risk int

const (
	harmless  risk = iota
	dependent      // it depends on what is declared
	wrong          // the channel
	fatal          // the connection
)

// queuesOf are the queues of each group that a publish belongs to.
func queuesOf() [groups][]string { return [groups][]string{{"a0", "b0"}, {"a1", "b1"}, {consumed}} }

const groups = 3

func queueNames() []string {
	lists := queuesOf()
	return slices.Concat(lists[:]...)
}

// topology is what the client publishes to, apart from the queue of the
// consumer, which stays: its count of messages is a matter of chance.
func topology() []amqp.Method {
	limited := func(n int32, overflow string) amqp.Table {
		return amqp.Table{{Key: "x-max-length", Value: n}, {Key: "x-overflow", Value: overflow}}
	}
	one := amqp.Table{{Key: "n", Value: int32(1)}}
	return []amqp.Method{
		&amqp.ExchangeDeclare{Exchange: "x0", Type: "direct", Durable: true},
		&amqp.ExchangeDeclare{Exchange: "x1", Type: "topic"},
		&amqp.ExchangeDeclare{Exchange: "h1", Type: "headers"},
		&amqp.ExchangeDeclare{Exchange: "x2", Type: "fanout"},
		&amqp.ExchangeDeclare{Exchange: "inner", Type: "fanout", Internal: true},
		&amqp.QueueDeclare{Queue: "a0", Durable: true},
		&amqp.QueueDeclare{Queue: "b0"},
		&amqp.QueueDeclare{Queue: "a1", Arguments: limited(20, "reject-publish")},
		&amqp.QueueDeclare{Queue: "b1", Durable: true},
		&amqp.QueueBind{Queue: "a0", Exchange: "x0", RoutingKey: "k"},
		&amqp.QueueBind{Queue: "b0", Exchange: "x0", RoutingKey: "k"},
		&amqp.QueueBind{Queue: "b0", Exchange: "x0", RoutingKey: "l"},
		&amqp.QueueBind{Queue: "a1", Exchange: "x1", RoutingKey: "k.#"},
		&amqp.QueueBind{Queue: "b1", Exchange: "x1", RoutingKey: "*.l"},
		&amqp.QueueBind{Queue: "b1", Exchange: "h1", Arguments: one},
		&amqp.QueueBind{Queue: consumed, Exchange: "x2"},
	}
}

// undoing are methods that take away what was declared, apart from the queue
// of the consumer.
func undoing() []amqp.Method {
	list := []amqp.Method{
		&amqp.ExchangeDelete{Exchange: "x0"}, &amqp.ExchangeDelete{Exchange: "x1"},
		&amqp.ExchangeDelete{Exchange: "h1"}, &amqp.ExchangeDelete{Exchange: "x2"},
		&amqp.QueueUnbind{Queue: "a0", Exchange: "x0", RoutingKey: "k"},
		&amqp.QueueUnbind{Queue: "b0", Exchange: "x0", RoutingKey: "k"},
		&amqp.QueueUnbind{Queue: "b0", Exchange: "x0", RoutingKey: "l"},
		&amqp.QueueUnbind{Queue: "a1", Exchange: "x1", RoutingKey: "k.#"},
	}
	for _, name := range queueNames() {
		if name != consumed {
			list = append(list, &amqp.QueueDelete{Queue: name}, &amqp.QueuePurge{Queue: name})
		}
	}
	return list
}

// publishings are all ways to publish.
func publishings() []publishing {
	headers := func(fields ...amqp.Field) amqp.Properties { return amqp.PropertyList{Headers: fields}.Encode() }
	keys := amqp.Array{"l", "a0"}
	persistent := amqp.PropertyList{DeliveryMode: 2, ContentType: "text/plain"}.Encode()
	const mandatory = true
	to := func(exchange, key string, mandatory bool) amqp.BasicPublish {
		return amqp.BasicPublish{Exchange: exchange, RoutingKey: key, Mandatory: mandatory}
	}
	return []publishing{
		{to("", "a0", mandatory), nil, 0, harmless},
		{to("", "a0", false), persistent, 0, harmless},
		{to("x0", "k", false), nil, 0, dependent},
		{to("x0", "k", mandatory), persistent, 0, dependent},
		{to("x0", "l", mandatory), amqp.PropertyList{Expiration: "3600000"}.Encode(), 0, dependent},
		{to("x0", "nowhere", mandatory), headers(amqp.Field{Key: "BCC", Value: amqp.Array{"nobody"}}), 0, dependent},
		{to("x0", "k", false), headers(amqp.Field{Key: "CC", Value: keys}), 0, dependent},
		{to("x0", "nowhere", mandatory), headers(amqp.Field{Key: "BCC", Value: keys}, amqp.Field{Key: "n", Value: int32(5)}), 0, dependent},
		{to("x0", "k", false), amqp.PropertyList{UserID: "guest", DeliveryMode: 2}.Encode(), 0, dependent},
		{to("x0", "k", false), amqp.PropertyList{UserID: "somebody"}.Encode(), 0, wrong},
		{to("x0", "k", false), amqp.PropertyList{Expiration: "soon"}.Encode(), 0, wrong},
		{to("x0", "k", false), headers(amqp.Field{Key: "CC", Value: "l"}), 0, wrong},
		{to("missing", "k", mandatory), nil, 0, wrong},
		{to("", "a1", false), persistent, 1, harmless},
		{to("", "b1", mandatory), persistent, 1, harmless},
		{to("x1", "k.l", false), nil, 1, dependent},
		{to("x1", "k.l", mandatory), persistent, 1, dependent},
		{to("x1", "z", mandatory), persistent, 1, dependent},
		{to("h1", "", mandatory), headers(amqp.Field{Key: "n", Value: int32(1)}), 1, dependent},
		{to("h1", "", mandatory), headers(amqp.Field{Key: "n", Value: int32(2)}), 1, dependent},
		{to("inner", "k", false), nil, 1, wrong},
		{amqp.BasicPublish{RoutingKey: "a1", Immediate: true}, nil, 1, fatal},
		{to("x1", "k.l", false), amqp.Properties{0xFF, 0xFC, 1}, 1, fatal},
		{to("", consumed, false), nil, 2, harmless},
		{to("", consumed, mandatory), persistent, 2, harmless},
		{to("x2", "", mandatory), persistent, 2, dependent},
	}
}

// topic is something to talk about, and how often that happens.
type topic struct {
	weight int
	do     func(*talker, *talk)
}

// topics are what may be said on a channel. Tags of deliveries are of the
// smallest group in which they are a matter of course.
func (k *talker) topics(ch *talk) []topic {
	publish, acks := topic{200, (*talker).publish}, topic{200, (*talker).acknowledge}
	if ch != k.consumer() {
		return []topic{
			publish, acks,
			{120, (*talker).get}, {50, (*talker).reject}, {30, (*talker).request}, {25, (*talker).change},
			{10, (*talker).confirmed}, {10, (*talker).transact}, {25, (*talker).commit},
			{8, (*talker).close}, {8, (*talker).fail}, {1, (*talker).goodbye},
		}
	}
	switch k.mood {
	case flow:
		return []topic{publish, acks, {10, (*talker).confirmed}}
	case request:
		return []topic{{1, (*talker).consume}}
	}
	return []topic{
		publish, acks, {20, (*talker).get}, {30, (*talker).drop}, {20, (*talker).limit},
		{10, (*talker).confirmed}, {8, (*talker).cancel}, {8, (*talker).close}, {8, (*talker).fail},
	}
}

// allowed says whether to publish in this way now.
func (k *talker) allowed(ch *talk, p *publishing) bool {
	worst := wrong
	switch {
	case k.careless:
		worst = fatal
	case ch == k.consumer():
		worst = harmless
	}
	if p.group == 2 && (k.mood != flow || ch.tx) {
		return false // a commit could come at any time
	}
	return k.channels[k.owners[p.group]] == ch && p.risk <= worst
}

// publish publishes messages that mostly repeat each other.
func (k *talker) publish(ch *talk) {
	if ch.like == nil || !k.allowed(ch, ch.like) || k.chance(20) {
		ch.like = nil
		list := publishings()
		for _, i := range k.random.Perm(len(list)) {
			// What fails ends all else: it is not for every day.
			if k.allowed(ch, &list[i]) && (list[i].risk < wrong || k.chance(30)) {
				ch.like = &list[i]
				break
			}
		}
	}
	if ch.like == nil {
		return // it may publish nothing
	}
	for n := range 1 + k.random.IntN(8) {
		if k.chance(10) {
			sizes := []int{0, 1, 7, 7, 7, 300, 20_000}
			ch.size = sizes[k.random.IntN(len(sizes))]
		}
		frames := k.message(ch)
		if n > 0 && k.careless && k.chance(10) {
			frames = k.spoilt(frames)
		}
		ch.said = append(ch.said, frames...)
	}
}

// message is the frames of the next message.
func (k *talker) message(ch *talk) [][]byte {
	k.number++
	number := fmt.Appendf(nil, "%07d", k.number)
	body := slices.Repeat(number, ch.size/len(number)+1)[:ch.size]
	frames := separate(amqp.AppendContent(nil, ch.id, &ch.like.BasicPublish, ch.like.Properties, body, 0))
	if ch.size > 0 && k.chance(8) {
		cut := k.random.IntN(ch.size + 1)
		frames = frames[:2]
		for _, part := range [][]byte{body[:cut], body[cut:]} {
			frames = append(frames, amqp.AppendFrame(nil, amqp.Frame{Type: amqp.FrameBody, Channel: ch.id, Payload: part}))
		}
		if cut == ch.size {
			frames = frames[:3] // the message ends without the empty frame
		}
	}
	return frames
}

// separate cuts octets into their frames.
func separate(octets []byte) (frames [][]byte) {
	for len(octets) > 0 {
		n := int(binary.BigEndian.Uint32(octets[3:])) + amqp.FrameOverhead
		frames = append(frames, octets[:n:n])
		octets = octets[n:]
	}
	return frames
}

// spoilt does something to the frames of a message, or to an acknowledgement,
// that the connection does not survive.
func (k *talker) spoilt(frames [][]byte) [][]byte {
	k.careless, k.doubtful = false, true // once is enough
	i := len(frames) - 1
	if k.chance(30) {
		i = k.random.IntN(len(frames))
	}
	f := frames[i]
	switch k.random.IntN(10) {
	default:
		f[len(f)-1] ^= 1
	case 1:
		f[0] = []byte{1, 1, 1, 2, 2, 3, 8, 9}[k.random.IntN(8)]
	case 2:
		ids := []uint16{0, 5, 1, 2, 3, 4} // an acknowledgement must not find its tag
		if len(frames) == 1 {
			ids = ids[:2]
		}
		binary.BigEndian.PutUint16(f[1:], ids[k.random.IntN(len(ids))])
	case 3: // the frame ends too early
		binary.BigEndian.PutUint32(f[3:], binary.BigEndian.Uint32(f[3:])-1)
	case 4:
		return slices.Delete(frames, i, i+1)
	case 5:
		return slices.Insert(frames, i, slices.Clone(f))
	case 6: // an octet less
		if payload := f[7 : len(f)-1]; len(payload) > 0 {
			frames[i] = amqp.AppendFrame(nil, amqp.Frame{Type: f[0], Channel: binary.BigEndian.Uint16(f[1:]), Payload: payload[:len(payload)-1]})
		}
	case 7: // before the names, which decide who may publish
		if payload := f[7 : len(f)-1]; len(payload) > 0 {
			payload[k.random.IntN(min(len(payload), 7))] ^= 1 << k.random.IntN(8)
		}
	}
	return frames
}

// certain says that nothing must go wrong on the channel.
func (k *talker) certain(ch *talk) bool { return ch == k.consumer() && k.mood != calm }

// tag chooses what to settle. Where all has to be certain something is held.
func (k *talker) tag(ch *talk) (tag uint64, multiple bool) {
	const unknown = 1 << 40
	switch n := k.random.IntN(200); {
	case k.certain(ch):
	case n < 2 && ch.past > 0:
		return ch.past, n == 0
	case n < 4, ch == k.consumer() && len(ch.held) == 0: // it has to know exactly what it holds
		return unknown, n == 2
	case ch != k.consumer() && (n < 8 || len(ch.held) == 0):
		ch.held = nil
		return 0, true
	}
	i := 0
	if k.chance(20) {
		i = k.random.IntN(len(ch.held))
	}
	tag, multiple = ch.held[i], k.chance(15)
	ch.past = tag
	if multiple {
		ch.held = slices.Clone(ch.held[i+1:])
	} else {
		ch.held = slices.Delete(ch.held, i, i+1)
	}
	return tag, multiple
}

// acknowledge settles some deliveries.
func (k *talker) acknowledge(ch *talk) {
	for range 1 + k.random.IntN(6) {
		if len(ch.held) == 0 && (k.certain(ch) || !k.chance(5)) {
			return
		}
		tag, multiple := k.tag(ch)
		frames := [][]byte{amqp.AppendAck(nil, ch.id, amqp.BasicAck{DeliveryTag: tag, Multiple: multiple})}
		if k.chance(5) {
			frames[0][len(frames[0])-2] ^= 0xA4 // bits without a meaning
		}
		if k.careless && k.chance(4) {
			frames = k.spoilt(frames)
		}
		ch.said = append(ch.said, frames...)
	}
}
