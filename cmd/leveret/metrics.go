package main

import (
	"net/http"

	"github.com/leveretmq/leveret/management"
	"github.com/leveretmq/leveret/metrics"
)

// metrics is what Prometheus is told of the node.
func (n *node) metrics() http.Handler {
	return metrics.New(metrics.Options{
		Broker: n.broker, Server: n.server, Node: nodeName(n.config),
		Version: management.DefaultVersion, ProductVersion: version(), PerObject: n.config.MetricsPerObject,
		Facts: n.metricsFacts, Store: n.metricsStore,
	})
}

func (n *node) metricsFacts() metrics.Facts {
	f := n.facts()
	return metrics.Facts{
		MemoryUsed: f.MemoryUsed, MemoryLimit: f.MemoryLimit, DiskFree: f.DiskFree, DiskFreeLimit: f.DiskFreeLimit,
		FilesUsed: f.FilesUsed, FilesLimit: f.FilesLimit, SocketsUsed: f.SocketsUsed,
		ReadOctets: f.ReadOctets, WrittenOctets: f.WrittenOctets,
	}
}

func (n *node) metricsStore() metrics.Store {
	s := n.store.Statistics()
	return metrics.Store{Commits: s.Commits, Syncs: s.Syncs, Pending: int64(s.Pending), Tables: s.Tables, Log: s.Log}
}
