package management

import (
	"bufio"
	"context"
	"encoding/json"
	"io"
	"net/http"
	"net/http/httptest"
	"net/url"
	"strings"
	"testing"
	"time"

	amqp091 "github.com/rabbitmq/amqp091-go"
	"github.com/stretchr/testify/require"

	"github.com/leveretmq/leveret/admin"
	"github.com/leveretmq/leveret/broker"
	"github.com/leveretmq/leveret/definitions"
)

// stream is an answer without an end.
type stream struct {
	t      *testing.T
	lines  *bufio.Reader
	closed context.CancelFunc
	header http.Header
}

// watch opens a stream. It ends with the test.
func (g *rig) watch(t *testing.T, user, path string) *stream {
	t.Helper()
	served := httptest.NewServer(g.api)
	t.Cleanup(served.Close)
	ctx, cancel := context.WithCancel(t.Context())
	t.Cleanup(cancel)
	r, err := http.NewRequestWithContext(ctx, get, served.URL+path, nil)
	require.NoError(t, err)
	r.SetBasicAuth(user, user)
	answer, err := http.DefaultClient.Do(r)
	require.NoError(t, err)
	t.Cleanup(func() { _ = answer.Body.Close() })
	require.Equal(t, http.StatusOK, answer.StatusCode)
	return &stream{t, bufio.NewReader(answer.Body), cancel, answer.Header}
}

// line is the next line as it came.
func (s *stream) line() string {
	s.t.Helper()
	text, err := s.lines.ReadString('\n')
	require.NoError(s.t, err)
	return strings.TrimSuffix(text, "\n")
}

// next is the next line of JSON.
func (s *stream) next() map[string]any {
	s.t.Helper()
	var v map[string]any
	require.NoError(s.t, json.Unmarshal([]byte(s.line()), &v))
	return v
}

func TestWatchMessages_ShowsWhatIsPublishedAndDelivered(t *testing.T) {
	g := newRig(t)
	g.expect(t, 201, rootUser, set, "/api/queues/%2F/q", "")
	s := g.watch(t, monitorUser, "/api/watch/trace/%2F")
	require.Equal(t, "application/x-ndjson", s.header.Get("Content-Type"))
	bodies := g.watch(t, monitorUser, "/api/watch/trace/%2F?body=3")
	plain := g.watch(t, monitorUser, "/api/watch/trace/%2F?format=text&body=100")
	require.Equal(t, "text/plain; charset=utf-8", plain.header.Get("Content-Type"))
	require.False(t, fetch[vhostView](t, g, rootUser, "/api/vhosts/%2F").Tracing, "the firehose stays off")

	g.publishTo(t, "q", "hello")
	g.expect(t, 200, rootUser, post, "/api/queues/%2F/q/get", `{"count":1,"ackmode":"ack_requeue_false","encoding":"auto"}`)
	seen := s.next()
	require.NotEmpty(t, seen["time"])
	delete(seen, "time")
	require.Equal(t, map[string]any{
		"event": "published", "vhost": "/", "exchange": "", "routing_keys": []any{"q"}, "queues": []any{"q"}, "redelivered": false,
		"connection": "", "channel": 0.0, "user": "root", "properties": map[string]any{"delivery_mode": 2.0}, "payload_bytes": 5.0,
	}, seen)
	require.Equal(t, "delivered", s.next()["event"])
	seen = bodies.next()
	require.Equal(t, "hel", seen["payload"])
	require.Equal(t, "string", seen["payload_encoding"])
	require.Contains(t, plain.line(), ` published exchange="" key=q to=q user=root octets=5 body="hello"`)
	require.Contains(t, plain.line(), ` delivered from=q exchange="" key=q user=root octets=5 body="hello"`)
}

// A client of AMQP is seen as well, with its connection.
func TestWatchMessages_OfConnections(t *testing.T) {
	g := newRig(t)
	ch := g.channel(t, g.dial(t, rootUser))
	_, err := ch.QueueDeclare("q", false, false, false, false, nil)
	require.NoError(t, err)
	s := g.watch(t, rootUser, "/api/watch/trace/%2F?queue=%5Eq$")
	require.NoError(t, ch.PublishWithContext(t.Context(), "", "nowhere", false, false, amqp091.Publishing{Body: []byte("b")}))
	require.NoError(t, ch.PublishWithContext(t.Context(), "", "q", false, false, amqp091.Publishing{Body: []byte("b")}))
	seen := s.next()
	require.Equal(t, []any{"q"}, seen["queues"])
	require.NotEmpty(t, seen["connection"])
	require.Equal(t, 1.0, seen["channel"])
	_, err = ch.Consume("q", "", true, false, false, false, nil)
	require.NoError(t, err)
	require.Equal(t, "delivered", s.next()["event"])
}

func TestWatchMessages_ShowsWhatIsWanted(t *testing.T) {
	g := newRig(t)
	v, _ := g.broker.VHost("/")
	for query, wanted := range map[string]bool{
		"": true, "queue=^orders": true, "queue=^q$": false, "exchange=fanout$": true, "exchange=^$": false,
		"user=root": true, "user=other": false, "queue=second&exchange=amq&user=root": true,
	} {
		values, err := url.ParseQuery(query)
		require.NoError(t, err)
		i, err := (&request{query: values}).interest()
		require.NoError(t, err)
		s := &broker.Sighting{Exchange: "amq.fanout", Queues: []string{"orders", "second"}, Witness: broker.Witness{User: "root"}}
		require.Equal(t, wanted, i.wants(s), query)
	}
	require.False(t, v.Tracing(), "nobody is left")
}

// Nobody pays for a watcher that has gone.
func TestWatch_EndsWithTheClient(t *testing.T) {
	g := newRig(t)
	v, _ := g.broker.VHost("/")
	s := g.watch(t, rootUser, "/api/watch/trace/%2F")
	e := g.watch(t, rootUser, "/api/watch/events")
	require.True(t, v.Tracing())
	require.True(t, g.broker.Observing())
	s.closed()
	e.closed()
	require.Eventually(t, func() bool { return !v.Tracing() && !g.broker.Observing() && len(g.api.streams) == 0 },
		10*time.Second, time.Millisecond)
}

func TestWatch_EndsWithTheBroker(t *testing.T) {
	g := newRig(t)
	s := g.watch(t, rootUser, "/api/watch/trace/%2F")
	g.api.EndStreams()
	rest, err := io.ReadAll(s.lines)
	require.NoError(t, err)
	require.Empty(t, rest)
	require.Empty(t, g.expect(t, 200, rootUser, get, "/api/watch/events", ""), "it ends at once")
}

func TestWatchEvents(t *testing.T) {
	g := newRig(t)
	s := g.watch(t, monitorUser, "/api/watch/events?pattern=queue|alarm")
	plain := g.watch(t, monitorUser, "/api/watch/events?format=text&pattern=%5Equeue")
	g.expect(t, 201, rootUser, set, "/api/queues/%2F/q", "")
	seen := s.next()
	require.Equal(t, "queue.created", seen["event"])
	require.Equal(t, "q", seen["name"])
	require.Equal(t, "root", seen["user_who_performed_action"])
	require.NotZero(t, seen["timestamp_in_ms"])
	require.Regexp(t, `^queue.created \{"name":"q","vhost":"/",`, plain.line())
	g.broker.Alarms().Set(broker.Memory, true)
	require.Equal(t, "alarm.set", s.next()["event"])
}

// logOf is a log with one watcher.
type logOf struct {
	line chan func(level string, line []byte)
	done chan struct{}
}

// Watch implements LogLines.
func (l logOf) Watch(line func(level string, line []byte)) (stop func()) {
	l.line <- line
	return func() { close(l.done) }
}

func TestWatchLog(t *testing.T) {
	g := newRig(t)
	l := logOf{make(chan func(string, []byte), 1), make(chan struct{})}
	g.expect(t, 404, rootUser, get, "/api/watch/log", "")
	g.api.options.LogLines = l
	s := g.watch(t, rootUser, "/api/watch/log")
	write := <-l.line
	write("info", []byte("hello\n"))
	require.Equal(t, `{"level":"info","line":"hello"}`, s.line())
	const more = 5000 // than fit
	for range more {
		write("info", []byte(strings.Repeat("x", 4<<10)))
	}
	missing := 0
	for got := 0; got+missing < more; got++ {
		seen := s.next()
		for seen["lost"] != nil {
			lost, _ := seen["lost"].(float64)
			missing += int(lost)
			if got+missing >= more {
				break
			}
			seen = s.next()
		}
	}
	s.closed()
	<-l.done
}

func TestWatch_Refusals(t *testing.T) {
	g := newRig(t)
	_, err := g.SetPermission(admin.Actor{}, definitions.Permission{User: monitorUser, VHost: "other", Configure: "", Write: "", Read: ""})
	require.NoError(t, err)
	for path, want := range map[string]string{
		"trace/%2F?queue=(":   "queue: error parsing regexp",
		"trace/%2F?body=many": `body: \"many\" is no number of octets`,
		"events?pattern=(":    "pattern: error parsing regexp",
	} {
		require.Contains(t, g.expect(t, 400, rootUser, get, "/api/watch/"+path, ""), want)
	}
	require.Contains(t, g.expect(t, 401, rootUser, get, "/api/watch/trace/other?body=1", ""), refusedVHost)
	require.Contains(t, g.expect(t, 401, plainUser, get, "/api/watch/trace/%2F", ""), "Not monitor user")
	require.Contains(t, g.expect(t, 401, monitorUser, get, "/api/watch/log", ""), "Not administrator user")
	for range maxStreams {
		_, err := g.api.admitStream()
		require.NoError(t, err)
	}
	require.Contains(t, g.expect(t, 503, rootUser, get, "/api/watch/events", ""), "32 clients are watching already")
}
