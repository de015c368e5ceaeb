package server_test

import (
	"fmt"
	"slices"
	"strings"
	"testing"
	"testing/synctest"

	"github.com/stretchr/testify/require"

	"github.com/leveretmq/leveret/amqp"
	"github.com/leveretmq/leveret/auth"
	"github.com/leveretmq/leveret/server"
)

// guard is users of which one may do all but one thing.
type guard struct {
	*limited
	refused string // what may not be done, as asked prints it
	asked   []string
}

func newGuard() *guard {
	return &guard{limited: &limited{vhost: auth.NoLimits(), user: auth.NoLimits()}}
}

func (g *guard) ask(what string) error {
	g.asked = append(g.asked, what)
	if what == g.refused {
		return amqp.Errorf(amqp.CodeAccessRefused, "%s refused", what)
	}
	return nil
}

func (g *guard) May(_ auth.User, _ string, op auth.Operation, r auth.Resource) error {
	return g.ask(fmt.Sprintf("%s %s '%s'", op, r.Kind, r.Name))
}

func (g *guard) MayTopic(_ auth.User, _, exchange string, op auth.Operation, key string) error {
	return g.ask(fmt.Sprintf("%s topic '%s' of '%s'", op, key, exchange))
}

// operation is one way to use a method, and what it needs, in order.
type operation struct {
	method amqp.Method
	needs  []string
}

// operations is every method that a client can send on a channel. The queue q, the
// exchanges d (direct) and t (topic) are there, n is not.
func operations() []operation {
	deadLetter := amqp.Table{{Key: "x-dead-letter-exchange", Value: "d"}}
	alternate := amqp.Table{{Key: "alternate-exchange", Value: "d"}}
	bindQ := []string{"write queue 'q'", "read exchange 'd'"}
	bindD := []string{"write exchange 'd'", "read exchange 't'", "read topic 'k' of 't'"}
	return []operation{
		{&amqp.ExchangeDeclare{Exchange: "d", Type: "direct"}, []string{"configure exchange 'd'"}},
		{&amqp.ExchangeDeclare{Exchange: "n", Type: "fanout"}, []string{"configure exchange 'n'"}},
		{&amqp.ExchangeDeclare{Exchange: "n", Type: "fanout", Arguments: alternate},
			[]string{"configure exchange 'n'", "read exchange 'n'", "write exchange 'd'"}},
		{&amqp.ExchangeDeclare{Exchange: "d", Type: "direct", Passive: true}, nil},
		{&amqp.ExchangeDelete{Exchange: "n"}, []string{"configure exchange 'n'"}},
		{&amqp.ExchangeBind{Source: "t", Destination: "d", RoutingKey: "k"}, bindD},
		{&amqp.ExchangeUnbind{Source: "t", Destination: "d", RoutingKey: "k"}, bindD},
		{&amqp.QueueDeclare{Queue: "q"}, []string{"configure queue 'q'"}},
		{&amqp.QueueDeclare{Queue: "n", Arguments: deadLetter},
			[]string{"configure queue 'n'", "read queue 'n'", "write exchange 'd'"}},
		{&amqp.QueueDeclare{Queue: "q", Passive: true}, nil},
		{&amqp.QueueDelete{Queue: "n"}, []string{"configure queue 'n'"}},
		{&amqp.QueueBind{Queue: "q", Exchange: "d", RoutingKey: "k"}, bindQ},
		{&amqp.QueueUnbind{Queue: "q", Exchange: "d", RoutingKey: "k"}, bindQ},
		{&amqp.QueuePurge{Queue: "q"}, []string{"read queue 'q'"}},
		{&amqp.BasicPublish{Exchange: "d", RoutingKey: "k"}, []string{"write exchange 'd'"}},
		{&amqp.BasicPublish{RoutingKey: "q"}, []string{"write exchange ''"}},
		{&amqp.BasicPublish{Exchange: "t", RoutingKey: "a.b"}, []string{"write exchange 't'", "write topic 'a.b' of 't'"}},
		{&amqp.BasicConsume{Queue: "q"}, []string{"read queue 'q'"}},
		{&amqp.BasicConsume{Queue: "amq.rabbitmq.reply-to", NoAck: true}, nil},
		{&amqp.BasicGet{Queue: "q"}, []string{"read queue 'q'"}},
		{&amqp.BasicQos{}, nil},
		{&amqp.BasicCancel{ConsumerTag: "c"}, nil},
		{&amqp.BasicCancelOk{ConsumerTag: "c"}, nil},
		{&amqp.BasicAck{Multiple: true}, nil},
		{&amqp.BasicNack{Multiple: true}, nil},
		{&amqp.BasicReject{}, nil},
		{&amqp.BasicRecover{Requeue: true}, nil},
		{&amqp.BasicRecoverAsync{Requeue: true}, nil},
		{&amqp.ConfirmSelect{}, nil},
		{&amqp.TxSelect{}, nil},
		{&amqp.TxCommit{}, nil},
		{&amqp.TxRollback{}, nil},
		{&amqp.ChannelFlow{Active: true}, nil},
		{&amqp.ChannelFlowOk{}, nil},
		{&amqp.ChannelOpen{}, nil},
		{&amqp.ChannelClose{}, nil},
		{&amqp.ChannelCloseOk{}, nil},
		{&amqp.AccessRequest{}, nil},
	}
}

// attempt does one operation as a user who may not do what is refused, and returns
// what was asked and whether the channel was closed for the refusal.
func attempt(t *testing.T, o operation, refused string) (asked []string, closed bool) {
	synctest.Test(t, func(t *testing.T) {
		g, l := newGuard(), newListener()
		serve(t, l, newVolatile(), server.Options{Authenticator: g})
		p := connect(t, l)
		p.handshake(opened)
		p.send(1, &amqp.ExchangeDeclare{Exchange: "d", Type: "direct"},
			&amqp.ExchangeDeclare{Exchange: "t", Type: "topic"}, &amqp.QueueDeclare{Queue: "q"})
		synctest.Wait()
		require.Len(t, p.heard(), 3)
		g.asked, g.refused = nil, refused
		if publish, ok := o.method.(*amqp.BasicPublish); ok {
			p.publish(1, publish, nil, []byte("x"))
		} else {
			p.send(1, o.method)
		}
		synctest.Wait()
		closed = strings.Contains(strings.Join(p.heard(), "\n"), "ACCESS_REFUSED - "+refused+" refused")
		asked = slices.Clone(g.asked)
		p.hangUp()
		synctest.Wait()
	})
	return asked, closed
}

// Each operation asks for exactly what it needs, and is refused exactly if one of
// these things is.
func TestAccess_EveryOperationAgainstEveryPermission(t *testing.T) {
	all := make(map[string]struct{})
	for _, o := range operations() {
		for _, need := range o.needs {
			all[need] = struct{}{}
		}
	}
	for _, o := range operations() {
		asked, _ := attempt(t, o, "nothing")
		require.Equal(t, o.needs, asked, "%s %+v", o.method.ID(), o.method)
		for permission := range all {
			_, closed := attempt(t, o, permission)
			require.Equal(t, slices.Contains(o.needs, permission), closed,
				"%s %+v without %s", o.method.ID(), o.method, permission)
		}
	}
}

// A method that is not in the table is a mistake.
func TestAccess_EveryMethodHasARow(t *testing.T) {
	rows := make(map[amqp.MethodID]struct{})
	for _, o := range operations() {
		rows[o.method.ID()] = struct{}{}
	}
	const classes, methods, connectionClass = 100, 128, 10
	for class := range classes {
		for method := range methods {
			id := amqp.MethodID(class<<16 | method)
			if _, ok := rows[id]; ok || id.String() == fmt.Sprintf("%d.%d", class, method) {
				continue
			}
			onlyServer := strings.HasSuffix(id.String(), "-ok") || slices.Contains(
				[]amqp.MethodID{amqp.IDBasicReturn, amqp.IDBasicDeliver, amqp.IDBasicGetEmpty}, id)
			require.True(t, onlyServer || class == connectionClass, "%s has no row in operations", id)
		}
	}
}
