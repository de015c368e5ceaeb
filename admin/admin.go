package admin

import (
	"log/slog"
	"sync"

	"github.com/leveretmq/leveret/auth"
	"github.com/leveretmq/leveret/broker"
	"github.com/leveretmq/leveret/definitions"
)

// Connections ends connections of clients.
type Connections interface {
	// CloseConnections ends those of a user, of a virtual host, or of both if both
	// are given, and returns how many.
	CloseConnections(user, vhost, reason string) int
}

// Options is what an Admin needs.
type Options struct {
	Broker    *broker.Broker
	Directory *auth.Directory
	// Connections may be nil, if there can be none.
	Connections Connections
	// Parameters are the stored ones.
	Parameters []definitions.Parameter
	// Audit gets a line for each change, done or refused; nil is silence.
	Audit *slog.Logger
}

// Admin changes what operators may change. Its methods are safe for concurrent use.
type Admin struct {
	broker      *broker.Broker
	directory   *auth.Directory
	connections Connections
	audit       *slog.Logger

	// mu is held over each change of memory and its way to the store.
	mu         sync.Mutex
	parameters map[parameterKey]definitions.Parameter // guarded by mu
}

// New makes an Admin over a broker and a directory that agree: the broker serves the
// virtual hosts that the directory knows.
func New(o Options) *Admin {
	a := &Admin{
		broker: o.Broker, directory: o.Directory, connections: o.Connections, audit: o.Audit,
		parameters: make(map[parameterKey]definitions.Parameter),
	}
	if a.audit == nil {
		a.audit = slog.New(slog.DiscardHandler)
	}
	if a.connections == nil {
		a.connections = nobody{}
	}
	for _, p := range o.Parameters {
		a.parameters[keyOf(p)] = p
	}
	return a
}

// nobody stands in for connections where there are none.
type nobody struct{}

func (nobody) CloseConnections(string, string, string) int { return 0 }

// Directory answers what users, virtual hosts and permissions there are. It must not
// be changed but through the Admin.
func (a *Admin) Directory() *auth.Directory { return a.directory }

// perform does a deed and returns when it is durable. Do runs with the lock held, and
// returns what has to be stored; it may add to the deed.
func (a *Admin) perform(by Actor, d *Deed, do func() (definitions.Change, error)) error {
	a.mu.Lock()
	change, err := do()
	wait := a.broker.Define(change)
	a.mu.Unlock()
	if stored := wait(); err == nil {
		err = stored
	}
	a.Record(by, *d, err)
	return err
}
