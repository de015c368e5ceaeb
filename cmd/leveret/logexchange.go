package main

import (
	"log/slog"
	"sync/atomic"

	"github.com/leveretmq/leveret/broker"
	"github.com/leveretmq/leveret/configs"
	"github.com/leveretmq/leveret/internal/logs"
)

// publishedLog is the log, of which each line is also published if the configuration
// asks for that: to the exchange amq.rabbitmq.log of one virtual host. Lines from
// before the broker is there are not.
type publishedLog struct {
	*slog.Logger
	outputs *logs.Log
	lines   *linePublisher // nil if nothing is published
}

// through publishes the lines from now on.
func (l *publishedLog) through(b *broker.Broker) {
	if l.lines != nil {
		l.lines.broker.Store(b)
	}
}

// linePublisher publishes lines, with their level as the routing key. It neither waits
// for the broker nor takes any of its locks: whoever logs may hold them.
type linePublisher struct {
	broker      atomic.Pointer[broker.Broker] // nil until there is one
	contentType string
}

func lineTaker(config configs.Config) *linePublisher {
	switch {
	case config.LogExchange == "":
		return nil
	case config.LogFormat == configs.LogJSON:
		return &linePublisher{contentType: "application/json"}
	}
	return &linePublisher{contentType: "text/plain"}
}

func (p *linePublisher) take(level slog.Level, line []byte) {
	if b := p.broker.Load(); b != nil {
		b.Log(logs.LevelName(level), p.contentType, line)
	}
}
