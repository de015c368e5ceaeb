package ctl

import (
	"encoding/json"
	"runtime"
	"strconv"
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
