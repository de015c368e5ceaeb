package management

import (
	"net/url"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
)

// paths makes a tree of patterns.
func paths(patterns ...string) *tree {
	t := new(tree)
	for _, p := range patterns {
		t.add(&route{method: get, pattern: p})
	}
	return t
}

func TestRouterFindsWhatRabbitMQFinds(t *testing.T) {
	tree := paths("/", "/api/users", "/api/users/{user}", "/api/users/without-permissions", "/api/queues/{vhost}",
		"/api/queues/{vhost}/{queue}", "/api/queues/detailed", "/api/bindings/{vhost}/e/{source}/q/{destination}",
		"/api/connections/username/{user}", "/api/connections/{connection}/channels")
	for path, want := range map[string][]string{
		"/":                                  {"/"},
		"/api/users":                         {"/api/users"},
		"/api/users/":                        {"/api/users"},
		"/api/users/a+b":                     {"/api/users/{user}", "a+b"},
		"/api/users/a%20b":                   {"/api/users/{user}", "a b"},
		"/api/users/without-permissions":     {"/api/users/without-permissions"},
		"/api/users//":                       {"/api/users/{user}", ""},
		"/api/queues/%2F":                    {"/api/queues/{vhost}", "/"},
		"/api/queues/%2f/":                   {"/api/queues/{vhost}", "/"},
		"/api/queues/%2F/a%2Fb":              {"/api/queues/{vhost}/{queue}", "/", "a/b"},
		"/api/queues/detailed":               {"/api/queues/detailed"},
		"/api/queues/detailed/x":             {"/api/queues/{vhost}/{queue}", "detailed", "x"},
		"/api/bindings/%2F/e//q/d":           {"/api/bindings/{vhost}/e/{source}/q/{destination}", "/", "", "d"},
		"/api/connections/username/joe":      {"/api/connections/username/{user}", "joe"},
		"/api/connections/username/channels": {"/api/connections/username/{user}", "channels"},
		"/api/connections/c%20-%3E/channels": {"/api/connections/{connection}/channels", "c ->"},
		"/api/users/%2E%2E":                  {"/api/users/{user}", ".."},
		"/api//users":                        nil,
		"//api/users":                        nil,
		"/api/users/a/b":                     nil,
		"/api/nosuch":                        nil,
		"/api/users/%zz":                     nil,
		"":                                   {"/"},
	} {
		routes, values := tree.find(path)
		if want == nil {
			require.Empty(t, routes, path)
			continue
		}
		require.Len(t, routes, 1, path)
		require.Equal(t, want, append([]string{routes[0].pattern}, values...), path)
	}
}

func FuzzRouter(f *testing.F) {
	tree := new(tree)
	for _, row := range table() {
		r := row
		tree.add(&r)
	}
	for _, seed := range []string{"/api/queues/%2F/a", "/api//x", "/api/bindings/%2F/e//q/x/~", strings.Repeat("/", 40), "%", ""} {
		f.Add(seed)
	}
	f.Fuzz(func(t *testing.T, path string) {
		routes, values := tree.find(path)
		if len(routes) == 0 {
			return
		}
		for _, r := range routes {
			require.Len(t, values, len(r.parameters))
			// The values, put into the pattern, lead to the same place.
			again, same := tree.find(fill(r.pattern, values))
			require.Equal(t, routes, again)
			require.Equal(t, values, same)
		}
	})
}

// fill puts values into a pattern.
func fill(pattern string, values []string) string {
	segments := strings.Split(pattern, "/")
	for i, segment := range segments {
		if _, ok := parameterOf(segment); ok {
			segments[i], values = url.PathEscape(values[0]), values[1:]
		}
	}
	// A value that is empty and last needs the slash that is ignored.
	return strings.Join(segments, "/") + "/"
}
