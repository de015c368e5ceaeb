package server_test

import (
	"bytes"
	"encoding/binary"
	"fmt"
	"math/rand/v2"
	"strconv"
	"strings"

	"github.com/leveretmq/leveret/amqp"
)

// rule is what becomes of the messages of a station.
type rule int

const (
	once  rule = iota // given to consumers without acknowledgement: comes exactly once
	acked             // comes until it is acknowledged
	loose             // may be lost with its queue, which is purged and deleted
)

// station is a queue that letters go to.
type station struct {
	queue   amqp.QueueDeclare
	rule    rule
	ordered bool // has one consumer at a time, who sees each writer's letters in order
	tx      bool // acknowledges in transactions
	fetched bool // is read by basic.get alone
	clients int
}

const (
	stationAuto = iota
	stationShared
	stationStored
	stationSteady
	stationAcked
	stationKept
	stationFetched
	stationQuorum
	stationTx
	stationFull // refuses what is too much
	stationLoose
	stationCount
)

func stations() [stationCount]station {
	quorum := amqp.Table{{Key: "x-queue-type", Value: "quorum"}}
	full := amqp.Table{{Key: "x-max-length", Value: int32(20)}, {Key: "x-overflow", Value: "reject-publish"}}
	return [stationCount]station{
		stationAuto:    {queue: amqp.QueueDeclare{Queue: "auto"}, ordered: true, clients: 1},
		stationShared:  {queue: amqp.QueueDeclare{Queue: "shared"}, clients: 2},
		stationStored:  {queue: amqp.QueueDeclare{Queue: "stored", Durable: true}, clients: 2},
		stationSteady:  {queue: amqp.QueueDeclare{Queue: "steady", Durable: true}, ordered: true, clients: 1},
		stationAcked:   {queue: amqp.QueueDeclare{Queue: "acked"}, rule: acked, clients: 3},
		stationKept:    {queue: amqp.QueueDeclare{Queue: "kept", Durable: true}, rule: acked, clients: 2},
		stationFetched: {queue: amqp.QueueDeclare{Queue: "fetched"}, rule: acked, fetched: true, clients: 2},
		stationQuorum:  {queue: amqp.QueueDeclare{Queue: "quorum", Durable: true, Arguments: quorum}, rule: acked, clients: 1},
		stationTx:      {queue: amqp.QueueDeclare{Queue: "tx", Durable: true}, rule: acked, tx: true, clients: 2},
		stationFull:    {queue: amqp.QueueDeclare{Queue: "full", Arguments: full}, rule: acked, clients: 1},
		stationLoose:   {queue: amqp.QueueDeclare{Queue: "loose"}, rule: loose, clients: 2},
	}
}

// letterID is who wrote a letter, and which of his it is.
type letterID struct{ writer, number uint32 }

// mode is how a writer publishes, which follows from who he is.
type mode uint32

const (
	modePlain mode = iota
	modeConfirm
	modeTx
	modeCareless // hangs up in the middle
	modeCount
)

func (id letterID) mode() mode { return mode(id.writer) % modeCount }

func (id letterID) packed() uint64 { return uint64(id.writer)<<32 | uint64(id.number) }

func unpack(n uint64) letterID { return letterID{writer: uint32(n >> 32), number: uint32(n)} }

// letter is a message that follows from its writer and number, so that whoever
// gets it can tell whether it is whole.
type letter struct {
	letterID
	exchange, key string
	mandatory     bool
	sent          amqp.Properties
	arrives       amqp.Properties // differs by the BCC header
	size          int
	queues        uint32 // a bit for each station
}

// post writes letters.
type post struct {
	seed uint64
	sea  []byte // what bodies are parts of
}

const (
	largestLetter = 300 << 10
	seaSize       = 1<<20 + largestLetter
	// signature is how many octets of a body tell which letter it is. A shorter
	// body has them in its properties.
	signature = 16
	// run is how many letters may have everything but the signature in common.
	run = 16
)

func newPost(seed uint64) *post {
	sea := make([]byte, seaSize)
	random := rand.New(rand.NewPCG(seed, 1))
	for i := 0; i+8 <= len(sea); i += 8 {
		binary.LittleEndian.PutUint64(sea[i:], random.Uint64())
	}
	return &post{seed: seed, sea: sea}
}

// letter composes a letter. A third of them come in runs that look the same.
func (p *post) letter(id letterID) *letter {
	first := letterID{writer: id.writer, number: id.number - id.number%run}
	random := rand.New(rand.NewPCG(p.seed, first.packed()))
	alike := random.IntN(3) == 0
	if !alike {
		random = rand.New(rand.NewPCG(p.seed+1, id.packed()))
	}
	l := &letter{letterID: id, size: letterSize(random)}
	if alike {
		l.size = max(l.size, signature)
	}
	var copied, blind amqp.Array
	l.address(random, &copied, &blind)
	list := p.properties(random)
	if l.size < signature {
		list.MessageID = strconv.FormatUint(id.packed(), 16)
	}
	if copied != nil {
		list.Headers = append(list.Headers, amqp.Field{Key: "CC", Value: copied})
	}
	l.arrives = list.Encode()
	l.sent = l.arrives
	if blind != nil {
		list.Headers = append(list.Headers, amqp.Field{Key: "BCC", Value: blind})
		l.sent = list.Encode()
	}
	return l
}

// letterSize is mostly small, and at times on the edge of a size class.
func letterSize(random *rand.Rand) int {
	switch n := random.IntN(100); {
	case n < 40:
		return random.IntN(100)
	case n < 70:
		return random.IntN(2000)
	case n < 75:
		return max(64<<random.IntN(12)+random.IntN(5)-100, 0)
	case n < 92:
		return random.IntN(20_000)
	case n < 98:
		return random.IntN(150_000)
	}
	return random.IntN(largestLetter + 1)
}

// address chooses where the letter goes.
func (l *letter) address(random *rand.Rand, copied, blind *amqp.Array) {
	all := stations()
	some := func(separator string, most int) string {
		var names []string
		for range 1 + random.IntN(most) {
			i := random.IntN(stationCount)
			if i == stationFull && l.mode() != modeConfirm {
				i = stationAuto // nobody else learns that it was refused
			}
			names = append(names, all[i].queue.Queue)
			l.queues |= 1 << i
		}
		return strings.Join(names, separator)
	}
	l.mandatory = random.IntN(2) == 0
	most := 1
	switch n := random.IntN(100); {
	case n < 10:
		l.exchange = "fan"
		l.queues = 1<<stationCount - 1 - 1<<stationFull
	case n < 14:
		l.exchange, l.key = "in", "nowhere"
		return
	case n < 40:
		l.key = some("", most)
	default:
		l.exchange, most = "in", 4
		l.key = some(".", most)
	}
	if l.exchange != "fan" && random.IntN(5) == 0 {
		*copied = amqp.Array{some(".", most), some(".", most)}
	}
	if l.exchange != "fan" && random.IntN(5) == 0 {
		*blind = amqp.Array{some(".", most)}
	}
	if l.queues == 1<<stationLoose {
		l.mandatory = false // it is there or not
	}
}

func (p *post) properties(random *rand.Rand) amqp.PropertyList {
	var list amqp.PropertyList
	part := func(most int) string {
		at := random.IntN(len(p.sea) - most)
		return string(p.sea[at : at+random.IntN(most)])
	}
	list.DeliveryMode = uint8(random.IntN(3))
	list.Headers = amqp.Table{{Key: "number", Value: random.Int32()}, {Key: "text", Value: part(200)}}
	if random.IntN(2) == 0 {
		list.ContentType, list.CorrelationID = part(20), part(100)
	}
	if random.IntN(4) == 0 {
		list.Priority, list.Timestamp, list.Type, list.AppID = 3, random.Uint64(), part(10), part(250)
		list.Headers = append(list.Headers, amqp.Field{Key: "inner", Value: amqp.Table{{Key: part(20), Value: part(3000)}}})
	}
	return list
}

// body is the letter's content.
func (p *post) body(l *letter) []byte {
	body := bytes.Clone(p.filling(l))
	if l.size >= signature {
		binary.BigEndian.PutUint64(body, l.packed())
		binary.BigEndian.PutUint64(body[8:], ^l.packed())
	}
	return body
}

func (p *post) filling(l *letter) []byte {
	at := int((l.packed() * 104_729) % uint64(len(p.sea)-largestLetter))
	return p.sea[at : at+l.size]
}

// arrival is a message as somebody got it.
type arrival struct {
	exchange, key string
	properties    amqp.Properties
	body          []byte
}

// recognize finds out which letter a message is, by its signature.
func (a *arrival) recognize() (letterID, error) {
	if len(a.body) < signature {
		n, err := strconv.ParseUint(a.properties.MessageID(), 16, 64)
		if err != nil {
			return letterID{}, fmt.Errorf("a message without a signature: %w", err)
		}
		return unpack(n), nil
	}
	n, inverse := binary.BigEndian.Uint64(a.body), binary.BigEndian.Uint64(a.body[8:])
	if n != ^inverse {
		return letterID{}, fmt.Errorf("a message with the signature %x %x", n, inverse)
	}
	return unpack(n), nil
}

// signed is how many octets of a body are its signature.
func signed(size int) int {
	if size < signature {
		return 0
	}
	return signature
}

// counted is the properties with the number of returns that others have, if they
// have one: quorum queues add it.
func counted(p, others amqp.Properties) amqp.Properties {
	const header = "x-delivery-count"
	value, ok := others.Headers().Lookup(header)
	if !ok {
		return p
	}
	return p.WithHeaders(append(p.Headers(), amqp.Field{Key: header, Value: value}))
}

// compare says what is wrong with a message that should be the letter.
func (p *post) compare(l *letter, a *arrival) error {
	switch {
	case a.exchange != l.exchange:
		return fmt.Errorf("the exchange is %q instead of %q", a.exchange, l.exchange)
	case a.key != l.key:
		return fmt.Errorf("the routing key is %q instead of %q", a.key, l.key)
	case !bytes.Equal(a.properties, counted(l.arrives, a.properties)):
		return fmt.Errorf("the properties are %+v instead of %+v", a.properties.List(), l.arrives.List())
	case len(a.body) != l.size:
		return fmt.Errorf("the body has %d octets instead of %d", len(a.body), l.size)
	}
	if text := a.body[signed(l.size):]; bytes.Equal(text, p.filling(l)[signed(l.size):]) {
		return nil
	}
	return fmt.Errorf("the body of %d octets is spoilt", l.size)
}
