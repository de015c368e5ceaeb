package management

import (
	"bufio"
	"bytes"
	"context"
	"fmt"
	"net/http"
	"time"

	"github.com/leveretmq/leveret/internal/audience"
)

const (
	// maxStreams is how many clients may watch at a time: each costs memory, and the
	// connections of AMQP some time.
	maxStreams = 32
	// streamPatience is how long a client may not take what it has asked for.
	streamPatience = 30 * time.Second
)

// streamed is one line of a stream.
type streamed interface {
	// line is the line as people read it, without the line break.
	line() string
}

// feed is a stream of lines, JSON or text.
type feed struct {
	text bool
	// next waits for the next line until the context ends.
	next func(ctx context.Context) (l streamed, ok bool)
	// waiting is how many lines next returns at once, lost how many it never will.
	waiting func() int
	lost    func() int64
	leave   func()
}

// watching answers with what a seat sees, for as long as the client wants.
func watching[T any](r *request, s *audience.Seat[T], leave func(), show func(T) streamed) reply {
	f := feed{
		text: r.query.Get("format") == "text", waiting: s.Waiting, lost: s.Lost, leave: leave,
		next: func(ctx context.Context) (streamed, bool) {
			item, ok := s.Next(ctx)
			if !ok {
				return nil, false
			}
			return show(item), true
		},
	}
	return reply{status: http.StatusOK, body: f, shape: endless}
}

// lostView tells of lines that the client was too slow for.
type lostView struct {
	Lost int64 `json:"lost"`
}

func (l lostView) line() string {
	return fmt.Sprintf("-- %d lines were lost: they came faster than they were read", l.Lost)
}

// admitStream makes room for one more stream, or refuses it.
func (a *API) admitStream() (leave func(), err error) {
	select {
	case a.streams <- struct{}{}:
		return func() { <-a.streams }, nil
	default:
		return nil, &problem{status: http.StatusServiceUnavailable, kind: "service_unavailable",
			reason: fmt.Sprintf("%d clients are watching already", maxStreams)}
	}
}

// EndStreams ends all answers that have no end of their own, or a late one, which
// http.Server.Shutdown would wait for. Those that come later end at once.
func (a *API) EndStreams() { a.endStreams() }

// untilEnd is a context that EndStreams ends, too. The caller has to end it.
func (a *API) untilEnd(parent context.Context) (ctx context.Context, end func()) {
	ctx, cancel := context.WithCancel(parent)
	stop := context.AfterFunc(a.streaming, cancel)
	if a.streaming.Err() != nil {
		cancel()
	}
	return ctx, func() {
		stop()
		cancel()
	}
}

// flow sends a stream until the client goes, or EndStreams is called.
func (a *API) flow(w http.ResponseWriter, r *http.Request, f feed) {
	defer f.leave()
	w.Header().Set("Content-Type", "application/x-ndjson")
	if f.text {
		w.Header().Set("Content-Type", "text/plain; charset=utf-8")
	}
	w.WriteHeader(http.StatusOK)
	if r.Method == http.MethodHead {
		return
	}
	ctx, end := a.untilEnd(r.Context())
	defer end()
	if err := f.copy(ctx, newLineWriter(w, f.text)); err != nil {
		a.log.Debug("a client of the management API has stopped watching", "reason", err)
	}
}

// copy writes lines until the context ends.
func (f *feed) copy(ctx context.Context, to *lineWriter) error {
	if err := to.flush(); err != nil { // the client learns that it is heard
		return err
	}
	told := int64(0)
	for {
		line, ok := f.next(ctx)
		if !ok {
			return nil
		}
		if lost := f.lost(); lost > told {
			if err := to.write(lostView{lost - told}); err != nil {
				return err
			}
			told = lost
		}
		if err := to.write(line); err != nil {
			return err
		}
		if f.waiting() > 0 {
			continue
		}
		if err := to.flush(); err != nil {
			return err
		}
	}
}

// lineWriter writes lines to a client.
type lineWriter struct {
	text       bool
	buffered   *bufio.Writer
	controller *http.ResponseController
	scratch    bytes.Buffer
}

func newLineWriter(w http.ResponseWriter, text bool) *lineWriter {
	l := &lineWriter{text: text, controller: http.NewResponseController(w)}
	l.buffered = bufio.NewWriter(deadlined{w, l.controller})
	return l
}

// deadlined gives up a client that takes nothing.
type deadlined struct {
	http.ResponseWriter
	controller *http.ResponseController
}

// Write implements io.Writer.
func (d deadlined) Write(octets []byte) (int, error) {
	// Not every writer has a deadline: that of a test has none, and needs none.
	_ = d.controller.SetWriteDeadline(time.Now().Add(streamPatience))
	return d.ResponseWriter.Write(octets)
}

func (l *lineWriter) write(s streamed) error {
	if l.text {
		_, err := l.buffered.WriteString(s.line() + "\n")
		return err
	}
	l.scratch.Reset()
	if err := encodeJSON(&l.scratch, s); err != nil {
		return err
	}
	l.scratch.WriteByte('\n')
	_, err := l.buffered.Write(l.scratch.Bytes())
	return err
}

func (l *lineWriter) flush() error {
	if err := l.buffered.Flush(); err != nil {
		return err
	}
	return l.controller.Flush()
}
