package broker_test

import (
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/leveretmq/leveret/broker"
	"github.com/leveretmq/leveret/definitions"
	"github.com/leveretmq/leveret/queue"
)

func TestVHosts_DeletedWithEverythingInThem(t *testing.T) {
	f := start(t)
	v, err := f.broker.CreateVHost(definitions.VHost{Name: "other"}, "")
	require.NoError(t, err)
	again, err := f.broker.CreateVHost(definitions.VHost{Name: "other"}, "")
	require.NoError(t, err)
	require.Same(t, v, again)
	require.Equal(t, []string{"/", "other"}, f.broker.VHosts())
	_, err = v.DeclareQueue(queue.Spec{VHost: "other", Name: "q", Durable: true}, nil)
	require.NoError(t, err)
	f.queue("q")

	require.NoError(t, f.broker.DeleteVHost("other", ""))
	require.ErrorIs(t, f.broker.DeleteVHost("other", ""), broker.ErrNoVHost)
	_, err = v.DeclareQueue(queue.Spec{VHost: "other", Name: "late"}, nil)
	require.ErrorContains(t, err, "vhost 'other' is down")
	require.Equal(t, []string{"/"}, f.broker.VHosts())
	f.find("q") // that of the other one is another
	f.reopen()
}

func TestVHosts_LimitOfQueues(t *testing.T) {
	f := start(t)
	f.vhost.SetLimits(broker.VHostLimits{Queues: 1})
	f.queue("a")
	f.queue("a")
	_, err := f.vhost.DeclareQueue(queue.Spec{VHost: "/", Name: "b"}, nil)
	require.EqualError(t, err, "406 PRECONDITION_FAILED - cannot declare queue 'b': queue limit in vhost '/' (1) is reached")
	f.vhost.SetLimits(broker.VHostLimits{Queues: -1})
	f.queue("b")
}
