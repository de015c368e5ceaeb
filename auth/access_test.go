package auth_test

import (
	"errors"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/leveretmq/leveret/amqp"
	"github.com/leveretmq/leveret/auth"
	"github.com/leveretmq/leveret/definitions"
)

func newAuthority(t testing.TB, options auth.AuthorityOptions) *auth.Authority {
	t.Helper()
	a, err := auth.New(options)
	require.NoError(t, err)
	return a
}

func TestRefusalTexts(t *testing.T) {
	a := newAuthority(t, auth.AuthorityOptions{Directory: shop(t)})
	app := auth.User{Name: "app"}
	queue := func(name string) auth.Resource { return auth.Resource{Kind: auth.Queue, Name: name} }
	exchange := func(name string) auth.Resource { return auth.Resource{Kind: auth.Exchange, Name: name} }
	for want, answer := range map[string]error{
		"ACCESS_REFUSED - configure access to queue 'x' in vhost '/' refused for user 'app'":                  a.May(app, "/", auth.Configure, queue("x")),
		"ACCESS_REFUSED - write access to exchange 'x' in vhost '/' refused for user 'app'":                   a.May(app, "/", auth.Write, exchange("x")),
		"ACCESS_REFUSED - read access to queue 'q' in vhost 'nowhere' refused for user 'app'":                 a.May(app, "nowhere", auth.Read, queue("q")),
		"ACCESS_REFUSED - read access to exchange 'q' in vhost '/' refused for user 'nobody'":                 a.May(auth.User{Name: "nobody"}, "/", auth.Read, exchange("q")),
		"ACCESS_REFUSED - write access to exchange 'amq.default' in vhost '/' refused for user 'app'":         a.May(app, "/", auth.Write, exchange("")),
		"ACCESS_REFUSED - configure access to queue 'z' in vhost '/' refused for user 'app'":                  a.MayAny(app, "/", queue("z")),
		"ACCESS_REFUSED - write access to topic 'b.c' in exchange 't' in vhost 'shop' refused for user 'app'": a.MayTopic(app, "shop", "t", auth.Write, "b.c"),
		"ACCESS_REFUSED - read access to topic '' in exchange 't' in vhost 'shop' refused for user 'app'":     a.MayTopic(app, "shop", "t", auth.Read, ""),
		"NOT_ALLOWED - access to vhost '/' refused for user 'other'":                                          a.Enter(auth.User{Name: "other"}, "/"),
		"NOT_ALLOWED - access to vhost 'nowhere' refused for user 'app'":                                      a.Enter(app, "nowhere"),
	} {
		var refusal *amqp.Error
		require.ErrorAs(t, answer, &refusal, want)
		require.Equal(t, want, refusal.ReplyText())
		require.Equal(t, refusal.Code == amqp.CodeNotAllowed, refusal.ClosesConnection())
	}
	for _, answer := range []error{
		a.May(app, "/", auth.Configure, queue("xcx")), a.May(app, "/", auth.Write, exchange("w")), a.May(app, "/", auth.Read, queue("r")),
		a.MayAny(app, "/", queue("r")), a.MayAny(app, "/", queue("w")), a.MayAny(app, "/", exchange("c")), a.Enter(app, "/"),
		a.MayTopic(app, "shop", "t", auth.Write, "a.c"), a.MayTopic(app, "shop", "t", auth.Read, "b"),
		a.MayTopic(app, "shop", "unlimited", auth.Read, "anything"), a.MayTopic(app, "/", "t", auth.Read, "anything"),
	} {
		require.NoError(t, answer)
	}
}

// The default exchange has a name for patterns, which no queue is taken for.
func TestDefaultExchangeHasAName(t *testing.T) {
	d := shop(t)
	_, err := d.SetPermission(definitions.Permission{User: "app", VHost: "/", Configure: "", Write: `^amq\.default$`, Read: "^$"})
	require.NoError(t, err)
	a := newAuthority(t, auth.AuthorityOptions{Directory: d})
	app := auth.User{Name: "app"}
	require.NoError(t, a.May(app, "/", auth.Write, auth.Resource{Kind: auth.Exchange}))
	require.Error(t, a.May(app, "/", auth.Write, auth.Resource{Kind: auth.Queue}))
	require.Error(t, a.May(app, "/", auth.Configure, auth.Resource{Kind: auth.Exchange}), "the empty pattern matches no name")
	require.Error(t, a.May(app, "/", auth.Read, auth.Resource{Kind: auth.Exchange}))
}

func TestTopicVariables(t *testing.T) {
	d := shop(t)
	for _, name := range []string{"a.b", "axb"} {
		_, err := d.Import(definitions.Set{
			Users:       []definitions.User{{Name: name}},
			Permissions: []definitions.Permission{{User: name, VHost: "shop"}, {User: name, VHost: "/"}},
			TopicPermissions: []definitions.TopicPermission{
				{User: name, VHost: "/", Exchange: "t", Write: "^{username}-{vhost}-{client_id}$", Read: ""},
				{User: name, VHost: "shop", Exchange: "t", Write: "^{vhost}{username}", Read: "^{unknown}$"},
			},
		})
		require.NoError(t, err)
	}
	for _, c := range []struct {
		user, client, vhost, key string
		op                       auth.Operation
		allowed                  bool
	}{
		{"a.b", "c+", "/", "a.b-/-c+", auth.Write, true},
		{"a.b", "c+", "/", "axb-/-c+", auth.Write, false},
		{"axb", "c+", "/", "axb-/-c+", auth.Write, true},
		{"a.b", "c+", "/", "a.b-/-cc", auth.Write, false},
		{"a.b", "cc", "/", "a.b-/-cc", auth.Write, true},
		{"a.b", "", "/", "a.b-/-{client_id}", auth.Write, true},
		{"a.b", "", "/", "a.b-/-", auth.Write, false},
		{"a.b", "", "/", "", auth.Read, true},
		{"a.b", "", "/", "x", auth.Read, false},
		{"a.b", "", "shop", "shopa.b.x", auth.Write, true},
		{"a.b", "", "shop", "{unknown}", auth.Read, true},
	} {
		for range 2 { // the second time the client's pattern is remembered
			err := d.MayTopic(auth.User{Name: c.user, ClientID: c.client}, c.vhost, "t", c.op, c.key)
			require.Equal(t, c.allowed, err == nil, "%+v", c)
		}
	}
}

// backend is a back end whose every answer is given.
type backend struct {
	auth.Backend
	name   string
	answer error
}

func (b backend) Name() string       { return b.name }
func (b backend) Generation() uint64 { return 42 }

func (b backend) Authenticate(attempt auth.Attempt) (auth.User, error) {
	if attempt.Password != "of "+b.name {
		return auth.User{}, b.answer
	}
	return auth.User{Name: attempt.Name, Tags: []string{b.name}}, nil
}

func (b backend) Enter(auth.User, string) error { return b.answer }

func (b backend) May(auth.User, string, auth.Operation, auth.Resource) error { return b.answer }

func (b backend) MayTopic(auth.User, string, string, auth.Operation, string) error { return b.answer }

func TestTheFirstBackEndThatAcceptsDecides(t *testing.T) {
	d := shop(t)
	_, err := d.SetPassword("app", "own")
	require.NoError(t, err)
	a := newAuthority(t, auth.AuthorityOptions{Directory: d, Backends: []auth.Backend{
		backend{name: "http", answer: &auth.RefusalError{Reason: "too late"}}, d, backend{name: "ldap", answer: errors.New("no route")},
	}})
	login := func(password string) (auth.User, error) {
		return a.Login("PLAIN", "\x00app\x00"+password, from("10.0.0.1:1"))
	}
	resource := auth.Resource{Kind: auth.Queue, Name: "q"}

	user, err := login("of http")
	require.NoError(t, err)
	require.Equal(t, []string{"http"}, user.Tags)
	require.EqualValues(t, 42, a.Generation(user))
	require.EqualError(t, a.May(user, "shop", auth.Read, resource),
		"403 ACCESS_REFUSED - read access to queue 'q' in vhost 'shop' refused for user 'app' by backend http: too late")

	user, err = login("own")
	require.NoError(t, err)
	require.NoError(t, a.May(user, "shop", auth.Read, resource))
	require.Equal(t, d.Generation(), a.Generation(user))

	user, err = login("of ldap")
	require.NoError(t, err)
	require.EqualError(t, a.Enter(user, "shop"),
		"530 NOT_ALLOWED - access to vhost 'shop' refused for user 'app', backend ldap returned an error: no route")
	require.EqualError(t, a.MayTopic(user, "shop", "t", auth.Read, "k"),
		"403 ACCESS_REFUSED - read access to topic 'k' in exchange 't' in vhost 'shop' refused for user 'app', backend ldap returned an error: no route")

	_, err = login("nobody's")
	require.ErrorIs(t, err, auth.ErrRefused)
	require.EqualError(t, err, "PLAIN login refused: user 'app' - no route")
}

func BenchmarkMay(b *testing.B) {
	d := shop(b)
	a := newAuthority(b, auth.AuthorityOptions{Directory: d})
	user, resource := auth.User{Name: "app"}, auth.Resource{Kind: auth.Queue, Name: "orders.new.2026"}
	for _, source := range []string{
		".*", "^orders", `^orders\..*`, `^(amq\.gen.*|orders\..*)$`, "new", `^orders\.new\.2026$`, "^(?!secret)",
	} {
		_, err := d.SetPermission(definitions.Permission{User: "app", VHost: "/", Write: source})
		require.NoError(b, err)
		b.Run(source, func(b *testing.B) {
			b.ReportAllocs()
			for b.Loop() {
				if err := a.May(user, "/", auth.Write, resource); err != nil {
					b.Fatal(err)
				}
			}
		})
	}
	b.Run("topic", func(b *testing.B) {
		b.ReportAllocs()
		for b.Loop() {
			if err := a.MayTopic(user, "shop", "t", auth.Write, "a.key"); err != nil {
				b.Fatal(err)
			}
		}
	})
}
