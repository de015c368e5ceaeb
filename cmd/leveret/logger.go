package main

import (
	"io"
	"log/slog"

	"github.com/leveretmq/leveret/configs"
)

// newLogger is the broker's log. The configuration has been checked, so that
// what is not named here is the default.
func newLogger(config configs.Config, to io.Writer) *slog.Logger {
	options := &slog.HandlerOptions{Level: logLevel(config.LogLevel)}
	if config.LogFormat == configs.LogJSON {
		return slog.New(slog.NewJSONHandler(to, options))
	}
	return slog.New(slog.NewTextHandler(to, options))
}

func logLevel(name string) slog.Level {
	switch name {
	case configs.LogDebug:
		return slog.LevelDebug
	case configs.LogWarn:
		return slog.LevelWarn
	case configs.LogError:
		return slog.LevelError
	default:
		return slog.LevelInfo
	}
}
