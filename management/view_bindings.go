package management

import (
	"crypto/sha256"
	"encoding/base64"
	"net/http"
	"net/url"
	"strings"

	"github.com/leveretmq/leveret/amqp"
	"github.com/leveretmq/leveret/binding"
	"github.com/leveretmq/leveret/definitions"
	"github.com/leveretmq/leveret/server"
)

// bindingView is a binding.
type bindingView struct {
	Source          string                `json:"source"`
	VHost           string                `json:"vhost"`
	Destination     string                `json:"destination"`
	DestinationType string                `json:"destination_type"`
	RoutingKey      string                `json:"routing_key"`
	Arguments       definitions.Arguments `json:"arguments"`
	PropertiesKey   string                `json:"properties_key"`
}

func bindingViewOf(b *binding.Spec) bindingView {
	return bindingView{
		Source: b.Source, VHost: b.VHost, Destination: b.Destination, DestinationType: b.Kind.String(),
		RoutingKey: b.RoutingKey, Arguments: definitions.Arguments(b.Arguments), PropertiesKey: propertiesKey(b),
	}
}

// argumentsHash is how many octets of a hash tell bindings with the same key apart.
const argumentsHash = 6

// propertiesKey is the last segment of the binding's path, before it is escaped once
// more: the routing key, and a hash of the arguments if there are any. Tools store it.
func propertiesKey(b *binding.Spec) string {
	key := quotePlus(b.RoutingKey)
	if len(b.Arguments) == 0 {
		if key == "" {
			return "~"
		}
		return key
	}
	identity := binding.Spec{Arguments: b.Arguments}.Identity()
	sum := sha256.Sum256([]byte(identity))
	return key + "~" + base64.RawURLEncoding.EncodeToString(sum[:argumentsHash])
}

// quotedOnce is the properties_key that a client means who has put the routing key into the
// path escaped once only. RabbitMQ takes both, and Ansible's module does it so.
func quotedOnce(props string) string {
	key, hash := props, ""
	if at := strings.LastIndex(props, "~"); at >= 0 {
		key, hash = props[:at], props[at:]
	}
	if plain, err := url.QueryUnescape(key); err == nil {
		key = plain
	}
	return quotePlus(key) + hash
}

// quotePlus escapes as RabbitMQ does, where a tilde ends the routing key.
func quotePlus(s string) string {
	return strings.ReplaceAll(url.QueryEscape(s), "~", "%7E")
}

// viewBindings makes of bindings what is answered.
func viewBindings(bindings []binding.Spec) []bindingView {
	var items []bindingView
	for i := range bindings {
		items = append(items, bindingViewOf(&bindings[i]))
	}
	return items
}

func (a *API) listBindings(r *request) (reply, error) {
	var items []bindingView
	for _, vhost := range a.visible(r) {
		items = append(items, viewBindings(a.broker.Bindings(vhost))...)
	}
	return list(items), nil
}

func (a *API) queueBindings(r *request) (reply, error) {
	if _, _, err := a.theQueue(r); err != nil {
		return reply{}, err
	}
	return list(viewBindings(a.broker.BindingsTo(r.vhost(), binding.ToQueue, r.param("queue")))), nil
}

func (a *API) bindingsFrom(r *request) (reply, error) {
	return list(viewBindings(a.broker.BindingsFrom(r.vhost(), exchangeName(r.param("exchange"))))), nil
}

func (a *API) bindingsTo(r *request) (reply, error) {
	name := exchangeName(r.param("exchange"))
	return list(viewBindings(a.broker.BindingsTo(r.vhost(), binding.ToExchange, name))), nil
}

// ends are the source and the destination in a path.
func ends(r *request) (binding.Spec, error) {
	b := binding.Spec{VHost: r.vhost(), Source: exchangeName(r.param("source")), Destination: r.param("destination")}
	switch r.param("type") {
	case "q":
	case "e":
		b.Kind, b.Destination = binding.ToExchange, exchangeName(b.Destination)
	default:
		return b, notFound()
	}
	return b, nil
}

// between lists the bindings between the ends in a path.
func (a *API) between(r *request) ([]bindingView, error) {
	of, err := ends(r)
	if err != nil {
		return nil, err
	}
	var items []bindingView
	for _, b := range a.broker.BindingsTo(r.vhost(), of.Kind, of.Destination) {
		if b.Source == of.Source {
			items = append(items, bindingViewOf(&b))
		}
	}
	return items, nil
}

func (a *API) bindingsBetween(r *request) (reply, error) {
	items, err := a.between(r)
	return list(items), err
}

// theBinding is the one that the last segment of a path names.
func (a *API) theBinding(r *request) (bindingView, error) {
	items, err := a.between(r)
	if err != nil {
		return bindingView{}, err
	}
	props := r.param("props")
	meant := quotedOnce(props)
	for _, b := range items {
		if b.PropertiesKey == props || b.PropertiesKey == meant {
			return b, nil
		}
	}
	return bindingView{}, notFound()
}

func (a *API) showBinding(r *request) (reply, error) {
	b, err := a.theBinding(r)
	return show(b), err
}

func (a *API) bind(r *request) (reply, error) {
	who, err := a.acting(r)
	if err != nil {
		return reply{}, err
	}
	b, err := ends(r)
	if err != nil {
		return reply{}, err
	}
	b.Source, b.Destination = server.CleanName(b.Source), server.CleanName(b.Destination)
	members, err := r.body()
	if err != nil {
		return reply{}, err
	}
	if members.gives("routing_key") {
		if b.RoutingKey, err = members.key(); err != nil {
			return reply{}, err
		}
	}
	r.note("routing_key", b.RoutingKey)
	if b.Arguments, err = members.table("arguments"); err != nil {
		return reply{}, err
	}
	if err := who.Bind(b); err != nil {
		return reply{}, err
	}
	if err := who.VHost.Bind(b, who.owner); err != nil {
		return reply{}, err
	}
	// Relative to the path of the request; clients take what is behind the last slash.
	location := url.PathEscape(r.param("destination")) + "/" + url.QueryEscape(propertiesKey(&b))
	return reply{status: http.StatusCreated}.with("Location", location), nil
}

func (a *API) unbind(r *request) (reply, error) {
	who, err := a.acting(r)
	if err != nil {
		return reply{}, err
	}
	found, err := a.theBinding(r)
	if err != nil {
		return reply{}, err
	}
	b, err := ends(r)
	if err != nil {
		return reply{}, err
	}
	r.note("routing_key", found.RoutingKey)
	b.RoutingKey, b.Arguments = found.RoutingKey, amqp.Table(found.Arguments)
	if err := who.Bind(b); err != nil {
		return reply{}, err
	}
	return done(), who.VHost.Unbind(b, who.owner)
}
