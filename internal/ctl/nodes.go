package ctl

import (
	"fmt"
	"net/http"
	"os"
	"slices"
	"strconv"
	"strings"
	"syscall"
	"time"
)

func nodeCommands() []command {
	return []command{
		{"ping", "[--timeout <timeout>]", 0, 0, "Says whether the broker answers", func(c *call) string {
			return fmt.Sprintf("Will ping %s. Timeout: %d ms.", c.node(), 1000*c.options.timeout)
		}, func(c *call) error {
			if _, err := c.broker(); err != nil {
				return err
			}
			c.say("Ping succeeded")
			return nil
		}},
		{"version", "", 0, 0, "Prints the version of RabbitMQ that the broker is like", nil, func(c *call) error {
			o, err := c.broker()
			if err != nil {
				return err
			}
			version := term(o["rabbitmq_version"])
			return c.tells(object{"node": o["node"], "result": "ok", "value": object{"version": version}}, version)
		}},
		{"status", "[--unit <unit>] [--timeout <timeout>]", 0, 0, "Tells how the broker is", func(c *call) string { return "Status of node " + c.node() + " ..." }, status},
		{"cluster_status", "[--timeout <timeout>]", 0, 0, "Tells of the node and its listeners", func(c *call) string { return "Cluster status of node " + c.node() + " ..." }, clusterStatus},
		{"await_startup", "", 0, 0, "Waits until clients can connect", nil, await},
		{"await_online_nodes", "<count> [--timeout <timeout>]", 1, 1, "Waits until one node is there; there never are more", func(c *call) string {
			return fmt.Sprintf("Will wait for at least %s nodes to join the cluster of %s. Timeout: %d seconds.", c.args[0], c.node(), c.options.timeout)
		}, awaitNodes},
		{"wait", "[<pidfile>] [--pid|-P <pid>] [--timeout <timeout>]", 0, 1, "Waits until clients can connect to the broker of that process", nil, awaitProcess},
		{"node_health_check", "[--timeout <timeout>]", 0, 0, "Says whether the broker is well", nil, func(c *call) error {
			if err := c.healthy("local-alarms"); err != nil {
				return err
			}
			c.say("Health check passed")
			return nil
		}},
		{"environment", "", 0, 0, "Prints the configuration", func(c *call) string { return "Application environment of node " + c.node() + " ..." }, environment},
		{"list_feature_flags", "[<column> ...] [--timeout <timeout>]", 0, without, "Lists feature flags", announce("Listing feature flags ..."), func(c *call) error {
			return c.columns(at("feature-flags"), "name", "state")
		}},
		{"enable_feature_flag", "[--opt-in] <all | feature_flag>", 1, 1, "Does nothing: all of them are on", announce("Enabling feature flag \"%s\" ..."), enableFeatureFlag},
		{"set_cluster_name", "<name>", 1, 1, "Names the cluster", announce("Setting cluster name to %s ..."), func(c *call) error {
			return c.do(http.MethodPut, at("cluster-name"), object{"name": c.args[0]}, nil)
		}},
		{"set_log_level", "<log_level>", 1, 2, "Sets the least severity that is logged", announce("Setting log level to \"%s\" ..."), setLogLevel},
		{"rotate_logs", "", 0, 0, "Does nothing (as in RabbitMQ): SIGHUP opens the file of the log anew", nil, func(*call) error { return nil }},
		{"stop", "[--idempotent] [<pidfile>]", 0, 1, "Stops the broker", func(c *call) string { return "Stopping and halting node " + c.node() + " ..." }, stop},
		{"shutdown", "[--wait] [--timeout <timeout>]", 0, 0, "Stops the broker", func(c *call) string { return "Shutting down node " + c.node() + " ..." }, stop},
	}
}

// broker is the overview.
func (c *call) broker() (object, error) {
	var o object
	err := c.get(at("overview"), &o)
	return o, err
}

// node is the name of the node, if it can be reached.
func (c *call) node() string {
	o, err := c.broker()
	if err != nil {
		return "of this machine"
	}
	return term(o["node"])
}

// theNode is what is known of it.
func (c *call) theNode() (object, error) {
	o, err := c.broker()
	if err != nil {
		return nil, err
	}
	var n object
	err = c.get(at("nodes", term(o["node"])), &n)
	return n, err
}

// awaitStep is how often a broker that is awaited is asked.
const awaitStep = 200 * time.Millisecond

func await(c *call) error {
	return c.until(func() error {
		_, err := c.broker()
		return err
	})
}

// awaitNodes waits for the only node; more never come.
func awaitNodes(c *call) error {
	if err := await(c); err != nil {
		return err
	}
	if c.args[0] == "1" {
		return nil
	}
	<-time.After(time.Duration(c.options.timeout) * time.Second)
	return &failure{software, fmt.Sprintf("Error: timed out while waiting. Not enough nodes joined %s's cluster.", c.node())}
}

func enableFeatureFlag(c *call) error {
	flags, err := c.rows(at("feature-flags"))
	if err != nil {
		return err
	}
	known := func(flag object) bool { return flag["name"] == c.args[0] }
	if c.args[0] != "all" && !slices.ContainsFunc(flags, known) {
		return &failure{usageError, "This feature flag is not supported by node " + c.node()}
	}
	return nil
}

func status(c *call) error {
	o, err := c.broker()
	if err != nil {
		return err
	}
	n, err := c.theNode()
	if err != nil {
		return err
	}
	if c.options.formatter == formatJSON {
		return c.writeStatus(o, n)
	}
	return c.printStatus(o, n)
}

// maintenanceOf says whether the node serves clients.
func maintenanceOf(n object) string {
	if n["being_drained"] == true {
		return "undergoing maintenance"
	}
	return "not under maintenance"
}

// alarmsOf says which alarms a node has.
func alarmsOf(n object) string {
	if list := alarmList(n); len(list) > 0 {
		return strings.Join(list, "\n")
	}
	return "(none)"
}

func alarmList(n object) []string {
	list := []string{}
	if n["mem_alarm"] == true {
		list = append(list, "Memory alarm on node "+term(n["name"]))
	}
	if n["disk_free_alarm"] == true {
		list = append(list, "Free disk space alarm on node "+term(n["name"]))
	}
	return list
}

// purposes are what listeners are for.
func purposes() map[string]string {
	return map[string]string{
		"amqp": "AMQP 0-9-1", "amqp/ssl": "AMQP 0-9-1 over TLS", "http": "HTTP API", "https": "HTTP API over TLS",
		"http/prometheus": "Prometheus exporter API over HTTP",
	}
}

func (c *call) printListeners(overview object) error {
	for _, line := range listenerLines(overview, "") {
		c.say("%s", line)
	}
	return nil
}

// bracketed is how an address of IP version 6 stands before a port.
func bracketed(address string) string {
	if strings.Contains(address, ":") {
		return "[" + address + "]"
	}
	return address
}

func clusterStatus(c *call) error {
	o, err := c.broker()
	if err != nil {
		return err
	}
	n, err := c.theNode()
	if err != nil {
		return err
	}
	name := term(n["name"])
	if c.options.formatter == formatJSON {
		return c.answer(object{
			"cluster_name": o["cluster_name"], "disk_nodes": []string{name}, "ram_nodes": []string{}, "running_nodes": []string{name}, "partitions": object{},
			"listeners": object{name: listenerList(o)}, "alarms": alarmList(n), "cluster_tags": []any{}, "cpu_cores": object{name: n["processors"]},
			"maintenance_status": object{name: maintenanceOf(n)}, "feature_flags": []any{},
			"versions": object{name: object{"rabbitmq_name": "RabbitMQ", "rabbitmq_version": o["rabbitmq_version"], "erlang_version": o["erlang_version"]}},
		})
	}
	return c.printClusterStatus(o, n)
}

func environment(c *call) error {
	text, err := c.text(at("config", "effective"))
	if err == nil {
		c.say("%s", strings.TrimRight(text, "\n"))
	}
	return err
}

func setLogLevel(c *call) error {
	path, level := at("log-levels"), c.args[0]
	if len(c.args) == 2 {
		path, level = at("log-levels", c.args[0]), c.args[1]
	}
	return c.do(http.MethodPut, path, object{"level": level}, nil)
}

// stop asks the process of the broker to end, and waits until it does not answer any
// more.
func stop(c *call) error {
	n, err := c.theNode()
	if err != nil {
		return err
	}
	pid, err := strconv.Atoi(term(n["os_pid"]))
	if err != nil {
		return fmt.Errorf("the broker does not tell its process: %w", err)
	}
	if c.options.url != "" {
		return &failure{usageError, "a broker can be stopped on its own machine only"}
	}
	process, err := os.FindProcess(pid)
	if err == nil {
		err = process.Signal(syscall.SIGTERM)
	}
	if err != nil {
		return fmt.Errorf("stopping process %d: %w", pid, err)
	}
	end := time.Now().Add(time.Duration(c.options.timeout) * time.Second)
	for time.Now().Before(end) {
		if _, err := c.broker(); err != nil {
			return nil
		}
		<-time.After(awaitStep)
	}
	return &failure{unavailable, fmt.Sprintf("process %d is still there", pid)}
}
