package rabbithole

import (
	"net/http"
	"net/url"
	"strconv"
	"testing"
	"time"

	rabbithole "github.com/michaelklishin/rabbit-hole/v2"
	amqp "github.com/rabbitmq/amqp091-go"
	"github.com/stretchr/testify/require"
)

func nodeName(t *testing.T, b broker) string {
	t.Helper()
	overview, err := b.Overview()
	require.NoError(t, err)
	require.NotEmpty(t, overview.Node)
	return overview.Node
}

// publish sends a message to a queue and waits for its confirm.
func publish(t *testing.T, channel *amqp.Channel, queue string) {
	t.Helper()
	require.NoError(t, channel.Confirm(false))
	confirm, err := channel.PublishWithDeferredConfirmWithContext(t.Context(), "", queue, false, false, amqp.Publishing{Body: []byte("hello")})
	require.NoError(t, err)
	require.True(t, confirm.Wait())
}

func TestOverview(t *testing.T) {
	b := connect(t)
	// RabbitMQ has no totals for the first seconds after its start.
	eventually(t, func() bool {
		overview, err := b.Overview()
		return err == nil && overview.ObjectTotals.Exchanges > 6
	})
	overview, err := b.Overview()
	require.NoError(t, err)
	require.Equal(t, overview.ManagementVersion, overview.RabbitMQVersion)
	require.NotEmpty(t, overview.ErlangVersion)
	require.NotEmpty(t, overview.FullErlangVersion)
	found(t, func(x rabbithole.ExchangeType) bool { return x.Name == "topic" && x.Enabled })(overview.ExchangeTypes, nil)
	require.NotEmpty(t, overview.Contexts)
	protocols, err := b.EnabledProtocols()
	require.NoError(t, err)
	require.Subset(t, protocols, []string{"amqp", "http"})
	ports, err := b.ProtocolPorts()
	require.NoError(t, err)
	require.Equal(t, variable(t, "OPERATIONS_AMQP_URL").Port(), strconv.Itoa(int(ports["amqp"])))

	name, err := b.GetClusterName()
	require.NoError(t, err)
	require.NotEmpty(t, name.Name)
	done(t, http.StatusNoContent)(b.SetClusterName(*name))
	who, err := b.Whoami()
	require.NoError(t, err)
	require.Equal(t, b.Username, who.Name)
	require.Contains(t, who.Tags, "administrator")
}

func TestNodes(t *testing.T) {
	b := connect(t)
	name := nodeName(t, b)
	found(t, func(n rabbithole.NodeInfo) bool { return n.Name == name })(b.ListNodes())
	node, err := b.GetNode(name)
	require.NoError(t, err)
	require.True(t, node.IsRunning)
	require.Equal(t, "disc", node.NodeType)
	require.Regexp(t, `^\d+$`, string(node.OsPid))
	for what, number := range map[string]int{
		"fd_total": node.FdTotal, "proc_total": node.ProcTotal, "mem_limit": node.MemLimit, "mem_used": node.MemUsed,
		"disk_free": node.DiskFree, "disk_free_limit": node.DiskFreeLimit, "uptime": int(node.Uptime), "processors": int(node.Processors),
	} {
		require.Positive(t, number, what)
	}
	require.False(t, node.MemAlarm)
	require.Empty(t, node.Partitions)
	require.NotEmpty(t, node.ErlangApps)
	require.NotEmpty(t, node.Contexts)
	found(t, func(m rabbithole.AuthMechanism) bool { return m.Name == "PLAIN" && m.Enabled })(node.AuthMechanisms, nil)
	found(t, func(x rabbithole.ExchangeType) bool { return x.Name == "fanout" && x.Enabled })(node.ExchangeTypes, nil)
}

func TestFeatureFlags(t *testing.T) {
	b := connect(t)
	flag := found(t, func(f rabbithole.FeatureFlag) bool { return f.Name == "quorum_queue" })(b.ListFeatureFlags())
	require.Equal(t, rabbithole.StateEnabled, flag.State)
	require.NotEmpty(t, flag.Desc)
	require.NotEmpty(t, flag.ProvidedBy)
	done(t, http.StatusNoContent)(b.EnableFeatureFlag("quorum_queue"))
}

func TestConnections(t *testing.T) {
	b := connect(t)
	done(t, http.StatusCreated)(b.DeclareQueue(b.vhost, "q", rabbithole.QueueSettings{Durable: true}))
	connection, channel := b.dial(t)
	require.NoError(t, channel.Qos(7, 0, false))
	_, err := channel.Consume("q", "tag", false, false, false, false, amqp.Table{"x-priority": 3})
	require.NoError(t, err)
	publish(t, channel, "q")

	is := func(c rabbithole.ConnectionInfo) bool { return c.Vhost == b.vhost }
	eventually(t, func() bool {
		list, err := b.ListVhostConnections(b.vhost)
		return err == nil && len(list) == 1 && list[0].Channels == 1
	})
	one := found(t, is)(b.ListConnections())
	require.Equal(t, b.Username, one.User)
	require.Equal(t, "AMQP 0-9-1", one.Protocol)
	require.Equal(t, "rabbit-hole", one.ClientProperties["connection_name"])
	require.Equal(t, "network", one.Type)
	require.InDelta(t, float64(time.Now().UnixMilli()), float64(one.ConnectedAt), float64(patience.Milliseconds()))
	again, err := b.GetConnection(one.Name)
	require.NoError(t, err)
	require.Equal(t, one.Name, again.Name)
	require.Positive(t, again.RecvOct)

	mine := found(t, func(c rabbithole.ChannelInfo) bool { return c.Vhost == b.vhost })(b.ListChannels())
	require.Equal(t, one.Name+" (1)", mine.Name)
	eventually(t, func() bool {
		now, err := b.GetChannel(mine.Name)
		return err == nil && now.ConsumerCount == 1 && now.PrefetchCount == 7 && now.UnacknowledgedMessageCount == 1 && now.UsesPublisherConfirms
	})
	consumer := found(t, func(c rabbithole.ConsumerInfo) bool { return c.ConsumerTag == "tag" })(b.ListConsumersIn(b.vhost))
	require.Equal(t, rabbithole.BriefQueueInfo{Name: "q", Vhost: b.vhost}, consumer.Queue)
	require.Equal(t, rabbithole.ManualAcknowledgement, consumer.AcknowledgementMode)
	require.Equal(t, 7, consumer.PrefetchCount)
	require.Equal(t, one.Name, consumer.ChannelDetails.ConnectionName)
	found(t, func(c rabbithole.ConsumerInfo) bool { return c.Queue.Vhost == b.vhost })(b.ListConsumers())
	eventually(t, func() bool {
		queue, err := b.GetQueue(b.vhost, "q")
		return err == nil && queue.MessagesUnacknowledged == 1 && queue.Consumers == 1 && len(*queue.ConsumerDetails) == 1
	})

	closed := connection.NotifyClose(make(chan *amqp.Error, 1))
	done(t, http.StatusNoContent)(b.CloseConnection(one.Name))
	reason := <-closed
	require.NotNil(t, reason)
	require.Equal(t, amqp.ConnectionForced, reason.Code)
	eventually(t, func() bool { _, err := b.GetConnection(one.Name); return err != nil })
	done(t, http.StatusNotFound)(b.CloseConnection(one.Name))
}

func TestHealthChecks(t *testing.T) {
	b := connect(t)
	checks := map[string]func() (bool, error){
		"alarms":       func() (bool, error) { status, err := b.HealthCheckAlarms(); return status.Ok(), err },
		"local alarms": func() (bool, error) { status, err := b.HealthCheckLocalAlarms(); return status.Ok(), err },
		"certificates": func() (bool, error) {
			status, err := b.HealthCheckCertificateExpiration(1, rabbithole.DAYS)
			return status.Ok(), err
		},
		"virtual hosts": func() (bool, error) { status, err := b.HealthCheckVirtualHosts(); return status.Ok(), err },
		"quorum":        func() (bool, error) { status, err := b.HealthCheckNodeIsQuorumCritical(); return status.Ok(), err },
	}
	for name, check := range checks {
		// Others may be making a virtual host right now.
		require.Eventually(t, func() bool { ok, err := check(); return ok && err == nil }, patience, 100*time.Millisecond, name)
	}
	// RabbitMQ 4.0 has no mirrors, and nothing that checks them.
	mirrors, err := b.HealthCheckNodeIsMirrorSyncCritical()
	if err != nil {
		require.False(t, b.before4(t))
		requireStatus(t, err, http.StatusNotFound)
	} else {
		require.True(t, mirrors.Ok())
	}
}

func TestHealthChecksOfListeners(t *testing.T) {
	b := connect(t)
	port, err := strconv.ParseUint(variable(t, "OPERATIONS_AMQP_URL").Port(), 10, 16)
	require.NoError(t, err)
	listener, err := b.HealthCheckPortListener(uint(port))
	require.NoError(t, err)
	require.True(t, listener.Ok())
	require.EqualValues(t, port, listener.Port)
	none, err := b.HealthCheckPortListener(1)
	require.NoError(t, err)
	require.False(t, none.Ok())
	require.EqualValues(t, 1, none.Missing)
	require.Contains(t, none.Ports, uint(port))
	protocol, err := b.HealthCheckProtocolListener(rabbithole.AMQP091)
	require.NoError(t, err)
	require.True(t, protocol.Ok())
	// Who asks for a protocol that has no listener is told of those that have.
	missing, err := b.HealthCheckProtocolListener(rabbithole.STOMP)
	require.NoError(t, err)
	require.False(t, missing.Ok())
	require.NotEmpty(t, missing.Protocols)
}

func TestTransport(t *testing.T) {
	b := connect(t)
	var asked []*url.URL
	b.SetTransport(transport(func(request *http.Request) (*http.Response, error) {
		asked = append(asked, request.URL)
		return http.DefaultTransport.RoundTrip(request)
	}))
	_, err := b.Whoami()
	require.NoError(t, err)
	require.Len(t, asked, 1)
	stranger, err := rabbithole.NewClient(b.Endpoint, "nobody", "wrong")
	require.NoError(t, err)
	_, err = stranger.Overview()
	require.Error(t, err)
}

type transport func(*http.Request) (*http.Response, error)

func (f transport) RoundTrip(request *http.Request) (*http.Response, error) { return f(request) }
