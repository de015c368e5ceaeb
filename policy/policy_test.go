package policy_test

import (
	"encoding/json"
	"os"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/leveretmq/leveret/policy"
)

// answer is what RabbitMQ said of one definition; an empty problem is its consent.
type answer struct {
	Kind    policy.Kind
	Key     string
	Value   json.RawMessage
	Problem string
}

// ours says whether a key is one that RabbitMQ 4.0 with its usual plugins does not know.
func ours(key string) bool {
	return strings.HasPrefix(key, "ha-") || strings.HasPrefix(key, "federation-") ||
		strings.HasPrefix(key, "delayed-retry-") || key == "consumer-disconnected-timeout"
}

func parse(kind policy.Kind, definition string) (*policy.Policy, error) {
	return policy.Parse(kind, "/", "n", `{"pattern":"^a","priority":1,"apply-to":"queues","definition":`+definition+`}`)
}

func TestDefinitionsAreCheckedAsByRabbitMQ(t *testing.T) {
	text, err := os.ReadFile("testdata/definitions-4.0.5.json")
	require.NoError(t, err)
	var answers []answer
	require.NoError(t, json.Unmarshal(text, &answers))
	require.NotEmpty(t, answers)
	for _, a := range answers {
		if ours(a.Key) {
			continue
		}
		_, err := parse(a.Kind, `{"`+a.Key+`":`+string(a.Value)+`}`)
		if a.Problem == "" {
			require.NoError(t, err, "%s %s %s", a.Kind, a.Key, a.Value)
			continue
		}
		require.EqualError(t, err, "Validation failed\n\n"+a.Problem+"\n", "%s %s", a.Kind, a.Key)
	}
}

func TestProblemsOfDefinitions(t *testing.T) {
	for definition, problem := range map[string]string{
		`{"foo":1,"bar":"x"}`:                          `[{<<"bar">>,<<"x">>},{<<"foo">>,1}] are not recognised policy settings`,
		`{"foo":1,"max-length":"x","message-ttl":-1}`:  `<<"x">> is not a valid maximum length`,
		`{"max-length":"x","shards-per-node":"x"}`:     `shards-per-node should be a number, actually was <<"x">>`,
		`{"routing-key":1,"shards-per-node":2}`:        `routing-key should be binary, actually was 1`,
		`{"ha-mode":"x","max-length":"x"}`:             `<<"x">> is not a valid maximum length`,
		`{"ha-mode":"all","ha-params":1}`:              `ha-mode="all" does not take parameters`,
		`{"ha-mode":"exactly"}`:                        `ha-mode="exactly" takes an integer, none given`,
		`{"ha-mode":"exactly","ha-params":"x"}`:        `ha-mode="exactly" takes an integer, <<"x">> given`,
		`{"ha-mode":"nodes"}`:                          `ha-mode="nodes" takes a list, none given`,
		`{"ha-mode":"nodes","ha-params":[]}`:           `ha-mode="nodes" list must be non-empty`,
		`{"ha-mode":"nodes","ha-params":[1]}`:          `ha-mode="nodes" takes a list of strings, [1] was not a string`,
		`{"ha-sync-mode":"manual"}`:                    `ha-mode must be specified to specify ha-params, ha-sync-mode or ha-promote-on-shutdown`,
		`{"ha-mode":"all","ha-sync-mode":"x"}`:         `ha-sync-mode must be "manual" or "automatic", got <<"x">>`,
		`{"ha-mode":"all","ha-sync-batch-size":0}`:     `ha-sync-batch-size takes an integer greater than 0, 0 given`,
		`{"ha-mode":"all","ha-promote-on-failure":""}`: `ha-promote-on-failure must be "always" or "when-synced", got <<>>`,
		`{"max-age":"1X"}`:                             `<<"1X">> is not a valid max age`,
		`{"max-age":"D"}`:                              `<<"D">> is not a valid max age`,
		`{"federation-upstream":1}`:                    `1 is not a valid federation upstream name`,
		`{"federation-upstream-pattern":"("}`:          `could not compile pattern ( to a regular expression. Error: {"missing )",1}`,
		`{"federation-upstream":"a","federation-upstream-set":"b"}`: "cannot specify federation-upstream, federation-upstream-set or " +
			"federation-upstream-pattern together",
		`{"zz":{"a":[1,"b",null,1.0,1e20,"\n\""],"b":{}}}`: `[{<<"zz">>,#{<<"a">> => [1,<<"b">>,null,1.0,1.0e20,<<"\n\"">>],<<"b">> => #{}}}] ` +
			`are not recognised policy settings`,
		`{"aaaaaaaaaaaaaaaaaaaa":1,"bbbbbbbbbbbbbbbbbbbb":2,"cccccccccccccccccccc":3}`: "[{<<\"aaaaaaaaaaaaaaaaaaaa\">>,1},\n" +
			" {<<\"bbbbbbbbbbbbbbbbbbbb\">>,2},\n {<<\"cccccccccccccccccccc\">>,3}] are not recognised policy settings",
		`{}`:                 `no policy provided`,
		`[]`:                 `no policy provided`,
		`"x"`:                `parse error while reading policy definition: <<"x">>. Validator: policy_validator.`,
		`[{"max-length":1}]`: `definition must be a dictionary: [#{<<"max-length">> => 1}]`,
	} {
		_, err := parse(policy.Ordinary, definition)
		require.EqualError(t, err, "Validation failed\n\n"+problem+"\n", definition)
	}
}

func TestKeysThatAreKept(t *testing.T) {
	for _, definition := range []string{
		`{"ha-mode":"all","ha-sync-mode":"automatic","ha-sync-batch-size":5,"ha-promote-on-shutdown":"always"}`,
		`{"ha-mode":"exactly","ha-params":2}`, `{"ha-mode":"nodes","ha-params":["a"]}`,
		`{"federation-upstream-set":"all"}`, `{"federation-upstream-pattern":"^a"}`,
		`{"shards-per-node":2,"routing-key":"1234"}`, `{"max-age":"7D"}`, `{"delayed-retry-type":"all","delayed-retry-min":1}`,
		`{"consumer-disconnected-timeout":1000}`, `{"queue-leader-locator":"client-local"}`, `{"queue-mode":"lazy"}`,
	} {
		p, err := parse(policy.Ordinary, definition)
		require.NoError(t, err, definition)
		value, err := p.Value()
		require.NoError(t, err)
		require.JSONEq(t, `{"pattern":"^a","priority":1,"apply-to":"queues","definition":`+definition+`}`, value)
	}
}

func TestProblemsOfValues(t *testing.T) {
	const before = "pattern should be regular expression but is invalid: "
	for value, problem := range map[string]string{
		`{}`:  "Key \"definition\" not found in n\nKey \"pattern\" not found in n\nKey \"priority\" not found in n",
		`[]`:  "Key \"definition\" not found in n\nKey \"pattern\" not found in n\nKey \"priority\" not found in n",
		`"x"`: `n not a list <<"x">>`,
		`[1]`: "Unrecognised terms [1] in n\nKey \"definition\" not found in n\nKey \"pattern\" not found in n\n" +
			"Key \"priority\" not found in n",
		`{"pattern":"a{2,1}","priority":1,"definition":{"max-length":1}}`: before + "{\"numbers out of order in {} quantifier\",\n" +
			strings.Repeat(" ", 54) + "5}",
		`{"pattern":"` + strings.Repeat("x", 2000) + `","priority":1,"definition":{"max-length":1}}`: before +
			"{\"regular expression is too large\",\n" + strings.Repeat(" ", 54) + "2000}",
		`null`: `n not a list null`,
		`{"pattern":"a","priority":1,"definition":{"max-length":1},"foo":1,"bar":2}`: `Unrecognised terms [{<<"bar">>,2},{<<"foo">>,1}] in n`,
		`{"pattern":"(","priority":"x","apply-to":"zz","definition":{"foo":1}}`: `[{<<"foo">>,1}] are not recognised policy settings` + "\n" +
			`apply-to 'zz' unrecognised; should be one of: 'queues', 'classic_queues',  'quorum_queues', 'streams', 'exchanges', or 'all'` + "\n" +
			before + `{"missing )",1}` + "\n" + `priority should be a number, actually was <<"x">>`,
		`{"pattern":1,"priority":null,"definition":{"max-length":1}}`: "pattern should be a binary but was 1\npriority should be a number, actually was null",
		`{"pattern":"*","priority":1,"definition":{"max-length":1}}`:  before + `{"nothing to repeat",0}`,
		`{"pattern":"a)","priority":1,"definition":{"max-length":1}}`: before + "{\"unmatched parentheses\",\n" +
			strings.Repeat(" ", 54) + "1}",
		`{"pattern":"a**","priority":1,"definition":{"max-length":1}}`: before + `{"nothing to repeat",2}`,
		`{"pattern":"[a","priority":1,"definition":{"max-length":1}}`: before + "{\"missing terminating ] for character class\",\n" +
			strings.Repeat(" ", 54) + "2}",
		`{"pattern":"\\","priority":1,"definition":{"max-length":1}}`: before + "{\"\\\\ at end of pattern\",\n" + strings.Repeat(" ", 54) + "1}",
		`{"pattern":"[z-a]","priority":1,"definition":{"max-length":1}}`: before + "{\"range out of order in character class\",\n" +
			strings.Repeat(" ", 54) + "3}",
	} {
		_, err := policy.Parse(policy.Operator, "/", "n", value)
		require.EqualError(t, err, "Validation failed\n\n"+problem+"\n", value)
		var refusal *policy.Error
		require.ErrorAs(t, err, &refusal)
	}
	for _, value := range []string{"{", "{} {}", ""} {
		_, err := policy.Parse(policy.Operator, "/", "n", value)
		var refusal *policy.Error
		require.ErrorAs(t, err, &refusal)
	}
}

func TestAPolicyWithoutATargetIsForAll(t *testing.T) {
	p, err := policy.Parse(policy.Operator, "/", "n", `{"pattern":"","priority":-1.5,"definition":{"max-length":99999999999999999999}}`)
	require.NoError(t, err)
	require.Equal(t, policy.All, p.ApplyTo)
	require.InDelta(t, -1.5, p.Priority, 0)
	n, ok := policy.Integer(p.Definition["max-length"])
	require.True(t, ok)
	require.Equal(t, int64(1<<63-1), n)
	value, err := p.Value()
	require.NoError(t, err)
	require.JSONEq(t, `{"pattern":"","priority":-1.5,"apply-to":"all","definition":{"max-length":99999999999999999999}}`, value)
}
