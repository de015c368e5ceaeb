package metrics

import (
	"runtime/metrics"

	"github.com/leveretmq/leveret/queue"
)

// writeMemory writes what memory is used for, under RabbitMQ's names: queues, stacks of
// goroutines, all other objects, and what the runtime keeps. The rest does not exist
// here and is zero.
func (s *scrape) writeMemory(p *page) {
	samples := []metrics.Sample{
		{Name: "/memory/classes/heap/objects:bytes"}, {Name: "/memory/classes/heap/stacks:bytes"},
		{Name: "/memory/classes/heap/unused:bytes"}, {Name: "/memory/classes/heap/free:bytes"},
		{Name: "/memory/classes/total:bytes"}, {Name: "/memory/classes/heap/released:bytes"},
	}
	metrics.Read(samples)
	at := func(i int) int64 { return int64(samples[i].Value.Uint64()) }
	objects, stacks, unused, free, allocated := at(0), at(1), at(2), at(3), at(4)-at(5)
	var classic, quorum int64
	for _, q := range s.allQueues() {
		if q.of.Type == queue.Quorum {
			quorum += q.of.Memory
		} else {
			classic += q.of.Memory
		}
	}
	values := map[string]int64{
		"client_connection_other": stacks, "classic_queue_erlang_process": classic, "quorum_queue_erlang_process": quorum,
		"other_erlang_process": max(objects-classic-quorum, 0), "runtime_allocated_unused": unused + free,
		"other_system":                 max(allocated-objects-stacks-unused-free, 0),
		"runtime_reserved_unallocated": max(s.process().MemoryUsed-allocated, 0),
	}
	for _, part := range memoryParts() {
		p.single("memory_"+part.name+"_bytes", gauge, part.help, float64(values[part.name]))
	}
}

// memoryParts are RabbitMQ's, in its order.
func memoryParts() []struct{ name, help string } {
	return []struct{ name, help string }{
		{"code_module", "Code module memory footprint"},
		{"client_connection_reader", "Client connection reader processes footprint in bytes"},
		{"client_connection_writer", "Client connection writer processes footprint in bytes"},
		{"client_connection_channel", "Client connection channel processes footprint in bytes"},
		{"client_connection_other", "Client connection other processes footprint in bytes"},
		{"classic_queue_erlang_process", "Classic queue processes footprint in bytes"},
		{"quorum_queue_erlang_process", "Quorum queue processes footprint in bytes"},
		{"quorum_queue_dlx_erlang_process", "Quorum queue DLX worker processes footprint in bytes"},
		{"stream_erlang_process", "Stream processes footprint in bytes"},
		{"stream_replica_reader_erlang_process", "Stream replica reader processes footprint in bytes"},
		{"stream_coordinator_erlang_process", "Stream coordinator processes footprint in bytes"},
		{"plugin", "Total plugin footprint in bytes"},
		{"modern_metadata_store", "Modern metadata store footprint in bytes"},
		{"other_erlang_process", "Other processes footprint in bytes"},
		{"metrics", "Metric table footprint in bytes"},
		{"management_stats_db", "Management stats database footprint in bytes"},
		{"classic_metadata_store", "Classic metadata store footprint in bytes"},
		{"quorum_queue_ets_table", "Quorum queue ETS tables footprint in bytes"},
		{"modern_metadata_store_ets_table", "Modern metadata store ETS tables footprint in bytes"},
		{"other_ets_table", "Other ETS tables footprint in bytes"},
		{"binary_heap", "Binary heap size in bytes"},
		{"message_index", "Message index footprint in bytes"},
		{"atom_table", "Atom table size in bytes"},
		{"other_system", "Other runtime footprint in bytes"},
		{"runtime_allocated_unused", "Runtime allocated but unused blocks size in bytes"},
		{"runtime_reserved_unallocated", "Runtime reserved but unallocated blocks size in bytes"},
	}
}
