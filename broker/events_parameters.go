package broker

import (
	"cmp"

	"github.com/leveretmq/leveret/amqp"
	"github.com/leveretmq/leveret/definitions"
)

// globalComponent is what events call the component of a global parameter.
const globalComponent = "global"

// tellParameterSet tells of a parameter. A policy has an event of its own; an operator
// policy has both (RabbitMQ behaviour).
func (b *Broker) tellParameterSet(p definitions.Parameter, by string) {
	if !b.Observing() {
		return
	}
	value := jsonValue(p.Value)
	if p.Component != definitions.ComponentPolicy {
		properties := Fields("component", cmp.Or(p.Component, globalComponent), "name", p.Name, "value", value,
			performer, cmp.Or(by, internalActor))
		if !p.Global() {
			properties = append(properties, Fields("vhost", p.VHost)...)
		}
		b.Emit("parameter.set", properties)
	}
	if content, ok := value.(amqp.Table); ok && isPolicy(p) {
		b.Emit("policy.set", append(Fields("vhost", p.VHost, "name", p.Name, performer, cmp.Or(by, internalActor)), content...))
	}
}

// tellParameterCleared tells that a parameter is gone. Of an operator policy there is
// only the event of its parameter (RabbitMQ behaviour).
func (b *Broker) tellParameterCleared(p definitions.Parameter, by string) {
	properties := Fields("name", p.Name, performer, cmp.Or(by, internalActor))
	if !p.Global() {
		properties = append(properties, Fields("vhost", p.VHost)...)
	}
	if p.Component == definitions.ComponentPolicy {
		b.Emit("policy.cleared", properties)
		return
	}
	b.Emit("parameter.cleared", append(properties, Fields("component", cmp.Or(p.Component, globalComponent))...))
}

// jsonValue is a value of JSON as that of a field, or as text if it does not fit one.
func jsonValue(text string) any {
	var wrapped definitions.Arguments
	if err := wrapped.UnmarshalJSON([]byte(`{"value":` + text + `}`)); err != nil {
		return text
	}
	value, _ := wrapped.Lookup("value")
	return value
}
