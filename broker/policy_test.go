package broker_test

import (
	"fmt"
	"os"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/leveretmq/leveret/amqp"
	"github.com/leveretmq/leveret/broker"
	"github.com/leveretmq/leveret/definitions"
	"github.com/leveretmq/leveret/exchange"
	"github.com/leveretmq/leveret/policy"
	"github.com/leveretmq/leveret/queue"
)

// policyFor is the parameter of a policy.
func policyFor(name, pattern, to string, priority int, definition string) definitions.Parameter {
	return definitions.Parameter{
		VHost: "/", Component: definitions.ComponentPolicy, Name: name,
		Value: fmt.Sprintf(`{"pattern":%q,"apply-to":%q,"priority":%d,"definition":%s}`, pattern, to, priority, definition),
	}
}

func operatorPolicy(name, pattern, definition string) definitions.Parameter {
	p := policyFor(name, pattern, "all", 0, definition)
	p.Component = definitions.ComponentOperatorPolicy
	return p
}

func (f *fixture) set(list ...definitions.Parameter) {
	f.t.Helper()
	for _, p := range list {
		require.NoError(f.t, f.broker.SetParameter(p, "guest"))
		require.NoError(f.t, f.broker.Define(definitions.Change{Put: definitions.Set{Parameters: []definitions.Parameter{p}}})())
	}
}

func (f *fixture) clear(p definitions.Parameter) {
	f.t.Helper()
	require.NoError(f.t, f.broker.ClearParameter(p, "guest"))
	require.NoError(f.t, f.broker.Define(definitions.Change{Delete: definitions.Set{Parameters: []definitions.Parameter{p}}})())
}

// governed is which policies apply to a queue, and what they say together.
func (f *fixture) governed(name string) (policies string, definition map[string]any) {
	f.t.Helper()
	s, ok := f.broker.Queue("/", name)
	require.True(f.t, ok)
	return s.Policy + "/" + s.OperatorPolicy, s.EffectivePolicy
}

func (f *fixture) requireGoverned(name, policies string) {
	f.t.Helper()
	got, _ := f.governed(name)
	require.Equal(f.t, policies, got, name)
}

func TestPolicy_AppliesToWhatIsThereAndToWhatComes(t *testing.T) {
	f := start(t)
	f.queue("a.old", durableQueue)
	f.queue("b.old", durableQueue)
	f.keep("", "a.old", "1", "2", "3", "4", "5")
	short, longer := policyFor("short", "^a", "queues", 2, `{"max-length":2}`), policyFor("longer", "old$", "all", 1, `{"max-length":4}`)
	f.set(longer, short)
	f.queue("a.new", durableQueue)
	f.queue("c", durableQueue)
	f.requireGoverned("a.old", "short/")
	f.requireGoverned("b.old", "longer/")
	f.requireGoverned("a.new", "short/")
	f.requireGoverned("c", "/")
	require.Equal(t, 2, f.find("a.old").Counts().Ready)

	bound := operatorPolicy("bound", ".*", `{"max-length":3,"expires":3600000}`)
	f.set(bound)
	_, definition := f.governed("a.new")
	require.Equal(t, map[string]any{"max-length": int64(2), "expires": int64(3_600_000)}, definition)
	f.requireGoverned("c", "/bound")

	f.clear(short)
	f.requireGoverned("a.old", "longer/bound")
	f.clear(longer)
	f.clear(bound)
	f.requireGoverned("a.old", "/")
	f.keep("", "a.old", "6", "7", "8")
	require.Equal(t, []string{"4", "5", "6", "7", "8"}, f.drained("a.old"))
}

func TestPolicy_TypesOfQueues(t *testing.T) {
	f := start(t)
	f.queue("classic", durableQueue)
	f.queue("quorum", durableQueue, func(s *queue.Spec) {
		s.Arguments = amqp.Table{{Key: "x-queue-type", Value: "quorum"}}
	})
	f.set(policyFor("high", ".*", "queues", 9, `{"delivery-limit":7}`), policyFor("low", ".*", "queues", 1, `{"max-length":4}`))
	f.requireGoverned("classic", "low/")
	f.requireGoverned("quorum", "high/")
	s, _ := f.broker.Queue("/", "quorum")
	require.EqualValues(t, 7, s.DeliveryLimit)
	f.set(policyFor("high", ".*", "classic_queues", 9, `{"delivery-limit":7}`))
	f.requireGoverned("classic", "high/")
	f.requireGoverned("quorum", "low/")
}

func TestPolicy_AlternateExchange(t *testing.T) {
	f := start(t)
	f.exchange("a", "direct")
	f.exchange("own", "direct", alternate("elsewhere"))
	f.exchange("rest", "fanout")
	f.queue("q")
	f.bind(toQueue("rest", "q", ""))
	require.Empty(t, f.routed("a", "key"))
	ae := policyFor("ae", "^(a|own|late)$", "exchanges", 0, `{"alternate-exchange":"rest"}`)
	f.set(ae)
	f.exchange("late", "direct")
	require.Equal(t, []string{"q"}, f.routed("a", "key"))
	require.Equal(t, []string{"q"}, f.routed("late", "key"))
	require.Empty(t, f.routed("own", "key"), "its argument goes before the policy")
	s, ok := f.broker.Exchange("/", "a")
	require.True(t, ok)
	require.Equal(t, "ae", s.Policy)
	all := policyFor("all", "", "all", -1, `{"alternate-exchange":"rest"}`)
	f.set(all)
	require.Empty(t, f.routed(exchange.Default, "missing"), "the default exchange has no other one")
	require.Equal(t, []string{"q"}, f.routed("amq.direct", "key"))
	f.clear(all)
	f.clear(ae)
	require.Empty(t, f.routed("a", "key"))
	s, _ = f.broker.Exchange("/", "a")
	require.Empty(t, s.Policy)
}

// A publisher keeps the route of its last message: a policy must reach that, too.
func TestPolicy_ReachesRoutesThatAreKept(t *testing.T) {
	f := start(t)
	f.exchange("a", "direct")
	f.exchange("rest", "fanout")
	f.queue("q")
	f.bind(toQueue("rest", "q", ""))
	p := f.vhost.NewPublisher("guest")
	m := durableMessage("x")
	m.Exchange = "a"
	queues, err := p.Route(m)
	require.NoError(t, err)
	require.Empty(t, queues)
	f.set(policyFor("ae", "^a$", "all", 0, `{"alternate-exchange":"rest"}`))
	queues, err = p.Route(m)
	require.NoError(t, err)
	require.Equal(t, []string{"q"}, names(queues))
}

func TestPolicy_ComesBackBeforeTheMessages(t *testing.T) {
	f := start(t)
	f.queue("q", durableQueue)
	f.queue("dead", durableQueue)
	f.exchange("own", "direct", durableExchange)
	f.set(policyFor("p", "^q$", "queues", 0, `{"max-length":3,"dead-letter-exchange":"","dead-letter-routing-key":"dead"}`),
		policyFor("ae", "^(own|amq\\.direct)$", "exchanges", 0, `{"alternate-exchange":"amq.fanout"}`))
	f.keep("", "q", "1", "2", "3")
	f = f.reopen()
	f.requireGoverned("q", "p/")
	for _, name := range []string{"own", "amq.direct"} {
		s, ok := f.broker.Exchange("/", name)
		require.True(t, ok)
		require.Equal(t, "ae", s.Policy, name)
	}
	f.keep("", "q", "4", "5")
	require.Equal(t, []string{"3", "4", "5"}, f.drained("q"))
	f.awaitReady("dead", 2)
}

// What was answered is there after a crash, and what was cleared is not.
func TestPolicy_SurvivesACrash(t *testing.T) {
	f := start(t)
	f.queue("q", durableQueue)
	gone := policyFor("gone", "^q$", "queues", 9, `{"max-length":1}`)
	f.set(gone, policyFor("p", "^q$", "queues", 0, `{"max-length":2}`), operatorPolicy("o", "^q$", `{"max-length-bytes":100000}`))
	f.clear(gone)
	f.keep("", "q", "1", "2", "3")
	crashed := t.TempDir()
	require.NoError(t, os.CopyFS(crashed, os.DirFS(f.dir)))
	f = open(t, crashed)
	f.requireGoverned("q", "p/o")
	_, definition := f.governed("q")
	require.Equal(t, map[string]any{"max-length": int64(2), "max-length-bytes": int64(100_000)}, definition)
	require.Eventually(t, func() bool { return f.find("q").Counts().Ready == 2 }, 10*time.Second, time.Millisecond)
	require.Equal(t, []string{"2*", "3*"}, f.drained("q"))
}

// A policy that a later version has stored does not keep the broker from starting.
func TestPolicy_ThatIsNotUnderstood(t *testing.T) {
	f := start(t)
	future := policyFor("future", ".*", "all", 9, `{"from-the-future":1}`)
	require.NoError(t, f.broker.Define(definitions.Change{Put: definitions.Set{Parameters: []definitions.Parameter{future}}})())
	f.queue("q", durableQueue)
	f = f.reopen()
	f.requireGoverned("q", "/")
}

func TestParameters_AreChecked(t *testing.T) {
	f := start(t)
	for component, problem := range map[string]string{
		"foo": "component foo not found",
		definitions.ComponentPolicy: "Key \"definition\" not found in n\nKey \"pattern\" not found in n\n" +
			"Key \"priority\" not found in n",
		definitions.ComponentOperatorPolicy: "Key \"definition\" not found in n\nKey \"pattern\" not found in n\n" +
			"Key \"priority\" not found in n",
		"":                               "",
		"shovel":                         "",
		"federation-upstream":            "",
		definitions.ComponentVHostLimits: "",
	} {
		p := definitions.Parameter{VHost: "/", Component: component, Name: "n", Value: `{}`}
		err := f.broker.CheckParameter(p)
		if problem == "" {
			require.NoError(t, err, component)
			require.NoError(t, f.broker.SetParameter(p, "guest"))
			continue
		}
		require.EqualError(t, err, "Validation failed\n\n"+problem+"\n")
		var refusal *policy.Error
		require.ErrorAs(t, f.broker.SetParameter(p, "guest"), &refusal)
	}
	elsewhere := policyFor("p", ".*", "all", 0, `{"max-length":1}`)
	elsewhere.VHost = "nowhere"
	require.ErrorIs(t, f.broker.SetParameter(elsewhere, "guest"), broker.ErrNoVHost)
	require.ErrorIs(t, f.broker.ClearParameter(elsewhere, "guest"), broker.ErrNoVHost)
}

func TestParameters_AreTold(t *testing.T) {
	f := openTelling(t, t.TempDir(), broker.Options{EventVHost: "/"})
	q := f.queue("events")
	f.bind(toQueue(broker.EventExchange, "events", "policy.*"), toQueue(broker.EventExchange, "events", "parameter.*"))
	ordinary, operator := policyFor("wide", "^a", "all", 3, `{"max-length":5}`), operatorPolicy("o", "^a", `{"max-length":5}`)
	global := definitions.Parameter{Name: "g", Value: `{"a":[1]}`}
	f.set(ordinary, operator, global)
	f.bind(toQueue(broker.EventExchange, "events", "exchange.created"))
	f.exchange("ax", "fanout")
	f.clear(ordinary)
	f.clear(operator)
	f.clear(global)

	content := func(to string, priority int64) amqp.Table {
		return amqp.Table{
			{Key: "pattern", Value: "^a"}, {Key: "apply-to", Value: to}, {Key: "priority", Value: priority},
			{Key: "definition", Value: amqp.Table{{Key: "max-length", Value: int64(5)}}},
		}
	}
	f.requireTold(q, "policy.set", append(broker.Fields("vhost", "/", "name", "wide"), content("all", 3)...))
	f.requireTold(q, "parameter.set", broker.Fields("vhost", "/", "name", "o", "component", "operator_policy", "value", content("all", 0)))
	f.requireTold(q, "policy.set", append(broker.Fields("vhost", "/", "name", "o"), content("all", 0)...))
	f.requireTold(q, "parameter.set", broker.Fields("name", "g", "component", "global",
		"value", amqp.Table{{Key: "a", Value: amqp.Array{int64(1)}}}))
	_, created, _ := f.told(q)
	name, _ := created.Lookup("policy")
	require.Equal(t, "wide", name)
	f.requireTold(q, "policy.cleared", broker.Fields("vhost", "/", "name", "wide"))
	f.requireTold(q, "parameter.cleared", broker.Fields("vhost", "/", "name", "o", "component", "operator_policy"))
	f.requireTold(q, "parameter.cleared", broker.Fields("name", "g", "component", "global"))
}

// requireTold fails unless the next event has the properties, beside the time and the
// user.
func (f *fixture) requireTold(q *queue.Queue, key string, properties amqp.Table) {
	f.t.Helper()
	got, headers, _ := f.told(q)
	require.Equal(f.t, key, got)
	require.Len(f.t, headers, len(properties)+2)
	for _, want := range append(properties, amqp.Field{Key: "user_who_performed_action", Value: "guest"}) {
		value, ok := headers.Lookup(want.Key)
		require.True(f.t, ok, "%s of %s", want.Key, key)
		require.Equal(f.t, want.Value, value, "%s of %s", want.Key, key)
	}
}

// Whatever is declared while policies change, and whoever changes them, at the end each
// queue and exchange has what the last one says.
func TestPolicy_ChangesWhileQueuesAreDeclared(t *testing.T) {
	const clients, queues, changes = 3, 40, 30
	f := start(t)
	var busy sync.WaitGroup
	for i := range clients {
		busy.Go(func() {
			for n := range queues {
				name := fmt.Sprintf("q.%d.%d", i, n)
				if _, err := f.vhost.DeclareQueue(queue.Spec{VHost: "/", Name: name}, nil); err != nil {
					t.Error(err)
				}
				if err := f.vhost.DeclareExchange(exchange.Spec{VHost: "/", Name: name, Type: exchange.Fanout}); err != nil {
					t.Error(err)
				}
			}
		})
		busy.Go(func() {
			for n := range changes {
				p := policyFor(fmt.Sprint("p", i), "^q", "all", n, `{"message-ttl":100000,"max-length":5}`)
				if err := f.broker.SetParameter(p, ""); err != nil {
					t.Error(err)
				}
			}
		})
	}
	busy.Wait()
	f.set(policyFor("last", `^q\.0`, "all", changes, `{"max-length":7}`))
	for _, s := range f.broker.Queues("/") {
		want, length := "p0", int64(5)
		if strings.HasPrefix(s.Spec.Name, "q.0") {
			want, length = "last", 7
		}
		require.Equal(t, want, s.Policy, s.Spec.Name)
		require.Equal(t, length, s.EffectivePolicy["max-length"], s.Spec.Name)
	}
	for _, s := range f.broker.Exchanges("/") {
		if strings.HasPrefix(s.Spec.Name, "q.1") {
			require.Equal(t, "p0", s.Policy, s.Spec.Name)
		}
	}
}
