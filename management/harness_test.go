package management

import (
	"io"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/leveretmq/leveret/auth"
	"github.com/leveretmq/leveret/broker"
	"github.com/leveretmq/leveret/definitions"
	"github.com/leveretmq/leveret/persistence"
)

// The users of a rig: each has its name for a password, and the tag of that name.
// Those but "nobody" may enter the virtual host "/" and not "other".
const (
	rootUser    = "root" // administrator
	monitorUser = "monitoring"
	policyUser  = "policymaker"
	plainUser   = "management"
	tagless     = "nobody"
)

// rig is an API over a broker.
type rig struct {
	api       *API
	directory *auth.Directory
}

func newRig(t *testing.T) *rig {
	t.Helper()
	d, err := auth.NewDirectory(auth.DirectoryOptions{}, definitions.Set{})
	require.NoError(t, err)
	vhosts := []string{"/", "other"}
	for _, name := range vhosts {
		_, err = d.PutVHost(definitions.VHost{Name: name})
		require.NoError(t, err)
	}
	for name, tags := range map[string][]string{
		rootUser: {"administrator"}, monitorUser: {"monitoring"}, policyUser: {"policymaker"},
		plainUser: {"management"}, tagless: {"somebody"},
	} {
		_, err = d.AddUser(definitions.User{Name: name, Tags: tags}, name)
		require.NoError(t, err)
		if name == tagless {
			continue
		}
		_, err = d.SetPermission(definitions.Permission{User: name, VHost: "/", Configure: ".*", Write: ".*", Read: ".*"})
		require.NoError(t, err)
	}
	authority, err := auth.New(auth.AuthorityOptions{Directory: d, LoopbackUsers: []string{rootUser}})
	require.NoError(t, err)
	store, err := persistence.Open(persistence.Options{Dir: t.TempDir(), Durability: persistence.OS})
	require.NoError(t, err)
	b, err := broker.New(broker.Options{Store: store, VHosts: vhosts})
	require.NoError(t, err)
	t.Cleanup(func() { require.NoError(t, b.Close()) })
	return &rig{
		api:       New(Options{Broker: b, Directory: d, Authority: authority, NodeName: "leveret@test"}),
		directory: d,
	}
}

// call is a request as the user; opts change it.
func (g *rig) call(t *testing.T, user, method, path, body string, opts ...func(*http.Request)) *httptest.ResponseRecorder {
	t.Helper()
	var content io.Reader
	if body != "" {
		content = strings.NewReader(body)
	}
	r := httptest.NewRequestWithContext(t.Context(), method, path, content)
	r.RemoteAddr = "127.0.0.1:1234"
	if user != "" {
		r.SetBasicAuth(user, user)
	}
	for _, change := range opts {
		change(r)
	}
	w := httptest.NewRecorder()
	g.api.ServeHTTP(w, r)
	return w
}

// expect calls and requires a status.
func (g *rig) expect(t *testing.T, status int, user, method, path, body string) string {
	t.Helper()
	w := g.call(t, user, method, path, body)
	require.Equal(t, status, w.Code, "%s %s as %s: %s", method, path, user, w.Body)
	return w.Body.String()
}

// with sets a header.
func with(key, value string) func(*http.Request) {
	return func(r *http.Request) { r.Header.Set(key, value) }
}
