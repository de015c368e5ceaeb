package management

import (
	"testing"

	amqp091 "github.com/rabbitmq/amqp091-go"
	"github.com/stretchr/testify/require"
)

// An exchange is that of the user who has declared it first, however that was.
func TestExchanges_ShowWhoHasDeclaredThem(t *testing.T) {
	g := newRig(t)
	ch := g.channel(t, g.dial(t, plainUser))
	require.NoError(t, ch.ExchangeDeclare("amqp", "direct", true, false, false, false, nil))
	g.expect(t, 201, rootUser, set, "/api/exchanges/%2F/http", `{"type":"fanout"}`)
	g.expect(t, 204, rootUser, set, "/api/exchanges/%2F/amqp", `{"type":"direct","durable":true}`)
	g.expect(t, 204, rootUser, post, "/api/definitions", `{"exchanges":[
		{"vhost":"/","name":"imported","type":"topic","durable":true,"auto_delete":false,"internal":false,"arguments":{}},
		{"vhost":"/","name":"amqp","type":"direct","durable":true,"auto_delete":false,"internal":false,"arguments":{}}]}`)
	require.NoError(t, ch.ExchangeDeclarePassive("http", "fanout", true, false, false, false, amqp091.Table{}))
	by := make(map[string]string)
	for _, x := range fetch[[]exchangeView](t, g, rootUser, "/api/exchanges/%2F") {
		by[x.Name] = x.By
	}
	require.Equal(t, map[string]string{
		"amqp": plainUser, "http": rootUser, "imported": rootUser,
		"": internalUser, "amq.direct": internalUser, "amq.fanout": internalUser, "amq.headers": internalUser,
		"amq.match": internalUser, "amq.rabbitmq.trace": internalUser, "amq.topic": internalUser,
	}, by)
}
