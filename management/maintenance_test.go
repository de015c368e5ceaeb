package management

import (
	"testing"

	amqp091 "github.com/rabbitmq/amqp091-go"
	"github.com/stretchr/testify/require"
)

// A drained node tells its clients to go, and lets none in until it is revived.
func TestMaintenance(t *testing.T) {
	g := newRig(t)
	address, dial := g.listen(t)
	connection := dial(rootUser)
	closed := connection.NotifyClose(make(chan *amqp091.Error, 1))
	const path, service = "/api/maintenance", "/api/health/checks/is-in-service"
	require.JSONEq(t, `{"suspended":false,"drained":false}`, g.expect(t, 200, monitorUser, get, path, ""))

	g.expect(t, 204, rootUser, set, path, `{"suspended":true}`)
	require.JSONEq(t, `{"suspended":true,"drained":false}`, g.expect(t, 200, rootUser, get, path, ""))
	_, err := amqp091.Dial(address)
	require.Error(t, err)
	require.False(t, connection.IsClosed(), "it may stay")
	g.expect(t, 503, plainUser, get, service, "")

	g.expect(t, 204, rootUser, set, path, `{"drained":true}`)
	require.Equal(t, amqp091.ConnectionForced, (<-closed).Code)
	require.True(t, fetch[struct {
		Drained bool `json:"being_drained"`
	}](t, g, rootUser, "/api/nodes/leveret@test").Drained)

	g.expect(t, 204, rootUser, set, path, `{"drained":false}`)
	require.JSONEq(t, `{"suspended":false,"drained":false}`, g.expect(t, 200, rootUser, get, path, ""))
	dial(rootUser)
	g.expect(t, 200, plainUser, get, service, "")
	g.expect(t, 400, rootUser, set, path, `{"drained":"x"}`)
}
