package admin

import (
	"encoding/json"
	"errors"
	"log/slog"
	"maps"
	"slices"
	"strings"
	"sync/atomic"

	"github.com/leveretmq/leveret/definitions"
)

// Actor is who asks for a change.
type Actor struct {
	// User is the name that events have. It need not be a user of the broker:
	// RabbitMQ's command line is "rmq-cli".
	User string
	// Peer is where the request has come from, for the audit log.
	Peer string
	// Lines, if it is not nil, counts what the audit log is told of the actor.
	Lines *Lines
}

// Lines counts lines of the audit log, so that who has asked for changes knows what is
// not told yet. The zero value is ready for use, by any goroutine.
type Lines struct{ done, refused atomic.Int32 }

// Tell says whether there is a line yet about something that was done or, if it ended
// with an error, refused.
func (l *Lines) Tell(err error) bool {
	if err != nil {
		return l.refused.Load() > 0
	}
	return l.done.Load() > 0 || l.refused.Load() > 0
}

// Deed is what the audit log tells of a change, besides who has made it. It must have
// neither secrets nor payloads.
type Deed struct {
	// Action is what was done, like "user.put".
	Action string
	// Object is the name of what it was done to.
	Object string
	// VHost is where that is; empty if it belongs to none.
	VHost string
	// Changed has the names of what is different now, "new" for a new object; nil if
	// it says nothing.
	Changed []string
	// Details are further pairs of keys and values.
	Details []any
}

// The words of Deed.Changed that are not names of members.
const (
	isNew     = "new"
	unchanged = "nothing"
)

// errNotThere is the outcome of taking away what there is not.
var errNotThere = errors.New("not found")

// Record writes the line of the audit log about a change that does not go through the
// Admin. Err is why it was refused, nil if it was not.
func (a *Admin) Record(by Actor, d Deed, err error) {
	outcome := "done"
	if err != nil {
		outcome = "refused: " + err.Error()
	}
	if by.Lines != nil {
		if err == nil {
			by.Lines.done.Add(1)
		} else {
			by.Lines.refused.Add(1)
		}
	}
	pairs := []any{"object", d.Object, "user", by.User, "peer", by.Peer}
	if d.VHost != "" {
		pairs = append(pairs, "vhost", d.VHost)
	}
	if err == nil && d.Changed != nil {
		pairs = append(pairs, "changed", strings.Join(d.Changed, ","))
	}
	a.audit.Info(d.Action, append(append(pairs, d.Details...), slog.String("outcome", outcome))...)
}

// fields are the members of an object by the names that the audit log has of them.
type fields map[string]any

// differences are the names of what differs. Equal says that two values are the same;
// they need not be of types that can be compared.
func differences(existed bool, old, now fields) []string {
	if !existed {
		return []string{isNew}
	}
	var changed []string
	for _, name := range slices.Sorted(maps.Keys(union(old, now))) {
		if old[name] != now[name] {
			changed = append(changed, name)
		}
	}
	if changed == nil {
		return []string{unchanged}
	}
	return changed
}

func union(x, y fields) fields {
	both := maps.Clone(x)
	maps.Copy(both, y)
	return both
}

// fieldsOfUser has a password only as something that can differ.
func fieldsOfUser(u definitions.User) fields {
	return fields{
		"password": u.PasswordHash + u.HashingAlgorithm, "tags": strings.Join(u.Tags, ","),
		definitions.MaxConnections: u.MaxConnections, definitions.MaxChannels: u.MaxChannels,
	}
}

func fieldsOfVHost(v definitions.VHost) fields {
	return fields{
		"description": v.Description, "tags": strings.Join(v.Tags, ","), "default_queue_type": v.DefaultQueueType,
		"protected_from_deletion": v.ProtectedFromDeletion, "tracing": v.Tracing,
		definitions.MaxConnections: v.MaxConnections, definitions.MaxQueues: v.MaxQueues,
	}
}

func fieldsOfPermission(p definitions.Permission) fields {
	return fields{"configure": p.Configure, "write": p.Write, "read": p.Read}
}

func fieldsOfTopicPermission(p definitions.TopicPermission) fields {
	return fields{"write": p.Write, "read": p.Read}
}

// fieldsOfParameter are the members of its value, if that is an object.
func fieldsOfParameter(p definitions.Parameter) fields {
	var members map[string]json.RawMessage
	if json.Unmarshal([]byte(p.Value), &members) != nil {
		return fields{"value": p.Value}
	}
	named := make(fields, len(members))
	for name, value := range members {
		named[name] = string(value)
	}
	return named
}
