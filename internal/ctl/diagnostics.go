package ctl

import (
	"errors"
	"fmt"
	"net"
	"net/http"
	"slices"
	"strings"
	"time"
)

// asking announces a question to the node.
func asking(what string) func(*call) string {
	return func(c *call) string { return fmt.Sprintf("Asking node %s %s ...", c.node(), what) }
}

func diagnosticCommands() []command {
	return append(checkCommands(), []command{
		{"check_running", "", 0, 0, "Says whether the broker runs", func(c *call) string {
			return "Checking if RabbitMQ is running on node " + c.node() + " ..."
		}, func(c *call) error {
			n, err := c.theNode()
			if err == nil {
				c.say("RabbitMQ on node %s is fully booted and running", term(n["name"]))
			}
			return err
		}},
		{"is_running", "", 0, 0, "Says whether the broker runs", asking("for its status"), func(c *call) error {
			if _, err := c.broker(); err != nil {
				return err
			}
			c.say("RabbitMQ on node %s is running", c.node())
			return nil
		}},
		{"is_booting", "", 0, 0, "Says whether the broker is starting", asking("for its boot status"), func(c *call) error {
			if _, err := c.broker(); err != nil {
				return err
			}
			c.say("RabbitMQ on node %s is fully booted (check with is_running), stopped or has not started booting yet", c.node())
			return nil
		}},
		{"alarms", "", 0, 0, "Lists alarms", asking("to report any known resource alarms"), func(c *call) error {
			n, err := c.theNode()
			if err == nil {
				c.say("%s", alarmsOf(n))
			}
			return err
		}},
		{"listeners", "", 0, 0, "Lists listeners", asking("to report its protocol listeners"), func(c *call) error {
			o, err := c.broker()
			if err != nil {
				return err
			}
			return c.printListeners(o)
		}},
		{"server_version", "", 0, 0, "Prints the version", asking("for its RabbitMQ version"), func(c *call) error {
			o, err := c.broker()
			if err == nil {
				c.say("%s", term(o["rabbitmq_version"]))
			}
			return err
		}},
		{"memory_breakdown", "", 0, 0, "Tells what memory is used for", asking("for its memory breakdown"), memoryBreakdown},
		{"log_location", "", 0, 0, "Tells where the log is", asking("for its log file location(s)"), func(c *call) error {
			n, err := c.theNode()
			if err == nil {
				c.say("%s", strings.Trim(term(n["log_files"]), "[]"))
			}
			return err
		}},
	}...)
}

func checkCommands() []command {
	return []command{
		{"check_alarms", "", 0, 0, "Fails if there is an alarm", asking("to report any known resource alarms"), func(c *call) error {
			return c.check("alarms", "Node %s reported no alarms, local or clusterwide")
		}},
		{"check_local_alarms", "", 0, 0, "Fails if there is an alarm", asking("to report any local resource alarms"), func(c *call) error {
			return c.check("local-alarms", "Node %s reported no local alarms")
		}},
		{"check_virtual_hosts", "", 0, 0, "Fails if a virtual host is down", asking("for virtual hosts that are not running"), func(c *call) error {
			return c.check("virtual-hosts", "All virtual hosts on node %s are running")
		}},
		{"check_port_listener", "<port>", 1, 1, "Fails if nobody listens on the port", asking("if there's an active listener on the port"), func(c *call) error {
			return c.check("port-listener/"+c.args[0], "A listener for port "+c.args[0]+" is running on node %s")
		}},
		{"check_protocol_listener", "<protocol>", 1, 1, "Fails if the protocol is not spoken", asking("if there's an active listener for the protocol"), func(c *call) error {
			return c.check("protocol-listener/"+c.args[0], "A listener for protocol "+c.args[0]+" is running on node %s")
		}},
		{"check_certificate_expiration", "<within> <unit>", 2, 2, "Fails if a certificate ends within the time", asking("for certificates that expire"), func(c *call) error {
			return c.check("certificate-expiration/"+c.args[0]+"/"+c.args[1], "No certificates on node %s expire within that time")
		}},
		{"check_if_node_is_quorum_critical", "", 0, 0, "Never fails: there is one node", nil, func(c *call) error {
			return c.check("node-is-quorum-critical", "Node %s reported no queues that would lose quorum")
		}},
		{"check_port_connectivity", "[--address <address>]", 0, 0, "Connects to each port", func(c *call) string {
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
	c.say(well, c.node())
	return nil
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
	c.say("Successfully connected to ports %s on node %s.", strings.Join(ports, ", "), term(o["node"]))
	return nil
}

func memoryBreakdown(c *call) error {
	n, err := c.theNode()
	if err != nil {
		return err
	}
	var answer struct{ Memory object }
	if err := c.get(at("nodes", term(n["name"]), "memory"), &answer); err != nil {
		return err
	}
	var rows []object
	for name, octets := range answer.Memory {
		if _, number := octets.(float64); number {
			rows = append(rows, object{"category": name, "octets": octets})
		}
	}
	slices.SortFunc(rows, func(a, b object) int { return strings.Compare(term(a["category"]), term(b["category"])) })
	return c.show([]string{"category", "octets"}, rows)
}
