package crash

import (
	"fmt"
	"path/filepath"
	"sync"
	"testing"
	"time"

	amqp "github.com/rabbitmq/amqp091-go"
	"github.com/stretchr/testify/require"
)

// Messages that are held back come when it is time, and not before, over any number
// of kills; and all of them come.
func TestCrash_Delays(t *testing.T) {
	eachEra(t, environmentCount(t, "CRASH_DELAYS", 8), cyclesPerEra, func(t *testing.T, era era) {
		trial := newTrial(t, filepath.Join(t.TempDir(), "data"), era)
		p := newPlanner(era.seed)
		var ended time.Time
		for range era.cycles {
			p.stack.start(t, trial.broker)
			p.stack.each(t, trial.broker, p.take)
			p.stack.fill(t, trial.broker, trial.length(), trial.broker.kill)
			ended = time.Now()
		}
		<-time.After(downtime)
		p.stack.start(t, trial.broker)
		for {
			p.stack.each(t, trial.broker, p.take)
			lost, report := countSurvivors(p.stack.history)
			if len(lost) == 0 {
				t.Logf("%v; the last one after %v", report, time.Since(ended))
				require.Greater(t, report.Confirmed, era.cycles, "the load was too small to show anything")
				break
			}
			require.Less(t, time.Since(ended), longestLife+lateness,
				"%s=%d; of %d messages %d are missing, like %v", seedVariable, era.seed, report.Confirmed, len(lost), lost[0])
		}
	})
}

// planner is queues and exchanges that hold messages back, and until when.
type planner struct {
	stack *stack

	mu  sync.Mutex
	due map[Value]time.Time // guarded by mu; the earliest
}

func newPlanner(seed uint64) *planner {
	p := &planner{due: map[Value]time.Time{}}
	p.stack = newStack(seed,
		&shelf{exchange: "crash.delayed"},
		&shelf{arguments: amqp.Table{"x-delayed": true}},
		&shelf{arguments: amqp.Table{"x-delayed": true, "x-queue-type": "quorum"}},
	)
	for _, s := range p.stack.shelves {
		s.dress = func(v Value, m *amqp.Publishing) {
			choice := []time.Duration{0, 50 * time.Millisecond, 300 * time.Millisecond, time.Second, longestLife}
			delay := choice[s.publisher.random.IntN(len(choice))]
			m.Headers = amqp.Table{"x-delay": delay.Milliseconds()}
			p.mu.Lock()
			defer p.mu.Unlock()
			p.due[v] = time.Now().Add(delay)
		}
	}
	return p
}

// take takes what is ready.
func (p *planner) take(conn *amqp.Connection, s *shelf) error {
	if err := s.declare(conn); err != nil {
		return err
	}
	list, err := s.take(conn, everything)
	now := time.Now()
	p.mu.Lock()
	defer p.mu.Unlock()
	for _, m := range list {
		if early := p.due[m.value].Sub(now); early > tick {
			return &promiseError{fmt.Sprintf("%v comes %v too early", m.value, early)}
		}
	}
	return err
}
