package broker_test

import (
	"log/slog"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/leveretmq/leveret/amqp"
	"github.com/leveretmq/leveret/broker"
	"github.com/leveretmq/leveret/definitions"
	"github.com/leveretmq/leveret/message"
	"github.com/leveretmq/leveret/persistence"
)

// idler is a requester that is not interested.
type idler struct{ _ byte }

func (*idler) Reply(*message.Message) broker.Reception { return broker.Lost }
func (*idler) PaceReplies()                            {}

// answered are the requesters that a message reaches.
func answered(t testing.TB, p *broker.Publisher, m *message.Message) []broker.Requester {
	t.Helper()
	_, err := p.Route(m)
	require.NoError(t, err)
	return p.Requesters()
}

func TestReplies_AddressesCannotBeGuessed(t *testing.T) {
	f := start(t)
	r := new(idler)
	one, other := f.vhost.OpenReplies(r), f.vhost.OpenReplies(r)
	number, secret, _ := strings.Cut(strings.TrimPrefix(one, broker.ReplyTo+"."), ".")
	_, otherSecret, _ := strings.Cut(strings.TrimPrefix(other, broker.ReplyTo+"."), ".")
	require.Len(t, secret, 22) // 16 octets in base64
	require.NotEqual(t, secret, otherSecret)
	p := f.vhost.NewPublisher("guest")
	for _, address := range []string{
		broker.ReplyTo + "." + number + "." + otherSecret, broker.ReplyTo + "." + number + ".",
		broker.ReplyTo + "." + number, broker.ReplyTo + ".", broker.ReplyTo, one + "x", one[:len(one)-1],
	} {
		require.Empty(t, answered(t, p, &message.Message{RoutingKey: address}), address)
	}
	require.Equal(t, []broker.Requester{r}, answered(t, p, &message.Message{RoutingKey: one}))
}

func TestReplies_VirtualHostsStayApart(t *testing.T) {
	store, err := persistence.Open(persistence.Options{
		Dir: t.TempDir(), Durability: persistence.OS, Logger: slog.New(slog.DiscardHandler),
		Fatal:  func(err error) { t.Errorf("the store has failed: %v", err) },
		Limits: persistence.Limits{ValueLogFile: 16 << 20},
	})
	require.NoError(t, err)
	b, err := broker.New(broker.Options{Store: store, Stored: &definitions.Set{VHosts: []definitions.VHost{{Name: "/"}, {Name: "other"}}}})
	require.NoError(t, err)
	t.Cleanup(func() { require.NoError(t, b.Close()) })
	here, _ := b.VHost("/")
	there, _ := b.VHost("other")
	r := new(idler)
	address := here.OpenReplies(r)
	require.Empty(t, answered(t, there.NewPublisher("guest"), &message.Message{RoutingKey: address}))
	require.NotEmpty(t, answered(t, here.NewPublisher("guest"), &message.Message{RoutingKey: address}))
	require.NoError(t, here.FindReplies(address))
	requireCode(t, amqp.CodeNotFound, there.FindReplies(address))
}

// A publisher remembers routes, but no requesters of an earlier message.
func TestReplies_BesideRoutesThatAreRemembered(t *testing.T) {
	f := start(t)
	f.queue("q")
	r := new(idler)
	address := f.vhost.OpenReplies(r)
	p := f.vhost.NewPublisher("guest")
	plain := &message.Message{RoutingKey: "q"}
	direct := &message.Message{RoutingKey: address}
	headers := withHeaders("", address, amqp.Field{Key: "n", Value: int32(1)})
	wanted := &message.Message{RoutingKey: "q", Properties: amqp.PropertyList{ReplyTo: "elsewhere"}.Encode()}
	both := withHeaders("", "q", amqp.Field{Key: "CC", Value: amqp.Array{address}})
	for range 2 {
		for _, m := range []*message.Message{direct, headers, both} {
			require.Equal(t, []broker.Requester{r}, answered(t, p, m))
			for range 2 {
				require.Empty(t, answered(t, p, plain))
				require.Empty(t, answered(t, p, wanted))
			}
		}
	}
	queues, err := p.Route(both)
	require.NoError(t, err)
	require.Equal(t, []string{"q"}, names(queues))
	f.vhost.CloseReplies(address)
	require.Empty(t, answered(t, p, direct))
	require.Empty(t, answered(t, p, both))
}

// A route that is remembered ends with its exchange, whatever came in between.
func TestReplies_RoutesThatAreRememberedGrowOld(t *testing.T) {
	f := start(t)
	f.exchange("x", "direct")
	p := f.vhost.NewPublisher("guest")
	wanted := &message.Message{Exchange: "x", RoutingKey: "k", Properties: amqp.PropertyList{ReplyTo: "elsewhere"}.Encode()}
	require.Empty(t, answered(t, p, wanted))
	f.queue("q")
	f.bind(toQueue("x", "q", "k"))
	queues, err := p.Route(wanted)
	require.NoError(t, err)
	require.Equal(t, []string{"q"}, names(queues))
	require.NoError(t, f.vhost.DeleteExchange("x", false))
	_, err = p.Route(wanted)
	requireCode(t, amqp.CodeNotFound, err)
	_, err = p.Route(&message.Message{Exchange: "x", RoutingKey: "k"})
	requireCode(t, amqp.CodeNotFound, err)
}
