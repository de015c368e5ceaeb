package ctl_test

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/leveretmq/leveret/internal/ctl"
)

// source is a queue that can be moved out of, some messages per request.
type source struct {
	ready, step int
	stopAt      int // messages are left when the destination is full; zero is never
	asked       []map[string]any
	onMove      func()
}

func (s *source) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	if r.Method == http.MethodGet {
		fmt.Fprintf(w, `{"messages_ready":%d}`, s.ready)
		return
	}
	var order map[string]any
	if json.NewDecoder(r.Body).Decode(&order) != nil {
		w.WriteHeader(http.StatusBadRequest)
		return
	}
	s.asked = append(s.asked, order)
	count, _ := order["count"].(float64)
	n := min(s.step, int(count), s.ready-s.stopAt)
	stopped := ""
	if s.stopAt > 0 && s.ready-n == s.stopAt {
		stopped = "it is full"
	}
	s.ready -= n
	fmt.Fprintf(w, `{"moved":%d,"octets":%d,"remaining":%d,"stopped":%q}`, n, 10*n, s.ready, stopped)
	if s.onMove != nil {
		s.onMove()
	}
}

// runOn runs a command of leveret against a handler, on a terminal so wide.
func runOn(ctx context.Context, t *testing.T, h http.Handler, columns int, line string) ran {
	t.Helper()
	served := httptest.NewServer(h)
	defer served.Close()
	var out, errors bytes.Buffer
	environment := ctl.Environment{Stdin: strings.NewReader(""), Stdout: &out, Stderr: &errors, Context: ctx}
	if columns > 0 {
		environment.Size = func(io.Writer) (int, int) { return columns, 10 }
	}
	args := append(strings.Split(line, " "), "--url", served.URL)
	return ran{ctl.Run(ctl.OwnName, args, environment), out.String(), errors.String(), nil}
}

func TestMove(t *testing.T) {
	for line, c := range map[string]struct {
		source source
		status int
		out    string
		text   string
		order  map[string]any // the first one
	}{
		"move q r": {source{ready: 5, step: 2}, 0, "Moved 5 messages (50 octets)\n", "",
			map[string]any{"queue": "r", "count": 5.0, "milliseconds": 500.0}},
		"move q r --count 3": {source{ready: 5, step: 2}, 0, "Moved 3 messages (30 octets)\n", "",
			map[string]any{"queue": "r", "count": 3.0, "milliseconds": 500.0}},
		"move q --exchange e --routing-key k --to-vhost v": {source{ready: 1, step: 2}, 0, "Moved 1 messages (10 octets)\n", "",
			map[string]any{"exchange": "e", "routing_key": "k", "vhost": "v", "count": 1.0, "milliseconds": 500.0}},
		"move q --exchange= -q": {source{ready: 1, step: 2}, 0, "", "",
			map[string]any{"exchange": "amq.default", "count": 1.0, "milliseconds": 500.0}},
		"move q r --format json": {source{ready: 1, step: 2}, 0, "[\n{\"moved\":1,\"octets\":10}\n]\n", "",
			map[string]any{"queue": "r", "count": 1.0, "milliseconds": 500.0}},
		"move q r --format csv": {source{ready: 1, step: 2}, 0, "moved,octets\n1,10\n", "", nil},
		"move q r --vhost /": {source{}, 0, "Moved 0 messages (0 octets)\n", "",
			map[string]any{"queue": "r", "count": 0.0, "milliseconds": 500.0}},
		"move q full": {source{ready: 5, step: 2, stopAt: 2}, 65, "Moved 3 messages (30 octets)\n",
			"3 of 5 messages were moved: it is full", map[string]any{"queue": "full", "count": 5.0, "milliseconds": 500.0}},
		"move paused r": {source{ready: 5}, 69, "Moved 0 messages (0 octets)\n", "it may be paused",
			map[string]any{"queue": "r", "count": 5.0, "milliseconds": 500.0}},
		"move q":                   {source{}, 64, "", "a destination queue or --exchange", nil},
		"move q r --exchange e":    {source{}, 64, "", "not both", nil},
		"move q r --routing-key k": {source{}, 64, "", "--routing-key is for --exchange", nil},
	} {
		t.Run(line, func(t *testing.T) {
			got := runOn(t.Context(), t, &c.source, 80, line)
			require.Equal(t, c.status, got.status, got.errors)
			require.Equal(t, c.out, got.out)
			require.Contains(t, got.errors, c.text)
			if c.order != nil {
				require.Equal(t, c.order, c.source.asked[0])
			}
		})
	}
}

// An interrupted move ends after the request that is under way.
func TestMove_IsInterrupted(t *testing.T) {
	ctx, cancel := context.WithCancel(t.Context())
	s := &source{ready: 5, step: 2, onMove: cancel}
	got := runOn(ctx, t, s, 0, "move q r")
	require.Equal(t, 130, got.status)
	require.Contains(t, got.errors, "2 of 5 messages were moved: interrupted")
	require.Len(t, s.asked, 1)
}
