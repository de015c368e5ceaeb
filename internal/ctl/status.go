package ctl

import (
	"cmp"
	"encoding/json"
	"fmt"
	"runtime"
	"strconv"
	"strings"
)

// writeStatus prints the status as JSON under the keys of RabbitMQ, which tools read the
// version and the alarms from. What only Erlang has is missing.
func (c *call) writeStatus(overview, n object) error {
	totals, _ := overview["object_totals"].(object)
	number := func(of object, key string) any {
		if of[key] == nil {
			return 0
		}
		return of[key]
	}
	pid, err := strconv.Atoi(term(n["os_pid"]))
	if err != nil {
		pid = 0
	}
	uptime, _ := n["uptime"].(float64)
	memory := number(n, "mem_used")
	return json.NewEncoder(c.Stdout).Encode(object{
		"rabbitmq_version": overview["rabbitmq_version"], "product_name": overview["product_name"], "product_version": overview["product_version"],
		"erlang_version": overview["erlang_full_version"], "crypto_lib_version": overview["crypto_lib_version"],
		"pid": pid, "os": runtime.GOOS, "uptime": int(uptime / 1000), "run_queue": number(n, "run_queue"), "is_under_maintenance": n["being_drained"] == true,
		"processes": object{"used": number(n, "proc_used"), "limit": number(n, "proc_total")}, "net_ticktime": number(n, "net_ticktime"),
		"alarms": alarmList(n), "tags": []any{}, "listeners": listenerList(overview), "active_plugins": n["enabled_plugins"],
		"enabled_plugin_file": "", "data_directory": n["db_dir"], "raft_data_directory": n["db_dir"],
		"config_files": n["config_files"], "log_files": n["log_files"],
		"memory":                         object{"strategy": "rss", "total": object{"rss": memory, "allocated": memory, "erlang": memory}},
		"vm_memory_calculation_strategy": "rss", "vm_memory_high_watermark_limit": number(n, "mem_limit"),
		"vm_memory_high_watermark_setting": object{"absolute": number(n, "mem_limit")},
		"file_descriptors": object{"total_used": number(n, "fd_used"), "total_limit": number(n, "fd_total"),
			"sockets_used": number(n, "sockets_used"), "sockets_limit": number(n, "sockets_total")},
		"disk_free": number(n, "disk_free"), "disk_free_limit": number(n, "disk_free_limit"),
		"totals": object{"connection_count": number(totals, "connections"), "queue_count": number(totals, "queues")},
	})
}

// listenerList is the listeners as the command line of RabbitMQ tells of them.
func listenerList(overview object) []object {
	listeners := []object{}
	list, _ := overview["listeners"].([]any)
	for _, one := range list {
		if l, ok := one.(object); ok {
			listeners = append(listeners, object{"node": overview["node"], "interface": bracketed(term(l["ip_address"])), "port": l["port"],
				"protocol": l["protocol"], "purpose": purposes()[term(l["protocol"])]})
		}
	}
	return listeners
}

// sections prints headings with what belongs to them.
func (c *call) sections(list ...[2]string) error {
	for _, one := range list {
		c.say("%s\n\n%s\n", one[0], one[1])
	}
	return nil
}

// items are lines that begin with a star.
func items(list any) string {
	values, _ := list.([]any)
	lines := make([]string, len(values))
	for i, one := range values {
		lines[i] = " * " + term(one)
	}
	return cmp.Or(strings.Join(lines, "\n"), nobody)
}

// nobody stands for an empty list.
const nobody = "(none)"

// gigabytes is a number of octets.
func gigabytes(octets any) string {
	number, _ := octets.(float64)
	return decimal(number/1e9, 4) + " gb"
}

// printStatus prints the status under the headings of RabbitMQ.
func (c *call) printStatus(overview, n object) error {
	totals, _ := overview["object_totals"].(object)
	uptime, _ := n["uptime"].(float64)
	system := runtime.GOOS
	runs := fmt.Sprintf("OS PID: %s\nOS: %s\nUptime (seconds): %.0f\nIs under maintenance?: %t\nRabbitMQ version: %s\n",
		term(n["os_pid"]), strings.ToUpper(system[:1])+system[1:], uptime/1000, n["being_drained"] == true, term(overview["rabbitmq_version"]))
	runs += fmt.Sprintf("Product name: %s\nProduct version: %s\nNode name: %s\nErlang configuration: %s\nCrypto library: %s\nErlang processes: %s used, %s limit\nScheduler run queue: %s\nCluster heartbeat timeout (net_ticktime): %s",
		term(overview["product_name"]), term(overview["product_version"]), term(n["name"]), term(overview["erlang_full_version"]), term(overview["crypto_lib_version"]),
		term(n["proc_used"]), term(n["proc_total"]), term(n["run_queue"]), term(n["net_ticktime"]))
	return c.sections(
		[2]string{"Runtime", runs},
		[2]string{"Plugins", "Enabled plugin file: \nEnabled plugins:\n\n" + items(n["enabled_plugins"])},
		[2]string{"Data directory", fmt.Sprintf("Node data directory: %[1]s\nRaft data directory: %[1]s", term(n["db_dir"]))},
		[2]string{"Config files", items(n["config_files"])},
		[2]string{"Log file(s)", items(n["log_files"])},
		[2]string{"Alarms", alarmsOf(n)},
		[2]string{"Tags", nobody},
		[2]string{"Memory", fmt.Sprintf("Total memory used: %s\nCalculation strategy: rss\nMemory high watermark setting: computed to: %s", gigabytes(n["mem_used"]), gigabytes(n["mem_limit"]))},
		[2]string{"File Descriptors", fmt.Sprintf("Total: %s, limit: %s\nSockets: %s", term(n["fd_used"]), term(n["fd_total"]), term(n["sockets_used"]))},
		[2]string{"Free Disk Space", fmt.Sprintf("Low free disk space watermark: %s\nFree disk space: %s", gigabytes(n["disk_free_limit"]), gigabytes(n["disk_free"]))},
		[2]string{"Totals", fmt.Sprintf("Connection count: %s\nQueue count: %s", term(totals["connections"]), term(totals["queues"]))},
		[2]string{"Listeners", strings.Join(listenerLines(overview, ""), "\n")},
	)
}

// listenerLines tell of the listeners, behind the same words.
func listenerLines(overview object, words string) (lines []string) {
	for _, l := range listenerList(overview) {
		lines = append(lines, fmt.Sprintf("%snterface: %s, port: %s, protocol: %s, purpose: %s", cmp.Or(words, "I"), term(l["interface"]), term(l["port"]), term(l["protocol"]), term(l["purpose"])))
	}
	return lines
}

// printClusterStatus prints of the only node what RabbitMQ tells of all.
func (c *call) printClusterStatus(overview, n object) error {
	flags, err := c.rows(at("feature-flags"))
	if err != nil {
		return err
	}
	states := make([]string, len(flags))
	for i, flag := range flags {
		states[i] = fmt.Sprintf("Flag: %s, state: %s", term(flag["name"]), term(flag["state"]))
	}
	name := term(n["name"])
	processors := term(n["processors"])
	return c.sections(
		[2]string{"Basics", fmt.Sprintf("Cluster name: %s\nTotal CPU cores available cluster-wide: %s", term(overview["cluster_name"]), processors)},
		[2]string{"Cluster Tags", nobody},
		[2]string{"Disk Nodes", name},
		[2]string{"Running Nodes", name},
		[2]string{"Versions", fmt.Sprintf("%s: RabbitMQ %s, %s %s", name, term(overview["rabbitmq_version"]), term(overview["product_name"]), term(overview["product_version"]))},
		[2]string{"CPU Cores", fmt.Sprintf("Node: %s, available CPU cores: %s", name, processors)},
		[2]string{"Maintenance status", fmt.Sprintf("Node: %s, status: %s", name, maintenanceOf(n))},
		[2]string{"Alarms", alarmsOf(n)},
		[2]string{"Network Partitions", nobody},
		[2]string{"Listeners", strings.Join(listenerLines(overview, "Node: "+name+", i"), "\n")},
		[2]string{"Feature flags", strings.Join(states, "\n")},
	)
}
