package management

import (
	"cmp"
	"strings"
	"time"

	"github.com/leveretmq/leveret/auth"
	"github.com/leveretmq/leveret/broker"
	"github.com/leveretmq/leveret/definitions"
	"github.com/leveretmq/leveret/exchange"
	"github.com/leveretmq/leveret/server"
)

// defaultName is how paths and texts call the exchange whose name is empty.
const defaultName = "amq.default"

// exchangeName is the name of an exchange in a path.
func exchangeName(inPath string) string {
	if inPath == defaultName {
		return exchange.Default
	}
	return inPath
}

// exchangeView is an exchange in lists.
type exchangeView struct {
	Arguments  definitions.Arguments `json:"arguments"`
	AutoDelete bool                  `json:"auto_delete"`
	Durable    bool                  `json:"durable"`
	Internal   bool                  `json:"internal"`
	Stats      exchangeStats         `json:"message_stats,omitzero"`
	Delayed    int                   `json:"messages_delayed,omitempty"`
	Name       string                `json:"name"`
	Policy     string                `json:"policy,omitempty"`
	Type       string                `json:"type"`
	By         string                `json:"user_who_performed_action"`
	VHost      string                `json:"vhost"`
}

// exchangeDetail is an exchange on its own.
type exchangeDetail struct {
	exchangeView
	Incoming []publisherView `json:"incoming"`
	Outgoing []outletView    `json:"outgoing"`
}

// internalUser is who has made what nobody has asked for, and what it is not known of
// who has (RabbitMQ's name).
const internalUser = "rmq-internal"

func (a *API) exchangeView(s *broker.ExchangeStatus, asked windows) exchangeView {
	key := named{s.Spec.VHost, s.Spec.Name}
	r := reading{now: numbersOf(&s.Counters), motion: a.samples.exchanges.motion(key, asked), asked: asked}
	return exchangeView{
		Arguments: definitions.Arguments(s.Spec.Arguments), AutoDelete: s.Spec.AutoDelete, Durable: s.Spec.Durable,
		Internal: s.Spec.Internal, Stats: told(a.options.RatesMode, r.passages), Delayed: s.Held, Name: s.Spec.Name, Policy: s.Policy,
		Type: s.Spec.Type, By: cmp.Or(s.Spec.By, internalUser), VHost: s.Spec.VHost,
	}
}

func (a *API) listExchanges(r *request) (reply, error) {
	asked, err := parseWindows(r.query, time.Now())
	if err != nil {
		return reply{}, err
	}
	var exchanges []broker.ExchangeStatus
	for _, vhost := range a.visible(r) {
		exchanges = append(exchanges, a.broker.Exchanges(vhost)...)
	}
	asked = asked.forList(r, len(exchanges))
	items := make([]exchangeView, len(exchanges))
	for i := range exchanges {
		items[i] = a.exchangeView(&exchanges[i], asked)
	}
	return list(items), nil
}

func (a *API) showExchange(r *request) (reply, error) {
	s, ok := a.broker.Exchange(r.vhost(), exchangeName(r.param("exchange")))
	if !ok {
		return reply{}, notFound()
	}
	asked, err := parseWindows(r.query, time.Now())
	return show(exchangeDetail{
		exchangeView: a.exchangeView(&s, asked), Incoming: a.publishersTo(s.Spec.VHost, s.Spec.Name, asked),
		Outgoing: a.outletsOf(s.Spec.VHost, s.Spec.Name, asked),
	}), err
}

func (a *API) putExchange(r *request) (reply, error) {
	who, err := a.acting(r)
	if err != nil {
		return reply{}, err
	}
	b, err := r.body()
	if err != nil {
		return reply{}, err
	}
	spec := exchange.Spec{VHost: r.vhost(), Name: exchangeName(server.CleanName(r.param("exchange"))), By: r.actor.User}
	if spec.Type, err = b.exchangeType(); err != nil {
		return reply{}, err
	}
	d, err := b.declaration()
	if err != nil {
		return reply{}, err
	}
	if spec.Internal, err = b.flag("internal"); err != nil {
		return reply{}, err
	}
	spec.Durable, spec.AutoDelete, spec.Arguments = d.durable, d.autoDelete, d.arguments
	if err := cmp.Or(a.declaredHere(b), short("exchange", spec.Name)); err != nil {
		return reply{}, err
	}
	_, exists := a.broker.Exchange(spec.VHost, spec.Name)
	if err := who.VHost.DeclareExchangeIf(spec, who.DeclareExchange(spec, who.owner)); err != nil {
		return reply{}, err
	}
	return r.declared(!exists), nil
}

// exchangeType is the member "type"; "direct" without it.
func (b body) exchangeType() (string, error) {
	raw, ok := b["type"]
	if !ok {
		return "direct", nil
	}
	name, isText := b.value("type").(string)
	if !isText || name == "" {
		return "", badRequest("invalid exchange type '%s'", strings.Trim(string(raw), `"`))
	}
	return name, nil
}

func (a *API) deleteExchange(r *request) (reply, error) {
	who, err := a.acting(r)
	if err != nil {
		return reply{}, err
	}
	name := exchangeName(r.param("exchange"))
	if _, ok := a.broker.Exchange(r.vhost(), name); !ok {
		return reply{}, notFound()
	}
	if err := exchange.CheckDelete(name, r.vhost()); err != nil {
		return reply{}, err
	}
	if err := who.Exchange(auth.Configure, name); err != nil {
		return reply{}, err
	}
	return done(), who.VHost.DeleteExchangeFor(name, r.flag("if-unused"), who.owner)
}
