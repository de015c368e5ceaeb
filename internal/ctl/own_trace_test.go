package ctl_test

import (
	"context"
	"fmt"
	"net/http"
	"net/url"
	"testing"

	"github.com/stretchr/testify/require"
)

// endless is an API that answers with lines, and then with nothing until the client goes.
type endless struct {
	lines []string
	ends  bool
	path  string
	query url.Values
	after func()
}

func (e *endless) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	e.path, e.query = r.URL.EscapedPath(), r.URL.Query()
	for _, line := range e.lines {
		fmt.Fprintln(w, line)
	}
	_ = http.NewResponseController(w).Flush()
	if e.after != nil {
		e.after()
	}
	if !e.ends {
		<-r.Context().Done()
	}
}

func TestTrace(t *testing.T) {
	ctx, cancel := context.WithCancel(t.Context())
	e := &endless{lines: []string{"one", "two"}, ends: true}
	got := runOn(ctx, t, e, 0, "trace --vhost a/b --queue ^q --exchange e --user u --body 9")
	require.Zero(t, got.status, got.errors)
	require.Equal(t, "one\ntwo\n", got.out)
	require.Equal(t, "/api/watch/trace/a%2Fb", e.path)
	require.Equal(t, url.Values{"queue": {"^q"}, "exchange": {"e"}, "user": {"u"}, "body": {"9"}, "format": {"text"}}, e.query)

	e = &endless{lines: []string{"{}", "{}", "{}"}}
	got = runOn(ctx, t, e, 0, "trace --format json --count 2")
	require.Zero(t, got.status, got.errors)
	require.Equal(t, "{}\n{}\n", got.out)
	require.Empty(t, e.query)

	got = runOn(ctx, t, &endless{after: cancel}, 0, "trace")
	require.Zero(t, got.status, "to interrupt it is its end: "+got.errors)

	got = runOn(t.Context(), t, &api{}, 0, "trace --format csv")
	require.Equal(t, 64, got.status)
	got = runOn(t.Context(), t, &api{}, 0, "queues --format xml")
	require.Equal(t, 64, got.status)
	require.Contains(t, got.errors, "--format is one of table, pretty_table, json, csv, text")

	got = runOn(t.Context(), t, &api{}, 0, "move nowhere q")
	require.Equal(t, 65, got.status)
	require.Contains(t, got.errors, "there is no queue 'nowhere' in vhost '/'")
	got = runOn(t.Context(), t, &api{}, 0, "trace")
	require.Equal(t, 65, got.status)
	require.Contains(t, got.errors, "Not Found")
}
