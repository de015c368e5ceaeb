package management

import (
	"fmt"
	"io"
	"math/rand/v2"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync"
	"testing"

	"github.com/stretchr/testify/require"
)

// togetherCalls are what several clients do at the same time with the same few objects;
// %d is the number of one.
func togetherCalls() [][3]string {
	return [][3]string{
		{get, "/api/queues", ""}, {get, "/api/queues/busy?page=1&page_size=3&sort=messages", ""}, {get, "/api/exchanges/busy", ""},
		{get, "/api/bindings/busy", ""}, {get, "/api/vhosts", ""}, {get, "/api/overview", ""}, {get, "/api/definitions", ""},
		{get, "/api/queues/busy/q%d", ""}, {get, "/api/exchanges/busy/x%d/bindings/source", ""}, {get, "/api/permissions", ""},
		{get, "/api/policies/busy", ""}, {get, "/api/consumers/busy", ""}, {get, "/api/aliveness-test/busy", ""},
		{set, "/api/queues/busy/q%d", `{"durable":true}`}, {del, "/api/queues/busy/q%d", ""}, {del, "/api/queues/busy/q%d/contents", ""},
		{set, "/api/exchanges/busy/x%d", `{"type":"topic"}`}, {del, "/api/exchanges/busy/x%d", ""},
		{post, "/api/bindings/busy/e/x%d/q/q0", `{"routing_key":"k"}`}, {del, "/api/bindings/busy/e/x%d/q/q0/k", ""},
		{post, "/api/exchanges/busy/x%d/publish", `{"properties":{},"routing_key":"k","payload":"a","payload_encoding":"string"}`},
		{post, "/api/queues/busy/q%d/get", `{"count":5,"ackmode":"reject_requeue_true","encoding":"auto"}`},
		{set, "/api/policies/busy/p%d", `{"pattern":"q","definition":{"max-length":3}}`}, {del, "/api/policies/busy/p%d", ""},
		{set, "/api/users/u%d", `{"password":"x","tags":"management"}`}, {del, "/api/users/u%d", ""},
		{set, "/api/permissions/busy/u%d", `{"configure":"","write":"","read":""}`}, {set, "/api/vhost-limits/busy/max-queues", `{"value":%d}`},
		{post, "/api/definitions/busy", `{"queues":[{"name":"q0","durable":true,"arguments":{}}]}`},
		{set, "/api/vhosts/busy", `{}`}, {set, "/api/vhosts/busy", `{}`}, {del, "/api/vhosts/busy", ""},
	}
}

// TestChangesAndListsTogether: whatever goes away while something else is done with it,
// nobody is answered that the broker has failed.
func TestChangesAndListsTogether(t *testing.T) {
	g := newRig(t)
	calls := togetherCalls()
	const clients, each = 8, 250
	failures := make(chan string, clients*each)
	var working sync.WaitGroup
	for client := range clients {
		random := rand.New(rand.NewPCG(uint64(client), 1))
		working.Go(func() {
			for range each {
				c, n := calls[random.IntN(len(calls))], random.IntN(3)
				path, body := strings.ReplaceAll(c[1], "%d", fmt.Sprint(n)), strings.ReplaceAll(c[2], "%d", fmt.Sprint(n+1))
				if code, text := g.quietly(c[0], path, body); code >= http.StatusInternalServerError {
					failures <- fmt.Sprintf("%s %s: %d %s", c[0], path, code, text)
				}
			}
		})
	}
	working.Wait()
	close(failures)
	for failure := range failures {
		require.Fail(t, failure)
	}
}

// quietly calls without looking at the outcome, which any goroutine may do.
func (g *rig) quietly(method, path, body string) (code int, text string) {
	var content io.Reader
	if body != "" {
		content = strings.NewReader(body)
	}
	r := httptest.NewRequest(method, path, content)
	r.RemoteAddr = "127.0.0.1:1234"
	r.SetBasicAuth(rootUser, rootUser)
	w := httptest.NewRecorder()
	g.api.ServeHTTP(w, r)
	return w.Code, w.Body.String()
}
