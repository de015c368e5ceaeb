package metrics

import (
	"maps"
	"runtime"
	"runtime/metrics"
	"slices"
	"time"

	"github.com/leveretmq/leveret/broker"
)

const (
	// processLimit is RabbitMQ's default limit of Erlang processes; goroutines have
	// none.
	processLimit = 1048576
	// tickTime is RabbitMQ's default interval between the nodes of a cluster, in
	// seconds.
	tickTime = 60
	// erlangVersion is that of the RabbitMQ that the broker is like.
	erlangVersion = "27.3.4"
	productName   = "Leveret"
)

// nodeFamilies are about the broker as a whole.
func nodeFamilies() []group {
	return []group{
		{"connection_churn_metrics", (*scrape).writeChurn},
		{"node_coarse_metrics", (*scrape).writeNodeUse},
		{"node_metrics", (*scrape).writeNodeLimits},
		{"node_persister_metrics", (*scrape).writePersister},
		{"auth_attempt_metrics", (*scrape).writeLogins},
		{"auth_attempt_detailed_metrics", (*scrape).writeLoginSources},
	}
}

func (s *scrape) writeNode(p *page) {
	for _, f := range nodeFamilies() {
		f.write(s, p)
	}
}

func (s *scrape) writeChurn(p *page) {
	c := s.options.Broker.Churn()
	p.single("connections_opened_total", counter, "Total number of connections opened", float64(c.ConnectionsCreated))
	p.single("connections_closed_total", counter, "Total number of connections closed or terminated", float64(c.ConnectionsClosed))
	p.single("channels_opened_total", counter, "Total number of channels opened", float64(c.ChannelsCreated))
	p.single("channels_closed_total", counter, "Total number of channels closed", float64(c.ChannelsClosed))
	p.single("queues_declared_total", counter, "Total number of queues declared", float64(c.QueuesDeclared))
	p.single("queues_created_total", counter, "Total number of queues created", float64(c.QueuesCreated))
	p.single("queues_deleted_total", counter, "Total number of queues deleted", float64(c.QueuesDeleted))
}

func (s *scrape) writeNodeUse(p *page) {
	f := s.process()
	samples := []metrics.Sample{
		{Name: "/gc/cycles/total:gc-cycles"}, {Name: "/gc/heap/frees:bytes"}, {Name: "/sched/latencies:seconds"},
	}
	metrics.Read(samples)
	switches := uint64(0)
	for _, n := range samples[2].Value.Float64Histogram().Counts {
		switches += n
	}
	p.single("process_open_fds", gauge, "Open file descriptors", float64(f.FilesUsed))
	p.single("process_open_tcp_sockets", gauge, "Open TCP sockets", float64(f.SocketsUsed))
	p.single("process_resident_memory_bytes", gauge, "Memory used in bytes", float64(f.MemoryUsed))
	p.single("disk_space_available_bytes", gauge, "Disk space available in bytes", float64(f.DiskFree))
	p.single("erlang_processes_used", gauge, "Erlang processes used", float64(runtime.NumGoroutine()))
	p.single("erlang_gc_runs_total", counter, "Total number of Erlang garbage collector runs", float64(samples[0].Value.Uint64()))
	p.single("erlang_gc_reclaimed_bytes_total", counter, "Total number of bytes of memory reclaimed by Erlang garbage collector", float64(samples[1].Value.Uint64()))
	p.single("erlang_scheduler_context_switches_total", counter, "Total number of Erlang scheduler context switches", float64(switches))
}

func (s *scrape) writeNodeLimits(p *page) {
	f := s.process()
	p.single("process_max_fds", gauge, "Open file descriptors limit", float64(f.FilesLimit))
	p.single("process_max_tcp_sockets", gauge, "Open TCP sockets limit", float64(f.FilesLimit))
	p.single("resident_memory_limit_bytes", gauge, "Memory high watermark in bytes", float64(f.MemoryLimit))
	p.single("disk_space_available_limit_bytes", gauge, "Free disk space low watermark in bytes", float64(f.DiskFreeLimit))
	p.single("erlang_processes_limit", gauge, "Erlang processes limit", processLimit)
	p.single("erlang_scheduler_run_queue", gauge, "Erlang scheduler run queue", runQueue())
	p.single("erlang_net_ticktime_seconds", gauge, "Inter-node heartbeat interval", tickTime)
	p.single("erlang_uptime_seconds", gauge, "Node uptime", time.Since(s.options.Started).Seconds())
}

// runQueue is how many goroutines wait for a processor.
func runQueue() float64 {
	sample := []metrics.Sample{{Name: "/sched/goroutines/runnable:goroutines"}}
	metrics.Read(sample)
	return float64(sample[0].Value.Uint64())
}

// writePersister tells of the store. Commits are its writes; of what has no equal here
// there is nothing.
func (s *scrape) writePersister(p *page) {
	d, n, facts := s.disk(), &s.all().Counters, s.process()
	for _, f := range []struct {
		name, help string
		value      float64
	}{
		{"io_read_ops_total", "Total number of I/O read operations", float64(n.DiskReads)},
		{"io_read_bytes_total", "Total number of I/O bytes read", float64(facts.ReadOctets)},
		{"io_write_ops_total", "Total number of I/O write operations", float64(d.Commits.Count())},
		{"io_write_bytes_total", "Total number of I/O bytes written", float64(facts.WrittenOctets)},
		{"io_sync_ops_total", "Total number of I/O sync operations", float64(d.Syncs.Count())},
		{"io_seek_ops_total", "Total number of I/O seek operations", 0},
		{"io_reopen_ops_total", "Total number of times files have been reopened", 0},
		{"schema_db_ram_tx_total", "Total number of Schema DB memory transactions", 0},
		{"schema_db_disk_tx_total", "Total number of Schema DB disk transactions", float64(s.options.Broker.Churn().Definitions)},
		{"msg_store_read_total", "Total number of Message Store read operations", float64(n.DiskReads)},
		{"msg_store_write_total", "Total number of Message Store write operations", float64(n.DiskWrites)},
		{"queue_index_read_ops_total", "Total number of Queue Index read operations", 0},
		{"queue_index_write_ops_total", "Total number of Queue Index write operations", 0},
		{"io_read_time_seconds_total", "Total I/O read time", 0},
		{"io_write_time_seconds_total", "Total I/O write time", d.Commits.Sum},
		{"io_sync_time_seconds_total", "Total I/O sync time", d.Syncs.Sum},
		{"io_seek_time_seconds_total", "Total I/O seek time", 0},
	} {
		p.single(f.name, counter, f.help, f.value)
	}
}

func loginFamilies(prefix, suffix string) []family[broker.Logins] {
	return []family[broker.Logins]{
		{prefix + "total", counter, "Total number of authentication attempts" + suffix, func(l *broker.Logins) float64 { return float64(l.Succeeded + l.Failed) }},
		{prefix + "succeeded_total", counter, "Total number of successful authentication attempts" + suffix, func(l *broker.Logins) float64 { return float64(l.Succeeded) }},
		{prefix + "failed_total", counter, "Total number of failed authentication attempts" + suffix, func(l *broker.Logins) float64 { return float64(l.Failed) }},
	}
}

func (s *scrape) writeLogins(p *page) {
	counted := map[string]broker.Logins{protocol: {}, "http": {}} // both are there from the start
	for _, l := range s.options.Broker.Logins() {
		counted[l.Protocol] = l
	}
	var list []object[broker.Logins]
	for _, name := range slices.Sorted(maps.Keys(counted)) {
		l := counted[name]
		list = append(list, object[broker.Logins]{labels: labelled("protocol", name), of: &l})
	}
	each(p, loginFamilies("auth_attempts_", ""), list)
}

func (s *scrape) writeLoginSources(p *page) {
	var list []object[broker.Logins]
	for _, l := range s.options.Broker.LoginSources() {
		list = append(list, object[broker.Logins]{labels: labelled("protocol", l.Protocol, "remote_address", l.Remote, "username", l.User), of: &l})
	}
	each(p, loginFamilies("auth_attempts_detailed_", " with source info"), list)
}

// writeIdentity writes what dashboards join everything with.
func (s *scrape) writeIdentity(p *page, page endpoint) {
	o := &s.options
	p.beginNamed("rabbitmq_build_info", untyped, "RabbitMQ & Erlang/OTP version info")
	p.sample(labelled("rabbitmq_version", o.Version, "prometheus_plugin_version", o.Version, "prometheus_client_version", o.ProductVersion,
		"erlang_version", erlangVersion, "product_name", productName, "product_version", o.ProductVersion), 1)
	p.beginNamed("rabbitmq_identity_info", untyped, "RabbitMQ node & cluster identity info")
	p.sample(labelled("rabbitmq_node", o.Node, "rabbitmq_cluster", o.Cluster, "rabbitmq_cluster_permanent_id", o.ClusterID,
		"rabbitmq_endpoint", string(page)), 1)
}
