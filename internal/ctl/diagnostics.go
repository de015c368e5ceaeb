package ctl

import (
	"cmp"
	"encoding/json"
	"errors"
	"fmt"
	"maps"
	"net"
	"net/http"
	"net/url"
	"slices"
	"strconv"
	"strings"
	"time"
)

// asking announces a question to the node.
func asking(what string) func(*call) string {
	if !strings.HasSuffix(what, "...") {
		what += " ..."
	}
	return func(c *call) string { return fmt.Sprintf("Asking node %s %s", c.node(), what) }
}

// listenerAsked announces the question for a listener.
func listenerAsked(what string) func(*call) string {
	return func(c *call) string {
		return fmt.Sprintf("Asking node %s if there's an active listener %s %s ...", c.node(), what, c.args[0])
	}
}

func diagnosticCommands() []command {
	return append(checkCommands(), []command{
		{"check_running", "[--timeout <timeout>]", 0, 0, "Says whether the broker runs", func(c *call) string {
			return "Checking if RabbitMQ is running on node " + c.node() + " ..."
		}, func(c *call) error {
			n, err := c.theNode()
			if err == nil {
				c.say("RabbitMQ on node %s is fully booted and running", term(n["name"]))
			}
			return err
		}},
		{"is_running", "[--timeout <timeout>]", 0, 0, "Says whether the broker runs", asking("for its status"), func(c *call) error {
			return c.stands("is fully booted and running", runs)
		}},
		{"is_booting", "[--timeout <timeout>]", 0, 0, "Says whether the broker is starting", asking("for its boot status"), func(c *call) error {
			return c.stands("is fully booted (check with is_running), stopped or has not started booting yet", boots)
		}},
		{"alarms", "[--timeout <timeout>]", 0, 0, "Lists alarms", asking("to report any known resource alarms"), alarms},
		{"listeners", "[--timeout <timeout>]", 0, 0, "Lists listeners", asking("to report its protocol listeners"), func(c *call) error {
			o, err := c.broker()
			if err != nil {
				return err
			}
			if c.options.formatter == formatJSON {
				return c.answer(object{"listeners": listenerList(o), "node": o["node"], "result": "ok"})
			}
			return c.printListeners(o)
		}},
		{"server_version", "[--timeout <timeout>]", 0, 0, "Prints the version", asking("for its RabbitMQ version..."), func(c *call) error {
			o, err := c.broker()
			if err != nil {
				return err
			}
			return c.tells(object{"result": "ok", "value": o["rabbitmq_version"]}, term(o["rabbitmq_version"]))
		}},
		{"memory_breakdown", "[--unit <unit>] [--timeout <timeout>]", 0, 0, "Tells what memory is used for", ofNode("Reporting memory breakdown on node %s..."), memoryBreakdown},
		{"log_location", "[--all|-a] [--timeout <timeout>]", 0, 0, "Tells where the log is", ofNode("Log file location(s) on node %s ..."), logLocation},
	}...)
}

// What a broker that answers is, and is not.
const (
	runs  = true
	boots = false
)

// stands says how the broker is.
func (c *call) stands(how string, result bool) error {
	o, err := c.broker()
	if err != nil {
		return err
	}
	message := fmt.Sprintf("RabbitMQ on node %s %s", term(o["node"]), how)
	return c.tells(object{"message": message, "result": result}, message)
}

func alarms(c *call) error {
	n, err := c.theNode()
	if err != nil {
		return err
	}
	list := alarmList(n)
	meaning := strings.Join(list, "\n")
	if len(list) == 0 {
		meaning = fmt.Sprintf("Node %s reported no alarms, local or clusterwide", term(n["name"]))
	}
	return c.tells(object{"alarms": list, "node": n["name"], "result": "ok"}, meaning)
}

func checkCommands() []command {
	return []command{
		{"check_alarms", "[--timeout <timeout>]", 0, 0, "Fails if there is an alarm", asking("to report any local resource alarms"), func(c *call) error {
			return c.check("alarms", "Node %s reported no alarms, local or clusterwide")
		}},
		{"check_local_alarms", "[--timeout <timeout>]", 0, 0, "Fails if there is an alarm", asking("to report any local resource alarms"), func(c *call) error {
			return c.check("local-alarms", "Node %s reported no local alarms")
		}},
		{"check_virtual_hosts", "[--timeout <timeout>]", 0, 0, "Fails if a virtual host is down", ofNode("Checking if all vhosts are running on node %s ..."), func(c *call) error {
			return c.check("virtual-hosts", "Node %s reported all vhosts as running")
		}},
		{"check_port_listener", "<port> [--timeout <timeout>]", 1, 1, "Fails if nobody listens on the port", listenerAsked("on port"), func(c *call) error {
			return c.checkListener("port", "that use the following ports")
		}},
		{"check_protocol_listener", "<protocol> [--timeout <timeout>]", 1, 1, "Fails if the protocol is not spoken", listenerAsked("for protocol"), func(c *call) error {
			return c.checkListener("protocol", "for the following protocols")
		}},
		{"check_certificate_expiration", "[--within <period>] [--unit <unit>]", 0, 0, "Fails if a certificate ends within the time",
			ofNode("Checking certificate expiration on node %s ..."), checkCertificates},
		{"check_if_node_is_quorum_critical", "[--timeout <timeout>]", 0, 0, "Never fails: there is one node",
			ofNode("Checking if node %s is critical for quorum of any queues/streams ..."), quorumUncritical},
		{"check_port_connectivity", "[--address <target address>] [--timeout <timeout>]", 0, 0, "Connects to each port", func(c *call) string {
			return "Testing TCP connections to all active listeners on node " + c.node() + " ..."
		}, checkConnectivity},
	}
}

// healthy asks a health check.
func (c *call) healthy(path string) error {
	err := c.get("/api/health/checks/"+path, nil)
	var r *refusal
	if errors.As(err, &r) && r.status == http.StatusServiceUnavailable {
		return &failure{unavailable, "Error: " + r.reason}
	}
	return err
}

// check asks a health check and says that it is well.
func (c *call) check(path, well string) error {
	if err := c.healthy(path); err != nil {
		return err
	}
	return c.passed(well, c.node())
}

// dialPatience is how long a port may take to answer.
const dialPatience = 5 * time.Second

func checkConnectivity(c *call) error {
	o, err := c.broker()
	if err != nil {
		return err
	}
	var ports, failed []string
	listeners, _ := o["listeners"].([]any)
	for _, one := range listeners {
		l, ok := one.(object)
		if !ok {
			continue
		}
		host, port := term(l["ip_address"]), term(l["port"])
		if host == "::" || host == "0.0.0.0" {
			host = "localhost"
		}
		socket, err := net.DialTimeout("tcp", net.JoinHostPort(host, port), dialPatience)
		if err != nil {
			failed = append(failed, port)
			continue
		}
		ports = append(ports, port)
		if err := socket.Close(); err != nil {
			return err
		}
	}
	if len(failed) > 0 {
		return &failure{unavailable, "Connection failed to ports " + strings.Join(failed, ", ")}
	}
	return c.passedWith(object{"listeners": listenerList(o), "node": o["node"], "result": "ok"},
		"Successfully connected to ports %s on node %s.", strings.Join(ports, ", "), term(o["node"]))
}

// memoryUnits are the units of memory_breakdown, in octets.
func memoryUnits() map[string]float64 {
	return map[string]float64{"bytes": 1, "kb": 1e3, "mb": 1e6, "gb": 1e9}
}

// memoryBreakdown prints what memory is used for, the most first, as RabbitMQ does.
func memoryBreakdown(c *call) error {
	unit := cmp.Or(strings.ToLower(c.options.unit), "gb")
	octets := memoryUnits()[unit]
	n, err := c.theNode()
	if err != nil {
		return err
	}
	var answer struct{ Memory map[string]any }
	if err := c.get(at("nodes", term(n["name"]), "memory"), &answer); err != nil {
		return err
	}
	parts, total := map[string]float64{}, 0.0
	for name, used := range answer.Memory {
		if number, ok := used.(float64); ok {
			parts[name] = number
			total += number
		}
	}
	if c.options.formatter == formatJSON {
		return c.answer(shares(parts, total))
	}
	for _, name := range slices.SortedFunc(maps.Keys(parts), func(a, b string) int {
		return cmp.Or(cmp.Compare(parts[b], parts[a]), cmp.Compare(a, b))
	}) {
		c.say("%s: %s %s (%s%%)", name, decimal(parts[name]/octets, 4), unit, decimal(100*parts[name]/max(total, 1), 2))
	}
	return nil
}

// shares are the octets of each part, and what that is in percent.
func shares(parts map[string]float64, total float64) object {
	list := object{}
	for name, octets := range parts {
		list[name] = object{"bytes": octets, "percentage": json.Number(decimal(100*octets/max(total, 1), 2))}
	}
	return list
}

// decimal is a number with at most so many digits behind the point, and at least one.
func decimal(number float64, digits int) string {
	text := strings.TrimRight(strconv.FormatFloat(number, 'f', digits, 64), "0")
	if strings.HasSuffix(text, ".") {
		text += "0"
	}
	return text
}

// checkListener asks whether somebody listens, and tells who does if not.
func (c *call) checkListener(kind, others string) error {
	o, err := c.broker()
	if err != nil {
		return err
	}
	node := term(o["node"])
	err = c.get("/api/health/checks/"+kind+"-listener/"+url.PathEscape(c.args[0]), nil)
	var r *refusal
	if errors.As(err, &r) && r.status == http.StatusServiceUnavailable {
		none := failure{unavailable, fmt.Sprintf("No listener for %s %s is active on node %s. Found listeners %s: %s",
			kind, c.args[0], node, others, strings.Join(listenersOf(o, kind), ", "))}
		if kind == "port" {
			return &bare{none} // RabbitMQ behaviour
		}
		return &none
	}
	if err != nil {
		return err
	}
	return c.passedWith(object{"node": node, kind: c.args[0], "result": "ok"}, "A listener for %s %s is running on node %s.", kind, c.args[0], node)
}

// listenersOf are the ports or protocols of all listeners, each once.
func listenersOf(overview object, kind string) (list []string) {
	all, _ := overview["listeners"].([]any)
	for _, one := range all {
		if l, ok := one.(object); ok {
			list = append(list, term(l[kind]))
		}
	}
	slices.Sort(list)
	return slices.Compact(list)
}

// checkCertificates says whether a certificate ends soon.
func checkCertificates(c *call) error {
	unit := cmp.Or(strings.ToLower(c.options.unit), "weeks")
	if err := c.healthy("certificate-expiration/" + strconv.Itoa(c.options.within) + "/" + unit); err != nil {
		return err
	}
	if c.options.within == 1 {
		unit = strings.TrimSuffix(unit, "s")
	}
	return c.passed("No certificates are expiring within %d %s.", c.options.within, unit)
}

// logLocation prints where the log goes to, a line for each place.
func logLocation(c *call) error {
	n, err := c.theNode()
	if err != nil {
		return err
	}
	files, _ := n["log_files"].([]any)
	lines := make([]string, len(files))
	for i, file := range files {
		lines[i] = term(file)
	}
	return c.tells(object{"node_name": n["name"], "paths": lines, "result": "ok"}, strings.Join(lines, "\n"))
}
