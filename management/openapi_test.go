package management

import (
	"encoding/json"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
)

func TestDescriptionHasEveryRoute(t *testing.T) {
	g := newRig(t)
	var description struct {
		OpenAPI string
		Paths   map[string]map[string]struct {
			Summary    string
			Parameters []struct{ Name string }
			Responses  map[string]any
		}
	}
	require.NoError(t, json.Unmarshal([]byte(g.expect(t, 200, "", get, "/api/openapi.json", "")), &description))
	require.Equal(t, "3.1.0", description.OpenAPI)
	page := g.expect(t, 200, "", get, "/api/index.html", "")
	for _, r := range table() {
		o, ok := description.Paths[r.pattern][strings.ToLower(r.method)]
		require.True(t, ok, r.pattern)
		require.Len(t, o.Parameters, strings.Count(r.pattern, "{"))
		require.NotEmpty(t, o.Responses)
		require.Contains(t, page, "<td>"+r.method+"<td><code>"+r.pattern+"</code>")
	}
	require.NotContains(t, page, "http://")
	require.NotContains(t, page, "https://")
	require.Contains(t, g.expect(t, 200, "", get, "/", ""), "leveret@test")
}
