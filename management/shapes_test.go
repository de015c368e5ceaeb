package management

import (
	_ "embed"
	"encoding/json"
	"maps"
	"slices"
	"strings"
	"testing"

	amqp091 "github.com/rabbitmq/amqp091-go"
	"github.com/stretchr/testify/require"
)

// shapesOf is what RabbitMQ answers.
//
//go:embed testdata/shapes.txt
var shapesOf string

// shape is the types of JSON that a path has.
type shape map[string][]string

func readShapes(t *testing.T) map[string]shape { return parseShapes(t, shapesOf) }

func parseShapes(t *testing.T, recorded string) map[string]shape {
	t.Helper()
	groups := make(map[string]shape)
	var now shape
	for line := range strings.Lines(recorded) {
		line = strings.TrimSpace(line)
		if name, ok := strings.CutPrefix(line, "== "); ok {
			now = make(shape)
			groups[name] = now
		} else if at := strings.LastIndexByte(line, ' '); at > 0 && now != nil {
			now[line[:at]] = strings.Split(line[at+1:], "|")
		}
	}
	require.NotEmpty(t, groups)
	return groups
}

// kindOf is the type of a value of JSON.
func kindOf(v any) string {
	switch v.(type) {
	case nil:
		return "null"
	case bool:
		return "bool"
	case float64:
		return "number"
	case string:
		return "string"
	case []any:
		return "array"
	default:
		return "object"
	}
}

// note writes down all paths of a value.
func (s shape) note(path string, v any) {
	if path != "" && !slices.Contains(s[path], kindOf(v)) {
		s[path] = append(s[path], kindOf(v))
	}
	switch v := v.(type) {
	case []any:
		for _, one := range v {
			if path == "" {
				s.note("", one)
			} else {
				s.note(path+"[]", one)
			}
		}
	case map[string]any:
		for key, one := range v {
			if strings.Contains(key, "@") {
				key = "NODE"
			}
			s.note(strings.TrimPrefix(path+"."+key, "."), one)
		}
	}
}

// leftOut are members of RabbitMQ's that we do not have, and why.
func leftOut(path string) bool {
	for _, end := range []string{
		// Options of Erlang's sockets and of its HTTP server.
		"socket_opts.backlog", "socket_opts.linger", "socket_opts.linger[]", "socket_opts.exit_on_close",
		"socket_opts.cowboy_opts", "socket_opts.cowboy_opts.sendfile", "socket_opts.ip", "socket_opts.port",
		"socket_opts.protocol",
		// Not there in RabbitMQ 4, or for classic queues on their own only.
		"backing_queue_status", "single_active_consumer_ctag",
		// Publishers of a quorum queue are not counted.
		"publishers",
		// Things that are only there while they are idle.
		"idle_since",
		// No policy applies in these tests, and short lists tell of those that do.
		"policy",
	} {
		if path == end || strings.HasSuffix(path, "."+end) {
			return true
		}
	}
	return strings.HasPrefix(path, "backing_queue_status.")
}

// compare requires all members that RabbitMQ has, with its types.
func (s shape) compare(t *testing.T, want shape) {
	t.Helper()
	for _, path := range slices.Sorted(maps.Keys(want)) {
		kinds, ok := s[path]
		if !ok {
			if !leftOut(path) && !s.emptyAbove(path) {
				t.Errorf("%s is missing", path)
			}
			continue
		}
		for _, kind := range kinds {
			if !slices.Contains(want[path], kind) && !tolerable(kind, want[path]) && !leftOut(path) {
				t.Errorf("%s is %s and has to be %v", path, kind, want[path])
			}
		}
	}
}

// tolerable says whether readers take a type for others: text for null and the other way
// round, and {} for [].
func tolerable(kind string, want []string) bool {
	switch kind {
	case "string":
		return slices.Equal(want, []string{"null"})
	case "null":
		return slices.Equal(want, []string{"string"}) // a name that is only there sometimes
	case "object":
		return slices.Contains(want, "array")
	default:
		return false
	}
}

// emptyAbove says whether the path leads through a list that is empty here.
func (s shape) emptyAbove(path string) bool {
	for i := range path {
		if strings.HasPrefix(path[i:], "[]") {
			if _, ok := s[path[:i]+"[]"]; !ok {
				return true
			}
		}
	}
	return false
}

// everything makes one of each thing that there can be, with some traffic.
func everything(t *testing.T, g *rig) {
	t.Helper()
	c := g.dial(t, rootUser)
	ch := g.channel(t, c)
	require.NoError(t, ch.Confirm(false))
	require.NoError(t, ch.ExchangeDeclare("x", "topic", true, false, false, false, nil))
	for name, args := range map[string]amqp091.Table{
		"c": {"x-max-priority": int32(2)}, "q": {"x-queue-type": "quorum"},
	} {
		_, err := ch.QueueDeclare(name, true, false, false, false, args)
		require.NoError(t, err)
		require.NoError(t, ch.QueueBind(name, "a.#", "x", false, amqp091.Table{"k": int32(1)}))
		_, err = ch.Consume(name, "tag-"+name, false, false, false, false, amqp091.Table{"x-priority": int32(1)})
		require.NoError(t, err)
	}
	confirmed, err := ch.PublishWithDeferredConfirm("x", "a.b", false, false, amqp091.Publishing{Body: []byte("x"), DeliveryMode: 2})
	require.NoError(t, err)
	require.True(t, confirmed.Wait())
}

func TestShapes(t *testing.T) {
	g := newRig(t)
	everything(t, g)
	g.api.options.Facts = func() Facts {
		return Facts{Listeners: []Listener{{Protocol: "amqp"}, {Protocol: "http"}, {Protocol: "http/prometheus"}}, DataDir: "data"}
	}
	connection := g.onlyName(t, "/api/connections")
	channel := g.onlyName(t, "/api/channels")
	const samples = "?lengths_age=60&lengths_incr=5&msg_rates_age=60&msg_rates_incr=5"
	wanted := readShapes(t)
	seen := make(map[string]bool)
	for name, path := range map[string]string{
		"overview":                   "/api/overview",
		"overview with samples":      "/api/overview" + samples,
		"node":                       "/api/nodes/leveret@test?memory=true&binary=true",
		"node memory":                "/api/nodes/leveret@test/memory",
		"node memory relative":       "/api/nodes/leveret@test/memory/relative",
		"classic queue":              "/api/queues/%2F/c",
		"classic queue with samples": "/api/queues/%2F/c" + samples,
		"quorum queue":               "/api/queues/%2F/q",
		"queues":                     "/api/queues",
		"queues without statistics":  "/api/queues?disable_stats=true&enable_queue_totals=true",
		"exchange":                   "/api/exchanges/%2F/x",
		"connection":                 "/api/connections/" + connection,
		"connections of a user":      "/api/connections/username/root",
		"channel":                    "/api/channels/" + channel,
		"channels":                   "/api/channels",
		"consumers":                  "/api/consumers",
		"bindings":                   "/api/bindings",
		"quorum status":              "/api/queues/quorum/%2F/q/status",
	} {
		seen[name] = true
		t.Run(name, func(t *testing.T) {
			got := make(shape)
			got.note("", fetch[any](t, g, rootUser, path))
			require.NotEmpty(t, got)
			got.compare(t, wanted[name])
		})
	}
	for name := range wanted {
		require.True(t, seen[name], "nothing is compared to %q", name)
	}
}

// TestNumbersAreNeverNull looks at all that can be listed: a null where a number
// belongs is what typed readers stumble over.
func TestNumbersAreNeverNull(t *testing.T) {
	g := newRig(t)
	everything(t, g)
	got := make(shape)
	for _, path := range []string{
		"overview", "nodes", "queues", "exchanges", "bindings", "connections", "channels", "consumers",
	} {
		got.note("", fetch[any](t, g, rootUser, "/api/"+path))
	}
	var null []string
	for path, kinds := range got {
		if slices.Contains(kinds, "null") {
			null = append(null, path)
		}
	}
	slices.Sort(null)
	require.Equal(t, []string{
		"exclusive_consumer_tag", "head_message_timestamp", "operator_policy", "policy", "recoverable_slaves",
		"single_active_consumer_tag",
	}, null)
}

func TestMembers(t *testing.T) {
	m := members{{"a<b", 1}, {"c", []string{"x"}}}
	text, err := json.Marshal(m)
	require.NoError(t, err)
	require.JSONEq(t, `{"a<b":1,"c":["x"]}`, string(text))
	v, ok := m.Lookup("c")
	require.True(t, ok)
	require.Equal(t, []string{"x"}, v)
	_, ok = m.Lookup("d")
	require.False(t, ok)
}
