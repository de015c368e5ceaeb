package definitions

import (
	"bytes"
	"encoding/json"
	"fmt"
)

// ComponentVHostLimits is the component of the limits of virtual hosts, which RabbitMQ
// keeps as parameters and Leveret in the virtual host.
const ComponentVHostLimits = "vhost-limits"

// vhostLimitsName is the name of the only parameter of that component.
const vhostLimitsName = "limits"

// Source says where an export comes from.
type Source struct {
	// RabbitVersion is the version of RabbitMQ whose form the document has.
	RabbitVersion, ProductName, ProductVersion string
	ClusterName                                string
}

// NewDocument is a file of the whole set.
func NewDocument(set Set, from Source) (Document, error) {
	d := from.document()
	d.Format, d.ClusterName = "cluster", from.ClusterName
	d.Explanation = fmt.Sprintf("Definitions of cluster '%s'", from.ClusterName)
	d.Users, d.VHosts = make([]UserEntry, 0, len(set.Users)), make([]VHostEntry, 0, len(set.VHosts))
	d.Permissions, d.TopicPermissions = []PermissionEntry{}, []TopicPermissionEntry{}
	d.GlobalParameters = []ParameterEntry{}
	for _, u := range set.Users {
		d.Users = append(d.Users, UserEntryOf(u))
	}
	for _, v := range set.VHosts {
		d.VHosts = append(d.VHosts, VHostEntryOf(v))
	}
	for _, p := range set.Permissions {
		d.Permissions = append(d.Permissions, PermissionEntry(p))
	}
	for _, p := range set.TopicPermissions {
		d.TopicPermissions = append(d.TopicPermissions, TopicPermissionEntry(p))
	}
	return d, d.fill(set)
}

// NewVHostDocument is a file of one virtual host, whose objects do not name it.
func NewVHostDocument(set Set, vhost VHost, from Source) (Document, error) {
	d := from.document()
	d.Format, d.VHostName = "single_virtual_host", vhost.Name
	d.Explanation = fmt.Sprintf("Definitions of virtual host '%s'", vhost.Name)
	entry := VHostEntryOf(vhost)
	d.VHostPart = &VHostPart{
		Metadata: &entry.Metadata, Description: vhost.Description, DefaultQueueType: vhost.DefaultQueueType,
		Limits: LimitsOf(vhost),
	}
	of := Set{VHosts: []VHost{vhost}}
	for _, p := range set.Parameters {
		if !p.Global() && p.VHost == vhost.Name {
			of.Parameters = append(of.Parameters, p)
		}
	}
	for _, e := range set.Exchanges {
		if e.VHost == vhost.Name {
			of.Exchanges = append(of.Exchanges, e)
		}
	}
	for _, q := range set.Queues {
		if q.VHost == vhost.Name {
			of.Queues = append(of.Queues, q)
		}
	}
	for _, b := range set.Bindings {
		if b.VHost == vhost.Name {
			of.Bindings = append(of.Bindings, b)
		}
	}
	err := d.fill(of)
	d.forget()
	return d, err
}

func (s Source) document() Document {
	return Document{
		RabbitVersion: s.RabbitVersion, RabbitMQVersion: s.RabbitVersion,
		ProductName: s.ProductName, ProductVersion: s.ProductVersion,
		Parameters: []ParameterEntry{}, Policies: []PolicyEntry{},
		Queues: []QueueEntry{}, Exchanges: []ExchangeEntry{}, Bindings: []BindingEntry{},
	}
}

// fill adds what both kinds of files have.
func (d *Document) fill(set Set) error {
	for _, v := range set.VHosts {
		if p, ok := LimitsParameter(v); ok {
			d.Parameters = append(d.Parameters, ParameterEntryOf(p))
		}
	}
	for _, p := range set.Parameters {
		switch {
		case p.Global():
			d.GlobalParameters = append(d.GlobalParameters, ParameterEntryOf(p))
		case p.Component == ComponentPolicy:
			entry, err := PolicyEntryOf(p)
			if err != nil {
				return fmt.Errorf("policy '%s' in vhost '%s': %w", p.Name, p.VHost, err)
			}
			d.Policies = append(d.Policies, entry)
		default:
			d.Parameters = append(d.Parameters, ParameterEntryOf(p))
		}
	}
	for _, q := range set.Queues {
		d.Queues = append(d.Queues, queueEntry(q))
	}
	for _, e := range set.Exchanges {
		d.Exchanges = append(d.Exchanges, exchangeEntry(e))
	}
	for _, b := range set.Bindings {
		d.Bindings = append(d.Bindings, bindingEntry(b))
	}
	return nil
}

// LimitsParameter is the parameter that has the limits of a virtual host in RabbitMQ,
// if it has any.
func LimitsParameter(v VHost) (Parameter, bool) {
	of := LimitsOf(v)
	if len(of) == 0 {
		return Parameter{}, false
	}
	value, err := compact(of)
	return Parameter{VHost: v.Name, Component: ComponentVHostLimits, Name: vhostLimitsName, Value: value}, err == nil
}

// forget takes the name of the virtual host from all objects.
func (d *Document) forget() {
	for i := range d.Parameters {
		d.Parameters[i].VHost = ""
	}
	for i := range d.Policies {
		d.Policies[i].VHost = ""
	}
	for i := range d.Queues {
		d.Queues[i].VHost = ""
	}
	for i := range d.Exchanges {
		d.Exchanges[i].VHost = ""
	}
	for i := range d.Bindings {
		d.Bindings[i].VHost = ""
	}
}

// compact is JSON without needless spaces and escapes.
func compact(v any) (string, error) {
	var buffer bytes.Buffer
	encoder := json.NewEncoder(&buffer)
	encoder.SetEscapeHTML(false)
	if err := encoder.Encode(v); err != nil {
		return "", err
	}
	return string(bytes.TrimRight(buffer.Bytes(), "\n")), nil
}
