package management

import (
	"encoding/json"
	"fmt"
	"net/url"
	"reflect"
	"testing"

	"github.com/stretchr/testify/require"
)

type sampleRate struct {
	Rate float64 `json:"rate"`
}

type sampleStats struct {
	Publish        int64      `json:"publish"`
	PublishDetails sampleRate `json:"publish_details"`
}

type sample struct {
	Name      string         `json:"name"`
	Messages  int64          `json:"messages"`
	Durable   bool           `json:"durable"`
	Stats     *sampleStats   `json:"message_stats,omitempty"`
	Arguments map[string]any `json:"arguments"`
	Members   []sampleRate   `json:"members"`
}

func samples(n int) []sample {
	items := make([]sample, n)
	for i := range items {
		items[i] = sample{Name: fmt.Sprintf("Q%03d", i), Messages: int64((i * 7) % n), Durable: i%2 == 0, Arguments: map[string]any{}}
		if i%3 == 0 {
			items[i].Stats = &sampleStats{Publish: int64(i), PublishDetails: sampleRate{float64(i) / 2}}
		}
	}
	return items
}

func TestLists(t *testing.T) {
	g := newRig(t)
	g.api.paths = tree{}
	g.api.paths.add(&route{method: get, pattern: "/api/x", paged: true, tag: public, handle: func(*API, *request) (reply, error) {
		return list(samples(7)), nil
	}})
	g.api.paths.add(&route{method: get, pattern: "/api/none", paged: true, tag: public, handle: func(*API, *request) (reply, error) {
		return list[sample](nil), nil
	}})
	invalid := `{"error":"bad_request","reason":"Pagination parameters are invalid"}`
	parameters := `{"error":"invalid_pagination_parameters","reason":"Invalid pagination parameters: page number %s"}`
	for query, want := range map[string]string{
		"none":                       `[]`,
		"none?page=1":                `{"filtered_count":0,"item_count":0,"items":[],"page":1,"page_count":0,"page_size":100,"total_count":0}`,
		"none?columns=":              `[]`,
		"x?columns=name&page_size=3": `[{"name":"Q000"},{"name":"Q001"},{"name":"Q002"},{"name":"Q003"},{"name":"Q004"},{"name":"Q005"},{"name":"Q006"}]`,
		"x?columns=name&page=2&page_size=3": `{"filtered_count":7,"item_count":3,` +
			`"items":[{"name":"Q003"},{"name":"Q004"},{"name":"Q005"}],"page":2,"page_count":3,"page_size":3,"total_count":7}`,
		"x?columns=name&page=1&name=q00[13]&use_regex=true": `{"filtered_count":2,"item_count":2,` +
			`"items":[{"name":"Q001"},{"name":"Q003"}],"page":1,"page_count":1,"page_size":100,"total_count":7}`,
		"x?columns=name&page=1&name=006": `{"filtered_count":1,"item_count":1,` +
			`"items":[{"name":"Q006"}],"page":1,"page_count":1,"page_size":100,"total_count":7}`,
		"x?page=1&name=006&use_regex=true&columns=members.rate,arguments.x,messages": `{"filtered_count":1,"item_count":1,` +
			`"items":[{"members":[],"arguments":{},"messages":0}],"page":1,"page_count":1,"page_size":100,"total_count":7}`,
		"x?columns=message_stats.publish_details.rate&sort=message_stats.publish&sort_reverse=true": `[` +
			`{"message_stats":{"publish_details":{"rate":3}}},{"message_stats":{"publish_details":{"rate":1.5}}},` +
			`{},{},{},{},{"message_stats":{"publish_details":{"rate":0}}}]`,
		"x?columns=messages&sort=messages": `[{"messages":0},{"messages":0},{"messages":0},{"messages":0},{"messages":0},{"messages":0},{"messages":0}]`,
		"x?columns=name,durable&sort=durable&page=1&page_size=2": `{"filtered_count":7,"item_count":2,` +
			`"items":[{"name":"Q001","durable":false},{"name":"Q003","durable":false}],"page":1,"page_count":4,"page_size":2,"total_count":7}`,
		"x?page=":                        invalid,
		"x?page=abc":                     invalid,
		"x?page=1&page_size=x":           invalid,
		"x?page=1&name=(&use_regex=true": invalid,
		"x?page=0":                       fmt.Sprintf(parameters, "0, page size undefined"),
		"x?page=1&page_size=501":         fmt.Sprintf(parameters, "1, page size 501"),
		"x?page=1&page_size=0":           fmt.Sprintf(parameters, "1, page size 0"),
		"x?page=2":                       `{"error":"page_out_of_range","reason":"Page out of range, page: 2 page size: 100, len: 7"}`,
	} {
		w := g.call(t, "", get, "/api/"+query, "")
		if want != w.Body.String() {
			require.Equal(t, want, w.Body.String(), query)
		}
	}
}

func TestColumnsOfNestedThings(t *testing.T) {
	a := newRig(t).api
	columns := parseColumns(url.Values{"columns": {"members.rate,members,arguments.a.b,name.x,"}})
	body, err := a.itemsOf(reflect.ValueOf([]*sample{{
		Name: "q", Members: []sampleRate{{1}, {2}}, Arguments: map[string]any{"a": map[string]any{"b": 1, "c": 2}},
	}}), columns)
	require.NoError(t, err)
	require.Equal(t, `[{"members":[{"rate":1},{"rate":2}],"arguments":{"a":{"b":1}},"name":"q"}]`, string(body.(json.RawMessage)))
}
