package logs

import (
	"errors"
	"fmt"
	"log/slog"
	"math"
	"slices"
	"strings"
)

// The categories.
const (
	Default    = "default"
	Connection = "connection"
	Channel    = "channel"
	Queue      = "queue"
	Exchange   = "exchange"
	Storage    = "storage"
	Management = "management"
	Upgrade    = "upgrade"
	Auditing   = "audit"
)

// Categories lists all of them.
func Categories() []string {
	return []string{Default, Connection, Channel, Queue, Exchange, Storage, Management, Upgrade, Auditing}
}

// Levels that RabbitMQ has and slog does not.
const (
	Notice   = slog.LevelInfo + 2
	Critical = slog.LevelError + 4
	// None is above everything that is logged.
	None = slog.Level(math.MaxInt32)
)

var (
	// ErrNoCategory says that there is no such category.
	ErrNoCategory = errors.New("there is no such category")
	// ErrNoLevel says that there is no such level.
	ErrNoLevel = errors.New("there is no such level")
)

// ParseLevel reads RabbitMQ's name of a level, or ours.
func ParseLevel(name string) (slog.Level, error) {
	switch name {
	case "debug":
		return slog.LevelDebug, nil
	case "info":
		return slog.LevelInfo, nil
	case "notice":
		return Notice, nil
	case "warning", "warn":
		return slog.LevelWarn, nil
	case "error":
		return slog.LevelError, nil
	case "critical", "alert", "emergency":
		return Critical, nil
	case "none":
		return None, nil
	}
	return 0, fmt.Errorf("%w: '%s'", ErrNoLevel, name)
}

// LevelName is RabbitMQ's name of a level.
func LevelName(l slog.Level) string {
	switch {
	case l < slog.LevelInfo:
		return "debug"
	case l < Notice:
		return "info"
	case l < slog.LevelWarn:
		return "notice"
	case l < slog.LevelError:
		return "warning"
	case l < Critical:
		return "error"
	case l < None:
		return "critical"
	}
	return "none"
}

// levels are the levels of all categories. The map never changes.
type levels map[string]*slog.LevelVar

func newLevels(usual slog.Level, own map[string]slog.Level) (levels, error) {
	l := levels{}
	for _, category := range Categories() {
		l[category] = &slog.LevelVar{}
		l[category].Set(usual)
	}
	for category, level := range own {
		if l[category] == nil {
			return nil, noCategory(category)
		}
		l[category].Set(level)
	}
	return l, nil
}

func noCategory(name string) error {
	return fmt.Errorf("%w: '%s'; there are %s", ErrNoCategory, name, strings.Join(Categories(), ", "))
}

// of is the level of a category, or the default one.
func (l levels) of(category string) *slog.LevelVar {
	if level := l[category]; level != nil {
		return level
	}
	return l[Default]
}

// SetLevel changes the level of a category, or of all if it is empty, from the next
// line on. It returns ErrNoCategory or ErrNoLevel. It can be called by any goroutine.
func (l *Log) SetLevel(category, level string) error {
	parsed, err := ParseLevel(level)
	if err != nil {
		return err
	}
	if category == "" {
		for _, one := range l.levels {
			one.Set(parsed)
		}
		return nil
	}
	if !slices.Contains(Categories(), category) {
		return noCategory(category)
	}
	l.levels[category].Set(parsed)
	return nil
}

// Levels tells the level of each category.
func (l *Log) Levels() map[string]string {
	names := make(map[string]string, len(l.levels))
	for category, level := range l.levels {
		names[category] = LevelName(level.Level())
	}
	return names
}
