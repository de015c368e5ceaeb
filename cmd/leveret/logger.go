package main

import (
	"context"
	"fmt"
	"io"
	"log/slog"
	"net"
	"os"
	"os/signal"
	"strings"

	"github.com/leveretmq/leveret/broker"
	"github.com/leveretmq/leveret/configs"
	"github.com/leveretmq/leveret/internal/logs"
)

// openLog opens the log that the configuration wants. The configuration has been
// checked, so that what is not named here is the default.
func openLog(config configs.Config, console io.Writer) (*publishedLog, error) {
	options := logs.Options{
		Level: logLevel(config.LogLevel), Levels: map[string]slog.Level{},
		Console: console, File: config.LogFile, Audit: config.AuditLog,
	}
	if !config.LogConsole {
		options.Console = nil
	}
	if config.LogFormat == configs.LogJSON {
		options.Format = logs.JSON
	}
	for _, entry := range config.LogLevels {
		category, level := configs.CutLevel(entry)
		options.Levels[category] = logLevel(level)
	}
	published := &publishedLog{lines: lineTaker(config)}
	if published.lines != nil {
		options.Also = &logs.Taker{Level: logLevel(config.LogExchangeLevel), Take: published.lines.take}
	}
	opened, err := logs.New(options)
	if err != nil {
		return nil, fail(statusUsage, err)
	}
	published.outputs, published.Logger = opened, opened.Logger()
	return published, nil
}

func logLevel(name string) slog.Level {
	level, err := logs.ParseLevel(name)
	if err != nil {
		return slog.LevelInfo
	}
	return level
}

// of is the log in a category.
func (l *publishedLog) of(category string) *slog.Logger { return l.With(logs.Domain, category) }

// followReopening opens the files of the log anew when a signal asks for it, until the
// context ends.
func followReopening(ctx context.Context, log *publishedLog) {
	signals := reopenSignals()
	if len(signals) == 0 {
		return
	}
	asked := make(chan os.Signal, 1)
	signal.Notify(asked, signals...)
	go func() {
		defer signal.Stop(asked)
		for {
			select {
			case <-ctx.Done():
				return
			case <-asked:
			}
			if err := log.outputs.Reopen(); err != nil {
				log.Error("the log goes on in the old file", "error", err)
			}
		}
	}()
}

// tellListeners logs what is served, in RabbitMQ's words.
func tellListeners(config configs.Config, listeners []net.Listener, others endpoints, log *slog.Logger) {
	for i, l := range listeners {
		kind := "TCP"
		if i >= len(config.AMQPListen) {
			kind = "TLS (SSL)"
		}
		log.Info(fmt.Sprintf("started %s listener on %s", kind, l.Addr()))
	}
	said := map[string]string{
		nameManagement:    "Management plugin: HTTP (non-TLS) listener started on port ",
		nameManagementTLS: "Management plugin: HTTPS listener started on port ",
		nameMetrics:       "Prometheus metrics: HTTP (non-TLS) listener started on port ",
	}
	for _, e := range others {
		if text := said[e.name]; text != "" {
			_, port, _ := net.SplitHostPort(e.listener.Addr().String())
			log.Info(text + port)
		}
	}
	log.Info(startupLine + "; 0 plugins started.")
}

const alarmSet = `%s resource limit alarm set on node %s.

**********************************************************
*** Publishers will be blocked until this alarm clears ***
**********************************************************
`

// tellAlarms logs alarms in RabbitMQ's words, until the context ends.
func tellAlarms(ctx context.Context, alarms *broker.Alarms, node string, log *slog.Logger) {
	on := map[broker.Resource]bool{}
	for {
		state := alarms.State()
		for _, r := range []broker.Resource{broker.Memory, broker.Disk} {
			switch now := alarms.On(r); {
			case now && !on[r]:
				log.Warn(fmt.Sprintf(alarmSet, r, atom(node)))
			case !now && on[r]:
				log.Warn(fmt.Sprintf("%s resource limit alarm cleared on node %s", r, atom(node)))
			}
			on[r] = alarms.On(r)
		}
		select {
		case <-ctx.Done():
			return
		case <-state.Changed():
		}
	}
}

// atom is a name as Erlang writes it.
func atom(name string) string {
	if strings.ContainsFunc(name, func(r rune) bool {
		return r != '_' && r != '@' && (r < '0' || r > '9') && (r < 'a' || r > 'z') && (r < 'A' || r > 'Z')
	}) {
		return "'" + name + "'"
	}
	return name
}
