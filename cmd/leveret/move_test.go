package main_test

import (
	"bufio"
	"os"
	"os/exec"
	"slices"
	"strconv"
	"testing"
	"time"

	amqp091 "github.com/rabbitmq/amqp091-go"
	"github.com/stretchr/testify/require"
)

// crowd is how many messages are moved: enough for the broker to be killed meanwhile.
const crowd = 30_000

// TestMove_SurvivesAKill kills the broker in the middle of a move. Nothing is lost, and
// the order is kept; what was under way may be in both queues.
func TestMove_SurvivesAKill(t *testing.T) {
	dir, err := os.MkdirTemp("", "mv") // the path of a socket has to be short
	require.NoError(t, err)
	t.Cleanup(func() { require.NoError(t, os.RemoveAll(dir)) })
	p := start(t, nil, "--data-dir", dir, "--amqp-listen", anyPort)
	ch := channelTo(t, p)
	for _, name := range []string{"from", "to"} {
		_, err := ch.QueueDeclare(name, true, false, false, false, nil)
		require.NoError(t, err)
	}
	require.NoError(t, ch.Confirm(false))
	var last *amqp091.DeferredConfirmation
	for i := range crowd {
		last, err = ch.PublishWithDeferredConfirm("", "from", false, false,
			amqp091.Publishing{DeliveryMode: amqp091.Persistent, Body: []byte(strconv.Itoa(i))})
		require.NoError(t, err)
	}
	require.True(t, last.Wait())

	move := exec.Command(binary(t), "move", "from", "to", "--data-dir", dir)
	require.NoError(t, move.Start())
	require.Eventually(t, func() bool {
		q, err := ch.QueueDeclarePassive("to", true, false, false, false, nil)
		return err != nil || q.Messages > 0
	}, patience, time.Millisecond)
	require.NoError(t, p.command.Process.Kill())
	<-p.ended
	_ = move.Wait() // it may have been done already

	p = start(t, nil, "--data-dir", dir, "--amqp-listen", anyPort)
	ch = channelTo(t, p)
	from, to := bodies(t, ch, "from"), bodies(t, ch, "to")
	t.Logf("%d messages were left, %d moved, %d are in both queues", len(from), len(to), len(from)+len(to)-crowd)
	require.True(t, slices.IsSorted(from))
	require.True(t, slices.IsSorted(to))
	all := slices.Concat(from, to)
	slices.Sort(all)
	require.Len(t, slices.Compact(all), crowd)
}

// Who watches does not keep the broker from stopping, and is no client that has to be cut
// off.
func TestTrace_EndsWithTheBroker(t *testing.T) {
	dir, err := os.MkdirTemp("", "tr")
	require.NoError(t, err)
	t.Cleanup(func() { require.NoError(t, os.RemoveAll(dir)) })
	p := start(t, nil, "--data-dir", dir, "--amqp-listen", anyPort)
	ch := channelTo(t, p)
	trace := exec.Command(binary(t), "trace", "--data-dir", dir, "--body", "5")
	out, err := trace.StdoutPipe()
	require.NoError(t, err)
	require.NoError(t, trace.Start())
	seen := make(chan string, 1024)
	go func() {
		defer close(seen)
		for lines := bufio.NewScanner(out); lines.Scan(); {
			seen <- lines.Text()
		}
	}()
	require.Eventually(t, func() bool { // it is there when it sees something
		require.NoError(t, ch.PublishWithContext(t.Context(), "amq.fanout", "key", false, false, amqp091.Publishing{Body: []byte("hello all")}))
		return len(seen) > 0
	}, patience, 10*time.Millisecond)
	require.Contains(t, <-seen, ` published exchange=amq.fanout key=key to="" user=guest`)
	require.NoError(t, p.command.Process.Signal(os.Interrupt))
	status, _, stderr := p.wait()
	require.Zero(t, status, stderr)
	require.NotContains(t, stderr, "cut off")
	for range seen { // until it has ended
	}
	require.NoError(t, trace.Wait())
}

// channelTo is a channel to a broker that is starting.
func channelTo(t *testing.T, p *program) *amqp091.Channel {
	t.Helper()
	connection, err := amqp091.Dial(connectURL(t, p.ready()))
	require.NoError(t, err)
	t.Cleanup(func() { _ = connection.Close() })
	channel, err := connection.Channel()
	require.NoError(t, err)
	return channel
}

// bodies are the numbers of the messages of a queue, in their order.
func bodies(t *testing.T, ch *amqp091.Channel, name string) (list []int) {
	t.Helper()
	q, err := ch.QueueDeclarePassive(name, true, false, false, false, nil)
	require.NoError(t, err)
	messages, err := ch.Consume(name, "", true, false, false, false, nil)
	require.NoError(t, err)
	for range q.Messages {
		n, err := strconv.Atoi(string((<-messages).Body))
		require.NoError(t, err)
		list = append(list, n)
	}
	return list
}
