package configs

import (
	"errors"
	"slices"
)

const (
	keyLogLevel         = "log-level"
	keyLogFormat        = "log-format"
	keyLogExchange      = "log-exchange"
	keyLogExchangeLevel = "log-exchange-level"
)

func logRules() []rule {
	return []rule{
		{"log.console.level", keyLogLevel, takeLogLevel},
		{"log.file.level", keyLogLevel, takeLogLevel},
		{"log.default.level", keyLogLevel, takeLogLevel},
		{"log.console.formatter", keyLogFormat, takeLogFormat},
		{"log.file.formatter", keyLogFormat, takeLogFormat},
		{"log.exchange", keyLogExchange, takeLogExchange},
		{"log.exchange.level", keyLogExchangeLevel, func(t *translation, g given) (string, error) {
			level, err := severityOf(g.value)
			if err == nil {
				t.set(keyLogExchangeLevel, level, g)
			}
			return "", err
		}},
	}
}

// severityOf is our level for one of RabbitMQ's.
func severityOf(level string) (string, error) {
	switch level {
	case "debug":
		return LogDebug, nil
	case "info", "notice":
		return LogInfo, nil
	case "warning":
		return LogWarn, nil
	case "error", "critical", "alert", "emergency", "none":
		return LogError, nil
	}
	return "", errors.New("it must be debug, info, notice, warning, error, critical, alert, emergency or none")
}

// takeLogLevel keeps the level that shows most, as there is one for all outputs.
func takeLogLevel(t *translation, g given) (string, error) {
	level, err := severityOf(g.value)
	if err != nil {
		return "", err
	}
	order := []string{LogDebug, LogInfo, LogWarn, LogError}
	known, given := t.values[keyLogLevel].value.(string)
	if given && slices.Index(order, known) < slices.Index(order, level) {
		return "all outputs have the level that shows most", nil
	}
	t.set(keyLogLevel, level, g)
	return "", nil
}

func takeLogFormat(t *translation, g given) (string, error) {
	switch g.value {
	case "json":
		t.set(keyLogFormat, LogJSON, g)
	case "plaintext":
		t.set(keyLogFormat, LogText, g)
	default:
		return "", errors.New("it must be plaintext or json")
	}
	return "", nil
}

// takeLogExchange publishes the log in the virtual host that RabbitMQ takes for it.
func takeLogExchange(t *translation, g given) (string, error) {
	on, err := asTruth(g.value)
	if err != nil || !on {
		return "", err
	}
	vhost, given := t.values["vhost"].value.(string)
	if !given {
		vhost = Default().VHost
	}
	t.set(keyLogExchange, vhost, g)
	return "", nil
}
