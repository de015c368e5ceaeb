package management

import (
	"fmt"
	"os"
	"slices"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
)

// rights is what testdata/rights.txt has of the table: one line per route, the method,
// the pattern, the least tag and the rule about the virtual host. Who may call what is
// written down there a second time, on purpose: a change of it has to be seen.
const rights = "testdata/rights.txt"

func (r rule) String() string {
	return [...]string{"-", "exists", "visible", "enter", "object"}[r]
}

func TestEveryRouteHasItsRights(t *testing.T) {
	var lines []string
	for _, r := range table() {
		require.NotEmpty(t, r.summary, r.pattern)
		require.NotNil(t, r.handle, r.pattern)
		lines = append(lines, fmt.Sprintf("%s %s %s %s", r.method, r.pattern, r.tag, r.rule))
		if r.rule != none {
			require.Contains(t, r.pattern, "{vhost}")
		}
	}
	slices.SortFunc(lines, func(x, y string) int {
		a, b := strings.Fields(x), strings.Fields(y)
		return slices.Compare([]string{a[1], a[0]}, []string{b[1], b[0]})
	})
	require.Len(t, slices.Compact(slices.Clone(lines)), len(lines), "a route is there twice")
	if *update {
		require.NoError(t, os.WriteFile(rights, []byte(strings.Join(lines, "\n")+"\n"), 0o600))
	}
	recorded, err := os.ReadFile(rights)
	require.NoError(t, err)
	require.Equal(t, strings.Split(strings.TrimSpace(string(recorded)), "\n"), lines)
}

// The outcomes of a call, as far as rights go.
const (
	passes      = "passes"
	nobody      = "401 Not management user"
	noAdmin     = "401 Not administrator user"
	noMonitor   = "401 Not monitor user"
	notThis     = "401 User not authorised to access object"
	notInVHost  = "401 User not authorised to access virtual host"
	notThere    = "404 Not Found"
	notThereYet = "404 vhost_not_found"
)

// outcomeOf is what a user has to meet at a line of the rights, in a virtual host: "/",
// which all but nobody may enter, "other", which no one may, or "none", which does not
// exist.
func outcomeOf(method, tag, rule, user, vhost string) string {
	if tag == "none" {
		return passes
	}
	if user == tagless {
		return nobody
	}
	refusals := map[string]string{"administrator": noAdmin, "monitoring": noMonitor, "policymaker": notThis, "management": passes}
	if user != rootUser && user != tag && refusals[tag] != passes {
		return refusals[tag]
	}
	if vhost == "none" && rule != "-" {
		if method == set || method == post {
			return notThereYet
		}
		return notThere
	}
	if vhost != "other" || user == rootUser {
		return passes
	}
	switch {
	case rule == "enter" || rule == "visible" && user != monitorUser:
		return notInVHost
	case rule == "object":
		return notThis
	default:
		return passes
	}
}

// TestRights calls each route as each user in each virtual host. The handlers are taken
// out: what is tested is who gets to them.
func TestRights(t *testing.T) {
	g := newRig(t)
	reached := false
	g.api.paths = tree{}
	for _, row := range table() {
		row.handle = func(*API, *request) (reply, error) {
			reached = true
			return done(), nil
		}
		g.api.paths.add(&row)
	}
	recorded, err := os.ReadFile(rights)
	require.NoError(t, err)
	calls := 0
	for line := range strings.Lines(string(recorded)) {
		f := strings.Fields(line)
		for _, user := range []string{rootUser, monitorUser, policyUser, plainUser, tagless} {
			for _, vhost := range []string{"%2F", "other", "none"} {
				reached = false
				path := pathOf(f[1], vhost)
				w := g.call(t, user, f[0], path, "")
				want := outcomeOf(f[0], f[2], f[3], user, vhost)
				require.Equal(t, want == passes, reached, "%s %s as %s: %d %s", f[0], path, user, w.Code, w.Body)
				if want != passes {
					code, reason, _ := strings.Cut(want, " ")
					require.Equal(t, code, fmt.Sprint(w.Code), "%s %s as %s", f[0], path, user)
					require.Contains(t, w.Body.String(), `"reason":"`+reason+`"`, "%s %s as %s", f[0], path, user)
				}
				calls++
			}
		}
	}
	t.Logf("%d calls", calls)
}

// pathOf puts a virtual host and some names into a pattern.
func pathOf(pattern, vhost string) string {
	segments := strings.Split(pattern, "/")
	for i, segment := range segments {
		if name, ok := parameterOf(segment); ok {
			segments[i] = "x"
			if name == "vhost" {
				segments[i] = vhost
			}
		}
	}
	return strings.Join(segments, "/")
}
