package conformance

import (
	"testing"

	"github.com/rabbitmq/amqp091-go"
	"github.com/stretchr/testify/require"
)

func TestQueue_NoWaitGetsNoReply(t *testing.T) {
	rule(t, "queue")
	c := rawOpen(t)
	c.openChannel(1)
	q := uniqueName(t, "q")
	deleteQueueLater(t, q)
	const noWait = 0x10
	none := fieldTable()
	for _, step := range []struct {
		name      string
		method    uint16
		arguments [][]byte
	}{
		{"declare", 10, [][]byte{u16(0), shortStr(q), u8(noWait), none}},
		{"passive declare", 10, [][]byte{u16(0), shortStr(q), u8(noWait | 1), none}},
		{"bind", 20, [][]byte{u16(0), shortStr(q), shortStr("amq.direct"), shortStr(q), u8(1), none}},
		{"purge", 30, [][]byte{u16(0), shortStr(q), u8(1)}},
		{"delete", 40, [][]byte{u16(0), shortStr(q), u8(4)}},
	} {
		t.Run(step.name, func(t *testing.T) {
			rule(t, "queue")
			c.t = t
			c.sendMethod(1, 50, step.method, step.arguments...)
			c.requireAlive()
		})
	}
}

func TestQueue_NoWaitTakesEffect(t *testing.T) {
	rule(t, "queue")
	c := dial(t)
	ch := channelOn(t, c)
	q, x := uniqueName(t, "q"), tempExchange(t, ch, "fanout")
	deleteQueueLater(t, q)
	_, err := ch.QueueDeclare(q, false, false, false, true, nil)
	require.NoError(t, err)
	require.Equal(t, 1, exchangeCopies(t, ch, "", q, q), "declare")
	require.NoError(t, ch.QueueBind(q, "", x, true, nil))
	require.Equal(t, 1, exchangeCopies(t, ch, x, "", q), "bind")
	publish(t, ch, "", q, "purged")
	_, err = ch.QueuePurge(q, true)
	require.NoError(t, err)
	requireEmpty(t, ch, q)
	_, err = ch.QueueDelete(q, false, false, true)
	require.NoError(t, err)
	requireChannelError(t, ch, queueSpec{name: q}.declaringPassive(ch), amqp091.NotFound, queueMissing(q))
}

func TestQueue_NoWaitErrorsStillCloseTheChannel(t *testing.T) {
	rule(t, "queue")
	c := dial(t)
	here, gone := tempQueue(t, channelOn(t, c)), uniqueName(t, "gone")
	for row, failure := range map[string]struct {
		action func(*amqp091.Channel) error
		code   int
		text   string
	}{
		"declare": {func(ch *amqp091.Channel) error {
			_, err := ch.QueueDeclare(here, true, false, false, true, nil)
			return err
		}, amqp091.PreconditionFailed, queueInequivalent("durable", here, "'true'", "'false'")},
		"bind": {func(ch *amqp091.Channel) error { return ch.QueueBind(gone, "", "amq.direct", true, nil) },
			amqp091.NotFound, queueMissing(gone)},
		"purge": {func(ch *amqp091.Channel) error {
			_, err := ch.QueuePurge(gone, true)
			return err
		}, amqp091.NotFound, queueMissing(gone)},
	} {
		t.Run(row, func(t *testing.T) {
			rule(t, "queue")
			ch := channelOn(t, c)
			requireChannelError(t, ch, func() error { return failure.action(ch) }, failure.code, failure.text)
		})
	}
}

func TestQueue_ErrorsNameTheFailedMethod(t *testing.T) {
	rule(t, "queue")
	c := rawOpen(t)
	gone := uniqueName(t, "gone")
	none := fieldTable()
	for i, row := range []struct {
		name      string
		method    uint16
		arguments [][]byte
		text      string
	}{
		{"declare", 10, [][]byte{u16(0), shortStr(gone), u8(1), none}, queueMissing(gone)},
		{"bind", 20, [][]byte{u16(0), shortStr(gone), shortStr("amq.direct"), shortStr(""), u8(0), none}, queueMissing(gone)},
		{"purge", 30, [][]byte{u16(0), shortStr(gone), u8(0)}, queueMissing(gone)},
		{"delete", 40, [][]byte{u16(0), shortStr(""), u8(0)}, queueNoneDeclared},
		{"unbind", 50, [][]byte{u16(0), shortStr(""), shortStr("amq.direct"), shortStr(""), none}, queueNoneDeclared},
	} {
		t.Run(row.name, func(t *testing.T) {
			rule(t, "queue")
			c.t = t
			number := uint16(i + 1)
			c.openChannel(number)
			c.sendMethod(number, 50, row.method, row.arguments...)
			class, method := c.expectChannelClose(number, amqp091.NotFound, row.text)
			require.Equal(t, [2]uint16{50, row.method}, [2]uint16{class, method})
		})
	}
}
