package main

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"math"
	"net"
	"os"
	"time"

	"github.com/leveretmq/leveret/admin"
	"github.com/leveretmq/leveret/auth"
	"github.com/leveretmq/leveret/broker"
	"github.com/leveretmq/leveret/configs"
	"github.com/leveretmq/leveret/internal/logs"
	"github.com/leveretmq/leveret/management"
	"github.com/leveretmq/leveret/persistence"
	"github.com/leveretmq/leveret/queue"
	"github.com/leveretmq/leveret/server"
)

// node is the broker behind its listeners.
type node struct {
	server *server.Server
	broker *broker.Broker
	store  *persistence.Store
	admin  *admin.Admin
	api    *management.API
	watch  context.CancelFunc // ends the watch over the memory, and the sampling of counters

	config    configs.Config
	listeners []management.Listener
	memory    *watermark
}

// openBroker opens the data directory and makes the broker of it, which publishes the
// log from then on.
func openBroker(config configs.Config, memory *watermark, log *publishedLog, progress func(recovery), fatal func(error)) (service, error) {
	alarms := broker.NewAlarms()
	store, err := persistence.Open(storeOptions(config, log.of(logs.Storage), alarms, fatal))
	if err != nil {
		return nil, fail(storeStatus(err), err)
	}
	stored, directory, err := openDirectory(store, config, log.Logger)
	if err != nil {
		return nil, fmt.Errorf("cannot recover %s: %w", config.DataDir, err)
	}
	users, err := auth.New(auth.AuthorityOptions{
		Directory: directory, LoopbackUsers: config.LoopbackUsers, Mechanisms: config.AuthMechanisms,
		AnonymousUser: config.AnonymousUser, CertificateName: certificateName(config),
	})
	if err != nil {
		return nil, fail(statusUsage, err)
	}
	b, err := broker.New(broker.Options{
		Store: store, Stored: &stored, Logger: log.of(logs.Queue), Alarms: alarms, MemoryBudget: config.MemoryBudget,
		QueueTypes: queueTypes(config), EventVHost: config.EventExchange, LogVHost: config.LogExchange,
		Node: nodeName(config), TrackLogins: config.TrackLogins, Limits: broker.Limits{Queues: config.MaxQueues, Exchanges: config.MaxExchanges},
		Progress: func(p broker.Progress) {
			progress(recovery{queues: p.Queues, of: p.Of, messages: p.Messages, octets: p.Octets})
		},
	})
	if err != nil {
		// The store stays open until the process ends: to close it would be
		// to write to a directory that was not understood.
		return nil, fmt.Errorf("cannot recover %s: %w", config.DataDir, err)
	}
	if err := trace(b, config.Tracing); err != nil {
		return nil, fail(statusUsage, errors.Join(err, b.Close()))
	}
	log.through(b)
	options := serverOptions(config)
	options.Broker, options.Authenticator, options.Logger = b, users, log.of(logs.Connection)
	clients := server.New(options)
	ctx, end := context.WithCancel(context.Background())
	n := &node{
		server: clients, broker: b, store: store, watch: end,
		config: config, listeners: listenersOf(config), memory: memory,
	}
	go tellAlarms(ctx, alarms, nodeName(config), log.Logger)
	go watchMemory(ctx, memory, alarms, log.Logger, usedMemory)
	n.admin = admin.New(admin.Options{
		Broker: b, Directory: directory, Connections: clients, Parameters: stored.Parameters, Audit: log.outputs.Audit(),
	})
	n.api = management.New(management.Options{
		Admin: n.admin, Broker: b, Server: clients, Authority: users, Facts: n.facts,
		NodeName: nodeName(config), ProductVersion: version(), Logger: log.of(logs.Management),
		Prefix: config.HTTPPrefix, MaxBody: config.HTTPMaxBody, MaxConnections: config.MaxConnections,
		Certificates: func() []management.Certificate { return certificates(config) },
		Config:       func() []byte { return effective(config) },
		LogLevels:    log.outputs, LogLines: log.outputs, Watermarks: n, Executable: executable(log.Logger), ClusterName: config.ClusterName,
		RatesMode: management.RatesMode(config.RatesMode),
	})
	if err := n.loadDefinitions(config, log.Logger); err != nil {
		return nil, errors.Join(err, n.Close())
	}
	go n.api.Run(ctx)
	return n, nil
}

// trace switches the firehose on where the configuration wants it.
func trace(b *broker.Broker, vhosts []string) error {
	for _, name := range vhosts {
		v, ok := b.VHost(name)
		if !ok {
			return fmt.Errorf("tracing: there is no virtual host %q", name)
		}
		v.SetTracing(true)
	}
	return nil
}

// Serve accepts connections until Shutdown.
func (n *node) Serve(l net.Listener) error { return n.server.Serve(l) }

// Directory is the users, virtual hosts and permissions of the broker.
func (n *node) Directory() *auth.Directory { return n.admin.Directory() }

// Handlers are what the node serves besides AMQP.
func (n *node) Handlers() handlers {
	return handlers{management: n.api, control: n.api.Local(), metrics: n.metrics(), ending: n.api.EndStreams}
}

// Shutdown ends all connections. One that waits for room on a full disk would
// not end, so nobody waits for that any more.
func (n *node) Shutdown(ctx context.Context) error {
	n.store.StopWaiting()
	return n.server.Shutdown(ctx)
}

// Close writes all that is pending and closes the data directory.
func (n *node) Close() error {
	n.watch()
	return withDiskFull(n.broker.Close())
}

// withDiskFull gives the end of a broker whose disk is full a status of its own.
func withDiskFull(err error) error {
	if !errors.Is(err, persistence.ErrDiskFull) {
		return err
	}
	return fail(statusDiskFull, fmt.Errorf("%w; nothing that was confirmed is lost: make room, then start again", err))
}

func queueTypes(config configs.Config) broker.QueueTypes {
	types := broker.QueueTypes{Default: queue.Type(config.DefaultQueueType), Relaxed: config.RelaxedQueueTypes}
	for _, t := range config.DisabledQueueTypes {
		types.Disabled = append(types.Disabled, queue.Type(t))
	}
	return types
}

func storeOptions(config configs.Config, log *slog.Logger, alarms *broker.Alarms, fatal func(error)) persistence.Options {
	options := persistence.Options{
		Dir: config.DataDir, Durability: persistence.Fsync, Logger: log,
		Fatal:     func(err error) { fatal(withDiskFull(err)) },
		DiskAlarm: func(on bool) { alarms.Set(broker.Disk, on) },
		Ballast:   config.DiskBallast,
		Limits:    persistence.Limits{DiskAlarm: config.DiskFreeLimit},
	}
	if config.Durability == configs.DurabilityOS {
		options.Durability = persistence.OS
	}
	return options
}

func storeStatus(err error) int {
	switch {
	case errors.Is(err, persistence.ErrLocked):
		return statusLocked
	case errors.Is(err, persistence.ErrNotWritable):
		return statusNotWritable
	case errors.Is(err, persistence.ErrNewerFormat):
		return statusNewerFormat
	case errors.Is(err, persistence.ErrDiskFull):
		return statusDiskFull
	default:
		return statusOther
	}
}

// serverOptions translates "no limit": the server takes zero for the default.
func serverOptions(config configs.Config) server.Options {
	return server.Options{
		Version:                version(),
		NodeName:               nodeName(config),
		FrameMax:               orMax(config.FrameMax, math.MaxInt32),
		InitialFrameMax:        config.InitialFrameMax,
		ChannelMax:             orMax(config.ChannelMax, math.MaxUint16),
		Heartbeat:              orNegative(config.Heartbeat),
		HandshakeTimeout:       config.HandshakeTimeout,
		RefusalDelay:           orNegative(config.RefusalDelay),
		MaxMessageSize:         uint64(config.MaxMessageSize),
		ConsumerTimeout:        config.ConsumerTimeout,
		MaxConsumersPerChannel: config.MaxConsumersPerChannel,
		MaxConnections:         config.MaxConnections,
		MaxChannels:            config.MaxChannels,
		MaxUnacked:             config.MaxUnacked,
		MaxUnwritten:           int(config.MaxUnwritten),
		MaxHeaderSize:          int(config.MaxHeaderSize),
		ConnectionRate:         server.Rate{Messages: int64(config.ConnectionMessageRate), Octets: config.ConnectionOctetRate},
		VHostRate:              server.Rate{Messages: int64(config.VHostMessageRate), Octets: config.VHostOctetRate},
		BlockedGrace:           config.BlockedGrace,
	}
}

func orMax[T uint16 | uint32](n, most T) T {
	if n == 0 {
		return most
	}
	return n
}

func orNegative(d time.Duration) time.Duration {
	if d == 0 {
		return -1
	}
	return d
}

func nodeName(config configs.Config) string {
	if config.NodeName != "" {
		return config.NodeName
	}
	host, err := os.Hostname()
	if err != nil {
		host = "localhost"
	}
	return "leveret@" + host
}
