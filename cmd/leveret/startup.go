package main

import (
	"fmt"
	"log/slog"
	"sync"
	"time"
)

// startup tells the log and the service manager how far the start has come,
// every two seconds: a start that takes less is not worth a line.
type startup struct {
	log  *slog.Logger
	tell func(assignments ...string)

	mu       sync.Mutex
	recovery *recovery // guarded by mu; nil while the data directory is opened
	began    time.Time // guarded by mu; this stage

	stop chan struct{}
	done chan struct{}
}

// recovery is how much of what is stored has come back.
type recovery struct {
	queues, of int
	messages   int
	octets     int64 // of bodies
}

const (
	startupInterval = 2 * time.Second
	// startupPatience is for how long a manager should wait for the next sign
	// of life, which it would take for a hang otherwise.
	startupPatience = 30 * time.Second
)

// beginStartup starts to tell. The caller ends it.
func beginStartup(log *slog.Logger, tell func(assignments ...string)) *startup {
	s := &startup{log: log, tell: tell, began: time.Now(), stop: make(chan struct{}), done: make(chan struct{})}
	go s.run()
	return s
}

// end stops telling.
func (s *startup) end() {
	close(s.stop)
	<-s.done
}

// recovered takes note of how far the recovery is. It never blocks.
func (s *startup) recovered(r recovery) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.recovery == nil {
		s.began = time.Now()
	}
	s.recovery = &r
}

func (s *startup) run() {
	defer close(s.done)
	ticks := time.NewTicker(startupInterval)
	defer ticks.Stop()
	for {
		select {
		case <-ticks.C:
			s.report()
		case <-s.stop:
			return
		}
	}
}

func (s *startup) report() {
	s.mu.Lock()
	r, elapsed := s.recovery, time.Since(s.began)
	s.mu.Unlock()
	status := "Opening the data directory"
	if r == nil {
		s.log.Info("opening the data directory", "elapsed", elapsed.Round(time.Second))
	} else {
		status = s.reportRecovery(r, elapsed)
	}
	s.tell("STATUS="+status, fmt.Sprint("EXTEND_TIMEOUT_USEC=", startupPatience.Microseconds()))
}

// reportRecovery logs how far the recovery is, and returns it in words.
func (s *startup) reportRecovery(r *recovery, elapsed time.Duration) string {
	status := fmt.Sprintf("Recovering: %d of %d queues, %d messages, %d MiB", r.queues, r.of, r.messages, r.octets>>20)
	attributes := []any{"queues", r.queues, "of", r.of, "messages", r.messages, "octets", r.octets}
	if left, known := r.left(elapsed); known {
		status += fmt.Sprintf(", about %s left", left)
		attributes = append(attributes, "left", left)
	}
	s.log.Info("recovering", attributes...)
	return status
}

// left is about how long the rest takes, if queues are alike.
func (r *recovery) left(elapsed time.Duration) (left time.Duration, known bool) {
	if r.queues == 0 {
		return 0, false
	}
	return time.Duration(float64(elapsed) / float64(r.queues) * float64(r.of-r.queues)).Round(time.Second), true
}
