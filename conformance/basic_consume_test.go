package conformance

import (
	"fmt"
	"regexp"
	"testing"

	"github.com/rabbitmq/amqp091-go"
	"github.com/stretchr/testify/require"
)

// basicGeneratedTag is the form of a tag that the broker makes up.
var basicGeneratedTag = regexp.MustCompile(`^amq\.ctag-[A-Za-z0-9_-]{22}$`)

func TestBasic_ConsumeWithoutATagMakesOneUp(t *testing.T) {
	rule(t, "basic")
	c := basicWireOpen(t)
	queue := basicWireQueue(c)
	first := basicWireConsume(c, queue, "", 0)
	second := basicWireConsume(c, queue, "", 0)
	require.Regexp(t, basicGeneratedTag, first)
	require.Regexp(t, basicGeneratedTag, second)
	require.NotEqual(t, first, second)
}

func TestBasic_ConsumeKeepsTheClientsTag(t *testing.T) {
	rule(t, "basic")
	c := basicWireOpen(t)
	queue := basicWireQueue(c)
	require.Equal(t, "Größe 7", basicWireConsume(c, queue, "Größe 7", 0))
	c.send(basicWirePublication{key: queue, body: "m"}.encode())
	require.Equal(t, "Größe 7", basicExpectDelivery(c).consumer)
}

func TestBasic_ConsumeWithATagInUseClosesTheConnection(t *testing.T) {
	rule(t, "basic")
	c := basicWireOpen(t)
	queue, other := basicWireQueue(c), basicWireQueue(c)
	basicWireConsume(c, queue, "twice", 0)
	c.send(basicEncodeConsume(other, "twice", 0))
	class, method := c.expectConnectionClose(530, "NOT_ALLOWED - attempt to reuse consumer tag 'twice'")
	require.Equal(t, [2]uint16{basicClass, 20}, [2]uint16{class, method}, "offending method")
}

func TestBasic_ConsumeTagsBelongToTheirChannel(t *testing.T) {
	rule(t, "basic")
	c := dial(t)
	queue := tempQueue(t, channelOn(t, c))
	basicConsumer{tag: "same"}.startOn(t, channelOn(t, c), queue)
	basicConsumer{tag: "same"}.startOn(t, channelOn(t, c), queue)
}

func TestBasic_ConsumeTagIsFreeAfterCancel(t *testing.T) {
	rule(t, "basic")
	ch := openChannel(t)
	queue := tempQueue(t, ch)
	basicConsumer{tag: "again"}.startOn(t, ch, queue)
	require.NoError(t, ch.Cancel("again", false))
	ds := basicConsumer{tag: "again"}.startOn(t, ch, queue)
	publish(t, ch, "", queue, "m")
	require.Equal(t, "again", receive(t, ds).ConsumerTag)
}

func TestBasic_ConsumeFromAMissingQueue(t *testing.T) {
	rule(t, "basic")
	ch := openChannel(t)
	queue := uniqueName(t, "missing")
	requireChannelError(t, ch, basicConsumer{}.refused(ch, queue),
		404, "NOT_FOUND - no queue '"+queue+"' in vhost '/'")
}

func TestBasic_ConsumeWithoutAQueueName(t *testing.T) {
	rule(t, "basic")
	t.Run("takes the queue declared last", func(t *testing.T) {
		rule(t, "basic")
		ch := openChannel(t)
		tempQueue(t, ch)
		last := tempQueue(t, ch)
		ds := basicConsumer{}.startOn(t, ch, "")
		publish(t, ch, "", last, "m")
		receive(t, ds)
	})
	t.Run("fails when none was declared", func(t *testing.T) {
		rule(t, "basic")
		ch := openChannel(t)
		requireChannelError(t, ch, basicConsumer{}.refused(ch, ""),
			404, "NOT_FOUND - no previously declared queue")
	})
}

func TestBasic_ConsumeFromAnotherConnectionsExclusiveQueue(t *testing.T) {
	rule(t, "basic")
	queue := basicForeignQueue(t)
	ch := openChannel(t)
	requireChannelError(t, ch, basicConsumer{}.refused(ch, queue), 405, basicLockedText(queue))
}

// basicForeignQueue is an exclusive queue of a connection that nobody else uses.
func basicForeignQueue(t *testing.T) string {
	t.Helper()
	queue := uniqueName(t, "q")
	_, err := openChannel(t).QueueDeclare(queue, false, false, true, false, nil)
	require.NoError(t, err)
	return queue
}

func basicLockedText(queue string) string {
	return "RESOURCE_LOCKED - cannot obtain exclusive access to locked queue '" + queue + "' in vhost '/'. " +
		"It could be originally declared on another connection or the exclusive property value does not match " +
		"that of the original declaration."
}

func TestBasic_ConsumeAnswersBeforeItDelivers(t *testing.T) {
	rule(t, "basic")
	c := basicWireOpen(t)
	queue := basicWireQueue(c)
	for range 50 {
		c.send(basicWirePublication{key: queue, body: "m"}.encode())
	}
	basicWireConsume(c, queue, "", 0) // fails on a delivery
	for range 50 {
		basicExpectDelivery(c)
	}
}

func TestBasic_ConsumeWithNoWaitIsNotAnswered(t *testing.T) {
	rule(t, "basic")
	t.Run("with a tag", func(t *testing.T) {
		rule(t, "basic")
		c := basicWireOpen(t)
		queue := basicWireQueue(c)
		c.send(basicWirePublication{key: queue, body: "m"}.encode())
		c.send(basicEncodeConsume(queue, "silent", basicConsumeNoWait))
		require.Equal(t, "silent", basicExpectDelivery(c).consumer)
		basicRequireNothingMore(c)
	})
	t.Run("without a tag", func(t *testing.T) {
		rule(t, "basic")
		c := basicWireOpen(t)
		queue := basicWireQueue(c)
		c.send(basicEncodeConsume(queue, "", basicConsumeNoWait))
		c.send(basicWirePublication{key: queue, body: "m"}.encode())
		require.Regexp(t, basicGeneratedTag, basicExpectDelivery(c).consumer)
	})
	t.Run("but its error is", func(t *testing.T) {
		rule(t, "basic")
		c := basicWireOpen(t)
		queue := uniqueName(t, "missing")
		c.send(basicEncodeConsume(queue, "silent", basicConsumeNoWait))
		c.expectChannelClose(basicWireChannel, 404, "NOT_FOUND - no queue '"+queue+"' in vhost '/'")
	})
}

func TestBasic_ConsumeIgnoresNoLocal(t *testing.T) {
	rule(t, "basic")
	ch := openChannel(t)
	queue := tempQueue(t, ch)
	ds := basicConsumer{noLocal: true}.startOn(t, ch, queue)
	publish(t, ch, "", queue, "own")
	require.Equal(t, []string{"own"}, basicReceiveBodies(t, ds, 1))
}

func TestBasic_ConsumeIgnoresUnknownArguments(t *testing.T) {
	rule(t, "basic")
	ch := openChannel(t)
	basicConsumer{args: amqp091.Table{"x-cancel-on-ha-failover": true, "no-such-argument": int32(1)}}.
		startOn(t, ch, tempQueue(t, ch))
}

func TestBasic_ConsumerPriorityIsAnInteger(t *testing.T) {
	rule(t, "basic")
	accepted := []any{int8(-128), byte(255), int16(-5), uint16(5), int32(-1), uint32(7), int64(1) << 40, int32(0)}
	for _, priority := range accepted {
		t.Run(fmt.Sprintf("accepts %T %v", priority, priority), func(t *testing.T) {
			rule(t, "basic")
			ch := openChannel(t)
			basicConsumer{args: amqp091.Table{"x-priority": priority}}.startOn(t, ch, tempQueue(t, ch))
		})
	}
	refused := []struct {
		wireType string
		value    any
	}{
		{"longstr", "1"},
		{"bool", true},
		{"double", float64(1)},
		{"float", float32(1)},
		{"void", nil},
		{"table", amqp091.Table{}},
		{"array", []any{int32(1)}},
		{"binary", []byte{1}},
	}
	for _, r := range refused {
		t.Run("refuses "+r.wireType, func(t *testing.T) {
			rule(t, "basic")
			ch := openChannel(t)
			queue := tempQueue(t, ch)
			requireChannelError(t, ch, basicConsumer{args: amqp091.Table{"x-priority": r.value}}.refused(ch, queue),
				406, "PRECONDITION_FAILED - invalid arg 'x-priority' for queue '"+queue+
					"' in vhost '/': \"expected integer, got "+r.wireType+"\"")
		})
	}
}

func TestBasic_ConsumersAreCountedByDeclare(t *testing.T) {
	rule(t, "basic")
	ch := openChannel(t)
	queue := tempQueue(t, ch)
	for want := range 3 {
		q, err := ch.QueueDeclarePassive(queue, false, false, false, false, nil)
		require.NoError(t, err)
		require.Equal(t, want, q.Consumers)
		basicConsumer{}.startOn(t, ch, queue)
	}
}
