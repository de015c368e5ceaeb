package auth

import (
	"hash/maphash"
	"strings"
	"sync/atomic"

	"github.com/leveretmq/leveret/definitions"
	"github.com/leveretmq/leveret/internal/pattern"
)

// permission is a definitions.Permission with its patterns compiled.
type permission struct {
	record   definitions.Permission
	patterns [3]*pattern.Pattern // by Operation
}

func (p *permission) pattern(op Operation) *pattern.Pattern { return p.patterns[min(op, Read)] }

// topicPermission is a definitions.TopicPermission whose variables stand for the
// user and the virtual host.
type topicPermission struct {
	record      definitions.TopicPermission
	write, read topicPattern
}

func (p *topicPermission) pattern(op Operation, clientID string) *pattern.Pattern {
	if op == Write {
		return p.write.of(clientID)
	}
	return p.read.of(clientID)
}

// clientVariable is the only variable that differs between connections.
const clientVariable = "{client_id}"

// clientSlots bounds the patterns that are kept for clients of one permission.
const clientSlots = 256

// topicPattern is a pattern of a topic permission.
type topicPattern struct {
	fixed   *pattern.Pattern
	clients *[clientSlots]atomic.Pointer[clientPattern] // nil without {client_id}
	seed    maphash.Seed
}

// clientPattern is the pattern with a client's name in it.
type clientPattern struct {
	client  string
	pattern *pattern.Pattern
}

// newTopicPattern keeps a pattern whose variables but {client_id} are filled in.
func newTopicPattern(fixed *pattern.Pattern) topicPattern {
	t := topicPattern{fixed: fixed}
	if strings.Contains(fixed.Source(), clientVariable) {
		t.clients, t.seed = new([clientSlots]atomic.Pointer[clientPattern]), maphash.MakeSeed()
	}
	return t
}

// of is the pattern for a client. Clients share slots; who finds another one's
// pattern compiles its own.
func (t *topicPattern) of(clientID string) *pattern.Pattern {
	if t.clients == nil || clientID == "" {
		return t.fixed
	}
	slot := &t.clients[maphash.String(t.seed, clientID)%clientSlots]
	if found := slot.Load(); found != nil && found.client == clientID {
		return found.pattern
	}
	source := strings.ReplaceAll(t.fixed.Source(), clientVariable, pattern.Quote(clientID))
	p, err := pattern.Compile(source)
	if err != nil {
		p = pattern.Nothing(source) // matches nothing
	}
	slot.Store(&clientPattern{client: clientID, pattern: p})
	return p
}

// fill puts user and virtual host into a pattern, escaped so that they match
// themselves only.
func fill(source, user, vhost string) string {
	if !strings.Contains(source, "{") {
		return source
	}
	return strings.NewReplacer("{username}", pattern.Quote(user), "{vhost}", pattern.Quote(vhost)).Replace(source)
}
