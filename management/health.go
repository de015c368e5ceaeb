package management

import (
	"cmp"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/leveretmq/leveret/auth"
	"github.com/leveretmq/leveret/broker"
	"github.com/leveretmq/leveret/exchange"
)

// healthRoutes are what watches the broker. One that has failed answers 503.
func healthRoutes() []route {
	const checks = "/api/health/checks/"
	return []route{
		{method: get, pattern: checks + "alarms", tag: anyone, handle: (*API).checkAlarms,
			summary: "fails while memory or disk is low"},
		{method: get, pattern: checks + "local-alarms", tag: anyone, handle: (*API).checkLocalAlarms,
			summary: "the same: there is one node"},
		{method: get, pattern: checks + "certificate-expiration/{within}/{unit}", tag: anyone, handle: (*API).checkCertificates,
			summary: "fails if a certificate ends within so many days, weeks, months or years"},
		{method: get, pattern: checks + "port-listener/{port}", tag: anyone, handle: (*API).checkPort,
			summary: "fails if nothing listens on the port"},
		{method: get, pattern: checks + "protocol-listener/{protocols}", tag: anyone, handle: (*API).checkProtocols,
			summary: "fails if one of the protocols, separated by commas, has no listener"},
		{method: get, pattern: checks + "virtual-hosts", tag: anyone, handle: (*API).checkVHosts,
			summary: "fails if a virtual host is not served"},
		{method: get, pattern: checks + "node-is-quorum-critical", tag: anyone, handle: (*API).checkSingleNode,
			summary: "never fails: there is one node"},
		{method: get, pattern: checks + "node-is-mirror-sync-critical", tag: anyone, handle: (*API).checkSingleNode,
			summary: "never fails: there is one node"},
		{method: get, pattern: checks + "is-in-service", tag: public, handle: (*API).checkService,
			summary: "the broker accepts clients"},
		{method: get, pattern: checks + "ready-to-serve-clients", tag: public, handle: (*API).checkService,
			summary: "the broker accepts clients"},
		{method: get, pattern: checks + "below-node-connection-limit", tag: public, handle: (*API).checkConnections,
			summary: "fails while no more connections are taken"},
		{method: get, pattern: checks + "reached-target-cluster-size", tag: public, handle: (*API).checkClusterSize,
			summary: "never fails: there is one node"},
		{method: get, pattern: checks + "metadata-store/initialized", tag: anyone, handle: (*API).checkHealthy,
			summary: "never fails: a broker that has no definitions does not start"},
		{method: get, pattern: checks + "metadata-store/initialized/with-data", tag: anyone, handle: (*API).checkHealthy,
			summary: "never fails: a broker that has no definitions does not start"},
		{method: get, pattern: checks + "quorum-queues-without-elected-leaders/all-vhosts", tag: anyone, handle: (*API).checkHealthy,
			summary: "never fails: there is one node"},
		{method: get, pattern: checks + "quorum-queues-without-elected-leaders/all-vhosts/pattern/{pattern}", tag: anyone,
			handle: (*API).checkHealthy, summary: "never fails: there is one node"},
		{method: get, pattern: checks + "quorum-queues-without-elected-leaders/vhost/{vhost}", tag: anyone, rule: enter,
			handle: (*API).checkHealthy, summary: "never fails: there is one node"},
		{method: get, pattern: checks + "quorum-queues-without-elected-leaders/vhost/{vhost}/pattern/{pattern}", tag: anyone, rule: enter,
			handle: (*API).checkHealthy, summary: "never fails: there is one node"},
		{method: get, pattern: "/api/healthchecks/node", tag: anyone, handle: (*API).checkHealthy, summary: "the broker answers"},
		{method: get, pattern: "/api/healthchecks/node/{node}", tag: anyone, handle: (*API).checkNode, summary: "the broker answers"},
		{method: get, pattern: "/api/aliveness-test/{vhost}", tag: anyone, rule: enter, handle: (*API).checkAlive,
			summary: "waits until what the virtual host has written is on the disk"},
	}
}

// health is the answer of a check.
type health struct {
	Status string `json:"status"`
	Reason string `json:"reason,omitempty"`
}

func healthy() reply { return value(health{Status: "ok"}) }

// failed is a check that has failed.
func failed(reason string) health { return health{Status: "failed", Reason: reason} }

func (a *API) checkHealthy(*request) (reply, error) { return healthy(), nil }

func (a *API) checkSingleNode(*request) (reply, error) {
	return value(health{Status: "ok", Reason: "single node cluster"}), nil
}

func (a *API) checkNode(r *request) (reply, error) { return healthy(), a.here(r) }

// alarm is a resource that is low.
type alarm struct {
	Node     string `json:"node"`
	Resource string `json:"resource"`
}

func (a *API) checkAlarms(*request) (reply, error) {
	return a.alarms("There are alarms in effect in the cluster")
}

func (a *API) checkLocalAlarms(*request) (reply, error) {
	return a.alarms("There are alarms in effect on the node")
}

func (a *API) alarms(reason string) (reply, error) {
	on := []alarm{}
	for _, resource := range []broker.Resource{broker.Disk, broker.Memory} {
		if a.broker.Alarms().On(resource) {
			on = append(on, alarm{Node: a.options.NodeName, Resource: string(resource)})
		}
	}
	if len(on) == 0 {
		return healthy(), nil
	}
	return unhealthy(struct {
		health
		Alarms []alarm `json:"alarms"`
	}{failed(reason), on}), nil
}

// Certificate is one that clients are shown.
type Certificate struct {
	File     string
	NotAfter time.Time
}

func (a *API) checkPort(r *request) (reply, error) {
	port, err := strconv.Atoi(r.param("port"))
	if err != nil {
		return reply{}, badRequest("Invalid port")
	}
	ports := []int{}
	for _, l := range a.facts().Listeners {
		ports = append(ports, int(l.Address.Port()))
	}
	if slices.Contains(ports, port) {
		return value(struct {
			health
			Port int `json:"port"`
		}{health{Status: "ok"}, port}), nil
	}
	return unhealthy(struct {
		health
		Missing int   `json:"missing"`
		Ports   []int `json:"ports"`
	}{failed("No active listener"), port, ports}), nil
}

// protocolOf is RabbitMQ's name for what people write.
func protocolOf(word string) string {
	switch word = strings.ToLower(word); word {
	case "amqp091", "amqp10", "amqp0.9.1", "amqp-0-9-1", "amqp1.0":
		return "amqp"
	case "amqps", "amqp+ssl", "amqp/tls", "amqp+tls":
		return "amqp/ssl"
	case "prometheus":
		return "http/prometheus"
	default:
		return word
	}
}

func (a *API) checkProtocols(r *request) (reply, error) {
	protocols := []string{}
	for _, l := range a.facts().Listeners {
		if !slices.Contains(protocols, l.Protocol) {
			protocols = append(protocols, l.Protocol)
		}
	}
	var wanted, missing []string
	for _, word := range strings.Split(r.param("protocols"), ",") {
		protocol := protocolOf(word)
		wanted = append(wanted, protocol)
		if !slices.Contains(protocols, protocol) {
			missing = append(missing, protocol)
		}
	}
	if len(missing) == 0 {
		return value(struct {
			health
			Protocol string `json:"protocol"`
		}{health{Status: "ok"}, strings.Join(wanted, ",")}), nil
	}
	return unhealthy(struct {
		health
		Missing   string   `json:"missing"`
		Protocols []string `json:"protocols"`
	}{failed("No active listener"), strings.Join(missing, ","), protocols}), nil
}

// certificatesWithin is the time of an amount and its unit, as RabbitMQ counts.
func certificatesWithin(amount, unit string) (time.Duration, error) {
	const day = 24 * time.Hour
	n, err := strconv.ParseInt(amount, 10, 32)
	if err != nil {
		return 0, badRequest("Invalid expiration value.")
	}
	units := map[string]time.Duration{"days": day, "weeks": 7 * day, "months": 365 * day / 12, "years": 365 * day}
	length, ok := units[strings.ToLower(unit)]
	if !ok {
		return 0, badRequest("Time unit not recognised. Supported units: days, weeks, months, years.")
	}
	// A longer time than this would be none: no certificate lives so long.
	return time.Duration(min(n, int64(200*365*day/length))) * length, nil
}

// expiring is a certificate that ends soon.
type expiring struct {
	Node      string   `json:"node"`
	File      string   `json:"certfile"`
	ExpiresOn []string `json:"certfile_expires_on"`
}

func (a *API) checkCertificates(r *request) (reply, error) {
	within, err := certificatesWithin(r.param("within"), r.param("unit"))
	if err != nil {
		return reply{}, err
	}
	var expired []expiring
	if a.options.Certificates != nil {
		for _, c := range a.options.Certificates() {
			if c.NotAfter.Before(time.Now().Add(within)) {
				expired = append(expired, expiring{a.options.NodeName, c.File, []string{c.NotAfter.UTC().Format("2006-01-02 15:04:05")}})
			}
		}
	}
	if len(expired) == 0 {
		return healthy(), nil
	}
	return unhealthy(struct {
		health
		Expired []expiring `json:"expired"`
	}{failed("Certificates expiring"), expired}), nil
}

func (a *API) checkVHosts(*request) (reply, error) {
	var down []string
	for _, v := range a.directory.Definitions().VHosts {
		if _, served := a.broker.VHost(v.Name); !served {
			down = append(down, v.Name)
		}
	}
	if len(down) == 0 {
		return healthy(), nil
	}
	return unhealthy(struct {
		health
		VHosts []string `json:"virtual-hosts"`
	}{failed("Some virtual hosts are down"), down}), nil
}

func (a *API) checkConnections(*request) (reply, error) {
	open, limit := a.server.Open(), any("infinity")
	if a.options.MaxConnections > 0 {
		limit = a.options.MaxConnections
	}
	answer := struct {
		health
		Limit       any `json:"limit"`
		Connections int `json:"connections"`
	}{health{Status: "ok"}, limit, open}
	if a.options.MaxConnections == 0 || open < a.options.MaxConnections {
		return value(answer), nil
	}
	answer.health = failed("node connection limit is reached")
	return unhealthy(answer), nil
}

func (a *API) checkClusterSize(*request) (reply, error) {
	return value(struct {
		health
		Online int `json:"online"`
		Target int `json:"target"`
	}{health{Status: "ok"}, 1, 1}), nil
}

// alivenessQueue is the queue that RabbitMQ declares to see whether it is alive.
const alivenessQueue = "aliveness-test"

// checkAlive declares no queue, unlike RabbitMQ: it asks the same of the store without
// leaving something behind. The caller needs the permissions that it would need there.
func (a *API) checkAlive(r *request) (reply, error) {
	who, err := a.acting(r)
	if err == nil {
		err = a.connected(r)
	}
	if err != nil {
		return reply{}, err
	}
	err = cmp.Or(who.Queue(auth.Configure, alivenessQueue), who.Exchange(auth.Write, exchange.Default), who.Queue(auth.Read, alivenessQueue))
	if err != nil {
		return reply{}, replied(err, withoutCode)
	}
	return healthy(), who.VHost.Barrier()
}
