package management

import (
	"encoding/base64"
	"encoding/json"
	"net/http"
	"slices"

	"github.com/leveretmq/leveret/auth"
	"github.com/leveretmq/leveret/broker"
)

// sessionRoutes are about who asks.
func sessionRoutes() []route {
	return []route{
		{method: get, pattern: "/api/whoami", tag: anyone, handle: (*API).whoami,
			summary: "the user that is logged in"},
		{method: get, pattern: "/api/version", tag: public, handle: (*API).version,
			summary: "the version of RabbitMQ that the API follows"},
		{method: get, pattern: "/api/auth", tag: public, handle: (*API).authSettings,
			summary: "how to log in: with a name and a password"},
		{method: post, pattern: "/api/login", deed: readsOnly, tag: public, handle: (*API).login,
			summary: "check the form fields username and password, and set a cookie"},
		{method: get, pattern: "/api/auth/attempts/{node}", tag: monitoring, handle: (*API).listAttempts,
			summary: "how many logins there were, by protocol"},
		{method: del, pattern: "/api/auth/attempts/{node}", deed: "logins.reset", tag: monitoring, handle: (*API).resetAttempts,
			summary: "count logins from zero"},
		{method: get, pattern: "/api/auth/attempts/{node}/source", tag: monitoring, handle: (*API).listSources,
			summary: "the same by host and user; empty unless these are told apart"},
		{method: del, pattern: "/api/auth/attempts/{node}/source", deed: "logins.reset", tag: monitoring, handle: (*API).resetAttempts,
			summary: "count logins from zero"},
		{method: post, pattern: "/api/auth/check", deed: readsOnly, tag: administrator, handle: (*API).checkPassword,
			summary: "Say whether a name and a password would be let in: 204, or 401"},
		{method: get, pattern: "/api/auth/hash_password/{password}", tag: administrator, handle: (*API).hashPassword,
			summary: "what a password would be kept as"},
	}
}

// whoamiView is who asks.
type whoamiView struct {
	Name         string   `json:"name"`
	Tags         []string `json:"tags"`
	InternalUser bool     `json:"is_internal_user"`
}

func (a *API) whoami(r *request) (reply, error) {
	tags := slices.Clone(r.caller.Tags)
	if r.caller.local {
		tags = []string{administrator.String()}
	}
	return show(whoamiView{Name: r.caller.Name, Tags: orEmpty(tags), InternalUser: true}), nil
}

func (a *API) version(*request) (reply, error) { return value(a.options.Version), nil }

func (a *API) authSettings(*request) (reply, error) {
	return show(map[string]bool{"oauth_enabled": false}), nil
}

// maxLoginForm bounds the form of a login, in octets.
const maxLoginForm = 64 << 10

// login is what RabbitMQ's web page uses. The cookie is for scripts of a page: nothing
// here accepts it, so that no foreign page can make use of it.
func (a *API) login(r *request) (reply, error) {
	r.Body = http.MaxBytesReader(nil, r.Body, maxLoginForm)
	if err := r.ParseForm(); err != nil {
		return reply{}, loginFailed(loginFailedReason)
	}
	name, password := r.PostForm.Get("username"), r.PostForm.Get("password")
	user, err := a.check(name, password, r.Request)
	if err != nil {
		return reply{}, err
	}
	if !(caller{User: user}).is(anyone) {
		return reply{}, loginFailed(anyone.refusal())
	}
	cookie := http.Cookie{
		Name: "auth", Value: base64.StdEncoding.EncodeToString([]byte(name + ":" + password)),
		SameSite: http.SameSiteStrictMode, Secure: r.TLS != nil,
	}
	return value("ok").with("Set-Cookie", cookie.String()), nil
}

// attemptsView is how many logins of a protocol there were.
type attemptsView struct {
	Remote    *string `json:"remote_address,omitempty"`
	User      *string `json:"username,omitempty"`
	Protocol  string  `json:"protocol"`
	Attempts  uint64  `json:"auth_attempts"`
	Failed    uint64  `json:"auth_attempts_failed"`
	Succeeded uint64  `json:"auth_attempts_succeeded"`
}

// here refuses the names of other nodes: there are none.
func (a *API) here(r *request) error {
	if r.param("node") != a.options.NodeName {
		return notFound()
	}
	return nil
}

func viewOfLogins(l broker.Logins) attemptsView {
	return attemptsView{Protocol: l.Protocol, Attempts: l.Succeeded + l.Failed, Failed: l.Failed, Succeeded: l.Succeeded}
}

func (a *API) listAttempts(r *request) (reply, error) {
	views := []attemptsView{}
	for _, l := range a.broker.Logins() {
		views = append(views, viewOfLogins(l))
	}
	return list(views), a.here(r)
}

func (a *API) listSources(r *request) (reply, error) {
	views := []attemptsView{}
	for _, l := range a.broker.LoginSources() {
		view := viewOfLogins(l)
		view.Remote, view.User = &l.Remote, &l.User
		views = append(views, view)
	}
	return list(views), a.here(r)
}

func (a *API) resetAttempts(r *request) (reply, error) {
	if err := a.here(r); err != nil {
		return reply{}, err
	}
	a.broker.ForgetLogins()
	return done(), nil
}

// checkPassword is Leveret's own, for the command line.
func (a *API) checkPassword(r *request) (reply, error) {
	var login struct{ Username, Password string }
	if err := json.NewDecoder(r.Body).Decode(&login); err != nil {
		return reply{}, badRequest("failed_to_parse_json")
	}
	if _, err := a.directory.Authenticate(auth.Attempt{Name: login.Username, Password: login.Password}); err != nil {
		return reply{}, unauthorised("user '" + login.Username + "' - invalid credentials")
	}
	return done(), nil
}

func (a *API) hashPassword(r *request) (reply, error) {
	hash, _ := a.directory.Hash(r.param("password"))
	return show(map[string]string{"ok": hash}), nil
}
