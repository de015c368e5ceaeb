package rabbithole

import (
	"encoding/json"
	"errors"
	"net/http"
	"net/url"
	"testing"

	rabbithole "github.com/michaelklishin/rabbit-hole/v2"
	"github.com/stretchr/testify/require"
)

func TestVirtualHosts(t *testing.T) {
	b := connect(t)
	done(t, http.StatusNoContent)(b.PutVhost(b.vhost, rabbithole.VhostSettings{Description: "changed", Tags: rabbithole.VhostTags{"c"}}))
	one, err := b.GetVhost(b.vhost)
	require.NoError(t, err)
	require.Equal(t, b.vhost, one.Name)
	require.Equal(t, "changed", one.Description)
	require.Equal(t, rabbithole.VhostTags{"c"}, one.Tags)
	require.False(t, one.Tracing)
	require.Contains(t, one.ClusterState, nodeName(t, b))
	found(t, func(v rabbithole.VhostInfo) bool { return v.Name == b.vhost })(b.ListVhosts())

	_, err = b.GetVhost(b.vhost + "-missing")
	requireStatus(t, err, http.StatusNotFound)
	done(t, http.StatusNotFound)(b.DeleteVhost(b.vhost + "-missing"))
}

func TestExchanges(t *testing.T) {
	b := connect(t)
	settings := rabbithole.ExchangeSettings{Type: "topic", Durable: true, Arguments: map[string]any{"alternate-exchange": "amq.fanout", "n": 1}}
	done(t, http.StatusCreated)(b.DeclareExchange(b.vhost, "x/ü", settings))
	done(t, http.StatusNoContent)(b.DeclareExchange(b.vhost, "x/ü", settings))
	// RabbitMQ 4.0 fails to tell of a difference if a name is not ASCII.
	done(t, http.StatusCreated)(b.DeclareExchange(b.vhost, "x/y", settings))
	refused(t, http.StatusBadRequest)(b.DeclareExchange(b.vhost, "x/y", rabbithole.ExchangeSettings{Type: "direct", Durable: true}))

	one, err := b.GetExchange(b.vhost, "x/ü")
	require.NoError(t, err)
	require.Equal(t, "topic", one.Type)
	require.True(t, one.Durable)
	require.False(t, one.AutoDelete || one.Internal)
	require.Equal(t, map[string]any{"alternate-exchange": "amq.fanout", "n": 1.0}, one.Arguments)
	is := func(x rabbithole.ExchangeInfo) bool { return x.Vhost == b.vhost && x.Name == "x/ü" }
	found(t, is)(b.ListExchanges())
	found(t, is)(b.ListExchangesIn(b.vhost))

	done(t, http.StatusNoContent)(b.DeleteExchange(b.vhost, "x/ü"))
	done(t, http.StatusNotFound)(b.DeleteExchange(b.vhost, "x/ü"))
	_, err = b.GetExchange(b.vhost, "x/ü")
	requireStatus(t, err, http.StatusNotFound)
}

func TestQueues(t *testing.T) {
	b := connect(t)
	settings := rabbithole.QueueSettings{Type: "classic", Durable: true, Arguments: map[string]any{"x-max-length": 10}}
	done(t, http.StatusCreated)(b.DeclareQueue(b.vhost, "q/ü", settings))
	done(t, http.StatusNoContent)(b.DeclareQueue(b.vhost, "q/ü", settings))
	done(t, http.StatusCreated)(b.DeclareQueue(b.vhost, "safe", rabbithole.QueueSettings{Type: "quorum", Durable: true}))
	refused(t, http.StatusBadRequest)(b.DeclareQueue(b.vhost, "safe", rabbithole.QueueSettings{Type: "classic", Durable: true}))

	// The client cannot read what RabbitMQ shows of a queue that it has not counted yet.
	eventually(t, func() bool {
		one, err := b.GetQueue(b.vhost, "q/ü")
		return err == nil && one.Status == "running" && one.Node != ""
	})
	one, err := b.GetQueue(b.vhost, "q/ü")
	require.NoError(t, err)
	require.Equal(t, "classic", one.Type)
	require.Equal(t, map[string]any{"x-max-length": 10.0, "x-queue-type": "classic"}, one.Arguments)
	safe, err := b.GetQueueWithParameters(b.vhost, "safe", url.Values{"lengths_age": {"60"}, "lengths_incr": {"5"}})
	require.NoError(t, err)
	require.Equal(t, "quorum", safe.Type)
	require.Equal(t, []string{nodeName(t, b)}, safe.Members)
	require.Equal(t, nodeName(t, b), safe.Leader)

	is := func(q rabbithole.QueueInfo) bool { return q.Vhost == b.vhost && q.Name == "q/ü" }
	found(t, is)(b.ListQueues())
	found(t, is)(b.ListQueuesIn(b.vhost))
	found(t, is)(b.ListQueuesWithParameters(url.Values{"disable_stats": {"true"}}))
	found(t, is)(b.ListQueuesWithParametersIn(b.vhost, url.Values{"sort": {"name"}, "sort_reverse": {"true"}}))
	everywhere, err := b.PagedListQueuesWithParameters(url.Values{"page": {"1"}, "page_size": {"1"}})
	require.NoError(t, err)
	require.Len(t, everywhere.Items, 1)
	require.GreaterOrEqual(t, everywhere.TotalCount, 2)
	page, err := b.PagedListQueuesWithParametersIn(b.vhost, url.Values{"page": {"1"}, "page_size": {"1"}, "name": {"SA"}})
	require.NoError(t, err)
	require.Equal(t, "safe", page.Items[0].Name)
	page.Items = nil
	require.Equal(t, rabbithole.PagedQueueInfo{Page: 1, PageCount: 1, PageSize: 1, FilteredCount: 1, ItemCount: 1, TotalCount: 2}, page)
}

func TestQueuesGoAway(t *testing.T) {
	b := connect(t)
	_, channel := b.dial(t)
	done(t, http.StatusCreated)(b.DeclareQueue(b.vhost, "q", rabbithole.QueueSettings{Durable: true}))
	publish(t, channel, "q")
	refused(t, http.StatusBadRequest)(b.DeleteQueue(b.vhost, "q", rabbithole.QueueDeleteOptions{IfEmpty: true}))
	done(t, http.StatusNoContent)(b.PurgeQueue(b.vhost, "q"))
	_, err := channel.Consume("q", "", true, false, false, false, nil)
	require.NoError(t, err)
	refused(t, http.StatusBadRequest)(b.DeleteQueue(b.vhost, "q", rabbithole.QueueDeleteOptions{IfUnused: true}))
	done(t, http.StatusNoContent)(b.DeleteQueue(b.vhost, "q"))
	done(t, http.StatusNotFound)(b.DeleteQueue(b.vhost, "q"))
	refused(t, http.StatusNotFound)(b.DeclareQueue(b.vhost+"-missing", "q", rabbithole.QueueSettings{}))
}

// TestMirrors asks for what only RabbitMQ before 4.0 has; others may refuse it.
func TestMirrors(t *testing.T) {
	b := connect(t)
	done(t, http.StatusCreated)(b.DeclareQueue(b.vhost, "q", rabbithole.QueueSettings{Durable: true}))
	accepted := func(answer *http.Response, err error) {
		if err != nil {
			require.False(t, b.before4(t))
			requireStatus(t, err, http.StatusBadRequest, http.StatusNotFound)
			return
		}
		done(t, http.StatusNoContent)(answer, err)
	}
	accepted(b.SyncQueue(b.vhost, "q"))
	accepted(b.CancelSyncQueue(b.vhost, "q"))
}

func TestBindings(t *testing.T) {
	b := connect(t)
	done(t, http.StatusCreated)(b.DeclareQueue(b.vhost, "q/ü", rabbithole.QueueSettings{Durable: true}))
	done(t, http.StatusCreated)(b.DeclareExchange(b.vhost, "x/ü", rabbithole.ExchangeSettings{Type: "fanout"}))
	toQueue := rabbithole.BindingInfo{Source: "amq.headers", Destination: "q/ü", DestinationType: "queue", RoutingKey: "r/k ~",
		Arguments: map[string]any{"x-match": "any", "n": 1, "s": "text", "b": true}}
	answer, err := b.DeclareBinding(b.vhost, toQueue)
	require.NoError(t, err)
	answer.Body.Close()
	require.Equal(t, http.StatusCreated, answer.StatusCode)
	require.NotEmpty(t, answer.Header.Get("Location"))
	toExchange := rabbithole.BindingInfo{Source: "amq.topic", Destination: "x/ü", DestinationType: "exchange", RoutingKey: "#"}
	done(t, http.StatusCreated)(b.DeclareBinding(b.vhost, toExchange))

	isQueue := func(i rabbithole.BindingInfo) bool { return i.Vhost == b.vhost && i.Source == "amq.headers" }
	isExchange := func(i rabbithole.BindingInfo) bool { return i.Vhost == b.vhost && i.Source == "amq.topic" }
	one := found(t, isQueue)(b.ListBindings())
	require.Equal(t, map[string]any{"x-match": "any", "n": 1.0, "s": "text", "b": true}, one.Arguments)
	require.Equal(t, one, found(t, isQueue)(b.ListBindingsIn(b.vhost)))
	require.Equal(t, one, found(t, isQueue)(b.ListQueueBindings(b.vhost, "q/ü")))
	require.Equal(t, one, found(t, isQueue)(b.ListQueueBindingsBetween(b.vhost, "amq.headers", "q/ü")))
	require.Equal(t, one, found(t, isQueue)(b.ListExchangeBindings(b.vhost, "amq.headers", rabbithole.BindingSource)))
	other := found(t, isExchange)(b.ListExchangeBindingsWithSource(b.vhost, "amq.topic"))
	require.Equal(t, "%23", other.PropertiesKey)
	require.Equal(t, other, found(t, isExchange)(b.ListExchangeBindingsWithDestination(b.vhost, "x/ü")))
	require.Equal(t, other, found(t, isExchange)(b.ListExchangeBindingsBetween(b.vhost, "amq.topic", "x/ü")))

	// Some clients escape the key once only.
	between := "bindings/" + url.PathEscape(b.vhost) + "/e/amq.topic/e/" + url.PathEscape("x/ü") + "/"
	for _, key := range []string{"%23", "%2523"} {
		status, body := b.ask(t, http.MethodGet, between+key, "")
		require.Equal(t, http.StatusOK, status, body)
	}
	done(t, http.StatusNoContent)(b.DeleteBinding(b.vhost, one))
	done(t, http.StatusNoContent)(b.DeleteBinding(b.vhost, other))
	left, err := b.ListExchangeBindings(b.vhost, "amq.headers", rabbithole.BindingSource)
	require.NoError(t, err)
	require.Empty(t, left)
	refused(t, http.StatusNotFound)(b.DeclareBinding(b.vhost, rabbithole.BindingInfo{Source: "missing", Destination: "q/ü", DestinationType: "queue"}))
}

func TestDefinitions(t *testing.T) {
	// The client writes a space as a plus, which is a plus in a path.
	b := connectPlain(t)
	upload := rabbithole.ExportedDefinitions{
		Policies:  &[]rabbithole.PolicyDefinition{},
		Queues:    &[]rabbithole.QueueInfo{{Name: "q", Vhost: b.vhost, Durable: true, Arguments: map[string]any{"x-max-length": 3}}},
		Exchanges: &[]rabbithole.ExchangeInfo{{Name: "x", Vhost: b.vhost, Type: "direct", Durable: true, Arguments: map[string]any{}}},
		Bindings: &[]rabbithole.BindingInfo{{Source: "x", Vhost: b.vhost, Destination: "q", DestinationType: "queue", RoutingKey: "k",
			Arguments: map[string]any{}}},
	}
	done(t, http.StatusNoContent)(b.UploadDefinitions(&upload))
	one, err := b.ListVhostDefinitions(b.vhost)
	require.NoError(t, err)
	require.Len(t, *one.Exchanges, 1)
	require.Len(t, *one.Bindings, 1)
	require.Len(t, *one.Queues, 1)
	require.Equal(t, 3.0, (*one.Queues)[0].Arguments["x-max-length"])

	// A global parameter of RabbitMQ's own may be an empty list, which the client cannot read.
	all, err := b.ListDefinitions()
	var wrong *json.UnmarshalTypeError
	if errors.As(err, &wrong) {
		require.Equal(t, "global_parameters", wrong.Field)
		return
	}
	require.NoError(t, err)
	require.NotEmpty(t, *all.Users)
	require.NotEmpty(t, *all.Permissions)
	found(t, func(v rabbithole.VhostInfo) bool { return v.Name == b.vhost })(*all.Vhosts, nil)
	found(t, func(q rabbithole.QueueInfo) bool { return q.Vhost == b.vhost && q.Name == "q" })(*all.Queues, nil)
	found(t, func(i rabbithole.BindingInfo) bool { return i.Vhost == b.vhost && i.Source == "x" })(*all.Bindings, nil)
}
