package conformance

import (
	"cmp"
	"context"
	"encoding/json"
	"io"
	"net/http"
	"net/url"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
)

// newHTTPClient makes a client that follows no redirects: that there is one is an answer.
func newHTTPClient() *http.Client {
	return &http.Client{
		Timeout:       patience,
		CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse },
	}
}

// httpAnswer is what the management API has answered.
type httpAnswer struct {
	status int
	body   string
	header http.Header
}

// ask calls the management API as the user of the suite's URL, or as another one whose
// password is the name; opts change the request.
func ask(t *testing.T, user, method, path, body string, opts ...func(*http.Request)) httpAnswer {
	t.Helper()
	if suite.http == "" {
		t.Skip("no management URL: set " + httpVariable)
	}
	base, err := url.Parse(suite.http)
	require.NoError(t, err)
	name := base.User.Username()
	password, _ := base.User.Password()
	if user != "" {
		name, password = user, user
	}
	base.User = nil
	// The end of a test asks as well, when its context has ended.
	r, err := http.NewRequestWithContext(context.WithoutCancel(t.Context()), method, base.String()+path, strings.NewReader(body))
	require.NoError(t, err)
	r.SetBasicAuth(name, password)
	if body != "" {
		r.Header.Set("Content-Type", "application/json")
	}
	for _, change := range opts {
		change(r)
	}
	answer, err := suite.client.Do(r)
	require.NoError(t, err)
	defer answer.Body.Close()
	text, err := io.ReadAll(answer.Body)
	require.NoError(t, err)
	return httpAnswer{answer.StatusCode, string(text), answer.Header}
}

// askCase is one call and what has to come back.
type askCase struct {
	name         string
	as           string // the user; empty is the suite's
	method, path string
	body         string
	status       int
	// want is the body: JSON that has to be equal, or text that has to be in it if it
	// begins with a tilde. Empty does not look. In path, body and want {v} stands for
	// the virtual host and {u} for the user of the list, {x} for both in names.
	want string
	// before4 and wantBefore4 are what RabbitMQ before 4.0 has, if it is another one.
	before4     int
	wantBefore4 string
}

// place is a virtual host and a user without tags of its own for one list of calls.
type place struct{ vhost, user string }

// newPlace makes both, and deletes them with the test.
func newPlace(t *testing.T) place {
	t.Helper()
	p := place{uniqueName(t, "hv"), uniqueName(t, "hu")}
	t.Cleanup(func() {
		ask(t, "", http.MethodDelete, "/api/users/"+p.user, "")
		ask(t, "", http.MethodDelete, "/api/vhosts/"+p.vhost, "")
	})
	require.Equal(t, 201, ask(t, "", http.MethodPut, "/api/vhosts/"+p.vhost, "").status)
	require.Equal(t, 201, ask(t, "", http.MethodPut, "/api/users/"+p.user, `{"password":"`+p.user+`","tags":""}`).status)
	return p
}

// fill puts the names of the place into a text.
func (p place) fill(text string) string {
	return strings.NewReplacer("{v}", p.vhost, "{u}", p.user, "{x}", p.user).Replace(text)
}

// askAll asks one after the other.
func askAll(t *testing.T, p place, cases []askCase) {
	t.Helper()
	for _, c := range cases {
		t.Run(c.name, func(t *testing.T) {
			rule(t, "http")
			status, want := c.status, c.want
			if suite.broker.kind == rabbit3 {
				status, want = cmp.Or(c.before4, status), cmp.Or(c.wantBefore4, want)
			}
			call := func() httpAnswer { return ask(t, p.fill(c.as), c.method, p.fill(c.path), p.fill(c.body)) }
			answer := call()
			// RabbitMQ cannot list what another test is just deleting.
			for deadline := time.Now().Add(patience); c.method == http.MethodGet && answer.status >= 500 &&
				answer.status != status && time.Now().Before(deadline); {
				answer = call()
			}
			require.Equal(t, status, answer.status, "%s %s: %s", c.method, c.path, answer.body)
			requireBody(t, p.fill(want), answer.body)
		})
	}
}

func requireBody(t *testing.T, want, body string) {
	t.Helper()
	part, partly := strings.CutPrefix(want, "~")
	switch {
	case want == "":
	case partly:
		require.Contains(t, body, part)
	default:
		require.JSONEq(t, want, body)
	}
}

// decoded is the body as plain JSON.
func (a httpAnswer) decoded(t *testing.T) any {
	t.Helper()
	var v any
	require.NoError(t, json.Unmarshal([]byte(a.body), &v), a.body)
	return v
}

const (
	notThere      = `{"error":"Object Not Found","reason":"Not Found"}`
	noSuchVHost   = `{"error":"not_found","reason":"vhost_not_found"}`
	notJSON       = `{"error":"bad_request","reason":"not_json"}`
	noAdmin       = `{"error":"not_authorised","reason":"Not administrator user"}`
	noObject      = `{"error":"not_authorised","reason":"User not authorised to access object"}`
	noVHostAccess = `{"error":"not_authorised","reason":"User not authorised to access virtual host"}`
)
