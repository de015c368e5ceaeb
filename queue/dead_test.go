package queue_test

import (
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/leveretmq/leveret/amqp"
	"github.com/leveretmq/leveret/message"
	"github.com/leveretmq/leveret/queue"
)

// graveyard keeps the dead messages of a queue until they are to be buried.
type graveyard struct {
	dead []queue.Dead
}

func (g *graveyard) Bury(q *queue.Queue, dead []queue.Dead) {
	q.Counts() // the queue is not locked
	g.dead = append(g.dead, dead...)
}

func (g *graveyard) Expired(*queue.Queue) {}

// reasons tells why which messages are dead.
func (g *graveyard) reasons() map[string]queue.Reason {
	list := make(map[string]queue.Reason)
	for _, d := range g.dead {
		list[string(d.Message.Body)] = d.Reason
	}
	return list
}

// ledger is a store that only notes what it is told.
type ledger struct {
	queue.Store
	stored map[uint64]bool
}

func (l *ledger) Submit(u queue.Unit) {
	for _, e := range u.Enqueue {
		l.stored[e.Seq] = true
	}
	for _, a := range u.Ack {
		delete(l.stored, a.Seq)
	}
}

// mourned makes a durable queue whose dead messages have somewhere to go.
func mourned(t *testing.T, arguments ...amqp.Field) (*queue.Queue, *graveyard, *ledger) {
	t.Helper()
	g, l := new(graveyard), &ledger{stored: make(map[uint64]bool)}
	arguments = append(arguments, amqp.Field{Key: "x-dead-letter-exchange", Value: "dead"})
	spec := queue.Spec{VHost: "/", Name: "q", Durable: true, Arguments: arguments}
	q, err := queue.New(spec, queue.Options{Host: g, Store: l})
	require.NoError(t, err)
	return q, g, l
}

func persistent(q *queue.Queue, bodies ...string) {
	for _, body := range bodies {
		q.Publish([]queue.Publication{{Message: &message.Message{
			Body: []byte(body), Persistent: true, Arrived: time.Now().UnixMilli(),
		}}})
	}
}

func TestDead_Reasons(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		q, g, _ := mourned(t,
			amqp.Field{Key: "x-max-length", Value: int32(3)}, amqp.Field{Key: "x-message-ttl", Value: int32(1000)},
			amqp.Field{Key: "x-delivery-limit", Value: int32(0)})
		persistent(q, "too much", "refused", "returned", "purged")
		require.Equal(t, map[string]queue.Reason{"too much": queue.MaxLength}, g.reasons())
		g.dead = nil
		q.Reject([]queue.Delivery{take(t, q)})
		requeue(q, queue.Nacked, take(t, q))
		require.Equal(t, map[string]queue.Reason{"refused": queue.Refused, "returned": queue.DeliveryLimit}, g.reasons())
		g.dead = nil
		require.Equal(t, 1, q.Purge(nil))
		persistent(q, "old")
		held := take(t, q)
		persistent(q, "older")
		time.Sleep(2 * time.Second)
		synctest.Wait()
		require.Equal(t, map[string]queue.Reason{"older": queue.Expired}, g.reasons(), "what was purged or is held does not die")
		q.Ack([]queue.Delivery{held})
		require.Len(t, g.dead, 1)
	})
}

// A dead message is stored until it is buried, and no longer.
func TestDead_LeaveTheStoreWhenTheyAreBuried(t *testing.T) {
	q, g, l := mourned(t)
	persistent(q, "a", "b")
	q.Reject([]queue.Delivery{take(t, q), take(t, q)})
	require.Len(t, g.dead, 2)
	require.Equal(t, queue.Counts{}, q.Counts())
	require.Len(t, l.stored, 2)
	q.Buried(g.dead[:1])
	require.Equal(t, map[uint64]bool{g.dead[1].Seq: true}, l.stored)
	q.Buried(g.dead[1:])
	require.Empty(t, l.stored)
}

func TestDead_QueueMayEndBeforeTheyAreBuried(t *testing.T) {
	q, g, l := mourned(t)
	persistent(q, "a", "b")
	q.Reject([]queue.Delivery{take(t, q)})
	q.End()
	q.Buried(g.dead)
	require.Len(t, g.dead, 1, "what is ready goes with the queue")
	require.Len(t, l.stored, 2, "they are the store's to forget with the queue")
}

func TestDead_LetterSaysWhereTheyGo(t *testing.T) {
	q, g, _ := mourned(t, amqp.Field{Key: "x-dead-letter-routing-key", Value: "key"})
	persistent(q, "a")
	q.Reject([]queue.Delivery{take(t, q)})
	require.Equal(t, &queue.DeadLetter{Exchange: "dead", Key: "key", HasKey: true}, g.dead[0].Letter)
	read := q.Read(&g.dead[0].Entry)
	require.Equal(t, "a", string(read.Message.Body))
}

// reject-publish-dlx refuses a message and has it published elsewhere.
func TestDead_RefusedMessages(t *testing.T) {
	for overflow, want := range map[string]map[string]queue.Reason{
		"reject-publish": {}, "reject-publish-dlx": {"b": queue.MaxLength},
	} {
		q, g, l := mourned(t,
			amqp.Field{Key: "x-max-length", Value: int32(1)}, amqp.Field{Key: "x-overflow", Value: overflow})
		persistent(q, "a", "b")
		require.Equal(t, want, g.reasons())
		require.Len(t, l.stored, 1)
		q.Buried(g.dead)
		require.Len(t, l.stored, 1, "it never was the queue's")
		require.Equal(t, "a", string(take(t, q).Message.Body))
	}
}
