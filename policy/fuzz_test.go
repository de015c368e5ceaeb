package policy_test

import (
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/leveretmq/leveret/policy"
)

// FuzzParse gives all kinds of values: each is a policy, which says the same when it is
// written and read again, or is refused with a reason.
func FuzzParse(f *testing.F) {
	for _, value := range []string{
		`{"pattern":"^a","priority":1,"apply-to":"queues","definition":{"max-length":5,"overflow":"reject-publish"}}`,
		`{"pattern":"(","priority":"x","apply-to":"zz","definition":{"foo":1}}`,
		`{"pattern":"","priority":-1.5e3,"definition":{"message-ttl":99999999999999999999,"ha-mode":"nodes","ha-params":["a",1]}}`,
		`{"pattern":"^(?!amq\\.)","priority":0,"definition":{"federation-upstream-pattern":"(?=a)","shards-per-node":1.5}}`,
		`[]`, `[1]`, `null`, `"x"`, `{"definition":[{"a":null}]}`, `{"definition":"\ud800"}`,
	} {
		f.Add(value)
	}
	f.Fuzz(func(t *testing.T, value string) {
		for _, kind := range []policy.Kind{policy.Ordinary, policy.Operator} {
			p, err := policy.Parse(kind, "/", "n", value)
			if err != nil {
				var refusal *policy.Error
				require.ErrorAs(t, err, &refusal)
				require.NotEmpty(t, refusal.Problems)
				continue
			}
			written, err := p.Value()
			require.NoError(t, err)
			again, err := policy.Parse(kind, "/", "n", written)
			require.NoError(t, err)
			rewritten, err := again.Value()
			require.NoError(t, err)
			require.Equal(t, written, rewritten)
		}
	})
}
