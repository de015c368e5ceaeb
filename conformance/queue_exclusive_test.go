package conformance

import (
	"testing"

	"github.com/rabbitmq/amqp091-go"
	"github.com/stretchr/testify/require"
)

func TestQueue_ExclusiveIsLockedForOtherConnections(t *testing.T) {
	rule(t, "queue")
	owner, other := dial(t), dial(t)
	setup := channelOn(t, owner)
	q := queueSpec{exclusive: true}.mustDeclare(t, setup)
	exchangeBinding{source: "amq.direct", destination: q, key: q}.bindQueue(t, setup)
	for row, action := range map[string]func(*amqp091.Channel) error{
		"declare":              func(ch *amqp091.Channel) error { return queueSpec{name: q}.declaring(ch)() },
		"declare as exclusive": func(ch *amqp091.Channel) error { return queueSpec{name: q, exclusive: true}.declaring(ch)() },
		"passive declare":      func(ch *amqp091.Channel) error { return queueSpec{name: q}.declaringPassive(ch)() },
		"passive declare as exclusive": func(ch *amqp091.Channel) error {
			return queueSpec{name: q, exclusive: true}.declaringPassive(ch)()
		},
		"bind":   func(ch *amqp091.Channel) error { return ch.QueueBind(q, "k", "amq.direct", false, nil) },
		"unbind": func(ch *amqp091.Channel) error { return ch.QueueUnbind(q, q, "amq.direct", nil) },
		"purge":  func(ch *amqp091.Channel) error { _, err := ch.QueuePurge(q, false); return err },
		"delete": func(ch *amqp091.Channel) error { return queueDeletion{name: q}.deleting(ch)() },
		"get":    func(ch *amqp091.Channel) error { _, _, err := ch.Get(q, true); return err },
		"consume": func(ch *amqp091.Channel) error {
			_, err := ch.Consume(q, "", true, false, false, false, nil)
			return err
		},
		"delete, in use and not empty": func(ch *amqp091.Channel) error {
			return queueDeletion{name: q, ifUnused: true, ifEmpty: true}.deleting(ch)()
		},
	} {
		t.Run(row, func(t *testing.T) {
			rule(t, "queue")
			ch := channelOn(t, other)
			requireChannelError(t, ch, func() error { return action(ch) }, amqp091.ResourceLocked, queueLocked(q))
			queueMustExist(t, owner, q)
		})
	}
}

func TestQueue_ExclusiveBelongsToTheConnectionNotToTheChannel(t *testing.T) {
	rule(t, "queue")
	owner := dial(t)
	first, second := channelOn(t, owner), channelOn(t, owner)
	s := queueSpec{exclusive: true}
	s.name = s.mustDeclare(t, first)
	require.NoError(t, first.Close())
	_, err := s.declare(second)
	require.NoError(t, err, "declare")
	require.Equal(t, 1, exchangeCopies(t, second, "", s.name, s.name))
	queueConsume(t, second, s.name, "tag")
	_, err = queueDeletion{name: s.name}.delete(second)
	require.NoError(t, err, "delete")
}

func TestQueue_ExclusiveMustBeDeclaredAsSuchByItsOwner(t *testing.T) {
	rule(t, "queue")
	ch := openChannel(t)
	q := queueSpec{exclusive: true}.mustDeclare(t, ch)
	requireChannelError(t, ch, queueSpec{name: q}.declaring(ch), amqp091.ResourceLocked, queueLocked(q))
}

func TestQueue_SharedQueueCannotBeDeclaredExclusive(t *testing.T) {
	rule(t, "queue")
	c := dial(t)
	q := tempQueue(t, channelOn(t, c))
	for row, s := range map[string]queueSpec{
		"otherwise equal":     {exclusive: true},
		"durable as well":     {exclusive: true, durable: true},
		"other arguments":     {exclusive: true, args: amqp091.Table{"x-max-length": int32(1)}},
		"auto-delete as well": {exclusive: true, autoDelete: true},
	} {
		t.Run(row, func(t *testing.T) {
			rule(t, "queue")
			s.name = q
			ch := channelOn(t, c)
			requireChannelError(t, ch, s.declaring(ch), amqp091.ResourceLocked, queueLocked(q))
		})
	}
}

func TestQueue_ExclusiveTakesMessagesFromAnyConnection(t *testing.T) {
	rule(t, "queue")
	owner := openChannel(t)
	q, x := queueSpec{exclusive: true}.mustDeclare(t, owner), tempExchange(t, owner, "fanout")
	exchangeBinding{source: x, destination: q}.bindQueue(t, owner)
	ds := queueConsume(t, owner, q, "")
	other := openChannel(t)
	publish(t, other, "", q, "by its name")
	publish(t, other, x, "", "by an exchange")
	require.Equal(t, "by its name", string(receive(t, ds).Body))
	require.Equal(t, "by an exchange", string(receive(t, ds).Body))
}

func TestQueue_ExclusiveGoesBeforeTheConnectionIsClosed(t *testing.T) {
	rule(t, "queue")
	other := dial(t)
	for row, s := range map[string]queueSpec{
		"transient":   {exclusive: true},
		"durable":     {exclusive: true, durable: true},
		"auto-delete": {exclusive: true, autoDelete: true},
	} {
		t.Run(row, func(t *testing.T) {
			rule(t, "queue")
			owner := dial(t)
			ch := channelOn(t, owner)
			q := s.mustDeclare(t, ch)
			publish(t, ch, "", q, "dies with the queue")
			queueMustExist(t, owner, q)
			require.NoError(t, owner.Close())
			queueMustNotExist(t, other, q)
		})
	}
}

func TestQueue_ExclusiveGoesWhenTheConnectionIsLost(t *testing.T) {
	rule(t, "queue")
	c := rawOpen(t)
	c.openChannel(1)
	q := uniqueName(t, "q")
	const exclusive = 4
	c.sendMethod(1, 50, 10, u16(0), shortStr(q), u8(exclusive), fieldTable())
	c.expectMethod(50, 11)
	require.NoError(t, c.conn.Close())
	eventually(t, "the exclusive queue is gone", func() bool {
		gone := false
		suite.tidy(t, func(ch *amqp091.Channel) error {
			_, err := queueSpec{name: q}.declarePassive(ch)
			gone = queueErrorCode(err) == amqp091.NotFound
			return nil
		})
		return gone
	})
}

func TestQueue_ExclusiveGoesWhenAnErrorEndsTheConnection(t *testing.T) {
	rule(t, "queue")
	owner, other := dial(t), dial(t)
	ch := channelOn(t, owner)
	q := queueSpec{exclusive: true}.mustDeclare(t, ch)
	requireConnectionError(t, owner, func() error { return ch.Qos(0, 1, false) },
		amqp091.NotImplemented, "NOT_IMPLEMENTED - prefetch_size!=0 (1)")
	eventually(t, "the exclusive queue is gone", func() bool {
		_, err := queueSpec{name: q}.declarePassive(channelOn(t, other))
		return queueErrorCode(err) == amqp091.NotFound
	})
}

func TestQueue_ExclusiveNameIsFreeAfterItsConnection(t *testing.T) {
	rule(t, "queue")
	owner, next := dial(t), openChannel(t)
	s := queueSpec{exclusive: true}
	s.name = s.mustDeclare(t, channelOn(t, owner))
	require.NoError(t, owner.Close())
	q, err := s.declare(next)
	require.NoError(t, err)
	require.Equal(t, amqp091.Queue{Name: s.name}, q)
}

func TestQueue_ExclusiveUnbindsWhenItsConnectionEnds(t *testing.T) {
	rule(t, "queue")
	owner, other := dial(t), openChannel(t)
	x := tempExchange(t, other, "fanout")
	ch := channelOn(t, owner)
	q := queueSpec{exclusive: true}.mustDeclare(t, ch)
	exchangeBinding{source: x, destination: q}.bindQueue(t, ch)
	require.Nil(t, exchangeMandatory(t, x, ""))
	require.NoError(t, owner.Close())
	require.NotNil(t, exchangeMandatory(t, x, ""))
	require.NoError(t, exchangeDeleteUnused(other, x), "the exchange is unused again")
}
