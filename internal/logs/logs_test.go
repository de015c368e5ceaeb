package logs_test

import (
	"bytes"
	"encoding/json"
	"errors"
	"log/slog"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/leveretmq/leveret/internal/logs"
)

// open is a log that writes to the buffer.
func open(t *testing.T, o logs.Options) (*logs.Log, *bytes.Buffer) {
	t.Helper()
	var out bytes.Buffer
	o.Console = &out
	l, err := logs.New(o)
	require.NoError(t, err)
	t.Cleanup(func() { require.NoError(t, l.Close()) })
	return l, &out
}

// stamp is the time at the start of a line.
const stamp = `\d{4}-\d\d-\d\d \d\d:\d\d:\d\d\.\d{6}[+-]\d\d:\d\d`

func TestText(t *testing.T) {
	l, out := open(t, logs.Options{})
	log := l.Logger()
	connection := log.With(logs.Domain, logs.Connection, logs.Process, uint64(7), "peer", "10.0.0.1:1")
	for want, write := range map[string]func(){
		`\[info\] <0\.0\.0> started`: func() { log.Info("started") },
		`\[warning\] <0\.7\.0> blocked reason="low on memory" n=3 in=1s`: func() {
			connection.Warn("blocked", "reason", "low on memory", "n", 3, "in", time.Second)
		},
		`\[error\] <0\.7\.0> first:\n` + stamp + ` \[error\] <0\.7\.0> second error="a\\nb"`: func() {
			connection.Error("first:\nsecond", "error", errors.New("a\nb"))
		},
		`\[notice\] <0\.0\.0> x g\.a=1 g\.b=""`: func() {
			log.WithGroup("g").Log(t.Context(), logs.Notice, "x", "a", 1, "b", "")
		},
		`\[critical\] <0\.0\.0> \?\[31mred`:    func() { log.Log(t.Context(), logs.Critical, "\x1b[31mred") },
		`\[info\] <0\.0\.0> x at\.a=1 at\.b=2`: func() { log.Info("x", slog.Group("at", "a", 1, "b", 2)) },
	} {
		out.Reset()
		write()
		require.Regexp(t, "^"+stamp+" "+want+"\n$", out.String())
	}
}

func TestJSON(t *testing.T) {
	l, out := open(t, logs.Options{Format: logs.JSON})
	l.Logger().With(logs.Domain, logs.Connection, logs.Process, uint64(7), "user", "app").Warn("a\nb", "n", 3)
	var object map[string]any
	require.NoError(t, json.Unmarshal(out.Bytes(), &object))
	require.Regexp(t, "^"+stamp+"$", object["time"])
	delete(object, "time")
	require.Equal(t, map[string]any{
		"level": "warning", "msg": "a\nb", "pid": "<0.7.0>", "domain": "rabbitmq.connection", "user": "app", "n": 3.0,
	}, object)
	require.True(t, strings.HasPrefix(out.String(), `{"time":`))

	out.Reset()
	l.Logger().Info("x")
	require.Contains(t, out.String(), `"domain":"rabbitmq"}`)
}

func TestLevelsOfCategories(t *testing.T) {
	l, out := open(t, logs.Options{Level: slog.LevelWarn, Levels: map[string]slog.Level{logs.Queue: slog.LevelDebug, logs.Channel: logs.None}})
	log := l.Logger()
	says := func(category string, level slog.Level) bool {
		out.Reset()
		log.With(logs.Domain, category).Log(t.Context(), level, "x")
		return out.Len() > 0
	}
	require.False(t, says(logs.Connection, slog.LevelInfo))
	require.True(t, says(logs.Connection, slog.LevelWarn))
	require.True(t, says(logs.Queue, slog.LevelDebug))
	require.False(t, says(logs.Channel, logs.Critical))
	require.True(t, says("unheard of", slog.LevelWarn), "has the default level")

	require.NoError(t, l.SetLevel(logs.Connection, "debug"))
	require.True(t, says(logs.Connection, slog.LevelDebug))
	require.Equal(t, "debug", l.Levels()[logs.Connection])
	require.Equal(t, "none", l.Levels()[logs.Channel])
	require.NoError(t, l.SetLevel("", "none"))
	require.False(t, says(logs.Queue, logs.Critical))
	require.ErrorIs(t, l.SetLevel("unheard of", "info"), logs.ErrNoCategory)
	require.ErrorIs(t, l.SetLevel("", "loud"), logs.ErrNoLevel)
	_, err := logs.New(logs.Options{Levels: map[string]slog.Level{"unheard of": 0}})
	require.ErrorIs(t, err, logs.ErrNoCategory)
}

func TestTakerHasALevelOfItsOwn(t *testing.T) {
	var taken []string
	l, out := open(t, logs.Options{Level: slog.LevelWarn, Also: &logs.Taker{Level: slog.LevelInfo, Take: func(level slog.Level, line []byte) {
		taken = append(taken, logs.LevelName(level)+string(line))
	}}})
	l.Logger().Debug("a")
	l.Logger().Info("b")
	require.Empty(t, out.String())
	require.Len(t, taken, 1)
	require.Regexp(t, `^info.* b\n$`, taken[0])
}

func TestFilesAreOpenedAnew(t *testing.T) {
	folder := t.TempDir()
	name, audit := filepath.Join(folder, "a.log"), filepath.Join(folder, "audit.log")
	l, out := open(t, logs.Options{File: name, Audit: audit})
	l.Logger().Info("one")
	l.Audit().Info("user.delete", "object", "app", "user", "ops", "peer", "10.0.0.1:1", "outcome", "done")
	require.NoError(t, os.Rename(name, name+".1"))
	l.Logger().Info("two")
	require.NoError(t, l.Reopen())
	l.Logger().Info("three")

	old, err := os.ReadFile(name + ".1")
	require.NoError(t, err)
	fresh, err := os.ReadFile(name)
	require.NoError(t, err)
	require.Equal(t, 2, bytes.Count(old, []byte("\n")))
	require.Regexp(t, "^"+stamp+` \[info\] <0\.0\.0> three\n$`, string(fresh))
	require.Equal(t, out.String(), string(old)+string(fresh), "the console has all of it")

	line, err := os.ReadFile(audit)
	require.NoError(t, err)
	require.Regexp(t, `^\{"time":"[^"]+","action":"user.delete","object":"app","user":"ops","peer":"10.0.0.1:1","outcome":"done"\}\n$`, string(line))
	require.NotContains(t, out.String(), "user.delete")

	_, err = logs.New(logs.Options{File: filepath.Join(folder, "missing", "a.log")})
	require.ErrorIs(t, err, os.ErrNotExist)
}

func TestAuditWithoutAFile(t *testing.T) {
	l, out := open(t, logs.Options{})
	l.Audit().Info("user.delete", "object", "app")
	require.Regexp(t, stamp+` \[info\] <0\.0\.0> user.delete object=app`, out.String())
}

func TestAuditIsComplete(t *testing.T) {
	l, out := open(t, logs.Options{})
	audit := l.Audit()
	for range 250 {
		audit.Info("again")
	}
	require.Equal(t, 250, strings.Count(out.String(), "\n"))
}

// Whoever takes lines beside the console asked for all of them.
func TestTakerGetsRepeatedLines(t *testing.T) {
	taken := 0
	l, _ := open(t, logs.Options{Also: &logs.Taker{Take: func(slog.Level, []byte) { taken++ }}})
	for range 300 {
		l.Logger().Info("again")
	}
	require.Equal(t, 300, taken)
}

func TestRepeatedLinesAreLimited(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		l, out := open(t, logs.Options{})
		for i := range 251 {
			if i == 250 {
				l.Logger().Info("another place")
				require.Equal(t, 101, strings.Count(out.String(), "\n"))
				time.Sleep(time.Second)
				out.Reset()
			}
			l.Logger().Info("again")
		}
		require.Regexp(t, `^\S+ \S+ \[warning\] \S+ 150 more lines like the next one were left out\n\S+ \S+ \[info\] \S+ again\n$`, out.String())
	})
}

// Whoever watches gets what is written, and nothing else, until it has enough.
func TestWatch(t *testing.T) {
	l, _ := open(t, logs.Options{Level: slog.LevelInfo})
	var seen []string
	stop := l.Watch(func(level string, line []byte) { seen = append(seen, level+" "+string(line[len(line)-6:])) })
	l.Logger().Debug("below")
	l.Logger().Warn("first")
	stop()
	l.Logger().Warn("after")
	require.Equal(t, []string{"warning first\n"}, seen)
}
