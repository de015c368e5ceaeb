package server_test

import (
	"fmt"
	"testing"

	amqp091 "github.com/rabbitmq/amqp091-go"
	"github.com/stretchr/testify/require"

	"github.com/leveretmq/leveret/server"
)

// passed is what the first channel has told apart.
func (s *counting) passed() []server.ChannelPassage {
	s.wait()
	return s.n.service.server.Connections()[0].Channels[0].Passages
}

func TestPassages_AreCountedWhileSomebodyLooks(t *testing.T) {
	s := startCounting(t)
	s.declare("other", nil)
	s.bind("other", "here")
	s.publish("here", "here")
	require.Empty(t, s.passed())
	s.n.service.server.WatchPassages()
	s.publish("here", "here", "nowhere", "here")
	require.NoError(t, s.ch.Publish("", "q", false, false, message091()))
	want := []server.ChannelPassage{
		{Exchange: "", Queue: "q", Messages: 1}, {Exchange: "in", Queue: "other", Messages: 3}, {Exchange: "in", Queue: "q", Messages: 3},
	}
	require.Equal(t, want, s.passed())

	_, err := s.ch.QueueDelete("other", false, false, false)
	require.NoError(t, err)
	require.Equal(t, []server.ChannelPassage{want[0], want[2]}, s.passed())
	require.NoError(t, s.ch.ExchangeDelete("in", false, false))
	require.Equal(t, want[:1], s.passed())
}

func TestPassages_OfTransactions(t *testing.T) {
	s := startCounting(t)
	s.n.service.server.WatchPassages()
	require.NoError(t, s.ch.Tx())
	s.publish("here", "here")
	require.Empty(t, s.passed())
	require.NoError(t, s.ch.TxCommit())
	require.Equal(t, []server.ChannelPassage{{Exchange: "in", Queue: "q", Messages: 2}}, s.passed())
	require.EqualValues(t, 2, s.n.service.broker.PassagesTo("/", "q")[0].Messages)
}

// Memory is bounded: a channel tells the first queues apart, and makes room for others
// when these are gone.
func TestPassages_AreBounded(t *testing.T) {
	s := startCounting(t)
	s.n.service.server.WatchPassages()
	const queues = 70
	for i := range queues {
		s.declare(fmt.Sprintf("q%d", i), nil)
		require.NoError(t, s.ch.Publish("", fmt.Sprintf("q%d", i), false, false, message091()))
	}
	require.Len(t, s.passed(), 64)
	for i := range queues {
		_, err := s.ch.QueueDelete(fmt.Sprintf("q%d", i), false, false, false)
		require.NoError(t, err)
	}
	require.NoError(t, s.ch.Publish("", "q", false, false, message091()))
	require.Equal(t, []server.ChannelPassage{{Queue: "q", Messages: 1}}, s.passed())

	// A publish to more of them at once is not told apart.
	for i := range queues {
		s.declare(fmt.Sprintf("w%d", i), nil)
		s.bind(fmt.Sprintf("w%d", i), "wide")
	}
	s.publish("wide", "wide")
	require.Equal(t, []server.ChannelPassage{{Queue: "q", Messages: 1}}, s.passed())
}

func message091() amqp091.Publishing { return amqp091.Publishing{Body: []byte("hello")} }
