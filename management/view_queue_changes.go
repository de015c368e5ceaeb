package management

import (
	"strings"

	"github.com/leveretmq/leveret/amqp"
	"github.com/leveretmq/leveret/auth"
	"github.com/leveretmq/leveret/queue"
	"github.com/leveretmq/leveret/server"
)

// declaration is what the bodies that declare queues and exchanges have in common.
type declaration struct {
	durable, autoDelete bool
	arguments           amqp.Table
}

// declaredHere refuses to declare something on another node: there is none.
func (a *API) declaredHere(b body) error {
	if !b.has("node") {
		return nil
	}
	name, err := b.text("node")
	if err != nil {
		return err
	}
	if name == a.options.NodeName {
		return nil
	}
	if !strings.Contains(name, "@") {
		_, host, _ := strings.Cut(a.options.NodeName, "@")
		name += "@" + host
	}
	return badRequest("Node %s could not be contacted", atom(name))
}

// declaration reads the members. What is not there is false: a queue that is declared
// with an empty body is not durable (RabbitMQ behaviour).
func (b body) declaration() (d declaration, err error) {
	if d.durable, err = b.flag("durable"); err != nil {
		return d, err
	}
	if d.autoDelete, err = b.flag("auto_delete"); err != nil {
		return d, err
	}
	d.arguments, err = b.table("arguments")
	return d, err
}

// putQueue declares a queue. It is never exclusive: there is no connection that it
// could belong to.
func (a *API) putQueue(r *request) (reply, error) {
	who, err := a.acting(r)
	if err != nil {
		return reply{}, err
	}
	b, err := r.body()
	if err != nil {
		return reply{}, err
	}
	d, err := b.declaration()
	if err != nil {
		return reply{}, err
	}
	if err := a.declaredHere(b); err != nil {
		return reply{}, err
	}
	spec := queue.Spec{
		VHost: r.vhost(), Name: server.CleanName(r.param("queue")),
		Durable: d.durable, AutoDelete: d.autoDelete, Arguments: d.arguments,
	}
	if err := short("queue", spec.Name); err != nil {
		return reply{}, err
	}
	_, exists := a.broker.Queue(spec.VHost, spec.Name)
	if _, err := who.VHost.DeclareQueueIf(spec, who.owner, who.DeclareQueue(spec.Name, spec.Arguments)); err != nil {
		return reply{}, err
	}
	return r.declared(!exists), nil
}

// theQueue is the acting caller and whether there is the queue of the path.
func (a *API) theQueue(r *request) (acting, string, error) {
	who, err := a.acting(r)
	if err != nil {
		return who, "", err
	}
	name := r.param("queue")
	if _, ok := a.broker.Queue(r.vhost(), name); !ok {
		return who, name, notFound()
	}
	return who, name, nil
}

func (a *API) deleteQueue(r *request) (reply, error) {
	who, name, err := a.theQueue(r)
	if err != nil {
		return reply{}, err
	}
	if err := who.Queue(auth.Configure, name); err != nil {
		return reply{}, err
	}
	condition := queue.Condition{IfUnused: r.flag("if-unused"), IfEmpty: r.flag("if-empty")}
	_, err = who.VHost.DeleteQueue(name, who.owner, condition)
	return done(), err
}

func (a *API) purgeQueue(r *request) (reply, error) {
	who, name, err := a.theQueue(r)
	if err != nil {
		return reply{}, err
	}
	if err := who.Queue(auth.Read, name); err != nil {
		return reply{}, err
	}
	_, err = who.VHost.PurgeQueue(name, who.owner)
	return done(), err
}

// actOnQueue is what operators do with a queue. RabbitMQ 3 knows sync and cancel_sync,
// which mean nothing where there are no mirrors, and which scripts call.
func (a *API) actOnQueue(r *request) (reply, error) {
	who, name, err := a.theQueue(r)
	if err != nil {
		return reply{}, missing("queue")
	}
	b, err := r.body()
	if err == nil {
		err = b.require("action")
	}
	if err != nil {
		return reply{}, err
	}
	r.note("done", b.value("action"))
	switch b.value("action") {
	case "sync", "cancel_sync":
		return done(), nil
	case "pause":
		return done(), who.VHost.PauseQueue(name, paused)
	case "resume":
		return done(), who.VHost.PauseQueue(name, resumed)
	default:
		return reply{}, badTerm("unknown", termOf(b["action"]))
	}
}

// paused and resumed are what PauseQueue is told.
const (
	paused  = true
	resumed = false
)
