package main

import (
	"bytes"
	"log/slog"
	"net"
	"net/netip"
	"os"
	"slices"
	"strconv"
	"time"

	"github.com/leveretmq/leveret/configs"
	"github.com/leveretmq/leveret/management"
)

// facts are what the management API tells of the process. It reads files of the system,
// which takes a moment, and forgets what they do not tell.
func (n *node) facts() management.Facts {
	free, alarm := n.store.Room()
	facts := management.Facts{
		Listeners: n.listeners, DataDir: n.config.DataDir, LogFiles: logFiles(n.config), ConfigFiles: configFiles(n.config),
		MemoryUsed: usedMemory(), MemoryLimit: n.memory.Load(),
		DiskFree: free, DiskFreeLimit: alarm, SocketsUsed: int64(n.server.Open()),
	}
	stored := n.store.Statistics()
	facts.Commits, facts.CommitTime = int64(stored.Commits.Count()), inTime(stored.Commits.Sum)
	facts.Syncs, facts.SyncTime = int64(stored.Syncs.Count()), inTime(stored.Syncs.Sum)
	if traffic, err := os.ReadFile("/proc/self/io"); err == nil {
		facts.ReadOctets, facts.WrittenOctets = diskOctets(traffic)
	}
	if open, err := os.ReadDir("/proc/self/fd"); err == nil {
		facts.FilesUsed = int64(len(open))
	}
	facts.FilesLimit = filesLimit()
	return facts
}

// filesLimit is how many files the process may open, zero if that is not known.
func filesLimit() int64 {
	limits, err := os.ReadFile("/proc/self/limits")
	if err != nil {
		return 0
	}
	return openFiles(limits)
}

// inTime makes a duration of seconds.
func inTime(n float64) time.Duration { return time.Duration(n * float64(time.Second)) }

// diskOctets is what Linux tells that a process has had read from disks and written to
// them.
func diskOctets(traffic []byte) (read, written int64) {
	for line := range bytes.Lines(traffic) {
		name, value, _ := bytes.Cut(bytes.TrimSpace(line), []byte(": "))
		n, err := strconv.ParseInt(string(value), 10, 64)
		if err != nil {
			continue
		}
		switch string(name) {
		case "read_bytes":
			read = n
		case "write_bytes":
			written = n
		}
	}
	return read, written
}

// logFiles are where the log goes to.
func logFiles(config configs.Config) (files []string) {
	if config.LogConsole {
		files = append(files, "<stderr>")
	}
	if config.LogFile != "" {
		files = append(files, config.LogFile)
	}
	return files
}

// configFiles are what was read; a rabbitmq.conf may include others.
func configFiles(config configs.Config) (files []string) {
	for _, file := range []string{config.File, config.RabbitMQConf} {
		if file != "" {
			files = append(files, absolute(file))
		}
	}
	return files
}

// openFiles is the soft limit of open files in what Linux tells of a process; zero if
// there is none.
func openFiles(limits []byte) int64 {
	for line := range bytes.Lines(limits) {
		rest, ok := bytes.CutPrefix(line, []byte("Max open files"))
		if !ok {
			continue
		}
		fields := bytes.Fields(rest)
		if len(fields) == 0 {
			return 0
		}
		n, err := strconv.ParseInt(string(fields[0]), 10, 64)
		if err != nil {
			return 0 // unlimited
		}
		return n
	}
	return 0
}

// listenersOf are the addresses that the configuration says, with RabbitMQ's names of
// what is spoken there.
func listenersOf(config configs.Config) []management.Listener {
	var list []management.Listener
	for _, kind := range []struct {
		protocol  string
		addresses []string
	}{
		{"amqp", config.AMQPListen}, {"amqp/ssl", config.TLSListen},
		{"http", []string{config.HTTPListen}}, {"https", []string{config.HTTPSListen}},
		{"http/prometheus", []string{config.MetricsListen}},
	} {
		for _, address := range kind.addresses {
			if at, ok := resolve(address); ok {
				list = append(list, management.Listener{Protocol: kind.protocol, Address: at})
			}
		}
	}
	return slices.Clip(list)
}

// resolve is an address to listen on; a port alone is all addresses.
func resolve(address string) (netip.AddrPort, bool) {
	if address == "" || address == configs.ListenNone {
		return netip.AddrPort{}, false
	}
	at, err := net.ResolveTCPAddr(network(address), address)
	if err != nil {
		return netip.AddrPort{}, false
	}
	ip := at.AddrPort()
	if !ip.Addr().IsValid() {
		ip = netip.AddrPortFrom(netip.IPv6Unspecified(), ip.Port())
	}
	return netip.AddrPortFrom(ip.Addr().Unmap(), ip.Port()), true
}

// executable is the file that this process runs; empty if it is not known.
func executable(log *slog.Logger) string {
	path, err := os.Executable()
	if err != nil {
		log.Warn("the executable is not known: nobody can fetch rabbitmqadmin", "error", err)
	}
	return path
}
