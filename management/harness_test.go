package management

import (
	"io"
	"net/http"
	"net/http/httptest"
	"net/netip"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/leveretmq/leveret/admin"
	"github.com/leveretmq/leveret/auth"
	"github.com/leveretmq/leveret/broker"
	"github.com/leveretmq/leveret/definitions"
	"github.com/leveretmq/leveret/persistence"
	"github.com/leveretmq/leveret/server"
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
	api *API
	*admin.Admin
	broker *broker.Broker
}

func newRig(t testing.TB) *rig {
	t.Helper()
	store, err := persistence.Open(persistence.Options{Dir: t.TempDir(), Durability: persistence.OS})
	require.NoError(t, err)
	directory, err := auth.NewDirectory(auth.DirectoryOptions{}, definitions.Set{})
	require.NoError(t, err)
	b, err := broker.New(broker.Options{Store: store})
	require.NoError(t, err)
	t.Cleanup(func() { require.NoError(t, b.Close()) })
	g := &rig{Admin: admin.New(admin.Options{Broker: b, Directory: directory}), broker: b}
	g.populate(t)
	authority, err := auth.New(auth.AuthorityOptions{Directory: directory, LoopbackUsers: []string{rootUser}})
	require.NoError(t, err)
	g.api = New(Options{
		Admin: g.Admin, Broker: b, Authority: authority, NodeName: "leveret@test", ProductVersion: "1.0",
		Facts: func() Facts {
			return Facts{Listeners: []Listener{
				{"amqp", netip.MustParseAddrPort("[::]:5672")}, {"http", netip.MustParseAddrPort("[::]:15672")},
			}}
		},
		Server: server.New(server.Options{Broker: b, Authenticator: authority}),
	})
	return g
}

// populate makes the users and virtual hosts.
func (g *rig) populate(t testing.TB) {
	t.Helper()
	var set definitions.Set
	for _, name := range []string{"/", "other"} {
		set.VHosts = append(set.VHosts, definitions.VHost{Name: name})
	}
	require.NoError(t, g.Import(admin.Actor{}, set))
	for name, tags := range map[string][]string{
		rootUser: {"administrator"}, monitorUser: {"monitoring"}, policyUser: {"policymaker"},
		plainUser: {"management"}, tagless: {"somebody"},
	} {
		_, err := g.PutUser(admin.Actor{}, definitions.User{Name: name, Tags: tags}, name)
		require.NoError(t, err)
		if name == tagless {
			continue
		}
		_, err = g.SetPermission(admin.Actor{}, definitions.Permission{User: name, VHost: "/", Configure: ".*", Write: ".*", Read: ".*"})
		require.NoError(t, err)
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
