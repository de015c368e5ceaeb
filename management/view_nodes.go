package management

import (
	"math"
	"os"
	"runtime"
	"runtime/metrics"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/leveretmq/leveret/broker"
)

// The numbers of the node that change and are sampled.
const (
	nodeMemUsed = iota
	nodeFDUsed
	nodeSocketsUsed
	nodeProcUsed
	nodeDiskFree
	nodeGCCount
	nodeGCBytes
	nodeContextSwitches
	nodeDiskReads
	nodeDiskWrites
	nodeReadOctets
	nodeWrittenOctets
	nodeCommits
	nodeSyncs
	nodeDefinitions
	nodeCounts
)

type nodeNumbers [nodeCounts]int64

// procTotal is RabbitMQ's default limit of Erlang processes. Goroutines have none.
const procTotal = 1048576

// nodeNumbers reads them. Those of the store are in what has been counted altogether.
func (a *API) nodeNumbers(whole numbers) nodeNumbers {
	facts := a.facts()
	samples := []metrics.Sample{
		{Name: "/gc/cycles/total:gc-cycles"}, {Name: "/gc/heap/frees:bytes"}, {Name: "/sched/latencies:seconds"},
	}
	metrics.Read(samples)
	n := nodeNumbers{
		nodeMemUsed: facts.MemoryUsed, nodeFDUsed: facts.FilesUsed, nodeSocketsUsed: facts.SocketsUsed,
		nodeProcUsed: int64(runtime.NumGoroutine()), nodeDiskFree: facts.DiskFree,
		nodeGCCount: int64(samples[0].Value.Uint64()), nodeGCBytes: int64(samples[1].Value.Uint64()),
		nodeDiskReads: whole[countDiskReads], nodeDiskWrites: whole[countDiskWrites],
		nodeReadOctets: facts.ReadOctets, nodeWrittenOctets: facts.WrittenOctets, nodeCommits: facts.Commits, nodeSyncs: facts.Syncs,
		nodeDefinitions: int64(a.broker.Churn().Definitions),
	}
	for _, count := range samples[2].Value.Float64Histogram().Counts {
		n[nodeContextSwitches] += int64(count) // goroutines that were scheduled
	}
	if n[nodeMemUsed] == 0 {
		n[nodeMemUsed] = memoryTotal()
	}
	return n
}

// runQueue is how many goroutines wait for a processor.
func runQueue() uint64 {
	sample := []metrics.Sample{{Name: "/sched/goroutines/runnable:goroutines"}}
	metrics.Read(sample)
	return sample[0].Value.Uint64()
}

// memoryTotal is what the Go runtime has from the system, in octets.
func memoryTotal() int64 {
	sample := []metrics.Sample{{Name: "/memory/classes/total:bytes"}}
	metrics.Read(sample)
	return int64(sample[0].Value.Uint64())
}

// description is a thing with a name that is there or not.
type description struct {
	Name        string `json:"name"`
	Description string `json:"description"`
	Enabled     bool   `json:"enabled"`
}

func mechanisms(offered string) []description {
	on := func(name string) bool { return slices.Contains(strings.Fields(offered), name) }
	return []description{
		{"PLAIN", "SASL PLAIN authentication mechanism", on("PLAIN")},
		{"AMQPLAIN", "QPid AMQPLAIN mechanism", on("AMQPLAIN")},
		{"EXTERNAL", "SASL EXTERNAL authentication mechanism", on("EXTERNAL")},
		{"ANONYMOUS", "SASL ANONYMOUS authentication mechanism", on("ANONYMOUS")},
	}
}

// application is a part of the program.
type application struct {
	Name        string `json:"name"`
	Description string `json:"description"`
	Version     string `json:"version"`
}

// applications are those that tools look for, with the versions that they shall see,
// and the modules that we are made of.
func (a *API) applications() []application {
	list := []application{
		{"rabbit", "RabbitMQ", a.options.Version},
		{"rabbitmq_management", "RabbitMQ Management Console", a.options.Version},
		{"rabbitmq_management_agent", "RabbitMQ Management Agent", a.options.Version},
		{"leveret", productName, a.options.ProductVersion},
	}
	for _, m := range dependencies() {
		list = append(list, application{m.Path, "Go module", strings.TrimPrefix(m.Version, "v")})
	}
	return list
}

// plugins are RabbitMQ's names for what is built in.
func plugins() []string {
	return []string{
		"rabbitmq_consistent_hash_exchange", "rabbitmq_delayed_message_exchange", "rabbitmq_event_exchange",
		"rabbitmq_management", "rabbitmq_prometheus", "rabbitmq_random_exchange", "rabbitmq_recent_history_exchange",
		"rabbitmq_sharding",
	}
}

// node is all that there is to tell of the only node.
func (a *API) node(asked windows) members {
	facts := a.facts()
	var m members
	m.set("partitions", []string{})
	m.set("os_pid", strconv.Itoa(os.Getpid()))
	m.set("fd_total", facts.FilesLimit)
	m.set("sockets_total", facts.FilesLimit)
	m.set("mem_limit", facts.MemoryLimit)
	m.set("mem_alarm", a.broker.Alarms().On(broker.Memory))
	m.set("disk_free_limit", facts.DiskFreeLimit)
	m.set("disk_free_alarm", a.broker.Alarms().On(broker.Disk))
	m.set("proc_total", procTotal)
	m.set("rates_mode", a.options.RatesMode)
	m.set("uptime", min(time.Since(a.started).Milliseconds(), math.MaxUint32)) // a 32-bit number for some readers
	m.set("run_queue", runQueue())
	m.set("processors", runtime.GOMAXPROCS(0))
	m.set("exchange_types", exchangeTypes())
	m.set("auth_mechanisms", mechanisms(a.authority.Mechanisms()))
	m.set("applications", a.applications())
	m.set("contexts", a.contextViews(facts.Listeners))
	m.set("log_files", orEmpty(facts.LogFiles))
	m.set("db_dir", facts.DataDir)
	m.set("config_files", orEmpty(facts.ConfigFiles))
	m.set("net_ticktime", 60)
	m.set("enabled_plugins", plugins())
	m.set("mem_calculation_strategy", "rss")
	m.set("ra_open_file_metrics", struct {
		WAL     int `json:"ra_log_wal"`
		Segment int `json:"ra_log_segment_writer"`
	}{})
	m.set("name", a.options.NodeName)
	m.set("type", "disc")
	m.set("running", true)
	m.set("being_drained", a.drained.Load())
	m.set("rabbitmq_version", a.options.Version)
	m.set("erlang_version", erlangVersion)
	a.nodeCounters(&m, &facts, asked)
	m.set("cluster_links", []string{})
	m.set("metrics_gc_queue_length", collectorQueues{})
	return m
}

// collectorQueues are the queues of RabbitMQ's collectors of old metrics.
type collectorQueues struct {
	Connections int `json:"connection_closed"`
	Channels    int `json:"channel_closed"`
	Consumers   int `json:"consumer_deleted"`
	Exchanges   int `json:"exchange_deleted"`
	Queues      int `json:"queue_deleted"`
	VHosts      int `json:"vhost_deleted"`
	Nodes       int `json:"node_node_deleted"`
	OfChannels  int `json:"channel_consumer_deleted"`
}

// nodeCounters adds all of RabbitMQ's counters: strict readers insist on each of them.
// What we have no equal of is zero.
func (a *API) nodeCounters(m *members, facts *Facts, asked windows) {
	totals := a.broker.Totals()
	now := a.nodeNumbers(totalNumbers(&totals))
	motion := a.samples.node.motion(struct{}{}, asked)
	for _, c := range []struct {
		name   string
		number int
	}{
		{"mem_used", nodeMemUsed}, {"fd_used", nodeFDUsed}, {"sockets_used", nodeSocketsUsed}, {"proc_used", nodeProcUsed},
		{"disk_free", nodeDiskFree}, {"gc_num", nodeGCCount}, {"gc_bytes_reclaimed", nodeGCBytes},
		{"context_switches", nodeContextSwitches}, {"msg_store_read_count", nodeDiskReads},
		{"msg_store_write_count", nodeDiskWrites}, {"io_read_count", nodeDiskReads}, {"io_read_bytes", nodeReadOctets},
		{"io_write_count", nodeCommits}, {"io_write_bytes", nodeWrittenOctets}, {"io_sync_count", nodeSyncs},
		{"mnesia_disk_tx_count", nodeDefinitions},
	} {
		m.counted(c.name, now[c.number], motion.details(c.number, asked.node))
	}
	m.averaged("io_write_avg_time", facts.CommitTime, facts.Commits)
	m.averaged("io_sync_avg_time", facts.SyncTime, facts.Syncs)
	for _, name := range []string{
		"io_read_avg_time", "io_seek_count", "io_seek_avg_time", "io_reopen_count",
		"io_file_handle_open_attempt_count", "io_file_handle_open_attempt_avg_time", "mnesia_ram_tx_count",
		"queue_index_write_count", "queue_index_read_count", "queue_index_journal_write_count",
	} {
		m.counted(name, 0, details{})
	}
	*m = append(*m, a.churnRates(windows{messages: asked.node})...)
}

func (a *API) listNodes(r *request) (reply, error) {
	asked, err := parseWindows(r.query, time.Now())
	return list([]members{a.node(asked)}), err
}

func (a *API) showNode(r *request) (reply, error) {
	if r.param("node") != a.options.NodeName {
		return reply{}, notFound()
	}
	asked, err := parseWindows(r.query, time.Now())
	m := a.node(asked)
	if r.flag("memory") {
		m.set("memory", a.memory())
	}
	if r.flag("binary") {
		m.set("binary", a.binary())
	}
	return show(m), err
}
