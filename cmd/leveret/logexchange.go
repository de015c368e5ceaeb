package main

import (
	"bytes"
	"context"
	"io"
	"log/slog"
	"sync"
	"sync/atomic"

	"github.com/leveretmq/leveret/broker"
	"github.com/leveretmq/leveret/configs"
)

// logExchange is a log that is also published, to the exchange amq.rabbitmq.log of
// one virtual host. Lines from before the broker is there are not.
type logExchange struct {
	broker      atomic.Pointer[broker.Broker]
	contentType string
	node        string

	mu    sync.Mutex
	level string // of the line that is being written; guarded by mu
}

// Write takes one line from the handler that has made it.
func (x *logExchange) Write(line []byte) (int, error) {
	if b := x.broker.Load(); b != nil {
		b.Log(x.level, x.contentType, x.node, bytes.Clone(bytes.TrimRight(line, "\n")))
	}
	return len(line), nil
}

// severity is RabbitMQ's name of a level, which is the routing key.
func severity(l slog.Level) string {
	switch {
	case l < slog.LevelInfo:
		return "debug"
	case l < slog.LevelWarn:
		return "info"
	case l < slog.LevelError:
		return "warning"
	}
	return "error"
}

// teeHandler hands each record to the log and to the exchange.
type teeHandler struct {
	log      slog.Handler
	line     slog.Handler // writes to the exchange
	exchange *logExchange
}

// withLogExchange makes a log of which each line is also published, if the
// configuration asks for that.
func withLogExchange(config configs.Config, log *slog.Logger) (*slog.Logger, *logExchange) {
	x := &logExchange{contentType: "text/plain", node: nodeName(config)}
	if config.LogExchange == "" {
		return log, x
	}
	published := config
	published.LogLevel = config.LogExchangeLevel
	if config.LogFormat == configs.LogJSON {
		x.contentType = "application/json"
	}
	line := newLogger(published, io.Writer(x)).Handler()
	return slog.New(&teeHandler{log: log.Handler(), line: line, exchange: x}), x
}

// Enabled says whether anybody wants the level.
func (h *teeHandler) Enabled(ctx context.Context, l slog.Level) bool {
	return h.log.Enabled(ctx, l) || h.line.Enabled(ctx, l)
}

// Handle implements slog.Handler.
func (h *teeHandler) Handle(ctx context.Context, r slog.Record) error {
	var err error
	if h.log.Enabled(ctx, r.Level) {
		err = h.log.Handle(ctx, r)
	}
	if !h.line.Enabled(ctx, r.Level) {
		return err
	}
	h.exchange.mu.Lock()
	defer h.exchange.mu.Unlock()
	h.exchange.level = severity(r.Level)
	if lineErr := h.line.Handle(ctx, r.Clone()); err == nil {
		err = lineErr
	}
	return err
}

// WithAttrs implements slog.Handler.
func (h *teeHandler) WithAttrs(attrs []slog.Attr) slog.Handler {
	return &teeHandler{log: h.log.WithAttrs(attrs), line: h.line.WithAttrs(attrs), exchange: h.exchange}
}

// WithGroup implements slog.Handler.
func (h *teeHandler) WithGroup(name string) slog.Handler {
	return &teeHandler{log: h.log.WithGroup(name), line: h.line.WithGroup(name), exchange: h.exchange}
}
