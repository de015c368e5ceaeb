package message

import (
	"bytes"
	"fmt"
	"math/rand/v2"
	"runtime"
	"sync"
	"testing"
	"weak"

	"github.com/stretchr/testify/require"

	"github.com/leveretmq/leveret/amqp"
)

// tries is how often a test asks for memory that was used before: a pool may
// lose what it has, and does so by chance under the race detector.
const tries = 60

// publish makes a message as a publisher does.
func publish(s *Stock, properties amqp.Properties, body []byte, queues int) *Message {
	m := s.Make(properties, len(body))
	m.Body = append(m.Body, body...)
	m.Share(queues)
	return m
}

// comesBack says whether one of the next messages of the same size is the given
// one. What it takes stays out of the pool.
func comesBack(s *Stock, m *Message, octets int) bool {
	s.Flush()
	for range tries {
		if s.Make(nil, octets) == m {
			return true
		}
	}
	return false
}

func TestStock_MessagesAreUsedAgain(t *testing.T) {
	s := NewPool().NewStock()
	for _, octets := range []int{0, 1, 64, 65, 1000, 4096, 100_000, largestPooled} {
		again := 0
		for range tries {
			m := publish(s, nil, make([]byte, octets), 1)
			s.Release(m)
			if comesBack(s, m, octets) {
				again++
			}
		}
		require.NotZero(t, again, "a message of %d octets", octets)
	}
}

// A message has what its publisher gave it and nothing of the one before.
func TestStock_MakeStartsAnew(t *testing.T) {
	s := NewPool().NewStock()
	long := amqp.PropertyList{ContentType: "text/plain", MessageID: "1", Headers: amqp.Table{{Key: "k", Value: "v"}}}.Encode()
	short := amqp.PropertyList{DeliveryMode: 1}.Encode()
	for i := range tries {
		properties, body := long, bytes.Repeat([]byte{byte(i)}, 30)
		if i%2 == 1 {
			properties, body = short, []byte("x")
		}
		m := publish(s, properties, body, 1+i%3)
		require.Equal(t, properties, m.Properties)
		require.Equal(t, body, m.Body)
		require.Equal(t, cap(m.Properties), len(m.Properties), "what is appended must not reach the body")
		require.Positive(t, m.Footprint())
		for range 1 + i%3 {
			s.Release(m)
		}
		s.Flush()
	}
}

// A body that is larger than was said goes elsewhere.
func TestStock_BodyOutgrowsItsRoom(t *testing.T) {
	s := NewPool().NewStock()
	body := bytes.Repeat([]byte("0123456789"), 1000)
	m := s.Make(amqp.Properties{0, 0}, 10)
	m.Body = append(m.Body, body...)
	m.Share(1)
	require.Equal(t, body, m.Body)
	s.Release(m)
	other := publish(s, amqp.Properties{0, 0}, []byte("other"), 1)
	require.Equal(t, []byte("other"), other.Body)
}

func TestStock_LastReferenceFreesTheMessage(t *testing.T) {
	for _, queues := range []int{0, 1, 2, 7} {
		t.Run(fmt.Sprint(queues), func(t *testing.T) {
			s := NewPool().NewStock()
			again := 0
			for range tries {
				m := publish(s, nil, make([]byte, 100), queues)
				for range queues - 1 {
					s.Release(m)
				}
				require.Len(t, m.Body, 100, "somebody has it yet")
				require.False(t, queues > 1 && comesBack(s, m, 100), "somebody has it yet")
				s.Release(m)
				if comesBack(s, m, 100) {
					again++
				}
			}
			require.NotZero(t, again)
		})
	}
}

// Whoever routes a message may keep it before its queues are known.
func TestStock_MessagesKeptBeforeTheyAreSharedStay(t *testing.T) {
	s := NewPool().NewStock()
	m := s.Make(nil, 100)
	m.Keep()
	m.Share(1)
	s.Release(m)
	require.False(t, comesBack(s, m, 100))
}

func TestStock_KeptMessagesStay(t *testing.T) {
	s := NewPool().NewStock()
	for _, queues := range []int{1, 3} {
		m := publish(s, nil, []byte("kept"), queues)
		m.Keep()
		m.Keep()
		for range queues {
			s.Release(m)
		}
		require.Equal(t, []byte("kept"), m.Body)
		require.False(t, comesBack(s, m, 4))
	}
}

// Queues that share a message may keep it at the same time: a publisher gives it
// to a store while another queue pages it out.
func TestMessage_KeptByManyAtOnce(t *testing.T) {
	s := NewPool().NewStock()
	for range 5000 {
		m := publish(s, nil, []byte("kept"), 2)
		var both sync.WaitGroup
		begin := make(chan struct{})
		for range 2 {
			both.Go(func() {
				<-begin
				m.Keep()
			})
		}
		close(begin)
		both.Wait()
		s.Release(m)
		s.Release(m)
	}
}

// Messages that no pool takes belong to the garbage collector.
func TestStock_Unpooled(t *testing.T) {
	s := NewPool().NewStock()
	large := publish(s, nil, make([]byte, largestPooled+1), 2)
	read := &Message{Body: []byte("read back from a store")}
	for _, m := range []*Message{large, read} {
		m.Keep()
		for range 4 {
			s.Release(m)
		}
		require.NotEmpty(t, m.Body)
	}
}

func TestStock_DoubleReleasePanics(t *testing.T) {
	for _, queues := range []int{1, 2} {
		s := NewPool().NewStock()
		m := publish(s, nil, []byte("x"), queues)
		for range queues {
			s.Release(m)
		}
		require.Panics(t, func() { s.Release(m) })
	}
}

// What a stock has given away, and what it has flushed, is nobody's but the
// pool's: the garbage collector gets it.
func TestStock_KeepsNothing(t *testing.T) {
	for _, octets := range []int{10, 10_000, 100_000} {
		s := NewPool().NewStock()
		var released, taken []weak.Pointer[byte]
		for range tries {
			m := publish(s, nil, make([]byte, octets), 1)
			released = append(released, weak.Make(&m.memory[0]))
			s.Release(m)
			s.Flush()
			taken = append(taken, weak.Make(&s.Make(nil, octets).memory[0]))
			s.Flush()
		}
		for range 3 { // a pool keeps what it has for two
			runtime.GC()
		}
		for i := range tries {
			require.Nil(t, released[i].Value(), "a released message of %d octets", octets)
			require.Nil(t, taken[i].Value(), "a message of %d octets that was taken", octets)
		}
		runtime.KeepAlive(s)
	}
}

// Many goroutines, each with its own stock, pass messages on: nobody gets one
// that another one has.
func TestStock_ManyAtOnce(t *testing.T) {
	const goroutines, rounds = 4, 2000
	p := NewPool()
	links := make([]chan *Message, goroutines)
	for i := range links {
		links[i] = make(chan *Message, rounds*goroutines)
	}
	var all sync.WaitGroup
	for i := range goroutines {
		all.Go(func() {
			s := p.NewStock()
			random := rand.New(rand.NewPCG(uint64(i), 1))
			for n := range rounds {
				id := fmt.Appendf(nil, "%d/%d ", i, n)
				m := publish(s, amqp.Properties(id), bytes.Repeat(id, 1+random.IntN(1<<random.IntN(8))), goroutines)
				for _, to := range links {
					to <- m
				}
				if random.IntN(10) == 0 {
					s.Flush()
				}
				check(t, s, <-links[i])
			}
			for range (goroutines - 1) * rounds {
				check(t, s, <-links[i])
			}
		})
	}
	all.Wait()
}

// check releases a message whose body repeats its properties.
func check(t *testing.T, s *Stock, m *Message) {
	id := []byte(m.Properties)
	if len(id) == 0 || !bytes.Equal(m.Body, bytes.Repeat(id, len(m.Body)/len(id))) {
		t.Errorf("message %q is spoilt", id)
	}
	s.Release(m)
}

// A large message takes no more memory than it needs, whatever its size was said
// to be, and its properties do not hold on to what its body has outgrown.
func TestStock_LargeBodyOwnsOneBuffer(t *testing.T) {
	s := NewPool().NewStock()
	m := s.Make(amqp.Properties{0, 0}, 512<<20)
	require.LessOrEqual(t, cap(m.Body), largestPooled)
	first := weak.Make(&m.Body[:1][0])
	m.Body = append(m.Body, make([]byte, 2*largestPooled)...)
	m.Share(1)
	runtime.GC()
	require.Nil(t, first.Value())
	require.Equal(t, amqp.Properties{0, 0}, m.Properties)
}
