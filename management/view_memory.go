package management

import (
	"cmp"
	"runtime/metrics"
)

// memoryNames are RabbitMQ's parts of the memory, in its order, those of versions 3
// and 4. Readers insist on each of them.
func memoryNames() []string {
	return []string{
		"connection_readers", "connection_writers", "connection_channels", "connection_other",
		"queue_procs", "queue_slave_procs", "quorum_queue_procs", "quorum_queue_dlx_procs",
		"stream_queue_procs", "stream_queue_replica_reader_procs", "stream_queue_coordinator_procs",
		"plugins", "metadata_store", "other_proc", "metrics", "mgmt_db", "mnesia", "quorum_ets",
		"metadata_store_ets", "other_ets", "binary", "msg_index", "code", "atom", "other_system",
		"allocated_unused", "reserved_unallocated",
	}
}

// memoryParts is what the memory is used for, in octets, as far as it is known: queues,
// stacks of goroutines, objects, and what the runtime keeps for itself. The parts that
// do not exist here are zero. The total is that of the parts.
func (a *API) memoryParts() (parts map[string]int64, total int64) {
	names := []string{
		"/memory/classes/heap/objects:bytes", "/memory/classes/heap/stacks:bytes",
		"/memory/classes/heap/unused:bytes", "/memory/classes/heap/free:bytes",
		"/memory/classes/total:bytes", "/memory/classes/heap/released:bytes",
	}
	samples := make([]metrics.Sample, len(names))
	for i, name := range names {
		samples[i].Name = name
	}
	metrics.Read(samples)
	at := func(i int) int64 { return int64(samples[i].Value.Uint64()) }
	objects, stacks, unused, free, all, released := at(0), at(1), at(2), at(3), at(4), at(5)

	var classic, quorum int64
	for _, vhost := range a.broker.VHosts() {
		for _, q := range a.broker.Queues(vhost) {
			if q.Type == "quorum" {
				quorum += q.Memory
			} else {
				classic += q.Memory
			}
		}
	}
	allocated := all - released
	total = max(a.facts().MemoryUsed, allocated)
	return map[string]int64{
		"queue_procs": classic, "quorum_queue_procs": quorum, "other_proc": max(objects-classic-quorum, 0),
		"connection_other": stacks, "allocated_unused": unused + free,
		"other_system":         max(allocated-objects-stacks-unused-free, 0),
		"reserved_unallocated": max(total-allocated, 0),
	}, total
}

// memoryTotals is the memory as a whole, by three ways to count it.
type memoryTotals struct {
	Erlang    int64 `json:"erlang"`
	RSS       int64 `json:"rss"`
	Allocated int64 `json:"allocated"`
}

func (a *API) memory() members {
	parts, total := a.memoryParts()
	used := cmp.Or(a.facts().MemoryUsed, total)
	var m members
	for _, name := range memoryNames() {
		m.set(name, parts[name])
	}
	m.set("strategy", "rss")
	m.set("total", memoryTotals{Erlang: total, RSS: used, Allocated: total})
	return m
}

// binary is what refers to large binaries in RabbitMQ: here, the queues.
func (a *API) binary() members {
	parts, _ := a.memoryParts()
	var m members
	for _, name := range []string{
		"connection_readers", "connection_writers", "connection_channels", "connection_other", "queue_procs",
		"queue_slave_procs", "quorum_queue_procs", "quorum_queue_dlx_procs", "stream_queue_procs",
		"stream_queue_replica_reader_procs", "stream_queue_coordinator_procs", "plugins", "mgmt_db", "msg_index", "other",
	} {
		n := int64(0)
		if name == "queue_procs" || name == "quorum_queue_procs" {
			n = parts[name]
		}
		m.set(name, n)
	}
	return m
}

// memoryReply is what the routes below a node's memory answer.
type memoryReply struct {
	Memory members `json:"memory"`
}

func (a *API) nodeMemory(r *request) (reply, error) {
	if r.param("node") != a.options.NodeName {
		return reply{}, notFound()
	}
	return show(memoryReply{a.memory()}), nil
}

// relativeMemory is the parts in percent, rounded up (RabbitMQ behaviour).
func (a *API) relativeMemory(r *request) (reply, error) {
	if r.param("node") != a.options.NodeName {
		return reply{}, notFound()
	}
	parts, total := a.memoryParts()
	m := members{{"total", 100}}
	for _, name := range memoryNames() {
		m.set(name, (parts[name]*100+total-1)/max(total, 1))
	}
	return show(memoryReply{m}), nil
}
