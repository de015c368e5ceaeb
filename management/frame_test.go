package management

import (
	"compress/gzip"
	"io"
	"net/http"
	"net/http/httptest"
	"testing"

	"github.com/stretchr/testify/require"
)

func TestWhoHasNotLoggedIn(t *testing.T) {
	g := newRig(t)
	for _, c := range []struct {
		name      string
		change    func(*http.Request)
		status    int
		body      string
		challenge bool
	}{
		{"nothing", func(*http.Request) {}, 401, "", true},
		{"wrong password", func(r *http.Request) { r.SetBasicAuth(rootUser, "x") }, 401,
			`{"error":"not_authorized","reason":"Login failed"}`, true},
		{"unknown", func(r *http.Request) { r.SetBasicAuth("x", "x") }, 401,
			`{"error":"not_authorized","reason":"Login failed"}`, true},
		{"bearer", with("Authorization", "Bearer x"), 401, `{"error":"not_authorized","reason":"Login failed"}`, true},
		{"other scheme", with("Authorization", "Digest x"), 400, "", false},
		{"from afar", func(r *http.Request) {
			r.SetBasicAuth(rootUser, rootUser)
			r.RemoteAddr = "192.0.2.1:1"
		}, 401, `{"error":"not_authorized","reason":"User can only log in via localhost"}`, true},
		{"without a tag", func(r *http.Request) { r.SetBasicAuth(tagless, tagless) }, 401,
			`{"error":"not_authorised","reason":"Not management user"}`, false},
	} {
		t.Run(c.name, func(t *testing.T) {
			w := g.call(t, "", get, "/api/whoami", "", c.change)
			require.Equal(t, c.status, w.Code)
			require.Equal(t, c.body, w.Body.String())
			want := ""
			if c.challenge {
				want = `Basic realm="RabbitMQ Management"`
			}
			require.Equal(t, want, w.Header().Get("WWW-Authenticate"))
		})
	}
}

func TestFrame(t *testing.T) {
	g := newRig(t)
	const me = `{"name":"root","tags":["administrator"],"is_internal_user":true}`
	w := g.call(t, rootUser, get, "/api/whoami", "")
	require.Equal(t, me, w.Body.String())
	require.Equal(t, "application/json", w.Header().Get("Content-Type"))
	require.Equal(t, "no-cache", w.Header().Get("Cache-Control"))
	require.Equal(t, "64", w.Header().Get("Content-Length"))

	w = g.call(t, rootUser, http.MethodHead, "/api/whoami/", "")
	require.Equal(t, 200, w.Code)
	require.Empty(t, w.Body.String())
	require.Equal(t, "64", w.Header().Get("Content-Length"))

	w = g.call(t, rootUser, del, "/api/whoami", "")
	require.Equal(t, 405, w.Code)
	require.Equal(t, "HEAD, GET, OPTIONS", w.Header().Get("Allow"))
	w = g.call(t, "", http.MethodOptions, "/api/whoami", "")
	require.Equal(t, 200, w.Code)
	require.Equal(t, "HEAD, GET, OPTIONS", w.Header().Get("Allow"))

	require.Equal(t, `{"error":"Object Not Found","reason":"Not Found"}`, g.expect(t, 404, "", get, "/api/nosuch", ""))
	require.Equal(t, `"4.0.5"`, g.expect(t, 200, "", get, "/api/version", ""))
	require.Equal(t, `{"name":"root"}`, g.expect(t, 200, rootUser, get, "/api/whoami?columns=name,x", ""))

	w = g.call(t, "", get, "/api", "")
	require.Equal(t, 301, w.Code)
	require.Equal(t, "/api/index.html", w.Header().Get("Location"))
}

func TestAccept(t *testing.T) {
	g := newRig(t)
	for accept, status := range map[string]int{
		"": 200, "*/*": 200, "application/json": 200, "application/json; charset=utf-8": 200, "application/*;q=0.2": 200,
		"application/bert": 200, "text/html,application/xml;q=0.9,*/*;q=0.8": 200, "text/html": 406, "text/*": 406,
	} {
		require.Equal(t, status, g.call(t, rootUser, get, "/api/whoami", "", with("Accept", accept)).Code, accept)
	}
}

func TestTheControlSocketIsTheAdministrator(t *testing.T) {
	g := newRig(t)
	w := httptest.NewRecorder()
	g.api.Local().ServeHTTP(w, httptest.NewRequest(get, "/api/whoami", nil))
	require.Equal(t, `{"name":"rmq-cli","tags":["administrator"],"is_internal_user":true}`, w.Body.String())
}

func TestAForeignPageCannotWrite(t *testing.T) {
	g := newRig(t)
	g.api.routes, g.api.paths = nil, tree{}
	g.api.paths.add(&route{method: post, pattern: "/api/x", tag: anyone, handle: func(*API, *request) (reply, error) {
		return done(), nil
	}})
	require.Equal(t, 204, g.call(t, rootUser, post, "/api/x", "").Code)
	require.Equal(t, 204, g.call(t, rootUser, post, "/api/x", "", with("Sec-Fetch-Site", "same-origin")).Code)
	require.Equal(t, 401, g.call(t, rootUser, post, "/api/x", "", with("Sec-Fetch-Site", "cross-site")).Code)
}

func TestCompression(t *testing.T) {
	g := newRig(t)
	long := make([]string, 1000)
	g.api.paths = tree{}
	g.api.paths.add(&route{method: get, pattern: "/api/x", tag: public, handle: func(*API, *request) (reply, error) {
		return value(long), nil
	}})
	plain := g.call(t, "", get, "/api/x", "").Body.String()
	w := g.call(t, "", get, "/api/x", "", with("Accept-Encoding", "deflate, gzip"))
	require.Equal(t, "gzip", w.Header().Get("Content-Encoding"))
	require.Less(t, w.Body.Len(), 200)
	for accepted, zipped := range map[string]bool{
		"gzip;q=0": false, "x-gzip": false, "identity": false, "*": false, "gzip; q=0.5": true, "br, GZIP": true, "gzip;q=x": true,
	} {
		w := g.call(t, "", get, "/api/x", "", with("Accept-Encoding", accepted))
		require.Equal(t, zipped, w.Header().Get("Content-Encoding") == "gzip", accepted)
	}
	unzipped, err := gzip.NewReader(w.Body)
	require.NoError(t, err)
	body, err := io.ReadAll(unzipped)
	require.NoError(t, err)
	require.Equal(t, plain, string(body))
}

func TestAPanicIsAnAnswer(t *testing.T) {
	g := newRig(t)
	g.api.paths = tree{}
	g.api.paths.add(&route{method: get, pattern: "/api/x", tag: public, handle: func(*API, *request) (reply, error) {
		panic("a fault")
	}})
	require.Equal(t, 500, g.call(t, "", get, "/api/x", "").Code)
}
