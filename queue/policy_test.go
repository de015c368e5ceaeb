package queue

import (
	"encoding/json"
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/leveretmq/leveret/amqp"
)

// What was taken from RabbitMQ 3.10.8 and 4.0.5: which of argument and policy counts.
func TestPolicy_ArgumentsAndPolicies(t *testing.T) {
	type definition = map[string]any
	letter := func(exchange, key string) *DeadLetter {
		return &DeadLetter{Exchange: exchange, Key: key, HasKey: key != ""}
	}
	for _, c := range []struct {
		kind      Type
		arguments amqp.Table
		policy    definition
		change    func(*Rules) // of what a queue has without both
	}{
		{Classic, nil, nil, func(*Rules) {}},
		{Quorum, nil, nil, func(*Rules) {}},
		{Classic, nil, definition{"message-ttl": int64(5)}, func(r *Rules) { r.TTL = 5 }},
		{Classic, amqp.Table{ms("x-message-ttl", 3)}, definition{"message-ttl": int64(5)}, func(r *Rules) { r.TTL = 3 }},
		{Quorum, amqp.Table{ms("x-message-ttl", 9)}, definition{"message-ttl": int64(5)}, func(r *Rules) { r.TTL = 5 }},
		{Classic, nil, definition{"message-ttl": json.Number("99999999999999999999")}, func(r *Rules) { r.TTL = maxMilliseconds }},
		{Classic, amqp.Table{ms("x-expires", 9)}, definition{"expires": int64(5)}, func(r *Rules) { r.Expires = 5 }},
		{Classic, amqp.Table{ms("x-max-length", 9)}, definition{"max-length": int64(0)}, func(r *Rules) { r.MaxLength = 0 }},
		{Quorum, amqp.Table{ms("x-max-length-bytes", 9)}, definition{"max-length-bytes": int64(90)}, func(r *Rules) { r.MaxBytes = 9 }},
		{Classic, amqp.Table{{Key: "x-overflow", Value: "drop-head"}}, definition{"overflow": "reject-publish"}, func(*Rules) {}},
		{Classic, amqp.Table{{Key: "x-overflow", Value: "reject-publish"}}, definition{"overflow": "drop-head"},
			func(r *Rules) { r.Overflow = RejectPublish }},
		{Quorum, amqp.Table{{Key: "x-overflow", Value: "drop-head"}}, definition{"overflow": "reject-publish"},
			func(r *Rules) { r.Overflow = RejectPublish }},
		{Quorum, amqp.Table{{Key: "x-overflow", Value: "reject-publish"}}, definition{"overflow": "drop-head"}, func(*Rules) {}},
		{Quorum, nil, definition{"overflow": "reject-publish-dlx"}, func(*Rules) {}},
		{Classic, nil, definition{"overflow": "reject-publish-dlx"}, func(r *Rules) { r.Overflow = RejectPublishDLX }},
		{Classic, nil, definition{"dead-letter-exchange": "p", "dead-letter-routing-key": "k"},
			func(r *Rules) { r.DeadLetter = letter("p", "k") }},
		{Classic, amqp.Table{{Key: "x-dead-letter-exchange", Value: "a"}}, definition{"dead-letter-exchange": "p", "dead-letter-routing-key": "k"},
			func(r *Rules) { r.DeadLetter = letter("a", "k") }},
		{Classic, amqp.Table{{Key: "x-dead-letter-exchange", Value: ""}}, definition{"dead-letter-exchange": "p"},
			func(r *Rules) { r.DeadLetter = letter("", "") }},
		{Classic, nil, definition{"dead-letter-routing-key": "k"}, func(*Rules) {}},
		{Quorum, nil, definition{"dead-letter-exchange": "p", "dead-letter-strategy": "at-least-once", "overflow": "reject-publish"},
			func(r *Rules) {
				r.Overflow, r.DeadLetter = RejectPublish, &DeadLetter{Exchange: "p", AtLeastOnce: true}
			}},
		{Quorum, nil, definition{"delivery-limit": int64(5)}, func(r *Rules) { r.DeliveryLimit = 5 }},
		{Quorum, nil, definition{"delivery-limit": int64(-1)}, func(r *Rules) { r.DeliveryLimit = unlimited }},
		{Quorum, nil, definition{"delivery-limit": int64(90)}, func(r *Rules) { r.DeliveryLimit = 90 }},
		{Quorum, amqp.Table{ms("x-delivery-limit", 3)}, definition{"delivery-limit": int64(5)}, func(r *Rules) { r.DeliveryLimit = 3 }},
		{Quorum, amqp.Table{ms("x-delivery-limit", -1)}, definition{"delivery-limit": int64(5)}, func(r *Rules) { r.DeliveryLimit = 5 }},
		{Classic, nil, definition{"delivery-limit": int64(5)}, func(r *Rules) { r.DeliveryLimit = 5 }},
		{Quorum, nil, definition{"delayed-retry-type": "all", "delayed-retry-min": int64(5), "delayed-retry-max": int64(50)},
			func(r *Rules) { r.Retry = Retry{Failed: true, Returned: true, Min: 5, Max: 50} }},
		{Quorum, amqp.Table{{Key: "x-delayed-retry-type", Value: "failed"}, ms("x-delayed-retry-min", 3), ms("x-delayed-retry-max", 9)},
			definition{"delayed-retry-type": "all", "delayed-retry-min": int64(5), "delayed-retry-max": int64(50)},
			func(r *Rules) { r.Retry = Retry{Failed: true, Min: 5, Max: 9} }},
		{Quorum, nil, definition{"alternate-exchange": "x", "ha-mode": "all", "max-length": "no number"}, func(*Rules) {}},
	} {
		want := NoRules()
		if c.kind == Quorum {
			want.DeliveryLimit = defaultDeliveryLimit
		}
		c.change(&want)
		spec := Spec{Arguments: c.arguments}
		require.Equal(t, want, rulesOf(spec.rules(c.kind, c.policy)), "%s %v %v", c.kind, c.arguments, c.policy)
	}
}

func TestPolicy_TimeToLive(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		q, w := watched(t)
		arrives(q, amqp.PropertyList{})
		until(w, 50)
		arrives(q, amqp.PropertyList{})
		require.EqualValues(t, -1, armedFor(q, w))
		q.Govern(Policy{Name: "p", Definition: map[string]any{"message-ttl": int64(100)}})
		require.EqualValues(t, 100, armedFor(q, w), "messages that are there have their time")
		until(w, 120)
		require.Equal(t, []int64{100}, w.burials())
		q.Govern(Policy{Name: "p", Definition: map[string]any{"message-ttl": int64(75)}})
		until(w, 130)
		require.Equal(t, []int64{100, 125}, w.burials(), "a shorter time counts at once")
		arrives(q, amqp.PropertyList{})
		q.Govern(Policy{})
		until(w, 5000)
		require.Equal(t, 1, q.Counts().Ready, "without the policy it has no end")
		require.EqualValues(t, -1, armedFor(q, w))
		q.Govern(Policy{Name: "late", Definition: map[string]any{"message-ttl": int64(100)}})
		until(w, 5001)
		require.Equal(t, []int64{100, 125, 5000}, w.burials(), "what is too old goes at once")
		q.End()
		requireStopped(t, q)
	})
}

func TestPolicy_TimeToLiveAnywhere(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		q, w := watched(t, amqp.Field{Key: "x-message-ttl-anywhere", Value: true})
		arrives(q, lives(10*time.Second))
		arrives(q, amqp.PropertyList{})
		arrives(q, lives(200*time.Millisecond))
		q.Govern(Policy{Definition: map[string]any{"message-ttl": int64(100)}})
		until(w, 100)
		require.Equal(t, []int64{100, 100, 100}, w.burials())
		arrives(q, lives(10*time.Second))
		arrives(q, lives(500*time.Millisecond))
		q.Govern(Policy{})
		until(w, 9000)
		require.Equal(t, []int64{100, 100, 100, 600}, w.burials(), "messages have their own times again")
		q.End()
	})
}

func TestPolicy_Expires(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		q, w := watched(t)
		until(w, 1000)
		q.Govern(Policy{Definition: map[string]any{"expires": int64(300)}})
		until(w, 1200)
		q.Touch()
		until(w, 1400)
		require.Empty(t, w.expiries(), "it was used")
		q.Govern(Policy{Definition: map[string]any{"expires": int64(400)}})
		until(w, 1750)
		require.Empty(t, w.expiries(), "another time begins anew")
		q.Govern(Policy{})
		until(w, 5000)
		require.Empty(t, w.expiries(), "nothing expires without the policy")
		q.Govern(Policy{Definition: map[string]any{"expires": int64(300)}})
		until(w, 5301)
		require.Equal(t, []int64{5300}, w.expiries())
		q.End()
		q.Govern(Policy{Definition: map[string]any{"expires": int64(1)}})
		requireStopped(t, q)
	})
}

func TestPolicy_Length(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		q, w := watched(t)
		for range 5 {
			arrives(q, amqp.PropertyList{})
		}
		q.Govern(Policy{Name: "p", Operator: "o", Definition: map[string]any{"max-length": int64(2)}})
		require.Equal(t, 2, q.Counts().Ready)
		require.Len(t, w.burials(), 3)
		q.Govern(Policy{Name: "p", Definition: map[string]any{"max-length": int64(2), "overflow": "reject-publish"}})
		arrives(q, amqp.PropertyList{})
		require.Equal(t, 2, q.Counts().Ready)
		require.Len(t, w.burials(), 3, "it was refused")
		q.Govern(Policy{})
		for range 5 {
			arrives(q, amqp.PropertyList{})
		}
		require.Equal(t, 7, q.Counts().Ready)
		q.End()
	})
}

func TestPolicy_IsShown(t *testing.T) {
	q, err := New(Spec{Name: "q"}, Options{Policy: Policy{Name: "first", Definition: map[string]any{"max-length": int64(9)}}})
	require.NoError(t, err)
	require.Equal(t, "first", q.Status().Policy)
	require.Equal(t, map[string]any{"max-length": int64(9)}, q.Status().EffectivePolicy)
	q.Govern(Policy{Operator: "bound", Definition: map[string]any{"delivery-limit": int64(4)}})
	s := q.Status()
	require.Empty(t, s.Policy)
	require.Equal(t, "bound", s.OperatorPolicy)
	require.EqualValues(t, 4, s.DeliveryLimit)
	require.Equal(t, Policy{Operator: "bound", Definition: map[string]any{"delivery-limit": int64(4)}}, q.Policy())
	q.Govern(Policy{})
	require.Nil(t, q.Status().EffectivePolicy)
}

func TestPolicy_ConsumerTimeout(t *testing.T) {
	q, err := New(Spec{Name: "q", Arguments: amqp.Table{ms("x-consumer-timeout", 500)}}, Options{})
	require.NoError(t, err)
	for policy, want := range map[int64]time.Duration{400: 400, 900: 500, 0: 0} {
		q.Govern(Policy{Definition: map[string]any{"consumer-timeout": policy}})
		timeout, err := q.AckTimeout(nil, time.Hour)
		require.NoError(t, err)
		require.Equal(t, want*time.Millisecond, timeout)
	}
	timeout, err := q.AckTimeout(amqp.Table{ms("x-consumer-timeout", 9)}, time.Hour)
	require.NoError(t, err)
	require.Equal(t, 9*time.Millisecond, timeout)
}
