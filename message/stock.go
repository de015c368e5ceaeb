package message

import (
	"bytes"
	"math/bits"
	"sync"

	"github.com/leveretmq/leveret/amqp"
)

// Pool is the memory of messages that were released, for those to come. It is
// shared by all goroutines, each of which has a Stock of its own. What nobody
// asks for is left to the garbage collector after a while.
type Pool struct {
	classes [classes]sync.Pool // of *bundle, each full
	empty   sync.Pool          // of *bundle
}

// NewPool makes an empty pool.
func NewPool() *Pool { return new(Pool) }

// Stock is where one goroutine takes messages from and where it releases them.
// It is not safe for concurrent use.
type Stock struct {
	pool *Pool
	// Messages pass between goroutines in bundles, so that each of them costs
	// next to nothing.
	taken, released *bundle
}

// NewStock makes an empty stock.
func (p *Pool) NewStock() *Stock { return &Stock{pool: p, taken: new(bundle), released: new(bundle)} }

// bundle is messages of one class.
type bundle struct {
	class class
	list  []*Message
}

// New makes a message as Make does, but one that is the garbage collector's: for
// messages that will be kept anyway, it is smaller.
func New(properties amqp.Properties, size int) *Message {
	m := new(Message)
	if size > largestPooled { // the properties must not hold on to what the body outgrows
		m.Properties, m.Body = bytes.Clone(properties), make([]byte, 0, largestPooled)
	} else {
		m.Properties, m.Body = layOut(make([]byte, 0, len(properties)+size), properties)
	}
	return m
}

// Make makes a message with a copy of the properties and an empty body, which
// the caller appends to. The size that the body will have is believed up to
// largestPooled; a larger message grows with what arrives, and is the garbage
// collector's.
func (s *Stock) Make(properties amqp.Properties, size int) *Message {
	c := classOf(len(properties) + size)
	var m *Message
	if c == unpooled {
		return New(properties, size)
	}
	if s.taken.class == c && len(s.taken.list) > 0 || s.take(c) {
		last := len(s.taken.list) - 1
		m = s.taken.list[last]
		s.taken.list[last] = nil // an idle stock must not keep it alive
		s.taken.list = s.taken.list[:last]
	} else {
		m = &Message{class: c, memory: make([]byte, c.size())}
	}
	m.Properties, m.Body = layOut(m.memory[:0], properties)
	return m
}

// layOut copies the properties to the front of the memory and leaves the rest
// to the body.
func layOut(memory []byte, properties amqp.Properties) (amqp.Properties, []byte) {
	memory = append(memory, properties...)
	n := len(memory)
	return amqp.Properties(memory[:n:n]), memory[n:]
}

// take gets a bundle of messages of a class from the pool, if it has one.
func (s *Stock) take(c class) bool {
	s.giveBack(s.taken)
	b, ok := s.pool.classes[c].Get().(*bundle)
	if !ok {
		s.taken = s.pool.emptyBundle()
		return false
	}
	s.taken = b
	return true
}

// Release gives up one reference to a message; see Message. It is used again
// once the last reference is given up.
func (s *Stock) Release(m *Message) {
	if m.class == unpooled || !m.release() {
		return
	}
	m.spoil()
	b := s.released
	if b.class != m.class || len(b.list) == m.class.bundled() {
		s.giveBack(b)
		b = s.pool.emptyBundle()
		b.class, s.released = m.class, b
	}
	b.list = append(b.list, m)
}

// Flush gives all messages of the stock to the pool. A goroutine that will be
// idle calls it, so that others can have them.
func (s *Stock) Flush() {
	for _, b := range [...]**bundle{&s.taken, &s.released} {
		if len((*b).list) > 0 {
			s.giveBack(*b)
			*b = s.pool.emptyBundle()
		}
	}
}

// giveBack leaves a bundle to the pool.
func (s *Stock) giveBack(b *bundle) {
	if len(b.list) == 0 {
		s.pool.empty.Put(b)
	} else {
		s.pool.classes[b.class].Put(b)
	}
}

func (p *Pool) emptyBundle() *bundle {
	if b, ok := p.empty.Get().(*bundle); ok {
		return b
	}
	return new(bundle)
}

// class is the size of a message's memory: four sizes between a power of two
// and the next.
type class uint8

const (
	unpooled class = 0 // memory that is not used again
	smallest class = 1
	classes        = largest + 1

	smallestBits = 6 // of the octets of the smallest class
	stepsBits    = 2 // of the sizes between two powers of two

	// largestPooled is the largest memory that is used again, in octets.
	largestPooled       = 160 << 10
	largest       class = 46
)

// bundleOctets and bundleMessages are what a bundle may hold.
const (
	bundleOctets   = 32 << 10
	bundleMessages = 64
)

// classOf is the class of the least memory that has so many octets.
func classOf(octets int) class {
	switch {
	case octets > largestPooled:
		return unpooled
	case octets <= 1<<smallestBits:
		return smallest
	}
	doublings := bits.Len(uint(octets-1)) - 1 // 2^doublings is below octets
	step := doublings - stepsBits
	quarter := (octets - 1 - 1<<doublings) >> step
	return smallest + 1 + class((doublings-smallestBits)<<stepsBits+quarter)
}

// size is the octets of the memory of a class.
func (c class) size() int {
	if c == smallest {
		return 1 << smallestBits
	}
	n := int(c - smallest - 1)
	doublings := n>>stepsBits + smallestBits
	quarter := n&(1<<stepsBits-1) + 1
	return 1<<doublings + quarter<<(doublings-stepsBits)
}

// bundled is how many messages of the class make a full bundle.
func (c class) bundled() int { return min(max(bundleOctets/c.size(), 1), bundleMessages) }
