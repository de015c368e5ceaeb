package policy_test

import (
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/leveretmq/leveret/policy"
)

func policyOf(t testing.TB, kind policy.Kind, name, pattern, to string, priority int, definition string) *policy.Policy {
	t.Helper()
	p, err := policy.Parse(kind, "/", name,
		fmt.Sprintf(`{"pattern":%q,"apply-to":%q,"priority":%d,"definition":%s}`, pattern, to, priority, definition))
	require.NoError(t, err)
	return p
}

// reach is to what a policy for all applies, in the order of the letters: classic and
// quorum queues, streams, exchanges.
func reach(p *policy.Policy) string {
	list := ""
	for _, kind := range []policy.Target{policy.ClassicQueues, policy.QuorumQueues, policy.Streams, policy.Exchanges} {
		if p.Applies(policy.Object{Kind: kind, Name: "any"}) {
			list += string(kind[0])
		}
	}
	return list
}

// The table was taken from RabbitMQ 4.0.5, the keys of others from 3.10.8 and from the
// documentation of 4.3.
func TestWhatAPolicyReaches(t *testing.T) {
	for definition, expected := range map[string]string{
		`{"alternate-exchange":"x"}`:                   "cqse",
		`{"max-length":5}`:                             "cqe",
		`{"max-length-bytes":5}`:                       "cqse",
		`{"max-age":"1D"}`:                             "se",
		`{"max-length":5,"max-age":"1D"}`:              "e",
		`{"message-ttl":5}`:                            "cqe",
		`{"expires":5}`:                                "cqe",
		`{"queue-mode":"lazy"}`:                        "ce",
		`{"queue-leader-locator":"balanced"}`:          "cqse",
		`{"queue-master-locator":"random"}`:            "ce",
		`{"consumer-timeout":5}`:                       "cqse",
		`{"dead-letter-strategy":"at-least-once"}`:     "qe",
		`{"dead-letter-exchange":"x"}`:                 "cqe",
		`{"max-in-memory-length":5}`:                   "qe",
		`{"queue-version":2}`:                          "cqse",
		`{"target-group-size":3}`:                      "qe",
		`{"overflow":"reject-publish"}`:                "cqe",
		`{"delivery-limit":3}`:                         "qe",
		`{"delivery-limit":3,"max-length":5}`:          "qe",
		`{"stream-max-segment-size-bytes":3}`:          "se",
		`{"stream-filter-size-bytes":20}`:              "cqse",
		`{"initial-cluster-size":1}`:                   "se",
		`{"shards-per-node":1}`:                        "cqse",
		`{"ha-mode":"all"}`:                            "ce",
		`{"delayed-retry-type":"all"}`:                 "qe",
		`{"federation-upstream-set":"all"}`:            "cqse",
		`{"dead-letter-routing-key":"x","expires":10}`: "cqe",
	} {
		require.Equal(t, expected, reach(policyOf(t, policy.Ordinary, "p", ".*", "all", 0, definition)), definition)
	}
	for to, expected := range map[string]string{
		"all": "cqse", "queues": "cqs", "classic_queues": "c", "quorum_queues": "q", "streams": "s", "exchanges": "e",
	} {
		require.Equal(t, expected, reach(policyOf(t, policy.Ordinary, "p", ".*", to, 0, `{"alternate-exchange":"x"}`)), to)
	}
	for _, definition := range []string{`{"delivery-limit":3}`, `{"delayed-retry-type":"all","delayed-retry-min":5,"delayed-retry-max":50}`} {
		require.Equal(t, "c", reach(policyOf(t, policy.Ordinary, "p", ".*", "classic_queues", 0, definition)), "meant for them alone")
	}
	require.Empty(t, reach(policyOf(t, policy.Ordinary, "p", ".*", "classic_queues", 0, `{"target-group-size":3}`)))
}

func TestPatterns(t *testing.T) {
	for pattern, names := range map[string]map[string]bool{
		"":              {"": true, "a": true},
		"^$":            {"": true, "a": false},
		"a":             {"banana": true, "b": false},
		"^amq\\.":       {"amq.x": true, "xamq.x": false},
		"^(?!amq\\.).*": {"amq.x": false, "orders": true},
		".*":            {"": true, "ü": true},
	} {
		p := policyOf(t, policy.Ordinary, "p", pattern, "all", 0, `{"max-length":5}`)
		for name, expected := range names {
			require.Equal(t, expected, p.Applies(policy.Object{Kind: policy.ClassicQueues, Name: name}), "%s in %s", pattern, name)
		}
	}
}

// A pattern that takes for ever costs a second or two, however many names there are.
func TestPatternsThatTakeTooLong(t *testing.T) {
	p := policyOf(t, policy.Ordinary, "p", `^(?!b)(a+)+$`, "all", 0, `{"max-length":5}`)
	require.True(t, p.Applies(policy.Object{Kind: policy.ClassicQueues, Name: "aa"}))
	evil := strings.Repeat("a", 200) + "!"
	began := time.Now()
	for range 1000 {
		require.False(t, p.Applies(policy.Object{Kind: policy.ClassicQueues, Name: evil}))
	}
	require.True(t, p.Lapsed())
	require.Less(t, time.Since(began), 20*time.Second)
}

func TestWhichPolicyApplies(t *testing.T) {
	low := policyOf(t, policy.Ordinary, "low", "^a", "all", 1, `{"max-length":5}`)
	high := policyOf(t, policy.Ordinary, "high", "^a", "all", 10, `{"delivery-limit":3}`)
	twin := policyOf(t, policy.Ordinary, "a twin", "^ab", "all", 1, `{"max-length":6}`)
	bound := policyOf(t, policy.Operator, "bound", ".*", "queues", 1, `{"max-length":4}`)
	classic, quorum := policy.Object{Kind: policy.ClassicQueues, Name: "a"}, policy.Object{Kind: policy.QuorumQueues, Name: "a"}
	names := func(s *policy.Set, o policy.Object) string {
		ordinary, operator := s.Effective(o).Names()
		return ordinary + "/" + operator
	}

	s := policy.NewSet()
	require.Equal(t, "/", names(s, classic))
	require.Nil(t, s.Effective(classic).Definition)
	s = s.With(low).With(high).With(twin)
	require.Equal(t, "low/", names(s, classic), "the other one has a key that it does not know")
	require.Equal(t, "high/", names(s, quorum))
	require.Equal(t, "a twin/", names(s, policy.Object{Kind: policy.ClassicQueues, Name: "ab"}), "among equals the name decides")

	s = s.With(bound)
	require.Equal(t, "low/bound", names(s, classic))
	require.Equal(t, policy.Definition{"max-length": int64(4)}, s.Effective(classic).Definition)
	require.Equal(t, policy.Definition{"max-length": int64(4), "delivery-limit": int64(3)}, s.Effective(quorum).Definition)
	require.Equal(t, "/", names(s, policy.Object{Kind: policy.Exchanges, Name: "b"}))

	before := s
	s = s.With(policyOf(t, policy.Ordinary, "low", "^b", "all", 1, `{"max-length":5}`))
	require.Equal(t, "/bound", names(s, classic))
	require.Equal(t, "low/bound", names(before, classic), "a set does not change")
	require.Len(t, s.Policies(), 4)
	s = s.Without(policy.Operator, "low").Without(policy.Operator, "bound")
	require.Equal(t, "high/", names(s, quorum))
	require.Len(t, s.Policies(), 3)
}

func TestMerge(t *testing.T) {
	for _, c := range []struct {
		key                          string
		ordinary, operator, expected any
	}{
		{"max-length", int64(5), int64(3), int64(3)},
		{"max-length", int64(3), int64(5), int64(3)},
		{"message-ttl", int64(0), int64(5), int64(0)},
		{"expires", int64(9), int64(5), int64(5)},
		{"max-length-bytes", int64(9), int64(5), int64(5)},
		{"max-in-memory-length", int64(9), int64(5), int64(5)},
		{"max-in-memory-bytes", int64(9), int64(5), int64(5)},
		{"delivery-limit", int64(9), int64(4), int64(4)},
		{"delivery-limit", int64(-1), int64(4), int64(4)},
		{"delivery-limit", int64(9), int64(-1), int64(9)},
		{"delivery-limit", int64(-1), int64(-5), int64(-1)},
		{"overflow", "reject-publish", "drop-head", "drop-head"},
		{"queue-version", int64(1), int64(2), int64(2)},
		{"queue-version", int64(2), int64(1), int64(1)},
		{"target-group-size", int64(2), int64(3), int64(3)},
		{"target-group-size", int64(4), int64(3), int64(4)},
		{"delayed-retry-type", "all", "failed", "failed"},
		{"delayed-retry-min", int64(2), int64(3), int64(3)},
		{"delayed-retry-max", int64(2), int64(3), int64(2)},
		{"queue-master-locator", "random", "min-masters", "min-masters"},
	} {
		ordinary := policy.Definition{c.key: c.ordinary, "alternate-exchange": "x"}
		merged := policy.Merge(ordinary, policy.Definition{c.key: c.operator, "max-age": "y"})
		require.Equal(t, policy.Definition{c.key: c.expected, "alternate-exchange": "x", "max-age": "y"}, merged, "%+v", c)
		require.Len(t, ordinary, 2, "nothing that is in use is changed")
	}
	require.Equal(t, policy.Definition{"a": 1}, policy.Merge(policy.Definition{"a": 1}, nil))
	require.Equal(t, policy.Definition{"a": 1}, policy.Merge(nil, policy.Definition{"a": 1}))
}

func BenchmarkEffective(b *testing.B) {
	s := policy.NewSet()
	for i := range 10 {
		s = s.With(policyOf(b, policy.Ordinary, fmt.Sprint(i), fmt.Sprintf(`^team-%d\.`, i), "queues", i, `{"max-length":5}`))
	}
	o := policy.Object{Kind: policy.ClassicQueues, Name: "team-0.orders"}
	for b.Loop() {
		s.Effective(o)
	}
}
