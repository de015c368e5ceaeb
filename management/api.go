package management

import (
	"cmp"
	"context"
	"log/slog"
	"net/http"
	"runtime"
	"sync"
	"sync/atomic"
	"time"

	"github.com/leveretmq/leveret/admin"
	"github.com/leveretmq/leveret/auth"
	"github.com/leveretmq/leveret/broker"
	"github.com/leveretmq/leveret/server"
)

// DefaultMaxBody bounds the body of a request, in octets (RabbitMQ's bound).
const DefaultMaxBody = 20_000_000

// DefaultVersion is the version of RabbitMQ that the API follows, and that clients
// which look at versions are shown.
const DefaultVersion = server.CompatibleWith

// Options is what an API is made of.
type Options struct {
	Admin     *admin.Admin
	Broker    *broker.Broker
	Server    *server.Server
	Authority *auth.Authority
	// NodeName is "leveret@host". ClusterName is what the cluster is called unless
	// an operator has set another name; NodeName if empty.
	NodeName, ClusterName string
	// Version is the version of RabbitMQ that clients are shown, DefaultVersion if
	// empty. ProductVersion is Leveret's own.
	Version, ProductVersion string
	// Prefix goes before all paths, like "/rabbit"; it does not end in a slash.
	Prefix string
	// MaxBody bounds the body of a request in octets, DefaultMaxBody if zero.
	MaxBody int64
	// Facts tells what only the program knows; nil knows nothing. It is called for each
	// request that shows some of it, at any time.
	Facts func() Facts
	// MaxConnections is how many AMQP connections there may be, zero for any number.
	MaxConnections int
	// Certificates and Config tell what clients are shown and what the broker is
	// configured with; each may be nil, and is called per request. Config has no
	// secrets in it.
	Certificates func() []Certificate
	Config       func() []byte
	// LogLevels can be changed by administrators; nil cannot.
	LogLevels LogLevels
	// LogLines can be watched by administrators; nil cannot.
	LogLines LogLines
	// RatesMode is how much is told of what messages do, RatesBasic if empty.
	RatesMode RatesMode
	// Watermarks can be changed by administrators; nil cannot.
	Watermarks Watermarks
	// Executable is the file that clients can fetch as rabbitmqadmin; empty is none.
	Executable string
	// Logger hears of refusals and of failures; nil is silence.
	Logger *slog.Logger
}

// API serves the HTTP API. Its methods are safe for concurrent use.
type API struct {
	admin     *admin.Admin
	broker    *broker.Broker
	server    *server.Server
	directory *auth.Directory
	authority *auth.Authority
	options   Options
	log       *slog.Logger

	drained atomic.Bool // clients were sent away, and are not let in
	samples *sampler
	started time.Time
	routes  []*route
	paths   tree
	shapes  shapes
	foreign *http.CrossOriginProtection
	buffers sync.Pool     // of *bytes.Buffer
	room    chan struct{} // one element per answer that is being made
	zippers sync.Pool     // of *gzip.Writer

	streams    chan struct{}   // one element per stream
	downloads  chan struct{}   // one element per program that is fetched
	streaming  context.Context // ends with endStreams
	endStreams context.CancelFunc
}

var _ http.Handler = (*API)(nil)

// New makes the API over the parts of a running broker.
func New(o Options) *API {
	o.ClusterName = cmp.Or(o.ClusterName, o.NodeName)
	o.Version = cmp.Or(o.Version, DefaultVersion)
	o.RatesMode = cmp.Or(o.RatesMode, RatesBasic)
	o.MaxBody = cmp.Or(o.MaxBody, DefaultMaxBody)
	a := &API{
		admin: o.Admin, broker: o.Broker, server: o.Server, directory: o.Admin.Directory(), authority: o.Authority,
		options: o, log: o.Logger, started: time.Now(), foreign: http.NewCrossOriginProtection(),
		room: make(chan struct{}, max(1, runtime.GOMAXPROCS(0)/2)),
	}
	a.streams = make(chan struct{}, maxStreams)
	a.downloads = make(chan struct{}, maxDownloads)
	a.streaming, a.endStreams = context.WithCancel(context.Background())
	a.samples = newSampler(a.broker, a.server, o.RatesMode)
	if a.log == nil {
		a.log = slog.New(slog.DiscardHandler)
	}
	for _, row := range table() {
		r := row
		a.routes = append(a.routes, &r)
		a.paths.add(&r)
	}
	return a
}

// ServeHTTP answers clients that have to say who they are.
func (a *API) ServeHTTP(w http.ResponseWriter, r *http.Request) { a.serve(w, r, stranger) }

// Local answers clients that are the administrator, because nobody else can reach the
// listener: the control socket.
func (a *API) Local() http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) { a.serve(w, r, operator) })
}
