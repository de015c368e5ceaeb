package persistence

import (
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/leveretmq/leveret/definitions"
	"github.com/leveretmq/leveret/queue"
)

// storedReservation is what a restart would go on from.
func storedReservation(t *testing.T, s *Store) reservations {
	t.Helper()
	payload, _, err := s.readValue([]byte{prefixMeta, metaReservation})
	require.NoError(t, err)
	var r reservations
	require.NoError(t, r.restore(payload))
	return r
}

// A commit that is written ahead takes a number after its own reservation was
// planned. What is stored must not fall behind what is handed out, or a number
// comes back after a crash.
func TestReservationOfBigCommitIsNotOvertaken(t *testing.T) {
	s := openDir(t, t.TempDir())
	declare(t, s, 1)
	release := hold(s)
	var c definitions.Change
	for id := range uint32(transactionEntries + 1) {
		c.Put.Queues = append(c.Put.Queues, queueSpec(2+id))
	}
	// The sequence number makes a reservation due in the same commit.
	s.Submit(queue.Unit{Enqueue: []queue.Enqueue{enqueue(1, reservedSequences+1, text("a"))}})
	done := make(chan error, 1)
	s.Change(c, func(err error) { done <- err })
	release()
	require.NoError(t, <-done)
	release = hold(s)
	defer release()
	require.Equal(t, s.reserved.numbers, storedReservation(t, s).numbers)
	require.Equal(t, s.reserved.sequences, storedReservation(t, s).sequences)
}
