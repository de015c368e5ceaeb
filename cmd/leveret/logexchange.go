package main

import (
	"bytes"
	"context"
	"log/slog"
	"sync"
	"sync/atomic"

	"github.com/leveretmq/leveret/broker"
	"github.com/leveretmq/leveret/configs"
)

// publishedLog is the log, of which each line is also published if the configuration
// asks for that: to the exchange amq.rabbitmq.log of one virtual host. Lines from
// before the broker is there are not.
type publishedLog struct {
	*slog.Logger
	lines *lineWriter // nil if nothing is published
}

// newPublishedLog makes of a log one that can be published.
func newPublishedLog(config configs.Config, log *slog.Logger) *publishedLog {
	if config.LogExchange == "" {
		return &publishedLog{Logger: log}
	}
	w := &lineWriter{contentType: "text/plain"}
	if config.LogFormat == configs.LogJSON {
		w.contentType = "application/json"
	}
	published := config
	published.LogLevel = config.LogExchangeLevel
	handler := &teeHandler{log: log.Handler(), line: newLogger(published, w).Handler(), writer: w}
	return &publishedLog{Logger: slog.New(handler), lines: w}
}

// through publishes the lines from now on.
func (l *publishedLog) through(b *broker.Broker) {
	if l.lines != nil {
		l.lines.broker.Store(b)
	}
}

// lineWriter publishes what a handler writes.
type lineWriter struct {
	broker      atomic.Pointer[broker.Broker] // nil until there is one
	contentType string

	mu    sync.Mutex
	level string // of the line that is being written; guarded by mu
}

// Write takes one line from the handler that has made it.
func (w *lineWriter) Write(line []byte) (int, error) {
	if b := w.broker.Load(); b != nil {
		b.Log(w.level, w.contentType, bytes.Clone(line))
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

// teeHandler hands each record to the log and to the writer of lines. It neither
// waits for the broker nor takes any of its locks: whoever logs may hold them.
type teeHandler struct {
	log    slog.Handler
	line   slog.Handler // writes to the writer
	writer *lineWriter
}

// Enabled says whether anybody wants the level.
func (h *teeHandler) Enabled(ctx context.Context, l slog.Level) bool {
	return h.log.Enabled(ctx, l) || h.line.Enabled(ctx, l)
}

// Handle implements slog.Handler.
func (h *teeHandler) Handle(ctx context.Context, r slog.Record) error {
	var err error
	if h.log.Enabled(ctx, r.Level) {
		err = h.log.Handle(ctx, r.Clone())
	}
	if !h.line.Enabled(ctx, r.Level) {
		return err
	}
	h.writer.mu.Lock()
	defer h.writer.mu.Unlock()
	h.writer.level = severity(r.Level)
	if lineErr := h.line.Handle(ctx, r); err == nil {
		err = lineErr
	}
	return err
}

// WithAttrs implements slog.Handler.
func (h *teeHandler) WithAttrs(attrs []slog.Attr) slog.Handler {
	return &teeHandler{log: h.log.WithAttrs(attrs), line: h.line.WithAttrs(attrs), writer: h.writer}
}

// WithGroup implements slog.Handler.
func (h *teeHandler) WithGroup(name string) slog.Handler {
	return &teeHandler{log: h.log.WithGroup(name), line: h.line.WithGroup(name), writer: h.writer}
}
