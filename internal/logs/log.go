package logs

import (
	"errors"
	"fmt"
	"io"
	"log/slog"
	"os"
	"sync"
)

// Format is the form of lines.
type Format int

// The formats.
const (
	Text Format = iota
	JSON
)

// Options say what is logged, and where to.
type Options struct {
	Format Format
	// Level is that of the categories that Levels does not have.
	Level  slog.Level
	Levels map[string]slog.Level
	// Console takes the lines; nil is none.
	Console io.Writer
	// File takes the lines as well; empty is none.
	File string
	// Audit is the file of the audit log; empty leaves its lines in the log.
	Audit string
	// Also takes the lines of its level or above, whatever the level of their
	// category. It must not block, nor call the log.
	Also *Taker
}

// Taker takes lines one at a time. The line is its own, and ends with a line break.
type Taker struct {
	Level slog.Level
	Take  func(level slog.Level, line []byte)
}

// Log is where all lines go. All methods can be called by any goroutine.
type Log struct {
	levels levels
	format Format
	also   *Taker

	mu      sync.Mutex // a leaf; whoever logs may hold any other lock
	console io.Writer  // nil if there is none
	file    *file      // guarded by mu; nil if there is none
	audit   *file      // guarded by mu; nil if there is none
	repeats repeats    // guarded by mu
	// watchers get what is written; guarded by mu.
	watchers map[*watcher]struct{}
}

// watcher is who gets the lines that are written, with their level.
type watcher func(level string, line []byte)

// New opens the files.
func New(o Options) (*Log, error) {
	known, err := newLevels(o.Level, o.Levels)
	if err != nil {
		return nil, err
	}
	l := &Log{levels: known, format: o.Format, also: o.Also, console: o.Console, repeats: newRepeats()}
	if l.file, err = openFile(o.File); err != nil {
		return nil, fmt.Errorf("the log: %w", err)
	}
	if l.audit, err = openFile(o.Audit); err != nil {
		return nil, errors.Join(fmt.Errorf("the audit log: %w", err), l.file.close())
	}
	return l, nil
}

// Logger writes to the log, in the category Default.
func (l *Log) Logger() *slog.Logger {
	return slog.New(&handler{log: l, level: l.levels[Default], category: Default, process: process(0)})
}

// Audit is the logger of changes that operators make: the message is the action.
func (l *Log) Audit() *slog.Logger {
	l.mu.Lock()
	apart := l.audit != nil
	l.mu.Unlock()
	if !apart {
		return l.Logger().With(Domain, Auditing)
	}
	return slog.New(slog.NewJSONHandler(auditWriter{l}, &slog.HandlerOptions{ReplaceAttr: auditAttribute}))
}

// Reopen opens the files anew under their names. One that cannot be opened is kept as
// it was.
func (l *Log) Reopen() error {
	l.mu.Lock()
	defer l.mu.Unlock()
	return errors.Join(l.file.reopen(), l.audit.reopen())
}

// Close closes the files; what is logged then goes to the console only.
func (l *Log) Close() error {
	l.mu.Lock()
	defer l.mu.Unlock()
	err := errors.Join(l.file.close(), l.audit.close())
	l.file, l.audit = nil, nil
	return err
}

// Watch calls the function for each line that is written from now on, with the name of
// its level, until stop is called. It must not block, nor call the log, nor change the
// line.
func (l *Log) Watch(line func(level string, line []byte)) (stop func()) {
	w := watcher(line)
	l.mu.Lock()
	defer l.mu.Unlock()
	if l.watchers == nil {
		l.watchers = make(map[*watcher]struct{})
	}
	l.watchers[&w] = struct{}{}
	return func() {
		l.mu.Lock()
		defer l.mu.Unlock()
		delete(l.watchers, &w)
	}
}

// write hands a line on. The caller holds the lock.
func (l *Log) write(level slog.Level, line []byte) {
	for w := range l.watchers {
		(*w)(LevelName(level), line)
	}
	if l.console != nil {
		_, _ = l.console.Write(line) // lost: see the comment of the package
	}
	l.file.write(line)
}

// auditWriter writes to the file of the audit log, which may be another one next time.
type auditWriter struct{ log *Log }

func (w auditWriter) Write(line []byte) (int, error) {
	w.log.mu.Lock()
	defer w.log.mu.Unlock()
	w.log.audit.write(line)
	return len(line), nil
}

func auditAttribute(groups []string, a slog.Attr) slog.Attr {
	if len(groups) > 0 {
		return a
	}
	switch a.Key {
	case slog.LevelKey:
		return slog.Attr{}
	case slog.MessageKey:
		a.Key = "action"
	}
	return a
}

// fileMode lets the group read logs.
const fileMode = 0o640

// file is a file that lines are appended to. A nil one takes nothing.
type file struct {
	name string
	open *os.File
}

func openFile(name string) (*file, error) {
	if name == "" {
		return nil, nil
	}
	opened, err := os.OpenFile(name, os.O_APPEND|os.O_CREATE|os.O_WRONLY, fileMode)
	if err != nil {
		return nil, err
	}
	return &file{name: name, open: opened}, nil
}

func (f *file) write(line []byte) {
	if f != nil {
		_, _ = f.open.Write(line) // lost: see the comment of the package
	}
}

func (f *file) reopen() error {
	if f == nil {
		return nil
	}
	again, err := openFile(f.name)
	if err != nil {
		return err
	}
	err = f.open.Close()
	f.open = again.open
	return err
}

func (f *file) close() error {
	if f == nil {
		return nil
	}
	return f.open.Close()
}
