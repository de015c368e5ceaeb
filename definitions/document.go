package definitions

import (
	"encoding/json"
	"strings"

	"github.com/leveretmq/leveret/amqp"
	"github.com/leveretmq/leveret/binding"
	"github.com/leveretmq/leveret/exchange"
	"github.com/leveretmq/leveret/queue"
)

// Document is a file of definitions as RabbitMQ exports and imports it.
type Document struct {
	RabbitVersion   string `json:"rabbit_version,omitempty"`
	RabbitMQVersion string `json:"rabbitmq_version,omitempty"`
	ProductName     string `json:"product_name,omitempty"`
	ProductVersion  string `json:"product_version,omitempty"`
	Format          string `json:"rabbitmq_definition_format,omitempty"`
	ClusterName     string `json:"original_cluster_name,omitempty"`
	VHostName       string `json:"original_vhost_name,omitempty"`
	Explanation     string `json:"explanation,omitempty"`

	*VHostPart

	Users            []UserEntry            `json:"users,omitzero"`
	VHosts           []VHostEntry           `json:"vhosts,omitzero"`
	Permissions      []PermissionEntry      `json:"permissions,omitzero"`
	TopicPermissions []TopicPermissionEntry `json:"topic_permissions,omitzero"`
	Parameters       []ParameterEntry       `json:"parameters"`
	GlobalParameters []ParameterEntry       `json:"global_parameters,omitzero"`
	Policies         []PolicyEntry          `json:"policies"`
	Queues           []QueueEntry           `json:"queues"`
	Exchanges        []ExchangeEntry        `json:"exchanges"`
	Bindings         []BindingEntry         `json:"bindings"`
}

// VHostPart is what a file about one virtual host says of it.
type VHostPart struct {
	Metadata         *Metadata `json:"metadata"`
	Description      string    `json:"description"`
	DefaultQueueType string    `json:"default_queue_type,omitempty"`
	Limits           Limits    `json:"limits"`
}

// Tags are a list in JSON; in files of old brokers they are a text with commas.
type Tags []string

// UnmarshalJSON takes both forms. Tags have no spaces around them.
func (t *Tags) UnmarshalJSON(text []byte) error {
	var list []string
	if err := json.Unmarshal(text, &list); err != nil {
		var joined string
		if json.Unmarshal(text, &joined) != nil {
			return err
		}
		list = strings.Split(joined, ",")
	}
	*t = Tags{}
	for _, tag := range list {
		if tag = strings.TrimSpace(tag); tag != "" {
			*t = append(*t, tag)
		}
	}
	return nil
}

// MarshalJSON writes a list, never null.
func (t Tags) MarshalJSON() ([]byte, error) {
	text := []byte{'['}
	for _, tag := range t {
		text = AppendText(appendSeparator(text, '['), tag)
	}
	return append(text, ']'), nil
}

// Limits are numbers by the name of what they limit.
type Limits map[string]int64

// The names of limits.
const (
	MaxConnections = "max-connections"
	MaxChannels    = "max-channels"
	MaxQueues      = "max-queues"
)

// UnmarshalJSON takes an empty list for an empty object, as RabbitMQ writes it.
func (l *Limits) UnmarshalJSON(text []byte) error {
	if string(text) == "[]" {
		*l = nil
		return nil
	}
	var limits map[string]int64
	err := json.Unmarshal(text, &limits)
	*l = limits
	return err
}

// MarshalJSON writes an object, never null.
func (l Limits) MarshalJSON() ([]byte, error) {
	if l == nil {
		return []byte("{}"), nil
	}
	return json.Marshal(map[string]int64(l))
}

// limits are those that are set.
func limits(of map[string]Limit) Limits {
	l := make(Limits)
	for name, limit := range of {
		if limit.Set {
			l[name] = limit.Max
		}
	}
	return l
}

// Limit is the one of the name.
func (l Limits) Limit(name string) Limit {
	n, ok := l[name]
	return Limit{Set: ok, Max: n}
}

// UserEntry is a user in JSON.
type UserEntry struct {
	Name             string `json:"name"`
	PasswordHash     string `json:"password_hash"`
	HashingAlgorithm string `json:"hashing_algorithm"`
	Tags             Tags   `json:"tags"`
	Limits           Limits `json:"limits"`
}

// UserEntryOf is the user in JSON.
func UserEntryOf(u User) UserEntry {
	return UserEntry{
		Name: u.Name, PasswordHash: u.PasswordHash, HashingAlgorithm: u.HashingAlgorithm, Tags: u.Tags,
		Limits: limits(map[string]Limit{MaxConnections: u.MaxConnections, MaxChannels: u.MaxChannels}),
	}
}

// Metadata is what is told of a virtual host.
type Metadata struct {
	Description      string `json:"description"`
	Tags             Tags   `json:"tags"`
	DefaultQueueType string `json:"default_queue_type,omitempty"`
}

// VHostEntry is a virtual host in JSON. RabbitMQ has most of it twice.
type VHostEntry struct {
	Name             string   `json:"name"`
	Description      string   `json:"description"`
	Metadata         Metadata `json:"metadata"`
	Tags             Tags     `json:"tags"`
	DefaultQueueType string   `json:"default_queue_type,omitempty"`
	Limits           Limits   `json:"limits,omitempty"`
	Protected        bool     `json:"protected_from_deletion,omitempty"`
}

// VHostEntryOf is the virtual host in JSON. Its limits are parameters.
func VHostEntryOf(v VHost) VHostEntry {
	return VHostEntry{
		Name: v.Name, Description: v.Description, Tags: v.Tags, DefaultQueueType: v.DefaultQueueType,
		Metadata:  Metadata{Description: v.Description, Tags: v.Tags, DefaultQueueType: v.DefaultQueueType},
		Protected: v.ProtectedFromDeletion,
	}
}

// LimitsOf are the limits of the virtual host.
func LimitsOf(v VHost) Limits {
	return limits(map[string]Limit{MaxConnections: v.MaxConnections, MaxQueues: v.MaxQueues})
}

// PermissionEntry is a permission in JSON.
type PermissionEntry struct {
	User      string `json:"user"`
	VHost     string `json:"vhost"`
	Configure string `json:"configure"`
	Write     string `json:"write"`
	Read      string `json:"read"`
}

// TopicPermissionEntry is a topic permission in JSON.
type TopicPermissionEntry struct {
	User     string `json:"user"`
	VHost    string `json:"vhost"`
	Exchange string `json:"exchange"`
	Write    string `json:"write"`
	Read     string `json:"read"`
}

// ParameterEntry is a parameter in JSON; one without a component is global.
type ParameterEntry struct {
	Value     json.RawMessage `json:"value"`
	VHost     string          `json:"vhost,omitempty"`
	Component string          `json:"component,omitempty"`
	Name      string          `json:"name"`
}

// ParameterEntryOf is the parameter in JSON.
func ParameterEntryOf(p Parameter) ParameterEntry {
	return ParameterEntry{Value: json.RawMessage(p.Value), VHost: p.VHost, Component: p.Component, Name: p.Name}
}

// PolicyEntry is a policy in JSON, operator policies among them.
type PolicyEntry struct {
	VHost      string          `json:"vhost,omitempty"`
	Name       string          `json:"name"`
	Pattern    json.RawMessage `json:"pattern"`
	ApplyTo    json.RawMessage `json:"apply-to"`
	Definition json.RawMessage `json:"definition"`
	Priority   json.RawMessage `json:"priority"`
}

// policyValue is the value of a parameter that is a policy, in RabbitMQ's order.
type policyValue struct {
	Pattern    json.RawMessage `json:"pattern,omitempty"`
	Definition json.RawMessage `json:"definition,omitempty"`
	Priority   json.RawMessage `json:"priority,omitempty"`
	ApplyTo    json.RawMessage `json:"apply-to,omitempty"`
}

// PolicyEntryOf is the policy that a parameter is.
func PolicyEntryOf(p Parameter) (PolicyEntry, error) {
	var v policyValue
	if err := json.Unmarshal([]byte(p.Value), &v); err != nil {
		return PolicyEntry{}, err
	}
	return PolicyEntry{VHost: p.VHost, Name: p.Name, Pattern: v.Pattern, ApplyTo: orElse(v.ApplyTo, `"all"`),
		Definition: v.Definition, Priority: orElse(v.Priority, "0")}, nil
}

// Parameter is what the policy is kept as, by the component. What is not given has
// RabbitMQ's default.
func (p PolicyEntry) Parameter(component string) (Parameter, error) {
	value, err := compact(policyValue{Pattern: p.Pattern, Definition: p.Definition,
		Priority: orElse(p.Priority, "0"), ApplyTo: orElse(p.ApplyTo, `"all"`)})
	return Parameter{VHost: p.VHost, Component: component, Name: p.Name, Value: value}, err
}

func orElse(given json.RawMessage, otherwise string) json.RawMessage {
	if len(given) == 0 {
		return json.RawMessage(otherwise)
	}
	return given
}

// QueueEntry is a queue in JSON.
type QueueEntry struct {
	Name       string    `json:"name"`
	VHost      string    `json:"vhost,omitempty"`
	Durable    *bool     `json:"durable"` // missing is true
	AutoDelete bool      `json:"auto_delete"`
	Arguments  Arguments `json:"arguments"`
}

// ExchangeEntry is an exchange in JSON.
type ExchangeEntry struct {
	Name       string    `json:"name"`
	VHost      string    `json:"vhost,omitempty"`
	Type       string    `json:"type"`
	Durable    *bool     `json:"durable"` // missing is true
	AutoDelete bool      `json:"auto_delete"`
	Internal   bool      `json:"internal"`
	Arguments  Arguments `json:"arguments"`
}

// BindingEntry is a binding in JSON.
type BindingEntry struct {
	Source          string    `json:"source"`
	VHost           string    `json:"vhost,omitempty"`
	Destination     string    `json:"destination"`
	DestinationType string    `json:"destination_type"`
	RoutingKey      string    `json:"routing_key"`
	Arguments       Arguments `json:"arguments"`
}

func queueEntry(q queue.Spec) QueueEntry {
	return QueueEntry{Name: q.Name, VHost: q.VHost, Durable: &q.Durable, AutoDelete: q.AutoDelete, Arguments: Arguments(q.Arguments)}
}

func exchangeEntry(e exchange.Spec) ExchangeEntry {
	return ExchangeEntry{
		Name: e.Name, VHost: e.VHost, Type: e.Type, Durable: &e.Durable, AutoDelete: e.AutoDelete, Internal: e.Internal,
		Arguments: Arguments(e.Arguments),
	}
}

func bindingEntry(b binding.Spec) BindingEntry {
	return BindingEntry{
		Source: b.Source, VHost: b.VHost, Destination: b.Destination, DestinationType: b.Kind.String(),
		RoutingKey: b.RoutingKey, Arguments: Arguments(b.Arguments),
	}
}

// spec is the queue as it will be declared.
func (q QueueEntry) spec() queue.Spec {
	return queue.Spec{VHost: q.VHost, Name: q.Name, Durable: q.Durable == nil || *q.Durable, AutoDelete: q.AutoDelete,
		Arguments: amqp.Table(q.Arguments)}
}

func (e ExchangeEntry) spec() exchange.Spec {
	return exchange.Spec{VHost: e.VHost, Name: e.Name, Type: e.Type, Durable: e.Durable == nil || *e.Durable,
		AutoDelete: e.AutoDelete, Internal: e.Internal, Arguments: amqp.Table(e.Arguments)}
}

func (b BindingEntry) spec() binding.Spec {
	spec := binding.Spec{VHost: b.VHost, Source: b.Source, Destination: b.Destination, RoutingKey: b.RoutingKey,
		Arguments: amqp.Table(b.Arguments)}
	if b.DestinationType == binding.ToExchange.String() {
		spec.Kind = binding.ToExchange
	}
	return spec
}
