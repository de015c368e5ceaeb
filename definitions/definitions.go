// Package definitions holds the durable topology of the broker, its users,
// what they may do and what operators have set at run time as plain records: what survives a restart besides the
// messages. Every change of it passes through one Change, which a store applies
// as a whole.
package definitions

import (
	"github.com/leveretmq/leveret/binding"
	"github.com/leveretmq/leveret/exchange"
	"github.com/leveretmq/leveret/queue"
)

// Set is a collection of durable definitions.
type Set struct {
	Exchanges []exchange.Spec
	Queues    []queue.Spec
	Bindings  []binding.Spec

	Users            []User
	VHosts           []VHost
	Permissions      []Permission
	TopicPermissions []TopicPermission
	Parameters       []Parameter
}

// Change is one atomic change of the durable definitions. Put adds or replaces;
// Delete removes, and ignores what is not there. Delete comes first. Of users,
// virtual hosts, permissions and parameters Delete needs the names only; it removes what it
// names and nothing that depends on it.
type Change struct {
	Put    Set
	Delete Set
}

// Empty says that the set holds nothing.
func (s Set) Empty() bool {
	return len(s.Exchanges) == 0 && len(s.Queues) == 0 && len(s.Bindings) == 0 &&
		len(s.Users) == 0 && len(s.VHosts) == 0 && len(s.Permissions) == 0 && len(s.TopicPermissions) == 0 &&
		len(s.Parameters) == 0
}

// Empty says that the change does nothing.
func (c Change) Empty() bool { return c.Put.Empty() && c.Delete.Empty() }
