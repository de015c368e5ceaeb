package conformance

import (
	"encoding/json"
	"fmt"
	"net/http"
	"testing"

	"github.com/stretchr/testify/require"
)

func TestHTTP_Queries(t *testing.T) {
	rule(t, "http")
	p := newPlace(t)
	for i := range 5 {
		require.Equal(t, 201, ask(t, "", http.MethodPut, fmt.Sprintf("/api/queues/%s/q%d", p.vhost, i), "").status)
	}
	const q, x = "/api/queues/{v}?columns=name", "/api/exchanges/{v}"
	const invalid = `{"error":"bad_request","reason":"Pagination parameters are invalid"}`
	outOfRange := func(age, incr int) string {
		return fmt.Sprintf(`{"error":"invalid_range_parameters","reason":"Invalid range parameters: age %d, incr %d"}`, age, incr)
	}
	askAll(t, p, []askCase{
		{name: "the other way round", method: "GET", path: q + "&sort=name&sort_reverse=true", status: 200,
			want: `[{"name":"q4"},{"name":"q3"},{"name":"q2"},{"name":"q1"},{"name":"q0"}]`},
		{name: "without an order", method: "GET", path: q + "&sort_reverse=true", status: 200,
			want: `[{"name":"q4"},{"name":"q3"},{"name":"q2"},{"name":"q1"},{"name":"q0"}]`},
		{name: "an order of nothing", method: "GET", path: q + "&sort=", status: 200},
		{name: "a page", method: "GET", path: q + "&sort=name&page=2&page_size=2", status: 200,
			want: `{"filtered_count":5,"item_count":2,"items":[{"name":"q2"},{"name":"q3"}],"page":2,"page_count":3,"page_size":2,"total_count":5}`},
		{name: "beyond the last", method: "GET", path: q + "&page=4&page_size=2", status: 400,
			want: `{"error":"page_out_of_range","reason":"Page out of range, page: 4 page size: 2, len: 5"}`},
		{name: "no size", method: "GET", path: q + "&page=1&page_size=", status: 400, want: invalid},
		{name: "a size that is none", method: "GET", path: q + "&page=1&page_size=x", status: 400, want: invalid},
		{name: "a size of zero", method: "GET", path: q + "&page=1&page_size=0", status: 400,
			want: `{"error":"invalid_pagination_parameters","reason":"Invalid pagination parameters: page number 1, page size 0"}`},
		{name: "a size without a page", method: "GET", path: q + "&page_size=2", status: 200,
			want: `[{"name":"q0"},{"name":"q1"},{"name":"q2"},{"name":"q3"},{"name":"q4"}]`},
		{name: "an age of zero", method: "GET", path: x + "?lengths_age=0&lengths_incr=5", status: 400, want: outOfRange(0, 5)},
		{name: "a step of zero", method: "GET", path: x + "?lengths_age=60&lengths_incr=0", status: 400, want: outOfRange(60, 0)},
		{name: "an age before all", method: "GET", path: x + "?lengths_age=-1&lengths_incr=5", status: 400, want: outOfRange(-1, 5)},
		{name: "an age that is none", method: "GET", path: q + "&lengths_age=x&lengths_incr=5", status: 200},
		{name: "an age without a step", method: "GET", path: q + "&lengths_age=60", status: 200},
	})
}

// TestHTTP_ListsWithoutPages: of these lists there are no pages, whoever asks for one.
func TestHTTP_ListsWithoutPages(t *testing.T) {
	rule(t, "http")
	p := newPlace(t)
	for _, path := range []string{
		"/api/bindings", "/api/bindings/{v}", "/api/permissions", "/api/topic-permissions", "/api/policies", "/api/policies/{v}",
		"/api/operator-policies", "/api/parameters", "/api/parameters/policy", "/api/global-parameters", "/api/vhost-limits",
		"/api/user-limits", "/api/feature-flags", "/api/consumers", "/api/vhosts/{v}/connections", "/api/vhosts/{v}/permissions",
		"/api/users/{u}/permissions", "/api/exchanges/{v}/amq.topic/bindings/source", "/api/nodes",
	} {
		answer := ask(t, "", http.MethodGet, p.fill(path)+"?page=99&page_size=1&name=(&use_regex=true", "")
		require.Equal(t, 200, answer.status, "%s: %s", path, answer.body)
		var list []any
		require.NoError(t, json.Unmarshal([]byte(answer.body), &list), path)
	}
	for _, path := range []string{"/api/queues", "/api/queues/{v}", "/api/exchanges", "/api/exchanges/{v}", "/api/connections", "/api/channels"} {
		answer := ask(t, "", http.MethodGet, p.fill(path)+"?page=1", "")
		require.Equal(t, 200, answer.status, "%s: %s", path, answer.body)
		require.Contains(t, answer.body, `"filtered_count"`, path)
	}
}
