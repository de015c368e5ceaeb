package definitions_test

import (
	"encoding/json"
	"maps"
	"os"
	"slices"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/leveretmq/leveret/amqp"
	"github.com/leveretmq/leveret/definitions"
)

// canonical is a document without what depends on who has written it, as plain JSON
// with lists in one order.
func canonical(t *testing.T, text []byte) string {
	t.Helper()
	var document map[string]any
	require.NoError(t, json.Unmarshal(text, &document))
	for _, key := range []string{"rabbit_version", "rabbitmq_version", "product_name", "product_version",
		"rabbitmq_definition_format", "original_cluster_name", "original_vhost_name", "explanation",
		"metadata", "description", "default_queue_type", "limits"} {
		delete(document, key)
	}
	for _, list := range document {
		objects, _ := list.([]any)
		for _, object := range objects {
			fields, _ := object.(map[string]any)
			maps.DeleteFunc(fields, func(key string, _ any) bool {
				// 3.10 does not export them, and has virtual hosts in some objects
				// of an export of one.
				return slices.Contains([]string{"metadata", "description", "tags", "default_queue_type"}, key) &&
					fields["password_hash"] == nil
			})
		}
		slices.SortFunc(objects, func(a, b any) int {
			return slices.Compare(mustMarshal(t, a), mustMarshal(t, b))
		})
	}
	return string(mustMarshal(t, document))
}

func mustMarshal(t *testing.T, v any) []byte {
	t.Helper()
	text, err := json.Marshal(v)
	require.NoError(t, err)
	return text
}

// withLimits is the set with the limits that stand apart from their virtual hosts.
func withLimits(i definitions.Imported) definitions.Set {
	for n := range i.VHosts {
		if l, ok := i.VHostLimits[i.VHosts[n].Name]; ok {
			if most, set := l[definitions.MaxQueues]; set {
				i.VHosts[n].MaxQueues = definitions.LimitOf(most)
			}
		}
	}
	return i.Set
}

func TestFilesOfRabbitMQComeBack(t *testing.T) {
	for _, name := range []string{"rabbitmq-3.10.json", "rabbitmq-4.0.json"} {
		text, err := os.ReadFile("testdata/" + name)
		require.NoError(t, err)
		imported, err := definitions.Decode(text, "")
		require.NoError(t, err, name)
		require.Len(t, imported.Queues, 5)
		document, err := definitions.NewDocument(withLimits(imported), definitions.Source{})
		require.NoError(t, err)
		require.JSONEq(t, canonical(t, text), canonical(t, mustMarshal(t, document)), name)
	}
}

func TestFilesOfOneVirtualHostComeBack(t *testing.T) {
	for _, name := range []string{"rabbitmq-3.10-vhost.json", "rabbitmq-4.0-vhost.json"} {
		text, err := os.ReadFile("testdata/" + name)
		require.NoError(t, err)
		imported, err := definitions.Decode(text, "market")
		require.NoError(t, err, name)
		for _, q := range imported.Queues {
			require.Equal(t, "market", q.VHost)
		}
		market := definitions.VHost{Name: "market", MaxQueues: definitions.LimitOf(imported.VHostLimits["market"][definitions.MaxQueues])}
		document, err := definitions.NewVHostDocument(imported.Set, market, definitions.Source{})
		require.NoError(t, err)
		var want map[string][]map[string]any
		_ = json.Unmarshal(text, &want) // the lists; the rest is no list
		for _, list := range want {
			for _, object := range list {
				delete(object, "vhost") // which 3.10 leaves in some
			}
		}
		var got map[string][]map[string]any
		_ = json.Unmarshal(mustMarshal(t, document), &got)
		for _, key := range []string{"parameters", "policies", "queues", "exchanges", "bindings"} {
			require.ElementsMatch(t, want[key], got[key], key)
		}
	}
}

func TestWhatAVirtualHostSays(t *testing.T) {
	imported, err := definitions.Decode([]byte(`{"vhosts":[
		{"name":"old"},
		{"name":"new","description":"d","tags":["a"],"default_queue_type":"quorum","metadata":{"description":"x"}},
		{"name":"none","default_queue_type":"undefined"}
	]}`), "")
	require.NoError(t, err)
	require.Equal(t, []definitions.VHost{
		{Name: "old"}, {Name: "new", Description: "d", Tags: []string{"a"}, DefaultQueueType: "quorum"}, {Name: "none"},
	}, imported.VHosts)
	require.False(t, imported.Given["old"].DefaultQueueType)
	require.True(t, imported.Given["new"].DefaultQueueType)
	require.False(t, imported.Given["none"].DefaultQueueType)
}

func TestOldFormsOfUsers(t *testing.T) {
	imported, err := definitions.Decode([]byte(`{"users":[
		{"name":"a","tags":"administrator, x,,","password":"secret"},
		{"name":"b","tags":[],"password_hash":"aaaa","limits":[]}
	]}`), "")
	require.NoError(t, err)
	require.Equal(t, []string{"administrator", "x"}, imported.Users[0].Tags)
	require.Equal(t, map[string]string{"a": "secret"}, imported.Passwords)
	require.Equal(t, "aaaa", imported.Users[1].PasswordHash)
}

func TestWhatCannotBeUnderstood(t *testing.T) {
	for text, want := range map[string]string{
		`nope`: "not a JSON object", `[]`: "not a JSON object", `null`: "not a JSON object",
		`{"queues":5}`:                                                     "queues is not a list",
		`{"users":[{"name":"x"}]}`:                                         "number 1 of users ('x'): tags_not_present",
		`{"queues":[{"name":"a"},{"vhost":"/"}]}`:                          "number 2 of queues (''): it has no name",
		`{"queues":[{"name":"a","durable":"x"}]}`:                          "number 1 of queues ('a')",
		`{"bindings":[{"source":"s"}]}`:                                    "number 1 of bindings ('s'): its destination_type is ''",
		`{"parameters":[{"name":"p","value":1}]}`:                          "number 1 of parameters ('p'): it has no component",
		`{"queues":[{"name":"a","arguments":[1]}]}`:                        "arguments have to be an object",
		`{"queues":[{"name":"a","arguments":{"x":99999999999999999999}}]}`: "does not fit 64 bits",
	} {
		_, err := definitions.Decode([]byte(text), "")
		require.ErrorIs(t, err, definitions.ErrInvalidDocument, text)
		require.ErrorContains(t, err, want, text)
	}
	_, err := definitions.Decode([]byte(`{"nothing":5,"queues":null}`), "")
	require.NoError(t, err)
}

func TestArguments(t *testing.T) {
	table := amqp.Table{
		{Key: "b", Value: true}, {Key: "a", Value: int8(-1)}, {Key: "a", Value: "second"}, {Key: "s", Value: "<\"\\\x01é\xff>"},
		{Key: "t", Value: amqp.Table{{Key: "n", Value: nil}}}, {Key: "l", Value: amqp.Array{int64(1), "x", amqp.Array{}}},
		{Key: "f", Value: 1e6}, {Key: "g", Value: float32(0.1)}, {Key: "h", Value: 2.0}, {Key: "o", Value: []byte("octets")},
		{Key: "w", Value: amqp.Timestamp(7)}, {Key: "d", Value: amqp.Decimal{Scale: 1, Value: 15}},
	}
	text := string(definitions.AppendTable(nil, table))
	require.Equal(t, `{"b":true,"a":-1,"s":"<\"\\\u0001é`+"\ufffd"+`>","t":{"n":null},"l":[1,"x",[]],"f":1e+06,"g":0.1,"h":2.0,`+
		`"o":"octets","w":7,"d":1.5}`, text)
	var back definitions.Arguments
	require.NoError(t, json.Unmarshal([]byte(text), &back))
	require.JSONEq(t, text, string(mustMarshal(t, back)))
	found, _ := back.Lookup("a")
	require.Equal(t, int64(-1), found)
	for _, text := range []string{`[]`, `{}`, `null`} {
		require.NoError(t, json.Unmarshal([]byte(text), &back))
		require.Empty(t, back, text)
	}
}

func FuzzDecode(f *testing.F) {
	for _, name := range []string{"rabbitmq-3.10.json", "rabbitmq-4.0.json", "rabbitmq-4.0-vhost.json"} {
		text, err := os.ReadFile("testdata/" + name)
		require.NoError(f, err)
		f.Add(text, "")
		f.Add(text, "v")
	}
	f.Fuzz(func(t *testing.T, text []byte, vhost string) {
		imported, err := definitions.Decode(text, vhost)
		if err != nil {
			return
		}
		// What was understood can be written, and means the same when it is read again.
		document, err := definitions.NewDocument(imported.Set, definitions.Source{})
		if err != nil {
			return // a policy that is none
		}
		again, err := definitions.Decode(mustMarshal(t, document), "")
		require.NoError(t, err)
		require.Len(t, again.Queues, len(imported.Queues))
		require.Len(t, again.Users, len(imported.Users))
	})
}
