package ctl

import (
	"bufio"
	"context"
	"crypto/tls"
	"errors"
	"fmt"
	"net"
	"os"
	"runtime"
	"slices"
	"strings"
	"time"
)

// inspectionCommands are those of rabbitmq-diagnostics that look at the machine, the
// process and its log.
func inspectionCommands() []command {
	return slices.Concat(inapplicableCommands(), machineCommands(), []command{
		{"log_tail", "[--number|-N <number>] [--timeout <timeout>]", 0, 0, "Prints the end of the log", func(c *call) string {
			return fmt.Sprintf("Last %d log lines on node %s ...", c.options.number, c.node())
		}, tailLog},
		{"log_tail_stream", "[--duration|-d <seconds>] [--timeout <timeout>]", 0, 0, "Prints the log as it is written", ofNode("Streaming logs from node %s ..."), func(c *call) error {
			return c.watch(at("watch", "log")+"?format=text", "")
		}},
		{"consume_event_stream", "[--duration|-d <seconds>] [--pattern <pattern>] [--timeout <timeout>]", 0, 0, "Prints events as they happen", ofNode("Streaming events from node %s ..."), func(c *call) error {
			return c.watch(at("watch", "events"), c.options.pattern)
		}},
		{"discover_peers", "[--timeout <timeout>]", 0, 0, "Prints the node, which is alone", announce("Discovering peers nodes ..."), func(c *call) error {
			n, err := c.theNode()
			if err == nil {
				c.say("%s", term(n["name"]))
			}
			return err
		}},
		{"metadata_store_status", "", 0, 0, "Prints what keeps definitions", ofNode("Status of metadata store on node %s ..."), func(c *call) error {
			return c.show([]string{"Metadata Store"}, []object{{"Metadata Store": "badger"}})
		}},
		{"reset_node_auth_attempt_metrics", "", 0, 0, "Counts logins from zero", ofNode("Reset auth attempt metrics on node %s ..."), func(c *call) error {
			return c.do("DELETE", at("auth", "attempts", c.node()), nil, nil)
		}},
		{"list_policies_that_match", "[--object-type <type>] <name>", 1, 1, "Lists the policies whose pattern fits a queue", func(c *call) string {
			return fmt.Sprintf("Listing policies that match queue '%s' in vhost '%s' ...", c.args[0], c.options.vhost)
		}, listMatchingPolicies},
		{"maybe_stuck", "[--timeout <timeout>]", 0, 0, "Says whether the broker answers", announce("Asking the broker for an answer ..."), func(c *call) error {
			if _, err := c.broker(); err != nil {
				return err
			}
			c.say("There are 0 suspicious processes.")
			return nil
		}},
	})
}

// machineCommands look at TLS, the runtime and the network.
func machineCommands() []command {
	return []command{
		{"certificates", "", 0, 0, "Prints the certificates that clients are shown", ofNode("Certificates of node %s ..."), printCertificates},
		{"cipher_suites", "[--format <openssl | erlang | map>] [--all] [--timeout <timeout>]", 0, 0, "Lists the cipher suites that are offered", announce("Listing available cipher suites"), func(c *call) error {
			for _, suite := range tls.CipherSuites() {
				c.say("%s", suite.Name)
			}
			return nil
		}},
		{"tls_versions", "[--timeout <timeout>]", 0, 0, "Lists the versions of TLS that can be spoken", announce("Listing all TLS versions supported by the runtime..."), func(c *call) error {
			c.say("tlsv1.3\ntlsv1.2")
			return nil
		}},
		{"erlang_version", "[--timeout <timeout>]", 0, 0, "Prints the runtime that the API says", asking("for its Erlang/OTP version..."), func(c *call) error {
			o, err := c.broker()
			if err == nil {
				c.say("%s (no Erlang: %s)", term(o["erlang_version"]), runtime.Version())
			}
			return err
		}},
		{"command_line_arguments", "", 0, 0, "Prints the effective configuration", ofNode("Command line arguments of node %s ..."), environment},
		{"os_env", "[--timeout <timeout>]", 0, 0, "Lists the variables of the environment that the broker looks at", ofNode("Listing RabbitMQ-specific environment variables defined on node %s..."), func(c *call) error {
			for _, one := range os.Environ() {
				if strings.HasPrefix(one, "RABBITMQ_") || strings.HasPrefix(one, "LEVERET_") {
					name, _, _ := strings.Cut(one, "=")
					c.say("%s", name)
				}
			}
			return nil
		}},
		{"list_network_interfaces", "[--timeout <timeout>]", 0, 0, "Lists the network interfaces of this machine", ofNode("Asking node %s to report its network interfaces ..."), listInterfaces},
		{"resolve_hostname", "<hostname> [--address-family <ipv4 | ipv6>]", 1, 1, "Resolves a name on this machine", func(c *call) string {
			return fmt.Sprintf("Asking node %s to resolve hostname %s to IPv4 addresses...", c.node(), c.args[0])
		}, func(c *call) error {
			addresses, err := net.DefaultResolver.LookupHost(context.Background(), c.args[0])
			if err != nil {
				return &failure{unavailable, err.Error()}
			}
			c.say("%s", strings.Join(addresses, "\n"))
			return nil
		}},
	}
}

// inapplicableCommands are those for which there is nothing to look at here.
func inapplicableCommands() []command {
	return slices.Concat(
		unsupported("there is no Erlang here; see pprof-listen for profiles", "observer", "remote_shell", "runtime_thread_stats",
			"erlang_cookie_hash", "erlang_cookie_sources", "resolver_info"),
		unsupported("a consistent hash is computed from the names of the queues, there is no ring", "consistent_hash_exchange_ring_state"),
		unsupported("see the key track-logins", "enable_auth_attempt_source_tracking", "disable_auth_attempt_source_tracking"),
		quorumCommands(),
		unsupported("there are no streams", "stream_status", "coordinator_status"),
	)
}

// watch prints a stream of lines until the time is over or the user interrupts; with a
// pattern only those that have it in them.
func (c *call) watch(path, pattern string) error {
	ctx, stop := c.interruptible()
	defer stop()
	if c.options.duration > 0 {
		var end context.CancelFunc
		ctx, end = context.WithTimeout(ctx, time.Duration(c.options.duration)*time.Second)
		defer end()
	}
	return c.stream(ctx, path, func(line []byte) error {
		if !strings.Contains(string(line), pattern) {
			return nil
		}
		_, err := c.Stdout.Write(append(line, '\n'))
		return err
	})
}

// tailLog prints the last lines of the log's file, which is on this machine.
func tailLog(c *call) error {
	n, err := c.theNode()
	if err != nil {
		return err
	}
	files, _ := n["log_files"].([]any)
	for _, one := range files {
		if name := term(one); !strings.HasPrefix(name, "<") {
			return c.printEnd(name, max(c.options.number, 1))
		}
	}
	return &failure{unavailable, "the log goes to the console and to no file; log_tail_stream shows what comes"}
}

// printEnd prints the last lines of a file.
func (c *call) printEnd(name string, lines int) error {
	file, err := os.Open(name)
	if err != nil {
		return &failure{unavailable, err.Error()}
	}
	defer file.Close()
	kept := make([]string, 0, lines)
	scanner := bufio.NewScanner(file)
	scanner.Buffer(nil, longestLine)
	for scanner.Scan() {
		if len(kept) == lines {
			kept = slices.Delete(kept, 0, 1)
		}
		kept = append(kept, scanner.Text())
	}
	for _, line := range kept {
		c.say("%s", line)
	}
	return scanner.Err()
}

func printCertificates(c *call) error {
	n, err := c.theNode()
	if err != nil {
		return err
	}
	files, _ := n["certificates"].([]any)
	if len(files) == 0 {
		c.say("(none)")
	}
	for _, one := range files {
		c.say("%s", term(one))
	}
	return nil
}

func listInterfaces(c *call) error {
	list, err := net.Interfaces()
	if err != nil {
		return err
	}
	for _, one := range list {
		c.say("Interface %s\nflags: %s", one.Name, strings.ReplaceAll(one.Flags.String(), "|", ", "))
		addresses, err := one.Addrs()
		if err != nil {
			return err
		}
		for _, address := range addresses {
			c.say("addr: %s", address)
		}
		c.say("")
	}
	return nil
}

// listMatchingPolicies lists the policies of a virtual host whose pattern fits a queue,
// the one that counts first.
func listMatchingPolicies(c *call) error {
	var q object
	if err := c.get(at("queues", c.options.vhost, c.args[0]), &q); missing(err) {
		return noObject()
	} else if err != nil {
		return err
	}
	name, ok := q["policy"].(string)
	if !ok || name == "" {
		return nil
	}
	var p object
	if err := c.get(at("policies", c.options.vhost, name), &p); err != nil && !missing(err) {
		return err
	}
	if p == nil {
		return errors.New("the policy has gone meanwhile")
	}
	return c.showJSON([]object{p}, "definition", "vhost", "name", "pattern", "apply-to", "definition", "priority")
}
