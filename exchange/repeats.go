package exchange

import (
	"hash/maphash"
	"math"
	"strconv"
	"sync"

	"github.com/leveretmq/leveret/amqp"
	"github.com/leveretmq/leveret/message"
)

const (
	cacheSize        = "x-cache-size"
	cachePersistence = "x-cache-persistence"
	// cacheTTL is an argument of exchanges, and a header of messages that wins.
	cacheTTL = "x-cache-ttl"
)

// repeats is what an x-message-deduplication exchange knows of earlier messages:
// at most size of them, the latest. It keeps hashes, so that a message costs some
// fifty octets, however long its header is.
type repeats struct {
	size  int64
	ttl   int64           // in milliseconds; zero is for ever
	seeds [2]maphash.Seed // of the halves of an identity

	mu sync.Mutex // a leaf
	// until is when what was seen is forgotten; guarded by mu.
	until map[identity]int64
	// order is what was seen, the oldest first from start on. What is not in until
	// with the same time is void. Guarded by mu.
	order []sighting
	start int // guarded by mu
}

// identity stands for a deduplication header. Nobody can choose headers whose
// identities are the same, because the seeds are secret.
type identity [2]uint64

type sighting struct {
	identity identity
	until    int64
}

func newRepeats(s Spec) memory {
	size, _ := s.number(cacheSize)
	ttl, _ := s.number(cacheTTL)
	return &repeats{
		size: size, ttl: ttl, seeds: [2]maphash.Seed{maphash.MakeSeed(), maphash.MakeSeed()},
		until: make(map[identity]int64),
	}
}

// checkRepeats refuses what the community plugin for RabbitMQ refuses.
func checkRepeats(s Spec) error {
	if n, ok := s.number(cacheSize); !ok || n < 1 {
		return amqp.Errorf(amqp.CodePreconditionFailed,
			"Missing or invalid argument, '%s' must be an integer greater than 0", cacheSize)
	}
	if _, there := s.Arguments.Lookup(cacheTTL); there {
		if n, ok := s.number(cacheTTL); !ok || n < 1 {
			return amqp.Errorf(amqp.CodePreconditionFailed,
				"Invalid argument, '%s' must be an integer greater than 0", cacheTTL)
		}
	}
	if value, there := s.Arguments.Lookup(cachePersistence); there && value != "disk" && value != "memory" {
		return amqp.Errorf(amqp.CodePreconditionFailed,
			"Invalid argument, '%s' must be either 'disk' or 'memory'", cachePersistence)
	}
	return nil
}

// number is the value of an argument that may be a number or the text of one.
func (s Spec) number(name string) (n int64, ok bool) {
	value, _ := s.Arguments.Lookup(name)
	if text, is := value.(string); is {
		n, err := strconv.ParseInt(text, 10, 64)
		return n, err == nil
	}
	return amqp.Integer(value)
}

// admit implements memory: a message passes unless one of the same header was seen
// that is not forgotten yet. A repeat prolongs nothing.
func (r *repeats) admit(m *message.Message) bool {
	text, ok := m.DeduplicationID()
	if !ok {
		return true
	}
	id := identity{maphash.String(r.seeds[0], text), maphash.String(r.seeds[1], text)}
	now, until := m.Arrived, r.expiry(m)
	r.mu.Lock()
	defer r.mu.Unlock()
	if before, seen := r.until[id]; seen {
		if now < before {
			return false
		}
		delete(r.until, id)
	}
	r.makeRoom(now)
	r.until[id] = until
	r.order = append(r.order, sighting{id, until})
	return true
}

// expiry is when the message is forgotten.
func (r *repeats) expiry(m *message.Message) int64 {
	ttl, limited := r.ttl, r.ttl > 0
	if m.Properties.HasHeader(cacheTTL) {
		value, _ := m.Headers().Lookup(cacheTTL)
		if n, ok := amqp.Integer(value); ok {
			ttl, limited = n, true
		}
	}
	if !limited || ttl > math.MaxInt64-m.Arrived {
		return math.MaxInt64
	}
	return m.Arrived + ttl
}

// makeRoom forgets the oldest as far as they are void or expired, or in the way of
// one more; the caller holds mu.
func (r *repeats) makeRoom(now int64) {
	for r.start < len(r.order) {
		oldest := r.order[r.start]
		if r.valid(oldest) {
			if now < oldest.until && int64(len(r.until)) < r.size {
				break
			}
			delete(r.until, oldest.identity)
		}
		r.start++
	}
	// What is void lies anywhere when messages have times of their own.
	if n := len(r.order) - r.start; r.start <= n && n <= 2*len(r.until)+1 {
		return
	}
	kept := r.order[:0]
	for _, s := range r.order[r.start:] {
		if r.valid(s) {
			kept = append(kept, s)
		}
	}
	r.order, r.start = kept, 0
}

// valid says whether a sighting is the last one of its identity.
func (r *repeats) valid(s sighting) bool {
	until, ok := r.until[s.identity]
	return ok && until == s.until
}

// recent implements memory: what was seen is not kept.
func (r *repeats) recent() []*message.Message { return nil }
