package configs

import (
	"errors"
	"slices"
	"strings"
)

const (
	keyLogLevel         = "log-level"
	keyLogFormat        = "log-format"
	keyLogExchange      = "log-exchange"
	keyLogExchangeLevel = "log-exchange-level"
)

func logRules() []rule {
	return append(categoryRules(), []rule{
		{"log.console.level", keyLogLevel, takeLogLevel},
		{"log.file.level", keyLogLevel, takeLogLevel},
		{"log.default.level", keyLogLevel, takeLogLevel},
		{"log.console.formatter", keyLogFormat, takeLogFormat},
		{"log.file.formatter", keyLogFormat, takeLogFormat},
		{"log.console", keyLogConsole, truth(keyLogConsole)},
		{"log.file", keyLogFile, takeLogFile},
		{"log.dir", keyLogFile, takeLogFolder},
		{"log.exchange", keyLogExchange, takeLogExchange},
		{"log.exchange.level", keyLogExchangeLevel, func(t *translation, g given) (string, error) {
			level, err := severityOf(g.value)
			if err == nil {
				t.set(keyLogExchangeLevel, level, g)
			}
			return "", err
		}},
	}...)
}

// categoryRules are the categories that both have, and those that only RabbitMQ has.
func categoryRules() (all []rule) {
	for _, category := range []string{"connection", "channel", "queue", "upgrade"} {
		all = append(all, rule{"log." + category + ".level", keyLogLevels, func(t *translation, g given) (string, error) {
			level, err := severityOf(g.value)
			if g.value == LogNone {
				level = LogNone
			}
			if err == nil {
				t.add(keyLogLevels, g.key[1]+"="+level, g)
			}
			return "", err
		}})
	}
	return all
}

// takeLogFile takes the name of the file, or false for none.
func takeLogFile(t *translation, g given) (string, error) {
	if on, err := asTruth(g.value); err == nil {
		if on {
			return "", ignore("it must be the name of a file")
		}
		g.value = ""
	}
	t.logs.file, t.logs.fileFrom = g.value, g
	return "", nil
}

func takeLogFolder(t *translation, g given) (string, error) {
	t.logs.folder, t.logs.folderFrom = g.value, g
	return "", nil
}

// takeLogs takes RABBITMQ_LOGS: - or -stderr for the console, exchange:, or the name
// of a file.
func takeLogs(t *translation, g given) (string, error) {
	switch g.value {
	case "-", "-stderr":
		t.set(keyLogConsole, true, g)
		g.value = ""
	case "exchange:":
		g.value = "true"
		return takeLogExchange(t, g)
	case "syslog:", "journald:":
		return "", miss("the log goes to standard error and to a file only")
	}
	t.logs.file, t.logs.fileFrom = g.value, g
	return "", nil
}

// takeLog takes RABBITMQ_LOG: levels, alone or of categories, and how they look.
func takeLog(t *translation, g given) (string, error) {
	note := ""
	for word := range strings.SplitSeq(g.value, ",") {
		category, name, own := strings.Cut(word, ".")
		if !own {
			category, name = "", word
		}
		level, err := severityOf(name)
		switch {
		case name == "json" || name == "+json":
			t.set(keyLogFormat, LogJSON, g)
		case err != nil || own && !slices.Contains(logCategories(), category):
			note = word + " has no meaning here"
		case own:
			t.add(keyLogLevels, category+"="+level, g)
		default:
			t.set(keyLogLevel, level, g)
		}
	}
	return note, nil
}

// logFile is what several keys say about the file.
type logFile struct {
	file, folder         string
	fileFrom, folderFrom given
}

// finishLogs puts the folder before the name of the file. A folder alone is no reason
// to have a file: RabbitMQ's own default is one, ours is the console.
func (t *translation) finishLogs() {
	l := t.logs
	if l.fileFrom.from == "" {
		return
	}
	if l.file != "" && l.folder != "" {
		l.file = beside(l.folder, l.file)
	}
	t.set(keyLogFile, l.file, l.fileFrom)
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
