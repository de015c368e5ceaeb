package conformance

import (
	"fmt"
	"testing"

	"github.com/rabbitmq/amqp091-go"
	"github.com/stretchr/testify/require"
)

func TestQueue_DeclareAnswersNameAndCounts(t *testing.T) {
	rule(t, "queue")
	ch := openChannel(t)
	s := queueSpec{name: uniqueName(t, "q")}
	q, err := s.declare(ch)
	require.NoError(t, err)
	deleteQueueLater(t, s.name)
	require.Equal(t, amqp091.Queue{Name: s.name}, q)
	publish(t, ch, "", s.name, "1")
	publish(t, ch, "", s.name, "2")
	queueAwaitReady(t, ch, s.name, 2)
	q, err = s.declare(ch)
	require.NoError(t, err, "second declaration")
	require.Equal(t, amqp091.Queue{Name: s.name, Messages: 2}, q)
}

func TestQueue_DeclareIsIdempotent(t *testing.T) {
	rule(t, "queue")
	ch := openChannel(t)
	for _, s := range []queueSpec{
		{},
		{durable: true},
		{autoDelete: true},
		{exclusive: true},
		{durable: true, autoDelete: true, exclusive: true},
		{durable: true, args: amqp091.Table{"x-message-ttl": int32(60_000)}},
	} {
		t.Run(fmt.Sprintf("durable=%v auto-delete=%v exclusive=%v args=%d", s.durable, s.autoDelete, s.exclusive, len(s.args)),
			func(t *testing.T) {
				rule(t, "queue")
				s.name = s.mustDeclare(t, ch)
				_, err := s.declare(ch)
				require.NoError(t, err, "second declaration")
			})
	}
}

func TestQueue_DeclareKeepsMessagesAndBindings(t *testing.T) {
	rule(t, "queue")
	ch := openChannel(t)
	q := queueSpec{name: tempQueue(t, ch)}
	x := tempExchange(t, ch, "fanout")
	exchangeBinding{source: x, destination: q.name}.bindQueue(t, ch)
	publish(t, ch, x, "", "kept")
	_, err := q.declare(ch)
	require.NoError(t, err)
	require.Equal(t, "kept", getBody(t, ch, q.name))
	require.Equal(t, 1, exchangeCopies(t, ch, x, "", q.name))
}

func TestQueue_ServerNamesAQueueWithoutName(t *testing.T) {
	rule(t, "queue")
	ch := openChannel(t)
	seen := make(map[string]bool)
	for range 20 {
		q, err := ch.QueueDeclare("", false, true, true, false, nil)
		require.NoError(t, err)
		require.Regexp(t, `^amq\.gen-[A-Za-z0-9_-]{22}$`, q.Name)
		require.False(t, seen[q.Name], "the name was given before")
		seen[q.Name] = true
	}
}

func TestQueue_ServerNamedQueueWorksLikeAnyOther(t *testing.T) {
	rule(t, "queue")
	for row, s := range map[string]queueSpec{
		"exclusive": {exclusive: true},
		"shared":    {},
		"durable":   {durable: true},
	} {
		t.Run(row, func(t *testing.T) {
			rule(t, "queue")
			c := dial(t)
			ch := channelOn(t, c)
			q, err := s.declare(ch)
			require.NoError(t, err)
			deleteQueueLater(t, q.Name)
			require.Equal(t, 1, exchangeCopies(t, ch, "", q.Name, q.Name))
			queueMustExist(t, c, q.Name)
			_, err = queueDeletion{name: q.Name}.delete(ch)
			require.NoError(t, err)
			queueMustNotExist(t, c, q.Name)
		})
	}
}

func TestQueue_DeclareOfAReservedNameIsRefused(t *testing.T) {
	rule(t, "queue")
	c := dial(t)
	for _, name := range []string{"amq.", "amq.custom", "amq.gen-", "amq.direct"} {
		t.Run(name, func(t *testing.T) {
			rule(t, "queue")
			ch := channelOn(t, c)
			requireChannelError(t, ch, queueSpec{name: name}.declaring(ch), amqp091.AccessRefused, queueReserved(name))
		})
	}
}

func queueReserved(name string) string {
	return fmt.Sprintf("ACCESS_REFUSED - queue name '%s' contains reserved prefix 'amq.*'", name)
}

func TestQueue_RedeclareOfAServerNamedQueueIsRefused(t *testing.T) {
	rule(t, "queue")
	c := dial(t)
	s := queueSpec{autoDelete: true, exclusive: true}
	q, err := s.declare(channelOn(t, c))
	require.NoError(t, err)
	s.name = q.Name
	ch := channelOn(t, c)
	requireChannelError(t, ch, s.declaring(ch), amqp091.AccessRefused, queueReserved(q.Name))
	_, err = s.declarePassive(channelOn(t, c))
	require.NoError(t, err, "passive declare")
}

func TestQueue_OnlyAmqDotIsReserved(t *testing.T) {
	rule(t, "queue")
	ch := openChannel(t)
	for _, prefix := range []string{"amq", "amqx.", "AMQ.", "q.amq."} {
		t.Run(prefix, func(t *testing.T) {
			rule(t, "queue")
			queueSpec{name: uniqueName(t, prefix)}.mustDeclare(t, ch)
		})
	}
}

func TestQueue_PassiveDeclareOfAMissingQueueIsNotFound(t *testing.T) {
	rule(t, "queue")
	queueMustNotExist(t, dial(t), uniqueName(t, "q"))
}

func TestQueue_PassiveDeclareWithoutNameIsNotFound(t *testing.T) {
	rule(t, "queue")
	c := dial(t)
	t.Run("first", func(t *testing.T) {
		rule(t, "queue")
		queueMustNotExist(t, c, "")
	})
	t.Run("after another declaration", func(t *testing.T) {
		rule(t, "queue")
		ch := channelOn(t, c)
		queueSpec{exclusive: true}.mustDeclare(t, ch)
		requireChannelError(t, ch, queueSpec{}.declaringPassive(ch), amqp091.NotFound, queueMissing(""))
	})
}

func TestQueue_PassiveDeclareComparesNothing(t *testing.T) {
	rule(t, "queue")
	ch := openChannel(t)
	name := tempQueue(t, ch)
	for row, s := range map[string]queueSpec{
		"durable":     {durable: true},
		"auto-delete": {autoDelete: true},
		"exclusive":   {exclusive: true},
		"arguments":   {args: amqp091.Table{"x-message-ttl": int32(1)}},
		"bad value":   {args: amqp091.Table{"x-message-ttl": "text"}},
		"type":        {args: amqp091.Table{"x-queue-type": "quorum"}},
	} {
		t.Run(row, func(t *testing.T) {
			rule(t, "queue")
			s.name = name
			_, err := s.declarePassive(ch)
			require.NoError(t, err)
		})
	}
}

func TestQueue_PassiveDeclareCountsReadyMessagesOnly(t *testing.T) {
	rule(t, "queue")
	ch := openChannel(t)
	q := tempQueue(t, ch)
	require.Equal(t, 0, readyCount(t, ch, q))
	for range 3 {
		publish(t, ch, "", q, "m")
	}
	queueAwaitReady(t, ch, q, 3)
	d := queueGetUnacked(t, ch, q)
	queueAwaitReady(t, ch, q, 2)
	require.NoError(t, d.Nack(false, true))
	queueAwaitReady(t, ch, q, 3)
}

func TestQueue_PassiveDeclareCountsConsumers(t *testing.T) {
	rule(t, "queue")
	c := dial(t)
	ch, other := channelOn(t, c), channelOn(t, dial(t))
	s := queueSpec{name: tempQueue(t, ch)}
	consumers := func() int {
		q, err := s.declarePassive(ch)
		require.NoError(t, err)
		return q.Consumers
	}
	require.Equal(t, 0, consumers())
	queueConsume(t, ch, s.name, "first")
	queueConsume(t, other, s.name, "second")
	require.Equal(t, 2, consumers())
	require.NoError(t, ch.Cancel("first", false))
	require.Equal(t, 1, consumers(), "after a cancel")
	require.NoError(t, other.Close())
	require.Equal(t, 0, consumers(), "after the end of the other channel")
}

func TestQueue_PassiveDeclareCountsWaitingConsumers(t *testing.T) {
	rule(t, "queue")
	ch := openChannel(t)
	s := queueSpec{args: amqp091.Table{"x-single-active-consumer": true}}
	s.name = s.mustDeclare(t, ch)
	queueConsume(t, ch, s.name, "active")
	queueConsume(t, ch, s.name, "waiting")
	q, err := s.declarePassive(ch)
	require.NoError(t, err)
	require.Equal(t, 2, q.Consumers)
}

func TestQueue_NamesMayBeAnyText(t *testing.T) {
	rule(t, "queue")
	ch := openChannel(t)
	for row, name := range map[string]string{
		"255 octets":  exchangeLongName(t),
		"spaces":      uniqueName(t, "with some spaces"),
		"punctuation": uniqueName(t, `/\'"#*.{}[]`),
		"UTF-8":       uniqueName(t, "Feldhase-兔-🐇"),
		"one octet":   "\x01",
	} {
		t.Run(row, func(t *testing.T) {
			rule(t, "queue")
			q := queueSpec{name: name, exclusive: true}.mustDeclare(t, ch)
			require.Equal(t, name, q)
			require.Equal(t, 1, exchangeCopies(t, ch, "", name, name))
		})
	}
}

func TestQueue_LongErrorTextsAreCut(t *testing.T) {
	rule(t, "queue")
	ch := openChannel(t)
	name := exchangeLongName(t)
	// 252 octets of the text and three dots make 255, the longest short string.
	requireChannelError(t, ch, queueSpec{name: name}.declaringPassive(ch), amqp091.NotFound, queueMissing(name)[:252]+"...")
}

func TestQueue_LineEndsAreStrippedFromNames(t *testing.T) {
	rule(t, "queue")
	c := dial(t)
	ch := channelOn(t, c)
	name := uniqueName(t, "q")
	broken := "\n" + name[:1] + "\r\n" + name[1:] + "\r"
	deleteQueueLater(t, name)
	for _, step := range []struct {
		name string
		do   func() error
	}{
		{"declare", queueSpec{name: broken}.declaring(ch)},
		{"passive declare", queueSpec{name: broken}.declaringPassive(ch)},
		{"bind", func() error { return ch.QueueBind(broken, "k", "amq.\r\ndirect", false, nil) }},
		{"unbind", func() error { return ch.QueueUnbind(broken, "k", "amq.\r\ndirect", nil) }},
	} {
		t.Run(step.name, func(t *testing.T) {
			rule(t, "queue")
			require.NoError(t, step.do())
			queueMustExist(t, c, name)
		})
	}
	t.Run("the answer names the queue", func(t *testing.T) {
		rule(t, "queue")
		q, err := queueSpec{name: broken}.declare(ch)
		require.NoError(t, err)
		require.Equal(t, name, q.Name)
	})
	t.Run("delete", func(t *testing.T) {
		rule(t, "queue")
		_, err := queueDeletion{name: broken}.delete(ch)
		require.NoError(t, err)
		queueMustNotExist(t, c, name)
	})
}

func TestQueue_LineEndsStayInOtherMethods(t *testing.T) {
	rule(t, "queue")
	c := dial(t)
	q := tempQueue(t, channelOn(t, c))
	broken := q + "\r\n"
	for row, action := range map[string]func(*amqp091.Channel) error{
		"get":   func(ch *amqp091.Channel) error { _, _, err := ch.Get(broken, true); return err },
		"purge": func(ch *amqp091.Channel) error { _, err := ch.QueuePurge(broken, false); return err },
		"consume": func(ch *amqp091.Channel) error {
			_, err := ch.Consume(broken, "", true, false, false, false, nil)
			return err
		},
	} {
		t.Run(row, func(t *testing.T) {
			rule(t, "queue")
			ch := channelOn(t, c)
			requireChannelError(t, ch, func() error { return action(ch) }, amqp091.NotFound, queueMissing(broken))
		})
	}
}
