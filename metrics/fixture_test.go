package metrics_test

import (
	"bufio"
	"context"
	"log/slog"
	"maps"
	"net"
	"net/http"
	"net/http/httptest"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"testing"
	"time"

	amqp091 "github.com/rabbitmq/amqp091-go"
	"github.com/stretchr/testify/require"

	"github.com/leveretmq/leveret/auth"
	"github.com/leveretmq/leveret/broker"
	"github.com/leveretmq/leveret/metrics"
	"github.com/leveretmq/leveret/persistence"
	"github.com/leveretmq/leveret/server"
)

// fixture is a broker that serves clients, and its metrics.
type fixture struct {
	t       testing.TB
	broker  *broker.Broker
	handler *metrics.Handler
	address string
}

func start(t testing.TB, change ...func(*metrics.Options)) *fixture {
	t.Helper()
	log := slog.New(slog.DiscardHandler)
	store, err := persistence.Open(persistence.Options{
		Dir: t.TempDir(), Durability: persistence.OS, Logger: log,
		Fatal:  func(err error) { t.Errorf("the store has failed: %v", err) },
		Limits: persistence.Limits{ValueLogFile: 16 << 20},
	})
	require.NoError(t, err)
	b, err := broker.New(broker.Options{Store: store, TrackLogins: true})
	require.NoError(t, err)
	users, err := auth.NewInternal(auth.Options{Users: []auth.Credentials{{Name: "guest", Password: "guest"}}, VHosts: []string{"/"}})
	require.NoError(t, err)
	s := server.New(server.Options{Broker: b, Authenticator: users, Logger: log, NodeName: "leveret@test"})
	l, err := net.Listen("tcp", "127.0.0.1:0")
	require.NoError(t, err)
	ended := make(chan error, 1)
	go func() { ended <- s.Serve(l) }()
	t.Cleanup(func() {
		ctx, cancel := context.WithTimeout(context.Background(), 10*time.Second)
		defer cancel()
		require.NoError(t, s.Shutdown(ctx))
		require.ErrorIs(t, <-ended, server.ErrServerClosed)
		require.NoError(t, b.Close())
	})
	options := metrics.Options{
		Broker: b, Server: s, Node: "leveret@test", Cluster: "hares", Version: "4.0.5", ProductVersion: "0.1",
		Store: func() metrics.Store {
			s := store.Statistics()
			return metrics.Store{Commits: s.Commits, Syncs: s.Syncs, Pending: int64(s.Pending), Tables: s.Tables, Log: s.Log}
		},
		Facts: func() metrics.Facts { return metrics.Facts{MemoryUsed: 1 << 20, FilesUsed: 7, DiskFree: 1 << 40} },
	}
	for _, c := range change {
		c(&options)
	}
	return &fixture{t: t, broker: b, handler: metrics.New(options), address: l.Addr().String()}
}

// channel is a new channel of a new connection.
func (f *fixture) channel() *amqp091.Channel {
	c, err := amqp091.Dial("amqp://guest:guest@" + f.address)
	require.NoError(f.t, err)
	f.t.Cleanup(func() { _ = c.Close() })
	ch, err := c.Channel()
	require.NoError(f.t, err)
	return ch
}

// get asks for a page.
func (f *fixture) get(path string) *httptest.ResponseRecorder {
	w := httptest.NewRecorder()
	f.handler.ServeHTTP(w, httptest.NewRequest(http.MethodGet, path, nil))
	return w
}

// exposition is a page as Prometheus reads it.
type exposition struct {
	kinds   map[string]string // of families
	samples map[string]float64
}

// read asks for a page, which has to be right.
func (f *fixture) read(path string) exposition {
	f.t.Helper()
	r := f.get(path)
	require.Equal(f.t, http.StatusOK, r.Code)
	e := exposition{kinds: make(map[string]string), samples: make(map[string]float64)}
	lines := bufio.NewScanner(r.Body)
	lines.Buffer(nil, 1<<20)
	for family := ""; lines.Scan(); {
		family = e.line(f.t, family, lines.Text())
	}
	require.NoError(f.t, lines.Err())
	return e
}

var (
	comment = regexp.MustCompile(`^# (TYPE|HELP) ([a-z_:][a-z0-9_:]*) (.+)$`)
	sample  = regexp.MustCompile(`^([a-z_:][a-z0-9_:]*)(\{(?:[a-z_]+="(?:[^"\\\n]|\\[\\"n])*",?)*\})? (\S+)$`)
)

// line reads one line of a family, and says of which one the next ones are.
func (e *exposition) line(t testing.TB, family, line string) string {
	t.Helper()
	if m := comment.FindStringSubmatch(line); m != nil {
		if m[1] == "TYPE" {
			require.NotContains(t, e.kinds, m[2], "a family comes once")
			e.kinds[m[2]] = m[3]
			return m[2]
		}
		require.Equal(t, family, m[2], "the help of a family follows its type")
		return family
	}
	m := sample.FindStringSubmatch(line)
	require.NotNil(t, m, "line %q", line)
	name := m[1]
	if e.kinds[family] == "histogram" {
		name = strings.TrimSuffix(strings.TrimSuffix(strings.TrimSuffix(name, "_bucket"), "_sum"), "_count")
	}
	require.Equal(t, family, name, "line %q is of its family", line)
	if e.kinds[family] == "counter" {
		require.True(t, strings.HasSuffix(name, "_total") || strings.HasPrefix(name, "go_"), "the counter %s", name)
	}
	value, err := strconv.ParseFloat(m[3], 64)
	require.NoError(t, err, "line %q", line)
	require.NotContains(t, e.samples, m[1]+m[2], "a line comes once")
	e.samples[m[1]+m[2]] = value
	return family
}

// series are the series of a name.
func (e *exposition) series(name string) (list []string) {
	for s := range maps.Keys(e.samples) {
		if s == name || strings.HasPrefix(s, name+"{") {
			list = append(list, s)
		}
	}
	slices.Sort(list)
	return list
}
