package configs

import (
	"errors"
	"fmt"
	"slices"
	"strings"
)

const (
	keyLogLevels  = "log-levels"
	keyLogConsole = "log-console"
	keyLogFile    = "log-file"
)

// logCategories are those of Config.LogLevels.
func logCategories() []string {
	return []string{"default", "connection", "channel", "queue", "exchange", "storage", "management", "upgrade", "audit"}
}

// CutLevel takes an entry of Config.LogLevels apart.
func CutLevel(entry string) (category, level string) {
	category, level, _ = strings.Cut(entry, "=")
	return category, level
}

func categoryLevel(entry string) error {
	category, level := CutLevel(entry)
	if !slices.Contains(logCategories(), category) {
		return fmt.Errorf("there is no category %q, only %s", category, strings.Join(logCategories(), ", "))
	}
	if !slices.Contains([]string{LogDebug, LogInfo, LogWarn, LogError, LogNone}, level) {
		return errors.New("it must be category=level with a level debug, info, warn, error or none")
	}
	return nil
}
