package metrics

import (
	"compress/gzip"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"regexp"
	"slices"
	"strings"
	"time"

	"github.com/leveretmq/leveret/broker"
	"github.com/leveretmq/leveret/internal/histogram"
	"github.com/leveretmq/leveret/server"
)

// Options is what a Handler shows. Broker and Server have to be given.
type Options struct {
	Broker *broker.Broker
	Server *server.Server
	// Node is the name of the broker, Cluster that of its cluster; empty is the
	// node's. ClusterID tells clusters apart that have the same name.
	Node, Cluster, ClusterID string
	// Version is that of RabbitMQ which the broker is like, and ProductVersion its
	// own.
	Version, ProductVersion string
	// Started is when the broker was started; zero is now.
	Started time.Time
	// PerObject makes /metrics the same as /metrics/per-object.
	PerObject bool
	// Facts tells what only the program around the broker knows, and Store what the
	// store does. Both may be nil.
	Facts func() Facts
	Store func() Store
}

// Facts is what is known of the process. What is not known is zero.
type Facts struct {
	// MemoryUsed is what the process has in memory, and MemoryLimit what it may use
	// before publishers are blocked, in octets. DiskFree and DiskFreeLimit are the
	// same for the disk of the data directory.
	MemoryUsed, MemoryLimit int64
	DiskFree, DiskFreeLimit int64
	// FilesUsed are open files and sockets, SocketsUsed the sockets among them, and
	// FilesLimit is how many the process may have.
	FilesUsed, FilesLimit, SocketsUsed int64
	// ReadOctets and WrittenOctets are what the process has read from disks and
	// written to them.
	ReadOctets, WrittenOctets int64
}

// Store is what the store of messages does. What is not known is zero.
type Store struct {
	// Commits and Syncs are how long these took, in seconds.
	Commits, Syncs histogram.Snapshot
	// Pending is octets that wait for their commit, Tables and Log what the parts of
	// the store take on the disk, in octets.
	Pending, Tables, Log int64
}

// Handler answers Prometheus. It is safe for concurrent use.
type Handler struct{ options Options }

// New makes a handler.
func New(o Options) *Handler {
	if o.Cluster == "" {
		o.Cluster = o.Node
	}
	if o.ClusterID == "" {
		o.ClusterID = o.Cluster
	}
	if o.Started.IsZero() {
		o.Started = time.Now()
	}
	return &Handler{options: o}
}

var _ http.Handler = (*Handler)(nil)

const (
	root = "/metrics"
	// contentType is that of the exposition format.
	contentType = "text/plain; version=0.0.4; charset=utf-8"
)

// endpoint is the name of a page, as the identity has it.
type endpoint string

const (
	aggregated endpoint = "aggregated"
	perObject  endpoint = "per-object"
	detailed   endpoint = "detailed"
	memory     endpoint = "memory-breakdown"
)

// ServeHTTP implements http.Handler.
func (h *Handler) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	name, ok := h.page(r.URL.Path)
	if !ok {
		http.NotFound(w, r)
		return
	}
	if r.Method != http.MethodGet && r.Method != http.MethodHead {
		w.Header().Set("Allow", "GET, HEAD")
		http.Error(w, "method not allowed", http.StatusMethodNotAllowed)
		return
	}
	f, err := parseFilter(r.URL.Query())
	if err != nil {
		http.Error(w, err.Error(), http.StatusBadRequest)
		return
	}
	w.Header().Set("Content-Type", contentType)
	if r.Method == http.MethodHead {
		return
	}
	out, finish := compressed(w, r)
	h.write(out, name, f)
	finish()
}

// page is which one a path is.
func (h *Handler) page(path string) (endpoint, bool) {
	switch strings.TrimSuffix(path, "/") {
	case root:
		if h.options.PerObject {
			return perObject, true
		}
		return aggregated, true
	case root + "/per-object":
		return perObject, true
	case root + "/detailed":
		return detailed, true
	case root + "/memory-breakdown":
		return memory, true
	}
	return "", false
}

// compressed is where the answer goes, and what ends it.
func compressed(w http.ResponseWriter, r *http.Request) (io.Writer, func()) {
	if !strings.Contains(r.Header.Get("Accept-Encoding"), "gzip") {
		return w, func() {}
	}
	w.Header().Set("Content-Encoding", "gzip")
	z, err := gzip.NewWriterLevel(w, gzip.BestSpeed)
	if err != nil {
		return w, func() {} // which only a wrong level does
	}
	return z, func() {
		_ = z.Close() // the client is gone
	}
}

// write writes a page. That the client has gone away is its own affair.
func (h *Handler) write(out io.Writer, name endpoint, f filter) {
	s := &scrape{Handler: h, filter: f}
	prefix := "rabbitmq_"
	if name == detailed {
		prefix = "rabbitmq_detailed_"
	}
	p := newPage(out, prefix)
	switch name {
	case aggregated:
		s.writeAggregated(p)
	case perObject:
		s.writePerObject(p)
	case detailed:
		s.writeDetailed(p)
	case memory:
		s.writeMemory(p)
	}
	s.writeIdentity(p, name)
	p.flush()
}

// filter is what a page shows of.
type filter struct {
	families, vhosts []string
	queues           *regexp.Regexp // nil is all
}

func parseFilter(q url.Values) (filter, error) {
	f := filter{families: q["family"], vhosts: q["vhost"]}
	if pattern := q.Get("queue"); pattern != "" {
		var err error
		if f.queues, err = regexp.Compile(pattern); err != nil {
			return f, fmt.Errorf("the parameter queue is no regular expression: %w", err)
		}
	}
	return f, nil
}

func (f *filter) hasVHost(name string) bool {
	return len(f.vhosts) == 0 || slices.Contains(f.vhosts, name)
}

func (f *filter) hasQueue(name string) bool { return f.queues == nil || f.queues.MatchString(name) }
