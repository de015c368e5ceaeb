package management

import (
	"bytes"
	"compress/gzip"
	"encoding/json"
	"fmt"
	"net/http"
	"strconv"
	"strings"
	"time"
	"unicode"
)

const (
	// zipFrom is the size in octets from which a body is compressed.
	zipFrom = 300
	// keepBuffer bounds the buffers that are used again, in octets.
	keepBuffer = 8 << 20
	// writePatience is how long a client may take to read an answer.
	writePatience = 2 * time.Minute
)

// write sends the answer of a handler. Made is called when it only has to be sent, which
// is up to the client.
func (a *API) write(w http.ResponseWriter, r *http.Request, answer reply, made func()) {
	header := w.Header()
	for key, values := range answer.header {
		header[key] = values
	}
	if r.Method == http.MethodGet || r.Method == http.MethodHead {
		header.Set("Cache-Control", "no-cache")
	}
	switch answer.shape {
	case empty:
		a.finish(w, answer.status)
	case endless:
		f, _ := answer.body.(feed)
		made()
		a.flow(w, r, f)
	case file:
		p, _ := answer.body.(*program)
		made()
		a.deliver(w, r, p)
	case raw:
		octets, _ := answer.body.([]byte)
		a.send(w, r, answer.status, octets)
	default:
		header.Set("Content-Type", "application/json")
		a.encode(w, r, answer, made)
	}
}

// finish ends an answer without a body.
func (a *API) finish(w http.ResponseWriter, status int) {
	if status == 0 {
		status = http.StatusNoContent
	}
	if status != http.StatusNoContent {
		w.Header().Set("Content-Length", "0")
	}
	w.WriteHeader(status)
}

// encode sends a body of JSON.
func (a *API) encode(w http.ResponseWriter, r *http.Request, answer reply, made func()) {
	buffer, _ := a.buffers.Get().(*bytes.Buffer)
	if buffer == nil {
		buffer = new(bytes.Buffer)
	}
	buffer.Reset()
	defer func() {
		if buffer.Cap() <= keepBuffer {
			a.buffers.Put(buffer)
		}
	}()
	if err := encodeJSON(buffer, answer.body); err != nil {
		a.fail(w, r, err)
		return
	}
	made()
	a.send(w, r, answer.status, buffer.Bytes())
}

// encodeJSON writes a value as RabbitMQ does: without spaces, and with < > & as they
// are.
func encodeJSON(buffer *bytes.Buffer, v any) error {
	if written, ok := v.(json.RawMessage); ok {
		_, err := buffer.Write(written)
		return err
	}
	encoder := json.NewEncoder(buffer)
	encoder.SetEscapeHTML(false)
	if err := encoder.Encode(v); err != nil {
		return err
	}
	buffer.Truncate(buffer.Len() - 1) // the encoder's line break
	return nil
}

// send writes the octets, compressed where the client wants that.
func (a *API) send(w http.ResponseWriter, r *http.Request, status int, body []byte) {
	if len(body) >= zipFrom && takesGzip(r.Header.Get("Accept-Encoding")) {
		var zipped bytes.Buffer
		if a.zip(&zipped, body) == nil {
			w.Header().Set("Content-Encoding", "gzip")
			body = zipped.Bytes()
		}
	}
	w.Header().Set("Content-Length", strconv.Itoa(len(body)))
	w.WriteHeader(status)
	if r.Method == http.MethodHead {
		return
	}
	// A client that does not read must not keep its list in memory for ever. The
	// connection may have further requests.
	patience := http.NewResponseController(w)
	if err := patience.SetWriteDeadline(time.Now().Add(writePatience)); err == nil {
		defer func() { _ = patience.SetWriteDeadline(time.Time{}) }() // a connection that has gone has none
	}
	if _, err := w.Write(body); err != nil {
		a.log.Debug("a client of the management API has gone", "reason", err)
	}
}

// takesGzip says whether a client takes gzip, by its header Accept-Encoding.
func takesGzip(accepted string) bool {
	for _, one := range strings.Split(accepted, ",") {
		coding, parameter, _ := strings.Cut(one, ";")
		if !strings.EqualFold(strings.TrimSpace(coding), "gzip") {
			continue
		}
		_, weight, _ := strings.Cut(parameter, "=")
		w, err := strconv.ParseFloat(strings.TrimSpace(weight), 64)
		return err != nil || w > 0
	}
	return false
}

func (a *API) zip(to *bytes.Buffer, body []byte) error {
	zipper, _ := a.zippers.Get().(*gzip.Writer)
	if zipper == nil {
		var err error
		if zipper, err = gzip.NewWriterLevel(to, gzip.BestSpeed); err != nil {
			return err
		}
	}
	defer a.zippers.Put(zipper)
	zipper.Reset(to)
	if _, err := zipper.Write(body); err != nil {
		return err
	}
	return zipper.Close()
}

// fail sends a refusal, or 500 where the broker has failed.
func (a *API) fail(w http.ResponseWriter, r *http.Request, err error) {
	p := problemOf(err)
	if p == nil {
		a.log.Error("a request to the management API has failed", "method", r.Method, "path", r.URL.EscapedPath(), "reason", err)
		p = &problem{status: http.StatusInternalServerError, kind: "internal_server_error", reason: "see the log of the broker"}
	}
	if p.status == http.StatusUnauthorized && p.kind != "" {
		a.logDenied(r, p.reason)
	}
	if p.challenge {
		w.Header().Set("WWW-Authenticate", `Basic realm="RabbitMQ Management"`)
	}
	if p.kind == "" {
		a.finish(w, p.status)
		return
	}
	a.write(w, r, reply{status: p.status, body: problemView{p.kind, p.reason}, shape: plain}, func() {})
}

// logDenied writes the line that programs look for which block attackers.
func (a *API) logDenied(r *http.Request, reason string) {
	name, _, _ := r.BasicAuth()
	if reason == loginFailedReason {
		reason = "invalid credentials"
	}
	name = strings.Join(strings.FieldsFunc(name, unicode.IsControl), "?") // cannot begin a line
	a.log.Warn(fmt.Sprintf("HTTP access denied: user '%s' - %s", name, reason), "peer", r.RemoteAddr)
}
