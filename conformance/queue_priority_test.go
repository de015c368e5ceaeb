package conformance

import (
	"strconv"
	"testing"

	"github.com/rabbitmq/amqp091-go"
	"github.com/stretchr/testify/require"
)

// priorityQueue declares a classic queue with priorities from 0 up to the highest.
func priorityQueue(t *testing.T, ch *amqp091.Channel, highest int32, more amqp091.Table) string {
	t.Helper()
	args := amqp091.Table{"x-max-priority": highest}
	for name, value := range more {
		args[name] = value
	}
	return queueSpec{args: args}.mustDeclare(t, ch)
}

// ofPriority sets the priority of a message. The client library does not write the
// property at all if it is 0.
func ofPriority(priority uint8) func(*amqp091.Publishing) {
	return func(p *amqp091.Publishing) { p.Priority = priority }
}

// publishByPriority publishes one message for each priority, whose body is the
// priority and its place ("5-0", "1-1"), and waits until they are ready.
func publishByPriority(t *testing.T, ch *amqp091.Channel, queue string, priorities ...uint8) {
	t.Helper()
	before := readyCount(t, ch, queue)
	for i, p := range priorities {
		publish(t, ch, "", queue, priorityBody(p, i), ofPriority(p))
	}
	basicAwaitReady(t, ch, queue, before+len(priorities))
}

func priorityBody(priority uint8, place int) string {
	return strconv.Itoa(int(priority)) + "-" + strconv.Itoa(place)
}

// readyBodies are the bodies of what basicDrain found.
func readyBodies(all []basicReady) (bodies []string) {
	for _, m := range all {
		bodies = append(bodies, m.body)
	}
	return bodies
}

func TestQueue_PriorityDecidesTheOrder(t *testing.T) {
	rule(t, "queue")
	for _, row := range []struct {
		name       string
		highest    int32
		priorities []uint8
		order      []string
	}{
		{"the higher goes first", 10, []uint8{1, 5, 3}, []string{"5-1", "3-2", "1-0"}},
		{"equal ones stay in order", 10, []uint8{2, 5, 2, 5, 2}, []string{"5-1", "5-3", "2-0", "2-2", "2-4"}},
		{"none is the lowest", 10, []uint8{0, 1, 0}, []string{"1-1", "0-0", "0-2"}},
		{"too high is the highest", 3, []uint8{3, 200, 3, 4, 2}, []string{"3-0", "200-1", "3-2", "4-3", "2-4"}},
		{"a highest of zero", 0, []uint8{0, 9, 1}, oneOf([]string{"0-0", "9-1", "1-2"}, []string{"9-1", "1-2", "0-0"})},
		{"a highest of one", 1, []uint8{0, 9, 1}, []string{"9-1", "1-2", "0-0"}},
		{"all 256", 255, []uint8{254, 255, 253, 0, 1}, []string{"255-1", "254-0", "253-2", "1-4", "0-3"}},
	} {
		t.Run(row.name, func(t *testing.T) {
			rule(t, "queue")
			ch := openChannel(t)
			q := priorityQueue(t, ch, row.highest, nil)
			publishByPriority(t, ch, q, row.priorities...)
			require.Equal(t, row.order, readyBodies(basicDrain(t, ch, q, len(row.order))))
		})
	}
}

func TestQueue_PriorityMeansNothingToOtherQueues(t *testing.T) {
	rule(t, "queue")
	ch := openChannel(t)
	q := tempQueue(t, ch)
	publishByPriority(t, ch, q, 1, 9, 5)
	require.Equal(t, []string{"1-0", "9-1", "5-2"}, readyBodies(basicDrain(t, ch, q, 3)))
}

func TestQueue_PriorityComesBackAsSent(t *testing.T) {
	rule(t, "queue")
	ch := openChannel(t)
	q := priorityQueue(t, ch, 2, nil)
	publishByPriority(t, ch, q, 200)
	require.Equal(t, uint8(200), basicTake(t, ch, q).Priority)
}

func TestQueue_PriorityGoesWithTheMessageThroughAnExchange(t *testing.T) {
	rule(t, "queue")
	ch := openChannel(t)
	x, q := tempExchange(t, ch, "fanout"), priorityQueue(t, ch, 5, nil)
	exchangeBinding{source: x, destination: q}.bindQueue(t, ch)
	for i, p := range []uint8{1, 5, 3} {
		publish(t, ch, x, "", priorityBody(p, i), ofPriority(p))
	}
	require.Equal(t, []string{"5-1", "3-2", "1-0"}, readyBodies(basicDrain(t, ch, q, 3)))
}

func TestQueue_PriorityOfRequeuedMessages(t *testing.T) {
	rule(t, "queue")
	ch := openChannel(t)
	q := priorityQueue(t, ch, 5, nil)
	publishByPriority(t, ch, q, 1, 3, 3, 1)
	taken := basicTakeAll(t, ch, q, 3) // 3-1, 3-2, 1-0
	publishByPriority(t, ch, q, 2, 3, 5)
	for _, d := range taken {
		require.NoError(t, d.Nack(basicSingle, basicRequeue))
	}
	require.Equal(t, []basicReady{
		{"5-2", false},
		{"3-1", true},
		{"3-2", true},
		{"3-1", false},
		{"2-0", false},
		{"1-0", true},
		{"1-3", false},
	}, basicDrain(t, ch, q, 7))
}

// What a consumer holds already stays in the order in which it was given out.
func TestQueue_PriorityDoesNotReorderWhatIsPrefetched(t *testing.T) {
	rule(t, "queue")
	ch := openChannel(t)
	q := priorityQueue(t, ch, 5, nil)
	publishByPriority(t, ch, q, 1, 1, 1)
	basicQos(t, ch, 2, basicPerConsumer)
	ds := basicConsumer{}.startOn(t, ch, q)
	held := receive(t, ds)
	require.Equal(t, "1-0", string(held.Body))
	require.Equal(t, "1-1", string(receive(t, ds).Body))
	publishByPriority(t, channelOn(t, dial(t)), q, 5)
	require.NoError(t, held.Ack(basicSingle))
	require.Equal(t, "5-0", string(receive(t, ds).Body))
}

func TestQueue_PriorityDropsTheHighestFirst(t *testing.T) {
	rule(t, "queue")
	for name, limit := range map[string]amqp091.Table{
		"by number": {"x-max-length": int32(2)},
		"by octets": {"x-max-length-bytes": int32(6)},
	} {
		t.Run(name, func(t *testing.T) {
			rule(t, "queue")
			ch := openChannel(t)
			q := priorityQueue(t, ch, 5, limit)
			publishByPriority(t, ch, q, 5, 1)
			publish(t, ch, "", q, "3-2", ofPriority(3))
			publish(t, ch, "", q, "0-3", ofPriority(0))
			eventually(t, "the highest are gone", func() bool {
				d, ok, err := ch.Get(q, false)
				require.NoError(t, err)
				require.True(t, ok)
				require.NoError(t, d.Nack(basicSingle, basicRequeue))
				return string(d.Body) == "1-1"
			})
			require.Equal(t, []string{"1-1", "0-3"}, readyBodies(basicDrain(t, ch, q, 2)))
		})
	}
}

func TestQueue_PriorityCountsAllLevels(t *testing.T) {
	rule(t, "queue")
	ch := openChannel(t)
	q := priorityQueue(t, ch, 9, nil)
	publishByPriority(t, ch, q, 0, 3, 9, 3)
	d := basicTake(t, ch, q)
	require.Equal(t, uint32(3), d.MessageCount)
	n, err := ch.QueuePurge(q, false)
	require.NoError(t, err)
	require.Equal(t, 3, n)
	n, err = queueDeletion{name: q}.delete(ch)
	require.NoError(t, err)
	require.Zero(t, n)
}

func TestQueue_PriorityOfPersistentMessages(t *testing.T) {
	rule(t, "queue")
	ch := openChannel(t)
	q := queueSpec{durable: true, args: amqp091.Table{"x-max-priority": int32(5)}}.mustDeclare(t, ch)
	for i, p := range []uint8{1, 5, 1, 3} {
		publish(t, ch, "", q, priorityBody(p, i), ofPriority(p), func(p *amqp091.Publishing) { p.DeliveryMode = amqp091.Persistent })
	}
	require.Equal(t, []string{"5-1", "3-3", "1-0", "1-2"}, readyBodies(basicDrain(t, ch, q, 4)))
}

// A consumer that has room is given what comes, whatever may come later.
func TestQueue_PriorityGivesAWaitingConsumerWhatComes(t *testing.T) {
	rule(t, "queue")
	c := dial(t)
	ch := channelOn(t, c)
	q := priorityQueue(t, ch, 5, nil)
	ds := basicConsumer{noAck: true}.startOn(t, channelOn(t, c), q)
	for i, p := range []uint8{1, 5, 3} {
		publish(t, ch, "", q, priorityBody(p, i), ofPriority(p))
		require.Equal(t, priorityBody(p, i), string(receive(t, ds).Body))
	}
}

// A limit of the length holds when messages come back, too.
func TestQueue_PriorityLimitHoldsWhenMessagesComeBack(t *testing.T) {
	rule(t, "queue")
	ch := openChannel(t)
	q := priorityQueue(t, ch, 5, amqp091.Table{"x-max-length": int32(1)})
	publishByPriority(t, ch, q, 5)
	d := basicTake(t, ch, q)
	publishByPriority(t, ch, q, 1)
	require.NoError(t, d.Nack(basicSingle, basicRequeue))
	require.Equal(t, []string{"1-0"}, readyBodies(basicDrain(t, ch, q, 1)))
}
