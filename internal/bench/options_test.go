package bench

import (
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/leveretmq/leveret/amqp"
)

func TestOptionsThatCannotBe(t *testing.T) {
	for name, change := range map[string]func(*Options){
		"no address":                   func(o *Options) { o.URLs = nil },
		"a number below its range":     func(o *Options) { o.Producers = -1 },
		"a number above its range":     func(o *Options) { o.Prefetch = 1 << 16 },
		"confirms in a transaction":    func(o *Options) { o.Confirm, o.ProducerTx = 1, 1 },
		"automatic, in a transaction":  func(o *Options) { o.AutoAck, o.ConsumerTx = true, 1 },
		"a queue and a pattern":        func(o *Options) { o.Queue, o.QueuePattern, o.QueueTo = "q", "q-%d", 2 },
		"a pattern without an end":     func(o *Options) { o.QueuePattern = "q-%d" },
		"a pattern without a number":   func(o *Options) { o.QueuePattern, o.QueueTo = "q", 2 },
		"a quorum queue without name":  func(o *Options) { o.QueueArguments = amqp.Table{{Key: "x-queue-type", Value: "quorum"}} },
		"predeclared without name":     func(o *Options) { o.Predeclared = true },
		"in flight without consumers":  func(o *Options) { o.InFlight, o.Consumers = 1, 0 },
		"topics of a direct exchange":  func(o *Options) { o.TopicBindings, o.Queue = 1, "q" },
		"acknowledgements that starve": func(o *Options) { o.Prefetch, o.AckEvery = 10, 11 },
	} {
		o := Defaults()
		require.NoError(t, o.Check())
		change(&o)
		require.ErrorIs(t, o.Check(), ErrOptions, name)
	}
}

func TestQueuesOfAPattern(t *testing.T) {
	o := Defaults()
	require.Empty(t, o.queues())
	require.Equal(t, 1, o.copies())
	o.Consumers, o.ConsumerChannels = 3, 2
	require.Equal(t, 6, o.copies())
	o.QueuePattern, o.QueueFrom, o.QueueTo = "q-%03d", 9, 11
	require.Equal(t, []string{"q-009", "q-010", "q-011"}, o.queues())
	require.Equal(t, 1, o.copies())
	o.ExchangeType = "fanout"
	require.Equal(t, 3, o.copies())
}

func TestKeys(t *testing.T) {
	r := newRun(Defaults(), nil)
	require.Equal(t, []string{r.key}, r.keysOf(0))
	r.QueuePattern, r.QueueTo = "q-%d", 2
	require.Equal(t, []string{"q-2"}, r.keysOf(1))
	require.Equal(t, []string{"q-1"}, r.keysOf(2))
	r.AllQueues = true
	require.Equal(t, []string{"q-1", "q-2"}, r.keysOf(0))
	r.AllQueues, r.RoutingKey = false, "k"
	require.Equal(t, []string{"k"}, r.keysOf(0))
	r.RandomKeys = true
	require.Len(t, r.keysOf(0), randomKeys)
}

func TestScenariosCanBe(t *testing.T) {
	for _, s := range Scenarios() {
		for _, c := range s.Cases(DefaultScale()) {
			require.NoError(t, c.Options.Check(), c.Name)
		}
	}
}

func TestChannelsTakeQueuesInTurns(t *testing.T) {
	r := &run{Options: Defaults()}
	r.QueuePattern, r.QueueTo, r.ConsumerChannels = "q-%d", 5, 2
	var taken []string
	for link := range 3 {
		for channel := range r.ConsumerChannels {
			queue, err := r.queueOf(link, &consumer{channel: uint16(channel + 1)})
			require.NoError(t, err)
			taken = append(taken, queue)
		}
	}
	require.Equal(t, []string{"q-1", "q-2", "q-3", "q-4", "q-5", "q-1"}, taken)
}
