package main

import (
	"log/slog"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/require"
)

// statuses runs a startup in virtual time and returns what it has told when the
// given time has passed.
func statuses(t *testing.T, progress func(*startup)) (list []string) {
	synctest.Test(t, func(*testing.T) {
		told := make(chan string, 100)
		s := beginStartup(slog.New(slog.DiscardHandler), func(assignments ...string) {
			told <- strings.Join(assignments, " ")
		})
		progress(s)
		s.end()
		close(told)
		for text := range told {
			list = append(list, text)
		}
	})
	return list
}

func TestShortStartIsNotTold(t *testing.T) {
	require.Empty(t, statuses(t, func(s *startup) {
		s.recovered(recovery{queues: 5, of: 10})
		<-time.After(startupInterval - time.Millisecond)
	}))
}

func TestStartTellsHowFarItIs(t *testing.T) {
	list := statuses(t, func(s *startup) {
		<-time.After(startupInterval + time.Millisecond)
		s.recovered(recovery{of: 100})
		<-time.After(startupInterval)
		s.recovered(recovery{queues: 25, of: 100, messages: 1000, octets: 5 << 20})
		<-time.After(startupInterval)
	})
	const patience = " EXTEND_TIMEOUT_USEC=30000000"
	require.Equal(t, []string{
		"STATUS=Opening the data directory" + patience,
		"STATUS=Recovering: 0 of 100 queues, 0 messages, 0 MiB" + patience,
		"STATUS=Recovering: 25 of 100 queues, 1000 messages, 5 MiB, about 12s left" + patience,
	}, list)
}
