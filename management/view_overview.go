package management

import (
	"net/netip"
	"runtime"
	"runtime/debug"
	"strconv"
	"strings"
	"time"

	"github.com/leveretmq/leveret/server"
)

// productName is who we are, where readers look for it.
const productName = "Leveret"

// exchangeType describes a type of exchanges.
type exchangeType struct {
	Name        string `json:"name"`
	Description string `json:"description"`
	Enabled     bool   `json:"enabled"`
}

func exchangeTypes() []exchangeType {
	return []exchangeType{
		{"direct", "AMQP direct exchange, as per the AMQP specification", true},
		{"fanout", "AMQP fanout exchange, as per the AMQP specification", true},
		{"headers", "AMQP headers exchange, as per the AMQP specification", true},
		{"topic", "AMQP topic exchange, as per the AMQP specification", true},
		{"x-consistent-hash", "Consistent Hashing Exchange", true},
		{"x-delayed-message", "Holds messages back for as long as their x-delay header says", true},
		{"x-local-random", "Picks one random local binding (queue) to route via (to).", true},
		{"x-modulus-hash", "Modulus Hashing Exchange", true},
		{"x-random", "Randomly picks a binding (queue) to route via (to).", true},
		{"x-recent-history", "Recent History Exchange.", true},
	}
}

// listenerView is a listener.
type listenerView struct {
	Node     string        `json:"node"`
	Protocol string        `json:"protocol"`
	Address  string        `json:"ip_address"`
	Port     uint16        `json:"port"`
	Options  socketOptions `json:"socket_opts"`
}

// socketOptions are those that the listener was opened with.
type socketOptions struct {
	NoDelay bool `json:"nodelay"`
}

func (a *API) listenerViews(listeners []Listener) []listenerView {
	views := make([]listenerView, len(listeners))
	for i, l := range listeners {
		views[i] = listenerView{
			Node: a.options.NodeName, Protocol: l.Protocol, Address: ipText(l.Address),
			Port: l.Address.Port(), Options: socketOptions{NoDelay: true},
		}
	}
	return views
}

// ipText is the address of a listener; all addresses are "::" (RabbitMQ behaviour).
func ipText(at netip.AddrPort) string {
	if !at.Addr().IsValid() {
		return "::"
	}
	return at.Addr().Unmap().String()
}

// contextView is something that is served over HTTP.
type contextView struct {
	Options     string   `json:"cowboy_opts"`
	Description string   `json:"description"`
	Address     string   `json:"ip"`
	Node        string   `json:"node"`
	Path        string   `json:"path"`
	Port        string   `json:"port"`
	Protocol    string   `json:"protocol,omitempty"`
	SSLOptions  []string `json:"ssl_opts"`
}

func (a *API) contextViews(listeners []Listener) []contextView {
	views := []contextView{}
	for _, l := range listeners {
		if !strings.HasPrefix(l.Protocol, "http") {
			continue
		}
		c := contextView{
			Options: "[{sendfile,false}]", Description: "RabbitMQ Management", Address: ipText(l.Address),
			Node: a.options.NodeName, Path: a.options.Prefix + "/", Port: strconv.Itoa(int(l.Address.Port())), SSLOptions: []string{},
		}
		if strings.HasSuffix(l.Protocol, "/prometheus") {
			c.Description, c.Path, c.Protocol = "RabbitMQ Prometheus", "/", "'"+l.Protocol+"'"
		}
		views = append(views, c)
	}
	return views
}

// overview tells of the whole, or of what the caller may see of it.
func (a *API) overview(r *request) (reply, error) {
	asked, err := parseWindows(r.query, time.Now())
	if err != nil {
		return reply{}, err
	}
	watches, bare := r.caller.is(monitoring), r.flag("disable_stats")
	m := a.productMembers()
	m.set("disable_stats", bare)
	m.set("default_queue_type", "classic")
	m.set("is_op_policy_updating_enabled", true)
	m.set("enable_queue_totals", r.flag("enable_queue_totals"))
	whole := a.wholeOf(r, asked)
	if !bare {
		m.set("message_stats", a.wholeStats(&whole))
	}
	if watches && !bare {
		m.set("churn_rates", a.churnRates(asked))
	}
	if !bare || r.flag("enable_queue_totals") {
		m.set("queue_totals", whole.depths())
	}
	m.set("object_totals", a.objectTotals(r))
	m.set("statistics_db_event_queue", 0)
	if watches {
		listeners := a.facts().Listeners
		m.set("node", a.options.NodeName)
		m.set("listeners", a.listenerViews(listeners))
		m.set("contexts", a.contextViews(listeners))
	}
	return show(m), nil
}

// productMembers are the versions, and what never changes.
func (a *API) productMembers() members {
	var m members
	m.set("management_version", a.options.Version)
	m.set("rates_mode", a.options.RatesMode)
	m.set("sample_retention_policies", retentionView())
	m.set("exchange_types", exchangeTypes())
	m.set("product_version", a.options.ProductVersion)
	m.set("product_name", productName)
	m.set("rabbitmq_version", a.options.Version)
	m.set("cluster_name", a.clusterName())
	m.set("cluster_tags", struct{}{})
	m.set("node_tags", struct{}{})
	m.set("erlang_version", erlangVersion)
	m.set("erlang_full_version", "Go "+strings.TrimPrefix(runtime.Version(), "go")+" ["+runtime.GOOS+"/"+runtime.GOARCH+"]")
	m.set("crypto_lib_version", "Go crypto/tls")
	m.set("release_series_support_status", "supported")
	return m
}

// erlangVersion is for readers that compare it: there is no Erlang here.
const erlangVersion = "27.3"

// wholeOf is the counters of all that the caller may see.
func (a *API) wholeOf(r *request, asked windows) reading {
	if r.caller.is(monitoring) {
		t := a.broker.Totals()
		return reading{now: totalNumbers(&t), motion: a.samples.whole.motion(struct{}{}, asked), asked: asked}
	}
	all := reading{asked: asked}
	all.motion.rates = make([]float64, queueCounts)
	for _, vhost := range a.visible(r) {
		one := a.vhostReading(vhost, windows{})
		for i, n := range one.now {
			all.now[i] += n
		}
		for i, rate := range one.motion.rates {
			all.motion.rates[i] += rate
		}
	}
	return all
}

// vhostReading is the counters of a virtual host.
func (a *API) vhostReading(vhost string, asked windows) reading {
	return reading{now: a.samples.totals(vhost), motion: a.samples.vhosts.motion(vhost, asked), asked: asked}
}

// churnRates is what has come and gone.
func (a *API) churnRates(asked windows) members {
	var m members
	now := churnNumbers(a.broker.Churn())
	motion := a.samples.churn.motion(struct{}{}, asked)
	for i, name := range churnNames() {
		m.counted(name, now[i], motion.details(i, asked.messages))
	}
	return m
}

// objectTotals is how much there is of everything that the caller may see. Consumers
// are for those who watch only (RabbitMQ behaviour).
func (a *API) objectTotals(r *request) members {
	var m members
	if r.caller.is(monitoring) {
		t := a.broker.Totals()
		var sums server.Sums
		if a.server != nil {
			sums = a.server.Sums()
		}
		m.set("channels", sums.Channels)
		m.set("connections", sums.Connections)
		m.set("consumers", t.Consumers)
		m.set("exchanges", t.Exchanges)
		m.set("queues", t.Queues)
		return m
	}
	connections, channels, exchanges, queues := 0, 0, 0, 0
	for _, c := range a.open(r) {
		connections++
		channels += c.ChannelCount
	}
	for _, name := range a.visible(r) {
		if v, ok := a.broker.VHost(name); ok {
			t := v.Totals()
			exchanges += t.Exchanges
			queues += t.Queues
		}
	}
	m.set("channels", channels)
	m.set("connections", connections)
	m.set("exchanges", exchanges)
	m.set("queues", queues)
	return m
}

// dependencies are the Go modules of the program, as far as the build knows them.
func dependencies() []*debug.Module {
	info, ok := debug.ReadBuildInfo()
	if !ok {
		return nil
	}
	return info.Deps
}
