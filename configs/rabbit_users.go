package configs

import (
	"errors"
	"slices"
	"strings"
)

// seededUser is what the keys of the default user say together.
type seededUser struct {
	name, password string
	tags           []string
	tagsGiven      bool
	from           given
}

// loginRules is what several keys say about who may log in, and how.
type loginRules struct {
	local         []string
	localFrom     given
	nobodyLocal   bool
	mechanisms    []string
	anonymous     string
	anonymousFrom given
	certificate   string
	alternative   string
	certFrom      given
}

const keyMechanisms = "auth-mechanisms"

func userRules() []rule {
	return []rule{
		{"default_user", keyUsers, func(t *translation, g given) (string, error) {
			t.user.name, t.user.from = g.value, g
			return seededNote, nil
		}},
		{"default_pass", keyUsers, func(t *translation, g given) (string, error) {
			t.user.password, t.user.from = g.value, g
			return seededNote, nil
		}},
		{"default_vhost", "vhost", plain("vhost")},
		{"default_user_tags.*", keyUsers, takeUserTag},
		{"default_permissions.*", keyUsers, takePermission},
		{"loopback_users", "loopback-users", takeNoLoopbackUsers},
		{"loopback_users.*", "loopback-users", takeLoopbackUser},
		{"load_definitions", "load-definitions", plain("load-definitions")},
		{"management.load_definitions", "load-definitions", plain("load-definitions")},
		{"definitions.local.path", "load-definitions", plain("load-definitions")},
		{"definitions.skip_if_unchanged", "load-definitions-skip-unchanged", truth("load-definitions-skip-unchanged")},
		{"prometheus.return_per_object_metrics", "metrics-per-object", truth("metrics-per-object")},
		{"auth_mechanisms.*", keyMechanisms, takeMechanism},
		{"auth_backends.*", keyUsers, takeBackend},
		{"auth_backends.*.*", keyUsers, takeBackend},
		{"anonymous_login_user", "anonymous-user", takeAnonymous},
		{"ssl_cert_login_from", "certificate-login", takeCertificateLogin},
		{"ssl_cert_login_san_type", "certificate-login", takeCertificateLogin},
		{"ssl_cert_login_san_index", "certificate-login", func(_ *translation, g given) (string, error) {
			if g.value == "0" {
				return "", nil
			}
			return "", miss("the first alternative name of a certificate counts")
		}},
		{"password_hashing_module", "password-hashing", takeHashing},
	}
}

const seededNote = "only in an empty data directory"

func takeUserTag(t *translation, g given) (string, error) {
	on, err := asTruth(g.value)
	if err != nil {
		return "", err
	}
	if on {
		t.user.tags = append(t.user.tags, g.key[1])
	}
	t.user.tagsGiven, t.user.from = true, g
	return seededNote, nil
}

func takePermission(_ *translation, g given) (string, error) {
	if !slices.Contains([]string{"configure", "write", "read"}, g.key[1]) {
		return "", errors.New("it must be configure, write or read")
	}
	if g.value != ".*" {
		return "", miss("the first user may do everything in its virtual host: change that with rabbitmqctl set_permissions")
	}
	return "", nil
}

func takeNoLoopbackUsers(t *translation, g given) (string, error) {
	if g.value != "none" {
		return "", errors.New("it must be none, or have the name of a user: loopback_users.guest = false")
	}
	t.login.nobodyLocal, t.login.localFrom = true, g
	return "", nil
}

func takeLoopbackUser(t *translation, g given) (string, error) {
	on, err := asTruth(g.value)
	if err != nil {
		return "", err
	}
	if on {
		t.login.local = append(t.login.local, g.key[1])
	}
	t.login.localFrom = g
	return "", nil
}

func takeMechanism(t *translation, g given) (string, error) {
	name := strings.ToUpper(strings.TrimPrefix(g.value, "rabbit_auth_mechanism_"))
	if name == "RABBIT-CR-DEMO" || name == "CR_DEMO" {
		return "", ignore("this mechanism is a demonstration")
	}
	t.login.mechanisms = append(t.login.mechanisms, name)
	t.set(keyMechanisms, slices.Clone(t.login.mechanisms), g)
	return "", nil
}

func takeBackend(_ *translation, g given) (string, error) {
	switch g.value {
	case "internal", "rabbit_auth_backend_internal":
		return "", nil
	case "cache", "rabbit_auth_backend_cache":
		return "", ignore("users and permissions are in memory, a cache is not needed")
	}
	return "", miss("users are those of the data directory: nobody else can log in")
}

func takeAnonymous(t *translation, g given) (string, error) {
	t.login.anonymous, t.login.anonymousFrom = g.value, g
	return "", nil
}

func takeCertificateLogin(t *translation, g given) (string, error) {
	t.login.certFrom = g
	if g.key[0] == "ssl_cert_login_san_type" {
		t.login.alternative = g.value
		return "", nil
	}
	t.login.certificate = g.value
	return "", nil
}

func takeHashing(t *translation, g given) (string, error) {
	hashing := strings.TrimPrefix(g.value, "rabbit_password_hashing_")
	if hashing == "md5" {
		return "", miss("new passwords are not kept as MD5, but those of RabbitMQ that are can be imported")
	}
	t.set("password-hashing", hashing, g)
	return "", nil
}

// finishUser makes one user of its parts. Like RabbitMQ's, it is made once.
func (t *translation) finishUser() {
	u := t.user
	if u.from.from == "" {
		return
	}
	usual := Default().Users[0]
	user := map[string]any{userName: u.name, userPassword: u.password, userTags: u.tags}
	if u.name == "" {
		user[userName] = usual.Name
	}
	if u.password == "" {
		user[userPassword] = string(usual.Password)
	}
	if !u.tagsGiven {
		user[userTags] = slices.Clone(usual.Tags)
	}
	t.set(keyUsers, []any{user}, u.from)
	t.set(keyUsersOnce, true, u.from)
}

func (t *translation) finishLogin() {
	l := t.login
	if l.localFrom.from != "" {
		if l.nobodyLocal || l.local == nil {
			l.local = []string{}
		}
		t.set("loopback-users", l.local, l.localFrom)
	}
	t.finishAnonymous()
	if l.certFrom.from == "" {
		return
	}
	t.set("certificate-login", certificateLogin(l.certificate, l.alternative), l.certFrom)
}

// finishAnonymous lets clients in without a password where RabbitMQ would: where
// the mechanism is listed, or a user is named for it and no mechanism is.
func (t *translation) finishAnonymous() {
	l := t.login
	named := l.anonymousFrom.from != "" && l.anonymous != "none"
	listed := slices.Contains(l.mechanisms, "ANONYMOUS")
	switch {
	case named:
		t.set("anonymous-user", l.anonymous, l.anonymousFrom)
		if len(l.mechanisms) == 0 {
			t.set(keyMechanisms, []string{"PLAIN", "AMQPLAIN", "ANONYMOUS"}, l.anonymousFrom)
		}
	case listed && l.anonymousFrom.from != "":
		t.set(keyMechanisms, without(l.mechanisms, "ANONYMOUS"), l.anonymousFrom)
	case listed:
		t.values["anonymous-user"] = translated{value: Default().Users[0].Name, from: t.values[keyMechanisms].from}
	}
}

func without(list []string, entry string) []string {
	return slices.DeleteFunc(slices.Clone(list), func(one string) bool { return one == entry })
}

// certificateLogin is our name for what of a certificate is the name of the user.
func certificateLogin(source, alternative string) string {
	switch source {
	case "", "distinguished_name":
		return LoginDistinguishedName
	case "common_name":
		return LoginCommonName
	}
	switch alternative {
	case "", "dns":
		return LoginDNSName
	case "email", "uri", "ip":
		return alternative
	}
	return alternative // which the check of the key refuses
}
