package definitions

import (
	"encoding/json"
	"errors"
	"fmt"
)

// ErrInvalidDocument means a file of definitions that cannot be understood. The error
// that wraps it says where.
var ErrInvalidDocument = errors.New("invalid definitions")

// ErrNotJSON means a file that is no JSON object at all.
var ErrNotJSON = fmt.Errorf("%w: not a JSON object", ErrInvalidDocument)

// ErrNoTags means a user without tags, which RabbitMQ does not take.
var ErrNoTags = errors.New("tags_not_present")

// Imported is what a file of definitions says.
type Imported struct {
	Set
	// Passwords are those of users that have one instead of a hash.
	Passwords map[string]string
	// Given says which fields of a virtual host the file has, by its name; of the
	// others an existing one keeps its own.
	Given map[string]GivenVHost
	// VHostLimits are limits by the virtual host, which need not be in the file.
	VHostLimits map[string]Limits
}

// GivenVHost says which fields of a virtual host are given.
type GivenVHost struct{ DefaultQueueType, Protected, Tracing bool }

// Decode reads a file of definitions as RabbitMQ does: keys that are not known are
// ignored, what is missing has its default. If vhost is not empty, all objects belong
// to it, whatever they say, and users and virtual hosts are not read.
func Decode(text []byte, vhost string) (Imported, error) {
	var lists map[string]json.RawMessage
	if err := json.Unmarshal(text, &lists); err != nil || lists == nil {
		return Imported{}, errors.Join(ErrNotJSON, err)
	}
	r := reader{vhost: vhost, imported: Imported{
		Passwords: make(map[string]string), Given: make(map[string]GivenVHost), VHostLimits: make(map[string]Limits),
	}}
	if vhost == "" {
		read(&r, lists, "users", r.user)
		read(&r, lists, "vhosts", r.virtualHost)
		read(&r, lists, "permissions", r.permission)
		read(&r, lists, "topic_permissions", r.topicPermission)
		read(&r, lists, "global_parameters", r.global)
	}
	read(&r, lists, "policies", r.policy)
	read(&r, lists, "parameters", r.parameter)
	read(&r, lists, "queues", r.queue)
	read(&r, lists, "exchanges", r.exchange)
	read(&r, lists, "bindings", r.binding)
	return r.imported, r.err
}

// reader gathers what is read. It does nothing more after an error.
type reader struct {
	vhost    string
	imported Imported
	err      error
}

// named is enough of any object to say which one is meant.
type named struct {
	Name, User, Source string
}

func (n named) String() string { return n.Name + n.User + n.Source }

// read takes the objects of a list one by one.
func read[T any](r *reader, lists map[string]json.RawMessage, key string, take func(T) error) {
	text := lists[key]
	if r.err != nil || text == nil || string(text) == "null" {
		return
	}
	var objects []json.RawMessage
	if err := json.Unmarshal(text, &objects); err != nil {
		r.err = fmt.Errorf("%w: %s is not a list", ErrInvalidDocument, key)
		return
	}
	for i, object := range objects {
		var v T
		err := json.Unmarshal(object, &v)
		if err == nil {
			err = take(v)
		}
		if err != nil {
			var who named
			_ = json.Unmarshal(object, &who) // what can be read of it
			r.err = fmt.Errorf("%w: number %d of %s ('%s'): %w", ErrInvalidDocument, i+1, key, who, err)
			return
		}
	}
}

var errNoName = errors.New("it has no name")

// in is the virtual host of an object.
func (r *reader) in(own string) string {
	if r.vhost != "" {
		return r.vhost
	}
	return own
}

type importedUser struct {
	UserEntry
	Tags     *Tags   `json:"tags"`
	Password *string `json:"password"`
}

func (r *reader) user(u importedUser) error {
	if u.Name == "" {
		return errNoName
	}
	if u.Tags == nil {
		return ErrNoTags
	}
	if u.Password != nil && u.PasswordHash == "" {
		r.imported.Passwords[u.Name] = *u.Password
	}
	r.imported.Users = append(r.imported.Users, User{
		Name: u.Name, PasswordHash: u.PasswordHash, HashingAlgorithm: u.HashingAlgorithm, Tags: *u.Tags,
		MaxConnections: u.Limits.Limit(MaxConnections), MaxChannels: u.Limits.Limit(MaxChannels),
	})
	return nil
}

type importedVHost struct {
	Name             string    `json:"name"`
	Description      *string   `json:"description"`
	Tags             *Tags     `json:"tags"`
	DefaultQueueType *string   `json:"default_queue_type"`
	Metadata         *Metadata `json:"metadata"`
	Limits           Limits    `json:"limits"`
	Tracing          *bool     `json:"tracing"`
	Protected        *bool     `json:"protected_from_deletion"`
}

func (r *reader) virtualHost(v importedVHost) error {
	if v.Name == "" {
		return errNoName
	}
	record := VHost{Name: v.Name, MaxConnections: v.Limits.Limit(MaxConnections), MaxQueues: v.Limits.Limit(MaxQueues)}
	var given GivenVHost
	if v.Metadata != nil {
		record.Description, record.Tags, record.DefaultQueueType = v.Metadata.Description, v.Metadata.Tags, v.Metadata.DefaultQueueType
	}
	if v.Description != nil {
		record.Description = *v.Description
	}
	if v.Tags != nil {
		record.Tags = *v.Tags
	}
	if v.DefaultQueueType != nil {
		record.DefaultQueueType = *v.DefaultQueueType
	}
	if record.DefaultQueueType == "undefined" { // Erlang's word for nothing
		record.DefaultQueueType = ""
	}
	given.DefaultQueueType = record.DefaultQueueType != ""
	if v.Tracing != nil {
		record.Tracing, given.Tracing = *v.Tracing, true
	}
	if v.Protected != nil {
		record.ProtectedFromDeletion, given.Protected = *v.Protected, true
	}
	r.imported.VHosts = append(r.imported.VHosts, record)
	r.imported.Given[v.Name] = given
	return nil
}

func (r *reader) permission(p PermissionEntry) error {
	r.imported.Permissions = append(r.imported.Permissions, Permission(p))
	return nil
}

func (r *reader) topicPermission(p TopicPermissionEntry) error {
	r.imported.TopicPermissions = append(r.imported.TopicPermissions, TopicPermission(p))
	return nil
}

func (r *reader) global(p ParameterEntry) error {
	p.VHost, p.Component = "", ""
	return r.keep(p)
}

func (r *reader) keep(p ParameterEntry) error {
	if p.Name == "" {
		return errNoName
	}
	value, err := compact(orElse(p.Value, "null"))
	if err != nil {
		return err
	}
	r.imported.Parameters = append(r.imported.Parameters,
		Parameter{VHost: p.VHost, Component: p.Component, Name: p.Name, Value: value})
	return nil
}

func (r *reader) parameter(p ParameterEntry) error {
	p.VHost = r.in(p.VHost)
	if p.Component == "" {
		return errors.New("it has no component")
	}
	if p.Component != ComponentVHostLimits {
		return r.keep(p)
	}
	var of Limits
	if err := json.Unmarshal(p.Value, &of); err != nil {
		return err
	}
	r.imported.VHostLimits[p.VHost] = of
	return nil
}

func (r *reader) policy(p PolicyEntry) error {
	if p.Name == "" {
		return errNoName
	}
	p.VHost = r.in(p.VHost)
	kept, err := p.Parameter(ComponentPolicy)
	r.imported.Parameters = append(r.imported.Parameters, kept)
	return err
}

func (r *reader) queue(q QueueEntry) error {
	if q.Name == "" {
		return errNoName
	}
	q.VHost = r.in(q.VHost)
	r.imported.Queues = append(r.imported.Queues, q.spec())
	return nil
}

func (r *reader) exchange(e ExchangeEntry) error {
	if e.Name == "" {
		return errNoName
	}
	e.VHost = r.in(e.VHost)
	r.imported.Exchanges = append(r.imported.Exchanges, e.spec())
	return nil
}

func (r *reader) binding(b BindingEntry) error {
	if b.DestinationType != "queue" && b.DestinationType != "exchange" {
		return fmt.Errorf("its destination_type is '%s' and has to be queue or exchange", b.DestinationType)
	}
	b.VHost = r.in(b.VHost)
	r.imported.Bindings = append(r.imported.Bindings, b.spec())
	return nil
}
