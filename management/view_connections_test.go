package management

import (
	"context"
	"net/http"
	"net/netip"
	"strconv"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	amqp091 "github.com/rabbitmq/amqp091-go"
	"github.com/stretchr/testify/require"

	"github.com/leveretmq/leveret/broker"
	"github.com/leveretmq/leveret/queue"
)

func TestConnections_OwnerAndWatchersSeeThem(t *testing.T) {
	g := newRig(t)
	g.dial(t, plainUser)
	name := g.onlyName(t, "/api/connections")
	for user, sees := range map[string]bool{rootUser: true, monitorUser: true, plainUser: true, policyUser: false} {
		seen := fetch[[]item](t, g, user, "/api/connections")
		require.Equal(t, sees, len(seen) == 1, user)
		status := map[bool]int{true: 200, false: 401}[sees]
		g.expect(t, status, user, get, "/api/connections/"+name, "")
		g.expect(t, status, user, get, "/api/connections/"+name+"/channels", "")
		require.Len(t, fetch[[]item](t, g, user, "/api/vhosts/%2F/connections"), len(seen), user)
	}
	require.Len(t, fetch[[]item](t, g, plainUser, "/api/connections/username/management"), 1)
	require.Empty(t, fetch[[]item](t, g, rootUser, "/api/vhosts/other/connections"))
	g.talk(t, rootUser, []exchanged{
		{get, "connections/none", "", 404, isNotFound},
		{del, "connections/none", "", 404, isNotFound},
		{get, "connections/none/channels", "", 404, isNotFound},
		{get, "channels/none", "", 404, isNotFound},
		{get, "channels/none%20(1)", "", 404, isNotFound},
		{get, "connections/username/none", "", 200, "[]"},
		{del, "connections/username/none", "", 204, ""},
		{get, "vhosts/none/connections", "", 404, isNotFound},
		{get, "vhosts/none/channels", "", 404, isNotFound},
		{get, "consumers/none", "", 404, isNotFound},
	})
}

func TestConnections_Close(t *testing.T) {
	for _, tc := range []struct {
		name, user, path string
		reason           string
		told             string
	}{
		{"by an administrator", rootUser, "", "", closeReason},
		{"with a reason", rootUser, "", "go away", "go away"},
		{"by the owner", plainUser, "", "", closeReason},
		{"all of a user", rootUser, "username/management", "bye", "bye"},
		{"all of one's own", plainUser, "username/management", "", closeReason},
	} {
		t.Run(tc.name, func(t *testing.T) {
			g := newRig(t)
			closed := g.dial(t, plainUser).NotifyClose(make(chan *amqp091.Error, 1))
			name := g.onlyName(t, "/api/connections")
			if tc.path != "" {
				name = tc.path
			}
			w := g.call(t, tc.user, del, "/api/connections/"+name, "", func(r *http.Request) {
				if tc.reason != "" {
					r.Header.Set("X-Reason", tc.reason)
				}
			})
			require.Equal(t, 204, w.Code, w.Body)
			told := <-closed
			require.Equal(t, 320, told.Code)
			require.Equal(t, "CONNECTION_FORCED - "+tc.told, told.Reason)
			eventually(t, g, "/api/connections", func(left []item) bool { return len(left) == 0 })
		})
	}
}

func TestConnections_CloseIsForAdministrators(t *testing.T) {
	g := newRig(t)
	g.dial(t, rootUser)
	name := g.onlyName(t, "/api/connections")
	for _, user := range []string{monitorUser, plainUser, policyUser} {
		g.expect(t, 401, user, del, "/api/connections/"+name, "")
		g.expect(t, 401, user, del, "/api/connections/username/root", "")
	}
}

func TestReason_IsBounded(t *testing.T) {
	r := &request{Request: &http.Request{Header: http.Header{"X-Reason": {strings.Repeat("é", maxReason)}}}}
	require.LessOrEqual(t, len(r.reason()), maxReason)
	require.True(t, strings.HasPrefix(r.reason(), "éé"))
}

func TestConsumers(t *testing.T) {
	g := newRig(t)
	ch := g.channel(t, g.dial(t, plainUser))
	_, err := ch.QueueDeclare("single", true, false, false, false, amqp091.Table{"x-single-active-consumer": true})
	require.NoError(t, err)
	for _, tag := range []string{"first", "second"} {
		require.NoError(t, ch.Qos(7, 0, false))
		_, err := ch.Consume("single", tag, false, false, false, false, nil)
		require.NoError(t, err)
	}
	consumers := eventually(t, g, "/api/consumers/%2F", func(c []consumerView) bool { return len(c) == 2 })
	require.Equal(t, []string{"first", "second"}, []string{consumers[0].Tag, consumers[1].Tag})
	require.Equal(t, []string{"single_active", "waiting"}, []string{consumers[0].ActivityStatus, consumers[1].ActivityStatus})
	require.Equal(t, 7, consumers[0].Prefetch)
	require.Equal(t, objectName{"single", "/"}, consumers[0].Queue)
	require.Len(t, fetch[[]consumerView](t, g, plainUser, "/api/consumers"), 2)
	require.Empty(t, fetch[[]consumerView](t, g, policyUser, "/api/consumers"))
	require.Empty(t, fetch[[]consumerView](t, g, rootUser, "/api/consumers/other"))
	single := fetch[queueDetail](t, g, rootUser, "/api/queues/%2F/single")
	require.Len(t, single.Consumers, 2)
	require.Equal(t, "first", *single.ActiveTag)
}

func TestOverview_ShowsWhatTheCallerMaySee(t *testing.T) {
	g := newRig(t)
	g.expect(t, 201, rootUser, set, "/api/queues/%2F/q", "")
	g.expect(t, 200, rootUser, post, "/api/exchanges/%2F/amq.default/publish", sent("{}", "a", "string"))
	for _, user := range []string{rootUser, monitorUser, plainUser} {
		overview := fetch[map[string]any](t, g, user, "/api/overview")
		_, hasNode := overview["node"]
		require.Equal(t, user != plainUser, hasNode, user)
		totals, _ := overview["object_totals"].(map[string]any)
		require.InDelta(t, 1, totals["queues"], 0)
		_, hasConsumers := totals["consumers"]
		require.Equal(t, user != plainUser, hasConsumers, user)
		depth, _ := overview["queue_totals"].(map[string]any)
		require.InDelta(t, 1, depth["messages"], 0)
	}
	bare := fetch[map[string]any](t, g, rootUser, "/api/overview?disable_stats=true")
	require.NotContains(t, bare, "message_stats")
	require.NotContains(t, bare, "queue_totals")
	require.Contains(t, bare, "object_totals")
}

func TestWindows_AreChecked(t *testing.T) {
	g := newRig(t)
	g.expect(t, 201, rootUser, set, "/api/queues/%2F/q", "")
	for _, path := range []string{"overview", "nodes", "nodes/leveret@test", "queues", "queues/%2F/q", "exchanges", "exchanges/%2F/amq.topic",
		"connections", "channels"} {
		text := g.expect(t, 400, rootUser, get, "/api/"+path+"?msg_rates_age=60&msg_rates_incr=0", "")
		require.Equal(t, `{"error":"invalid_range_parameters","reason":"Invalid range parameters: age 60, incr 0"}`, text)
	}
}

func TestNodes_UnknownOnesAreMissing(t *testing.T) {
	newRig(t).talk(t, rootUser, []exchanged{
		{get, "nodes/none", "", 404, isNotFound},
		{get, "nodes/none/memory", "", 404, isNotFound},
		{get, "nodes/none/memory/relative", "", 404, isNotFound},
		{get, "nodes?columns=name,running,type", "", 200, `[{"name":"leveret@test","running":true,"type":"disc"}]`},
	})
}

// TestRun takes samples at even times, and ends with its context.
func TestRun(t *testing.T) {
	g := newRig(t)
	synctest.Test(t, func(t *testing.T) {
		ctx, cancel := context.WithCancel(t.Context())
		ended := make(chan struct{})
		go func() {
			g.api.Run(ctx)
			close(ended)
		}()
		round := func() int64 {
			synctest.Wait()
			g.api.samples.node.mu.RLock()
			defer g.api.samples.node.mu.RUnlock()
			return g.api.samples.node.round
		}
		first := round()
		require.Equal(t, time.Now().Unix()/5, first)
		time.Sleep(time.Minute)
		require.Equal(t, first+12, round())
		cancel()
		<-ended
	})
}

func TestRates_OfAQueue(t *testing.T) {
	g := newRig(t)
	g.expect(t, 201, rootUser, set, "/api/queues/%2F/q", "")
	g.api.samples.sample(1000, g.api.nodeNumbers)
	for range 10 {
		g.expect(t, 200, rootUser, post, "/api/exchanges/%2F/amq.default/publish", sent("{}", "a", "string"))
	}
	g.api.samples.sample(1001, g.api.nodeNumbers)
	q := fetch[map[string]any](t, g, rootUser, "/api/queues/%2F/q?columns=messages_details,messages,message_stats.publish,message_stats.publish_details")
	require.Equal(t, map[string]any{
		"messages": 10.0, "messages_details": map[string]any{"rate": 2.0},
		"message_stats": map[string]any{"publish": 10.0, "publish_details": map[string]any{"rate": 2.0}},
	}, q)
	whole := fetch[map[string]any](t, g, rootUser, "/api/overview?columns=queue_totals.messages_details.rate,message_stats.publish_details.rate")
	require.Equal(t, map[string]any{
		"queue_totals":  map[string]any{"messages_details": map[string]any{"rate": 2.0}},
		"message_stats": map[string]any{"publish_details": map[string]any{"rate": 2.0}},
	}, whole)
	sorted := fetch[[]item](t, g, rootUser, "/api/queues?sort=message_stats.publish_details.rate&sort_reverse=true&columns=name")
	require.Equal(t, []item{{"q"}}, sorted)
}

func TestRates_OfConnectionsAndTheirVirtualHosts(t *testing.T) {
	g := newRig(t)
	c := g.dial(t, rootUser)
	ch := g.channel(t, c)
	require.NoError(t, ch.Confirm(false))
	g.api.samples.sample(1000, g.api.nodeNumbers)
	before := fetch[[]connectionView](t, g, rootUser, "/api/connections")[0].Sent
	confirmed, err := ch.PublishWithDeferredConfirm("", "nowhere", false, false, amqp091.Publishing{Body: make([]byte, 5000)})
	require.NoError(t, err)
	require.True(t, confirmed.Wait())
	// The client may have the confirm before the server has counted it.
	eventually(t, g, "/api/connections", func(all []connectionView) bool { return all[0].Sent > before })
	g.api.samples.sample(1001, g.api.nodeNumbers)

	connections := fetch[[]connectionView](t, g, rootUser, "/api/connections")
	require.Greater(t, connections[0].ReceivedDetails.Rate, 1000.0)
	require.Positive(t, connections[0].SentDetails.Rate)
	channels := fetch[[]channelView](t, g, rootUser, "/api/channels")
	require.InDelta(t, 0.2, channels[0].Stats.PublishDetails.Rate, 1e-9)
	require.EqualValues(t, 1, channels[0].Stats.Publish)
	type counts struct {
		Received        int64   `json:"recv_oct"`
		ReceivedDetails details `json:"recv_oct_details"`
	}
	of := fetch[counts](t, g, rootUser, "/api/vhosts/%2F")
	require.Greater(t, of.Received, int64(5000))
	require.Greater(t, of.ReceivedDetails.Rate, 1000.0)

	require.NoError(t, c.Close())
	eventually(t, g, "/api/connections", func(left []item) bool { return len(left) == 0 })
	g.api.samples.sample(1002, g.api.nodeNumbers)
	require.GreaterOrEqual(t, fetch[counts](t, g, rootUser, "/api/vhosts/%2F").Received, of.Received, "what was received stays")
	require.Empty(t, g.api.samples.connections.objects)
	require.Empty(t, g.api.samples.channels.objects)
}

func TestSamples_OfListsThatAreTooLongAreLeftOut(t *testing.T) {
	g := newRig(t)
	v, ok := g.broker.VHost("/")
	require.True(t, ok)
	for i := range maxSampledList + 1 {
		_, err := v.DeclareQueue(queue.Spec{VHost: "/", Name: strconv.Itoa(i)}, nil)
		require.NoError(t, err)
	}
	const asked = "/api/queues?columns=messages_details&lengths_age=60&lengths_incr=5"
	require.NotContains(t, g.expect(t, 200, rootUser, get, asked, ""), "samples")
	require.Contains(t, g.expect(t, 200, rootUser, get, asked+"&page=1", ""), "samples")
}

func TestNodes_ShowWhatTheProgramKnows(t *testing.T) {
	g := newRig(t)
	g.api.options.Facts = func() Facts {
		return Facts{
			DataDir: "data", MemoryUsed: 1000, MemoryLimit: 2000, DiskFree: 3000, DiskFreeLimit: 400,
			FilesUsed: 5, FilesLimit: 60, SocketsUsed: 7,
			Listeners: []Listener{
				{Protocol: "amqp", Address: netip.MustParseAddrPort("127.0.0.1:5672")},
				{Protocol: "https", Address: netip.MustParseAddrPort("[::]:15671")},
			},
		}
	}
	node := fetch[map[string]any](t, g, monitorUser, "/api/nodes/leveret@test")
	for key, want := range map[string]any{
		"db_dir": "data", "mem_used": 1000.0, "mem_limit": 2000.0, "disk_free": 3000.0, "disk_free_limit": 400.0,
		"fd_used": 5.0, "fd_total": 60.0, "sockets_used": 7.0, "mem_alarm": false, "disk_free_alarm": false,
		"name": "leveret@test", "running": true, "type": "disc", "rabbitmq_version": DefaultVersion,
	} {
		require.Equal(t, want, node[key], key)
	}
	g.broker.Alarms().Set(broker.Disk, true)
	require.Equal(t, true, fetch[map[string]any](t, g, monitorUser, "/api/nodes/leveret@test")["disk_free_alarm"])
	overview := fetch[struct {
		Listeners []listenerView
		Contexts  []contextView
	}](t, g, monitorUser, "/api/overview?columns=listeners,contexts")
	require.Len(t, overview.Contexts, 1)
	require.Equal(t, "15671", overview.Contexts[0].Port)
	require.Equal(t, []string{"amqp 127.0.0.1", "https ::"}, []string{
		overview.Listeners[0].Protocol + " " + overview.Listeners[0].Address,
		overview.Listeners[1].Protocol + " " + overview.Listeners[1].Address,
	})
}
