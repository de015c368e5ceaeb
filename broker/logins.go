package broker

import (
	"cmp"
	"maps"
	"slices"
	"sync"
)

// Logins is how often somebody has tried to log in.
type Logins struct {
	// Protocol is RabbitMQ's word: amqp091 or http.
	Protocol string
	// Remote and User are where from and as whom; empty where all are counted
	// together.
	Remote, User      string
	Succeeded, Failed uint64
}

// maxLoginSources is of how many sources logins are counted. Whoever guesses names
// would fill the memory otherwise.
const maxLoginSources = 4096

// logins counts tries to log in.
type logins struct {
	track bool // by source, too

	mu        sync.Mutex
	protocols map[string]Logins    // guarded by mu
	sources   map[[3]string]Logins // guarded by mu
}

func newLogins(track bool) *logins {
	return &logins{track: track, protocols: make(map[string]Logins), sources: make(map[[3]string]Logins)}
}

// CountLogin counts a try to log in, right or wrong, of a user at a host.
func (b *Broker) CountLogin(protocol, remote, user string, right bool) {
	l := b.logins
	l.mu.Lock()
	defer l.mu.Unlock()
	all := l.protocols[protocol]
	all.Protocol = protocol
	all.count(right)
	l.protocols[protocol] = all
	if !l.track {
		return
	}
	key := [3]string{protocol, remote, user}
	one, known := l.sources[key]
	if !known && len(l.sources) >= maxLoginSources {
		return
	}
	one.Protocol, one.Remote, one.User = protocol, remote, user
	one.count(right)
	l.sources[key] = one
}

func (l *Logins) count(right bool) {
	if right {
		l.Succeeded++
	} else {
		l.Failed++
	}
}

// Logins lists the tries to log in by protocol.
func (b *Broker) Logins() []Logins {
	b.logins.mu.Lock()
	defer b.logins.mu.Unlock()
	return sortedLogins(maps.Values(b.logins.protocols))
}

// LoginSources lists the tries to log in by protocol, host and user, if the broker
// tells these apart.
func (b *Broker) LoginSources() []Logins {
	b.logins.mu.Lock()
	defer b.logins.mu.Unlock()
	return sortedLogins(maps.Values(b.logins.sources))
}

// ForgetLogins begins anew to count.
func (b *Broker) ForgetLogins() {
	b.logins.mu.Lock()
	defer b.logins.mu.Unlock()
	clear(b.logins.protocols)
	clear(b.logins.sources)
}

func sortedLogins(list func(func(Logins) bool)) []Logins {
	return slices.SortedFunc(list, func(a, b Logins) int {
		return cmp.Or(cmp.Compare(a.Protocol, b.Protocol), cmp.Compare(a.Remote, b.Remote), cmp.Compare(a.User, b.User))
	})
}
