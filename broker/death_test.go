package broker_test

import (
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/leveretmq/leveret/amqp"
	"github.com/leveretmq/leveret/message"
	"github.com/leveretmq/leveret/queue"
)

// passed is an entry of x-death as far as it matters to cycles.
func passed(reason, queue string) amqp.Table {
	return amqp.Table{{Key: "count", Value: int64(1)}, {Key: "reason", Value: reason}, {Key: "queue", Value: queue}}
}

// A message goes no further when it comes to a queue from which it has come, unless
// somebody has rejected it since. History is what it has gone through, the latest
// first, before it died in q.
func TestDeath_Cycles(t *testing.T) {
	for name, row := range map[string]struct {
		history  []any
		rejected bool // in q; it expires otherwise
		arrives  bool
	}{
		"none":                                 {arrives: true},
		"another queue":                        {history: []any{passed("expired", "a")}, arrives: true},
		"expired there":                        {history: []any{passed("expired", "to")}},
		"too much there":                       {history: []any{passed("maxlen", "to")}},
		"expired there, and rejected in q":     {history: []any{passed("expired", "to")}, rejected: true, arrives: true},
		"rejected there":                       {history: []any{passed("expired", "a"), passed("rejected", "to")}, arrives: true},
		"rejected since":                       {history: []any{passed("rejected", "a"), passed("expired", "to")}, arrives: true},
		"rejected before":                      {history: []any{passed("expired", "to"), passed("rejected", "a")}},
		"rejected before, and elsewhere since": {history: []any{passed("expired", "a"), passed("expired", "to"), passed("rejected", "a")}},
		"both there":                           {history: []any{passed("expired", "to"), passed("rejected", "to")}},
		"no history":                           {history: []any{"to", int32(1), amqp.Table{}}, arrives: true},
	} {
		t.Run(name, func(t *testing.T) {
			f := start(t)
			f.queue("to")
			f.queue("q", lettered("to"))
			m := withHeaders("", "q", amqp.Field{Key: "x-death", Value: amqp.Array(row.history)})
			m.Arrived = time.Now().UnixMilli()
			if row.rejected {
				f.find("q").Publish([]queue.Publication{{Message: m}})
				f.reject("q", 1)
			} else {
				m.Properties = amqp.PropertyList{Headers: m.Headers(), Expiration: "0"}.Encode()
				f.find("q").Publish([]queue.Publication{{Message: m}})
			}
			put(f.find("q"), "last")
			f.reject("q", 1)
			want := 1
			if row.arrives {
				want = 2
			}
			f.awaitReady("to", want) // the last one comes behind the other
		})
	}
}

// buried publishes a message with headers, rejects it and returns the headers of the
// dead letter.
func buried(t *testing.T, headers ...amqp.Field) amqp.Table {
	t.Helper()
	f := start(t)
	f.queue("to")
	f.queue("q", lettered("to"))
	f.find("q").Publish([]queue.Publication{{Message: withHeaders("x", "key", headers...)}})
	f.reject("q", 1)
	f.awaitReady("to", 1)
	d, _, ok := f.find("to").Get(queue.AutoAck)
	require.True(t, ok)
	return d.Message.Headers()
}

// withoutTime checks the time of an entry and takes it off.
func withoutTime(t *testing.T, entry amqp.Table) amqp.Table {
	t.Helper()
	var rest amqp.Table
	for _, field := range entry {
		if field.Key != "time" {
			rest = append(rest, field)
			continue
		}
		at, ok := field.Value.(amqp.Timestamp)
		require.True(t, ok)
		require.WithinDuration(t, time.Now(), time.Unix(int64(at), 0), time.Minute)
	}
	require.Len(t, rest, len(entry)-1)
	return rest
}

func TestDeath_FieldsAndTheirOrder(t *testing.T) {
	headers := buried(t, amqp.Field{Key: "own", Value: true}, amqp.Field{Key: "CC", Value: amqp.Array{"cc", int32(1)}})
	entry := amqp.Table{
		{Key: "count", Value: int64(1)},
		{Key: "reason", Value: "rejected"},
		{Key: "queue", Value: "q"},
		{Key: "exchange", Value: "x"},
		{Key: "routing-keys", Value: amqp.Array{"key", "cc"}},
	}
	deaths, ok := headers[2].Value.(amqp.Array)
	require.True(t, ok)
	require.Len(t, deaths, 1)
	first, ok := deaths[0].(amqp.Table)
	require.True(t, ok)
	require.Equal(t, entry, withoutTime(t, first))
	headers[2].Value = nil
	require.Equal(t, amqp.Table{
		{Key: "own", Value: true},
		{Key: "CC", Value: amqp.Array{"cc", int32(1)}},
		{Key: "x-death"},
		{Key: "x-first-death-exchange", Value: "x"},
		{Key: "x-last-death-exchange", Value: "x"},
		{Key: "x-first-death-queue", Value: "q"},
		{Key: "x-last-death-queue", Value: "q"},
		{Key: "x-first-death-reason", Value: "rejected"},
		{Key: "x-last-death-reason", Value: "rejected"},
	}, headers)
}

// What a client sends, and may have changed, is counted on as far as it makes sense.
func TestDeath_CountsOn(t *testing.T) {
	other := passed("expired", "another")
	for name, row := range map[string]struct {
		sent  any
		count int64
		rest  int // entries behind the first
	}{
		"its own entry":          {amqp.Array{passed("rejected", "q")}, 2, 0},
		"behind another one":     {amqp.Array{other, passed("rejected", "q")}, 2, 1},
		"another reason":         {amqp.Array{passed("expired", "q")}, 1, 1},
		"another type of number": {amqp.Array{amqp.Table{{Key: "queue", Value: "q"}, {Key: "reason", Value: "rejected"}, {Key: "count", Value: int8(7)}}}, 8, 0},
		"no number":              {amqp.Array{amqp.Table{{Key: "queue", Value: "q"}, {Key: "reason", Value: "rejected"}, {Key: "count", Value: "many"}}}, 1, 0},
		"no count":               {amqp.Array{amqp.Table{{Key: "queue", Value: "q"}, {Key: "reason", Value: "rejected"}}}, 1, 0},
		"no entries":             {amqp.Array{"q", nil, other}, 1, 1},
		"no list":                {"rejected", 1, 0},
	} {
		t.Run(name, func(t *testing.T) {
			headers := buried(t, amqp.Field{Key: "x-death", Value: row.sent})
			value, _ := headers.Lookup("x-death")
			deaths, ok := value.(amqp.Array)
			require.True(t, ok)
			require.Len(t, deaths, 1+row.rest)
			first, ok := deaths[0].(amqp.Table)
			require.True(t, ok)
			count, _ := first.Lookup("count")
			require.Equal(t, row.count, count)
			name, _ := first.Lookup("queue")
			require.Equal(t, "q", name)
			if row.rest > 0 && row.count == 2 {
				require.Equal(t, other, deaths[1])
			}
		})
	}
}

// A message in several queues is not changed by its death in one of them.
func TestDeath_LeavesTheMessageOfOthers(t *testing.T) {
	f := start(t)
	f.queue("to")
	f.queue("q", lettered("to"))
	f.queue("other")
	m := withHeaders("", "q", amqp.Field{Key: "x-death", Value: amqp.Array{passed("rejected", "q")}})
	before := append(amqp.Properties(nil), m.Properties...)
	m.Share(2)
	for _, name := range []string{"q", "other"} {
		f.find(name).Publish([]queue.Publication{{Message: m}})
	}
	f.reject("q", 1)
	f.awaitReady("to", 1)
	d, _, ok := f.find("other").Get(queue.AutoAck)
	require.True(t, ok)
	require.Equal(t, &message.Message{RoutingKey: "q", Properties: before}, &message.Message{
		Exchange: d.Message.Exchange, RoutingKey: d.Message.RoutingKey, Properties: d.Message.Properties,
	})
}
