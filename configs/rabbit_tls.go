package configs

import (
	"errors"
	"slices"
)

const (
	keyCertificates = "tls-certificates"
	keyKeys         = "tls-keys"
	keyClients      = "tls-clients"
	keyVersion      = "tls-version"
)

func tlsRules() []rule {
	return []rule{
		{"ssl_options.certfile", keyCertificates, oneFile(keyCertificates)},
		{"ssl_options.keyfile", keyKeys, oneFile(keyKeys)},
		{"ssl_options.cacertfile", "tls-authorities", func(t *translation, g given) (string, error) {
			t.set("tls-authorities", g.value, g)
			return "for certificates of clients; the chain of the broker's own belongs into certfile", nil
		}},
		{"ssl_options.verify", keyClients, takeVerify},
		{"ssl_options.fail_if_no_peer_cert", keyClients, takeRequire},
		{"ssl_options.versions.*", keyVersion, takeVersion},
		{"ssl_options.password", keyKeys, func(*translation, given) (string, error) {
			return "", errors.New("keys with a password cannot be read: store the key without one, for the broker's user only")
		}},
	}
}

// oneFile takes the file of AMQP, which goes before one of the management.
func oneFile(ours string) taker {
	return func(t *translation, g given) (string, error) {
		t.set(ours, []string{g.value}, g)
		return "", nil
	}
}

func takeVerify(t *translation, g given) (string, error) {
	switch g.value {
	case "verify_none":
		t.set(keyClients, ClientsNone, g)
	case "verify_peer":
		if t.values[keyClients].value != ClientsRequire {
			t.set(keyClients, ClientsVerify, g)
		}
	default:
		return "", errors.New("it must be verify_peer or verify_none")
	}
	return "", nil
}

// takeRequire goes with verify_peer only, in whatever order they stand.
func takeRequire(t *translation, g given) (string, error) {
	on, err := asTruth(g.value)
	if err != nil || !on {
		return "", err
	}
	if t.values[keyClients].value != ClientsNone {
		t.set(keyClients, ClientsRequire, g)
	}
	return "", nil
}

// takeVersion keeps the oldest version of those that are listed and that we know.
func takeVersion(t *translation, g given) (string, error) {
	oldest, known := map[string]string{"tlsv1.2": TLS12, "tlsv1.3": TLS13}[g.value]
	switch {
	case !known && slices.Contains([]string{"tlsv1.1", "tlsv1", "sslv3"}, g.value):
		return "", ignore("versions of TLS before 1.2 are not served")
	case !known:
		return "", errors.New("it must be tlsv1.2 or tlsv1.3")
	case t.values[keyVersion].value == TLS12:
		oldest = TLS12
	}
	t.set(keyVersion, oldest, g)
	return "", nil
}
