package management

import (
	"context"
	"fmt"
	"net/url"
	"strings"
	"testing"
	"time"

	amqp091 "github.com/rabbitmq/amqp091-go"
	"github.com/stretchr/testify/require"

	"github.com/leveretmq/leveret/message"
	"github.com/leveretmq/leveret/queue"
	"github.com/leveretmq/leveret/server"
)

// inMode is a rig with a rates mode.
func inMode(t *testing.T, mode RatesMode) *rig {
	t.Helper()
	g := newRig(t)
	g.api.options.RatesMode = mode
	g.api.samples = newSampler(g.api.broker, g.api.server, mode)
	return g
}

// someTraffic has a client publish through two exchanges to two queues, and consume one.
func someTraffic(t *testing.T, g *rig) *amqp091.Connection {
	t.Helper()
	c := g.dial(t, rootUser)
	ch := g.channel(t, c)
	for _, x := range []string{"near", "far"} {
		require.NoError(t, ch.ExchangeDeclare(x, "fanout", false, false, false, false, nil))
	}
	for _, q := range []string{"q1", "q2"} {
		_, err := ch.QueueDeclare(q, false, false, false, false, nil)
		require.NoError(t, err)
		require.NoError(t, ch.QueueBind(q, "", "near", false, nil))
	}
	require.NoError(t, ch.ExchangeBind("near", "", "far", false, nil))
	publish(t, ch, "near", "", 3)
	publish(t, ch, "far", "", 2)
	publish(t, ch, "", "q1", 1)
	deliveries, err := g.channel(t, c).Consume("q1", "", true, false, false, false, nil)
	require.NoError(t, err)
	for range 6 {
		<-deliveries
	}
	_, err = ch.QueueDeclarePassive("q2", false, false, false, false, nil) // all is published
	require.NoError(t, err)
	return c
}

func publish(t *testing.T, ch *amqp091.Channel, exchange, key string, n int) {
	t.Helper()
	for range n {
		require.NoError(t, ch.PublishWithContext(context.Background(), exchange, key, false, false, amqp091.Publishing{}))
	}
}

// flows is the lists of what goes where, by the name of the other end.
type flows struct {
	Incoming, Outgoing, Publishes, Deliveries []flowTo
}

type flowTo struct {
	Exchange, Queue *objectName
	Channel         *consumerChannel `json:"channel_details"`
	Stats           map[string]any
}

// summed is the name of each other end, and one of its counters.
func summed(list []flowTo, counter string) (texts []string) {
	for _, f := range list {
		var name string
		switch {
		case f.Exchange != nil:
			name = "x:" + f.Exchange.Name
		case f.Queue != nil:
			name = "q:" + f.Queue.Name
		default:
			_, name, _ = strings.Cut(f.Channel.Name, " (")
			name = "channel:" + strings.TrimSuffix(name, ")")
		}
		n, _ := f.Stats[counter].(float64)
		texts = append(texts, name+"="+string(rune('0'+int(n))))
	}
	return texts
}

func TestPassages_Detailed(t *testing.T) {
	g := inMode(t, RatesDetailed)
	g.api.samples.sample(1000, g.api.nodeNumbers)
	c := someTraffic(t, g)
	g.api.samples.sample(1001, g.api.nodeNumbers)

	q1 := fetch[flows](t, g, rootUser, "/api/queues/%2F/q1")
	require.Equal(t, []string{"x:=1", "x:far=2", "x:near=3"}, summed(q1.Incoming, "publish"))
	require.Equal(t, []string{"channel:2=6"}, summed(q1.Deliveries, "deliver_no_ack"))
	require.InDelta(t, 0.4, q1.Incoming[1].Stats["publish_details"].(map[string]any)["rate"], 0)
	q2 := fetch[flows](t, g, rootUser, "/api/queues/%2F/q2")
	require.Equal(t, []string{"x:far=2", "x:near=3"}, summed(q2.Incoming, "publish"))
	require.Equal(t, []flowTo{}, q2.Deliveries)

	far := fetch[flows](t, g, rootUser, "/api/exchanges/%2F/far?msg_rates_age=20&msg_rates_incr=5")
	require.Equal(t, []string{"q:q1=2", "q:q2=2"}, summed(far.Outgoing, "publish"))
	require.Equal(t, []string{"channel:1=2"}, summed(far.Incoming, "publish"))
	require.Equal(t, rootUser, far.Incoming[0].Channel.User)
	require.Len(t, far.Incoming[0].Stats["publish_details"].(map[string]any)["samples"], 5)
	named := fetch[flows](t, g, rootUser, "/api/exchanges/%2F/amq.default")
	require.Equal(t, []string{"q:q1=1"}, summed(named.Outgoing, "publish"))

	path := "/api/channels/" + url.PathEscape(fetch[[]item](t, g, rootUser, "/api/connections")[0].Name)
	one := fetch[flows](t, g, rootUser, path+"%20(1)")
	require.Equal(t, []string{"x:=1", "x:far=2", "x:near=3"}, summed(one.Publishes, "publish"))
	require.Equal(t, []flowTo{}, one.Deliveries)
	two := fetch[flows](t, g, rootUser, path+"%20(2)")
	require.Equal(t, []string{"q:q1=6"}, summed(two.Deliveries, "deliver_get"))

	ch := g.channel(t, c)
	_, err := ch.QueueDelete("q2", false, false, false)
	require.NoError(t, err)
	require.NoError(t, ch.ExchangeDelete("near", false, false))
	require.Equal(t, []string{"q:q1=2"}, summed(fetch[flows](t, g, rootUser, "/api/exchanges/%2F/far").Outgoing, "publish"))
	require.Equal(t, []string{"x:=1", "x:far=2"}, summed(fetch[flows](t, g, rootUser, "/api/queues/%2F/q1").Incoming, "publish"))
	require.Equal(t, []string{"x:=1", "x:far=2"}, summed(fetch[flows](t, g, rootUser, path+"%20(1)").Publishes, "publish"))

	require.NoError(t, c.Close())
	eventually(t, g, "/api/exchanges/%2F/far", func(f flows) bool { return len(f.Incoming) == 0 && len(f.Outgoing) == 1 })
}

// In the other modes the lists are there and empty (RabbitMQ behaviour).
func TestPassages_OtherModes(t *testing.T) {
	for _, mode := range []RatesMode{RatesBasic, RatesNone} {
		t.Run(string(mode), func(t *testing.T) {
			g := inMode(t, mode)
			someTraffic(t, g)
			g.api.samples.sample(1000, g.api.nodeNumbers)
			q := fetch[map[string]any](t, g, rootUser, "/api/queues/%2F/q1")
			x := fetch[map[string]any](t, g, rootUser, "/api/exchanges/%2F/near")
			for _, list := range []any{q["incoming"], q["deliveries"], x["incoming"], x["outgoing"]} {
				require.Equal(t, []any{}, list)
			}
			require.Equal(t, string(mode), fetch[map[string]any](t, g, rootUser, "/api/overview")["rates_mode"])
			for _, path := range []string{"queues/%2F/q1", "exchanges/%2F/near", "vhosts/%2F", "channels", "queues", "exchanges", "vhosts"} {
				text := g.expect(t, 200, rootUser, get, "/api/"+path, "")
				require.Equal(t, mode == RatesBasic, strings.Contains(text, `"message_stats"`), path)
			}
		})
	}
}

// Without rates the overview tells of the disk and of lengths, as RabbitMQ's does.
func TestRatesNone_Overview(t *testing.T) {
	g := inMode(t, RatesNone)
	someTraffic(t, g)
	all := fetch[map[string]any](t, g, rootUser, "/api/overview")
	stats, _ := all["message_stats"].(map[string]any)
	require.Len(t, stats, 4)
	require.Contains(t, stats, "disk_reads")
	require.InDelta(t, 5, all["queue_totals"].(map[string]any)["messages"], 0)
}

// BenchmarkSample_Detailed looks at ten thousand passages.
func BenchmarkSample_Detailed(b *testing.B) {
	for _, mode := range []RatesMode{RatesBasic, RatesDetailed} {
		b.Run(string(mode), func(b *testing.B) {
			g := newRig(b)
			manyPassages(b, g, 10_000)
			s := newSampler(g.api.broker, server.New(server.Options{Broker: g.api.broker}), mode)
			round := time.Now().Unix()
			b.ReportAllocs()
			for b.Loop() {
				s.sample(round, g.api.nodeNumbers)
				round++
			}
		})
	}
}

// manyPassages makes queues that an exchange has led one message to.
func manyPassages(b *testing.B, g *rig, n int) {
	b.Helper()
	v, ok := g.api.broker.VHost("/")
	require.True(b, ok)
	from := queue.NewSource("x")
	for i := range n {
		q, err := v.DeclareQueue(queue.Spec{VHost: "/", Name: fmt.Sprintf("q%05d", i)}, nil)
		require.NoError(b, err)
		q.PublishFrom(from, []queue.Publication{{Message: &message.Message{}}})
	}
}
