package crash

import (
	"fmt"
	"path/filepath"
	"strconv"
	"sync"
	"testing"
	"time"

	amqp "github.com/rabbitmq/amqp091-go"
	"github.com/stretchr/testify/require"
)

const (
	// longestLife is what messages have to live at most in the tests of expiry.
	longestLife = 4 * time.Second
	// downtime is how long the broker is gone before the last life, and lateness
	// how late the last message may expire in that: less, so that a broker that
	// counts anew after its start is found.
	downtime = 3 * time.Second
	lateness = 2500 * time.Millisecond
	// tick is how exactly a broker has to know when a message arrived.
	tick = time.Millisecond
)

// The time to live counts from the arrival of a message, also over the end of the
// broker: nothing is delivered in a life that began after its time, and nothing
// expires before. No message gets lost on the way.
func TestCrash_TimeToLive(t *testing.T) {
	eachEra(t, environmentCount(t, "CRASH_EXPIRIES", 8), cyclesPerEra, func(t *testing.T, era era) {
		trial := newTrial(t, filepath.Join(t.TempDir(), "data"), era)
		c := newCalendar(era.seed)
		for range era.cycles {
			c.live(t, trial)
			// Some messages die while the broker is gone.
			<-time.After(trial.between(0, downtime/4))
		}
		<-time.After(downtime)
		c.conclude(t, trial)
		lost, report := countSurvivors(c.stack.history)
		t.Logf("%v; %d of them expired, %d delivered in a later life than they came in", report, c.expired, c.survived)
		require.Empty(t, lost, "%s=%d; they were confirmed and are in no queue", seedVariable, era.seed)
		require.NotZero(t, c.expired)
		require.NotZero(t, c.survived)
	})
}

// calendar is queues in which messages expire, and when.
type calendar struct {
	stack *stack
	dead  []*shelf // where those of each shelf go

	mu       sync.Mutex
	due      map[Value]dueDate // guarded by mu
	lives    []span            // guarded by mu; of the broker
	expired  int               // guarded by mu
	survived int               // guarded by mu
}

// dueDate is when a message should go.
type dueDate struct {
	sent time.Time
	ttl  time.Duration
	life int // in which it came in
}

// span is one life of a broker.
type span struct{ launched, ended time.Time }

func newCalendar(seed uint64) *calendar {
	const ofQueue = 400 * time.Millisecond
	limit := int32(ofQueue / time.Millisecond)
	c := &calendar{due: map[Value]dueDate{}}
	own := &shelf{arguments: amqp.Table{}}
	classic := &shelf{arguments: amqp.Table{"x-message-ttl": limit, "x-max-priority": int32(3)}}
	quorum := &shelf{arguments: amqp.Table{"x-message-ttl": limit, "x-queue-type": "quorum"}}
	shelves := []*shelf{own, classic, quorum}
	c.stack = newStack(seed, shelves...)
	for i, s := range shelves {
		dead := &shelf{queue: uint16(len(shelves) + i), publisher: s.publisher}
		c.dead = append(c.dead, dead)
		s.arguments["x-dead-letter-exchange"] = ""
		s.arguments["x-dead-letter-routing-key"] = queueName(dead.queue)
		s.dress = func(v Value, m *amqp.Publishing) {
			ttl := ofQueue
			if s == own {
				choice := []time.Duration{50 * time.Millisecond, 200 * time.Millisecond, time.Second, longestLife}
				ttl = choice[s.publisher.random.IntN(len(choice))]
				m.Expiration = strconv.FormatInt(ttl.Milliseconds(), 10)
			}
			m.Priority = priorityOf(v)
			c.note(v, ttl)
		}
	}
	return c
}

// note tells of a message that is about to be sent.
func (c *calendar) note(v Value, ttl time.Duration) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.due[v] = dueDate{sent: time.Now(), ttl: ttl, life: len(c.lives) - 1}
}

// start begins a life.
func (c *calendar) start(t *testing.T, b *broker) {
	t.Helper()
	c.mu.Lock()
	c.lives = append(c.lives, span{launched: time.Now()})
	c.mu.Unlock()
	c.stack.start(t, b)
}

// live is one life: something is taken from the queues, then they are filled.
func (c *calendar) live(t *testing.T, trial *trial) {
	t.Helper()
	c.start(t, trial.broker)
	most := trial.random.IntN(100)
	c.stack.each(t, trial.broker, func(conn *amqp.Connection, s *shelf) error {
		if err := c.dead[s.queue].declare(conn); err != nil {
			return err
		}
		if err := s.declare(conn); err != nil {
			return err
		}
		if err := c.takeDead(conn, s); err != nil {
			return err
		}
		return c.takeAlive(conn, s, most)
	})
	c.stack.fill(t, trial.broker, trial.length(), func() {
		trial.broker.kill()
		c.mu.Lock()
		defer c.mu.Unlock()
		c.lives[len(c.lives)-1].ended = time.Now()
	})
}

// takeAlive takes messages that have not expired.
func (c *calendar) takeAlive(conn *amqp.Connection, s *shelf, most int) error {
	list, err := s.take(conn, most)
	c.mu.Lock()
	defer c.mu.Unlock()
	now := c.lives[len(c.lives)-1]
	for _, m := range list {
		due := c.due[m.value]
		if due.life == len(c.lives)-1 {
			continue
		}
		c.survived++
		// It came in before that life ended.
		if latest := c.lives[due.life].ended.Add(due.ttl); latest.Before(now.launched) {
			return &promiseError{fmt.Sprintf("%v had to live for %v and is delivered in a life that began %v after that",
				m.value, due.ttl, now.launched.Sub(latest))}
		}
	}
	return err
}

// takeDead takes messages that have expired.
func (c *calendar) takeDead(conn *amqp.Connection, s *shelf) error {
	list, err := c.dead[s.queue].take(conn, everything)
	now := time.Now()
	c.mu.Lock()
	defer c.mu.Unlock()
	for _, m := range list {
		c.expired++
		if due := c.due[m.value]; now.Before(due.sent.Add(due.ttl - tick)) {
			return &promiseError{fmt.Sprintf("%v should live for %v and has expired after %v or less",
				m.value, due.ttl, now.Sub(due.sent))}
		}
	}
	return err
}

// conclude waits in one more life until everything has expired.
func (c *calendar) conclude(t *testing.T, trial *trial) {
	t.Helper()
	last := c.lives[len(c.lives)-1].ended
	c.start(t, trial.broker)
	c.stack.each(t, trial.broker, func(conn *amqp.Connection, s *shelf) error {
		if err := awaitCount(conn, s.queue, 0); err != nil {
			return err
		}
		if took := time.Since(last); took > longestLife+lateness {
			return &promiseError{fmt.Sprintf("%s has its last message expire after %v", queueName(s.queue), took)}
		}
		return nil
	})
	deadline := time.Now().Add(joinDeadline)
	for {
		c.stack.each(t, trial.broker, c.takeDead)
		// What has expired may still be on its way.
		if lost, _ := countSurvivors(c.stack.history); len(lost) == 0 || time.Now().After(deadline) {
			return
		}
	}
}
