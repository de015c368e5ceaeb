package broker

import (
	"slices"
	"strings"
	"sync"
	"sync/atomic"
)

// Resource is something that a broker can run short of, as clients are told of
// it.
type Resource string

// The resources, as RabbitMQ names them: the free space of the data directory, and
// the memory that the broker may use.
const (
	Disk   Resource = "disk"
	Memory Resource = "memory"
)

// Alarms is which resources are low. While one is, those who publish are held
// back; everything else goes on. It is safe for concurrent use.
type Alarms struct {
	mu  sync.Mutex
	low []Resource // guarded by mu; in order
	now atomic.Pointer[AlarmState]
}

// AlarmState is the alarms at one time.
type AlarmState struct {
	// Reason is what clients are told, with RabbitMQ's words; empty if nothing
	// is low.
	Reason  string
	changed chan struct{}
}

// Changed is closed when this is not the state any more.
func (s *AlarmState) Changed() <-chan struct{} { return s.changed }

// NewAlarms makes alarms of which none is on.
func NewAlarms() *Alarms {
	a := new(Alarms)
	a.now.Store(newAlarmState(""))
	return a
}

func newAlarmState(reason string) *AlarmState {
	return &AlarmState{Reason: reason, changed: make(chan struct{})}
}

// State is the state now.
func (a *Alarms) State() *AlarmState { return a.now.Load() }

// Set notes whether a resource is low.
func (a *Alarms) Set(r Resource, low bool) {
	a.mu.Lock()
	defer a.mu.Unlock()
	at, found := slices.BinarySearch(a.low, r)
	switch {
	case found == low:
		return
	case low:
		a.low = slices.Insert(a.low, at, r)
	default:
		a.low = slices.Delete(a.low, at, at+1)
	}
	reason := ""
	if len(a.low) > 0 {
		names := make([]string, len(a.low))
		for i, r := range a.low {
			names[i] = string(r)
		}
		reason = "low on " + strings.Join(names, " & ")
	}
	before := a.now.Swap(newAlarmState(reason))
	close(before.changed)
}

// On says whether a resource is low.
func (a *Alarms) On(r Resource) bool {
	a.mu.Lock()
	defer a.mu.Unlock()
	_, found := slices.BinarySearch(a.low, r)
	return found
}
