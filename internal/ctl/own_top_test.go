package ctl_test

import (
	"context"
	"fmt"
	"net/http"
	"net/url"
	"testing"

	"github.com/stretchr/testify/require"
)

// busy is an API with two queues and a connection.
type busy struct {
	query   url.Values
	path    string
	fetches int
	after   func()
}

func (b *busy) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	if r.URL.Path == "/api/overview" {
		fmt.Fprint(w, `{"node":"n@h","message_stats":{"publish_details":{"rate":1234.4},"deliver_get_details":{"rate":2.5}},
			"queue_totals":{"messages_ready":12345,"messages_unacknowledged":6},"object_totals":{"connections":1,"queues":2}}`)
		if b.after != nil {
			b.after()
		}
		return
	}
	b.query, b.path = r.URL.Query(), r.URL.EscapedPath()
	b.fetches++
	if r.URL.Path == "/api/connections" {
		fmt.Fprint(w, `{"items":[{"name":"c","user":"u","vhost":"/","state":"running","channels":2,"recv_oct_details":{"rate":2048},
			"send_oct_details":{"rate":0},"send_pend":3145728}]}`)
		return
	}
	fmt.Fprint(w, `{"items":[{"name":"a","vhost":"/","message_stats":{"publish_details":{"rate":1500},"deliver_get_details":{"rate":0.2},
		"ack_details":{"rate":0}},"messages_ready":12000,"messages_unacknowledged":0,"message_bytes":500,"memory":3000,"consumers":1},
		{"name":"b","vhost":"/"}]}`)
}

func TestTop_Once(t *testing.T) {
	const head = "n@h  1,234 published/s  2.5 delivered/s  12,345 ready  6 unacked  1 connections  2 queues\n\n"
	for line, want := range map[string]string{
		"top --once": head + "name\tvhost\tpublish/s\tdeliver/s\tack/s\tready\tunacked\tbytes\tmemory\tconsumers\n" +
			"a\t/\t1,500\t0.2\t0\t12,000\t0\t500 B\t2.9 KiB\t1\nb\t/\t0\t0\t0\t0\t0\t0 B\t0 B\t0\n",
		"top connections --once -s": "name\tuser\tvhost\tstate\tchannels\tfrom client/s\tto client/s\tunsent\n" +
			"c\tu\t/\trunning\t2\t2.0 KiB\t0 B\t3.0 MiB\n",
		"top connections --once --format csv": "name,user,vhost,state,channels,recv_oct_details.rate,send_oct_details.rate,send_pend\n" +
			"c,u,/,running,2,2048,0,3145728\n",
	} {
		got := runOn(t.Context(), t, &busy{}, 0, line)
		require.Zero(t, got.status, got.errors)
		require.Equal(t, want, got.out, line)
	}
}

func TestTop_AsksForWhatItShows(t *testing.T) {
	for line, want := range map[string]struct{ path, sort, size string }{
		"top --once": {"/api/queues", "message_stats.publish_details.rate", "20"},
		"top queues --by memory --once --count 7":   {"/api/queues", "memory", "7"},
		"top --by depth --once -p shop":             {"/api/queues/shop", "messages", "20"},
		"top --by deliver --once --count 1000":      {"/api/queues", "message_stats.deliver_get_details.rate", "500"},
		"top connections --by deliver --once":       {"/api/connections", "send_oct_details.rate", "20"},
		"top connections --by bytes --once -p shop": {"/api/vhosts/shop/connections", "send_pend", "20"},
	} {
		b := &busy{}
		got := runOn(t.Context(), t, b, 0, line)
		require.Zero(t, got.status, got.errors)
		require.Equal(t, want.path, b.path)
		require.Equal(t, want.sort, b.query.Get("sort"))
		require.Equal(t, want.size, b.query.Get("page_size"))
		require.Equal(t, "true", b.query.Get("sort_reverse"))
	}
}

// On a terminal top shows as many rows as there is room for, and begins at its first line
// each time, until it is interrupted.
func TestTop_OnATerminal(t *testing.T) {
	ctx, cancel := context.WithCancel(t.Context())
	b := &busy{after: cancel}
	got := runOn(ctx, t, b, 40, "top --interval 1h")
	require.Zero(t, got.status, got.errors)
	require.Equal(t, "6", b.query.Get("page_size"))
	require.Equal(t, 1, b.fetches)
	require.Regexp(t, "^\x1b\\[H\x1b\\[2Jn@h  1,234 published/s  2.5 delivered/s…\n\nname ", got.out)
}

func TestTop_Refusals(t *testing.T) {
	for line, text := range map[string]string{
		"top exchanges": "top shows queues or connections", "top --by name": `queues cannot be sorted by "name"`,
		"top connections --by memory": "connections cannot be sorted", "top --interval 1ms": "a second or more",
	} {
		got := runOn(t.Context(), t, &busy{}, 0, line)
		require.Equal(t, 64, got.status)
		require.Contains(t, got.errors, text)
	}
}
