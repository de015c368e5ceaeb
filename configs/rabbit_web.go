package configs

import (
	"cmp"
	"net"
	"strings"
)

// listenAddress is an address that two keys give together.
type listenAddress struct {
	ip, port string
	from     given // the last of its keys; none if there is none
}

func (a listenAddress) given() bool { return a.from.from != "" }

// text is the address; what is not given is the default.
func (a listenAddress) text(port string) string {
	return net.JoinHostPort(a.ip, cmp.Or(a.port, port))
}

func webRules() []rule {
	open := func(t *translation) *listenAddress { return &t.plain }
	secure := func(t *translation) *listenAddress { return &t.secure }
	metrics := func(t *translation) *listenAddress { return &t.metrics }
	hidden := func(t *translation) *listenAddress { return &t.hidden }
	return []rule{
		{"management.tcp.ip", keyHTTP, addressIP(open)},
		{"management.tcp.port", keyHTTP, addressPort(open)},
		{"management.listener.ip", keyHTTP, addressIP(open)},
		{"management.listener.port", keyHTTP, addressPort(open)},
		{"management.listener.ssl", keyHTTPS, takeOldHTTPS},
		{"management.ssl.ip", keyHTTPS, addressIP(secure)},
		{"management.ssl.port", keyHTTPS, addressPort(secure)},
		{"management.ssl.certfile", keyCertificates, sharedFile(keyCertificates)},
		{"management.ssl.keyfile", keyKeys, sharedFile(keyKeys)},
		{"management.listener.ssl_opts.certfile", keyCertificates, sharedFile(keyCertificates)},
		{"management.listener.ssl_opts.keyfile", keyKeys, sharedFile(keyKeys)},
		{"management.path_prefix", "http-prefix", func(t *translation, g given) (string, error) {
			t.set("http-prefix", strings.TrimSuffix(g.value, "/"), g)
			return "", nil
		}},
		{"management.http.max_body_size", "http-max-body", bounded("http-max-body", func(n int64) int64 {
			return min(max(n, leastBody), mostBody)
		})},
		{"management.rates_mode", keyRates, plain(keyRates)},
		{"management_agent.disable_metrics_collector", keyRates, takeNoCollector},
		{"prometheus.tcp.ip", keyMetrics, addressIP(metrics)},
		{"prometheus.tcp.port", keyMetrics, addressPort(metrics)},
		{"prometheus.ssl.ip", keyMetrics, hiddenMetrics(addressIP(hidden))},
		{"prometheus.ssl.port", keyMetrics, hiddenMetrics(addressPort(hidden))},
	}
}

const (
	keyHTTP    = "http-listen"
	keyHTTPS   = "https-listen"
	keyMetrics = "metrics-listen"
	keyRates   = "rates-mode"
)

func addressIP(of func(*translation) *listenAddress) taker {
	return func(t *translation, g given) (string, error) {
		a := of(t)
		a.ip, a.from = strings.Trim(g.value, "[]"), g
		return "", nil
	}
}

func addressPort(of func(*translation) *listenAddress) taker {
	return func(t *translation, g given) (string, error) {
		a := of(t)
		a.port, a.from = g.value, g
		return "", nil
	}
}

// hiddenMetrics takes an address of metrics over TLS, to know that there is one.
func hiddenMetrics(take taker) taker {
	return func(t *translation, g given) (string, error) {
		if _, err := take(t, g); err != nil {
			return "", err
		}
		return "", miss("metrics are not served over TLS: put a proxy in front of metrics-listen")
	}
}

// takeNoCollector takes that the management collects nothing.
func takeNoCollector(t *translation, g given) (string, error) {
	off, err := asTruth(g.value)
	if err != nil || !off {
		return "", err
	}
	t.set(keyRates, RatesNone, g)
	return "the HTTP API tells how many messages there are, and no more", nil
}

func takeOldHTTPS(t *translation, g given) (string, error) {
	on, err := asTruth(g.value)
	t.oldHTTPS = on
	return "", err
}

// sharedFile takes a file of the management's TLS where that of AMQP has none: both
// have the same certificates.
func sharedFile(ours string) taker {
	return func(t *translation, g given) (string, error) {
		list, _ := t.values[ours].value.([]string)
		switch {
		case len(list) == 0:
			t.set(ours, []string{g.value}, g)
		case list[0] != g.value:
			return "", miss("the management has the certificates of AMQP over TLS")
		}
		return "", nil
	}
}

// finishWeb decides what is served where. As with RabbitMQ, an address over TLS
// alone means that there is none without.
func (t *translation) finishWeb() {
	if t.oldHTTPS {
		t.secure, t.plain = t.plain, listenAddress{}
	}
	if t.secure.given() {
		t.set(keyHTTPS, t.secure.text("15671"), t.secure.from)
		t.set(keyHTTP, ListenNone, t.secure.from)
	}
	if t.plain.given() {
		t.set(keyHTTP, t.plain.text("15672"), t.plain.from)
	}
	if t.hidden.given() {
		t.set(keyMetrics, ListenNone, t.hidden.from)
	}
	if t.metrics.given() {
		t.set(keyMetrics, t.metrics.text("15692"), t.metrics.from)
	}
}
