package metrics

import (
	"runtime"
	"runtime/metrics"
)

// writeOwn writes what RabbitMQ has no names for, and the sizes of messages, which it
// has since 4.1.
func (s *scrape) writeOwn(p *page) {
	m := s.options.Server.Measurements()
	p.histogram("rabbitmq_message_size_bytes", "Size of messages received from publishers", m.Sizes, "protocol", protocol)
	p.histogram("leveret_publish_confirm_seconds", "Time from the arrival of a publish to its confirm; samples", m.Confirms)
	p.histogram("leveret_publish_deliver_seconds", "Time from the arrival of a message to its first delivery, by the millisecond; samples", m.Deliveries)
	d := s.disk()
	p.histogram("leveret_store_commit_seconds", "Time that commits of the store took, their sync included", d.Commits)
	p.histogram("leveret_store_sync_seconds", "Time that syncs of a file of the store took", d.Syncs)
	p.beginNamed("leveret_store_disk_bytes", gauge, "Space that the store takes on the disk, looked at once a minute")
	p.sample(labelled("part", "tables"), float64(d.Tables))
	p.sample(labelled("part", "log"), float64(d.Log))
	load := s.options.Broker.Load()
	for _, g := range []struct {
		name, help string
		value      float64
	}{
		{"leveret_store_pending_bytes", "Messages that wait for their commit", float64(d.Pending)},
		{"leveret_queue_memory_bytes", "Memory that queued messages take", float64(load.Memory)},
		{"leveret_queue_memory_budget_bytes", "Memory that queued messages may take before they are paged out", float64(load.MemoryBudget)},
		{"leveret_messages_paged_out", "Messages that are out of memory", float64(s.all().PagedOut)},
		{"leveret_messages_delayed", "Messages that wait for their time in queues", float64(s.all().Delayed)},
		{"leveret_dead_letters_pending_bytes", "Messages that wait to be dead-lettered", float64(load.Undertaking)},
	} {
		p.beginNamed(g.name, gauge, g.help)
		p.sample("", g.value)
	}
	p.beginNamed("leveret_events_dropped_total", counter, "Events and lines of the log that were not published as too many waited")
	p.sample("", float64(s.options.Broker.Dropped()))
	p.beginNamed("leveret_build_info", gauge, "Versions of the broker and of Go")
	p.sample(labelled("version", s.options.ProductVersion, "goversion", runtime.Version()), 1)
	p.beginNamed("process_start_time_seconds", gauge, "Start time of the process since unix epoch in seconds.")
	p.sample("", float64(s.options.Started.Unix()))
}

// runtimeFamilies are what the Go runtime tells, under the names by which others look
// for it.
func runtimeFamilies() []struct {
	source, name string
	kind         kind
	help         string
} {
	return []struct {
		source, name string
		kind         kind
		help         string
	}{
		{"/sched/goroutines:goroutines", "go_goroutines", gauge, "Number of goroutines that currently exist."},
		{"/sched/gomaxprocs:threads", "go_sched_gomaxprocs_threads", gauge, "Number of threads that run Go code at a time."},
		{"/gc/cycles/total:gc-cycles", "go_gc_cycles_total_gc_cycles_total", counter, "Number of completed garbage collections."},
		{"/gc/heap/live:bytes", "go_gc_heap_live_bytes", gauge, "Heap memory that the last garbage collection has found in use."},
		{"/gc/heap/goal:bytes", "go_gc_heap_goal_bytes", gauge, "Size of the heap at the end of the next garbage collection."},
		{"/gc/gomemlimit:bytes", "go_gc_gomemlimit_bytes", gauge, "Limit of memory of the Go runtime."},
		{"/gc/gogc:percent", "go_gc_gogc_percent", gauge, "Growth of the heap between garbage collections."},
		{"/gc/heap/allocs:bytes", "go_memstats_alloc_bytes_total", counter, "Memory that was allocated on the heap, even if it was freed."},
		{"/gc/heap/allocs:objects", "go_memstats_mallocs_total", counter, "Objects that were allocated on the heap."},
		{"/gc/heap/frees:objects", "go_memstats_frees_total", counter, "Objects on the heap that were freed."},
		{"/gc/heap/objects:objects", "go_memstats_heap_objects", gauge, "Objects on the heap."},
		{"/memory/classes/heap/objects:bytes", "go_memstats_heap_alloc_bytes", gauge, "Memory of objects on the heap, freed ones that were not swept included."},
		{"/memory/classes/heap/free:bytes", "go_memstats_heap_free_bytes", gauge, "Memory of the heap that could be returned to the system."},
		{"/memory/classes/heap/released:bytes", "go_memstats_heap_released_bytes", gauge, "Memory of the heap that was returned to the system."},
		{"/memory/classes/heap/stacks:bytes", "go_memstats_stack_inuse_bytes", gauge, "Memory of the stacks of goroutines."},
		{"/memory/classes/total:bytes", "go_memstats_sys_bytes", gauge, "Memory that the Go runtime has mapped."},
		{"/cpu/classes/gc/total:cpu-seconds", "go_cpu_classes_gc_total_cpu_seconds_total", counter, "Processor time of garbage collection, estimated."},
		{"/cpu/classes/user:cpu-seconds", "go_cpu_classes_user_cpu_seconds_total", counter, "Processor time of Go code, estimated."},
		{"/sync/mutex/wait/total:seconds", "go_sync_mutex_wait_total_seconds_total", counter, "Time that goroutines have waited for locks."},
	}
}

func writeGo(p *page) {
	p.beginNamed("go_info", gauge, "Information about the Go environment.")
	p.sample(labelled("version", runtime.Version()), 1)
	families := runtimeFamilies()
	samples := make([]metrics.Sample, len(families))
	for i := range families {
		samples[i].Name = families[i].source
	}
	metrics.Read(samples)
	for i := range families {
		f := &families[i]
		var value float64
		switch v := samples[i].Value; v.Kind() {
		case metrics.KindUint64:
			value = float64(v.Uint64())
		case metrics.KindFloat64:
			value = v.Float64()
		default:
			continue // this version of Go does not tell
		}
		p.beginNamed(f.name, f.kind, f.help)
		p.sample("", value)
	}
}
