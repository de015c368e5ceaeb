package ctl

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"html"
	"io"
	"net"
	"net/http"
	"net/url"
	"strings"
	"time"
)

// client calls the HTTP API of a broker.
type client struct {
	http           http.Client
	base           string
	user, password string
	// received is told how many octets of an answer have come; nil is nobody.
	received func(octets int64)
}

// counted reads an answer and tells how far that is.
type counted struct {
	io.Reader
	octets int64
	tell   func(octets int64)
}

// Read implements io.Reader.
func (c *counted) Read(into []byte) (int, error) {
	n, err := c.Reader.Read(into)
	if c.octets += int64(n); c.tell != nil {
		c.tell(c.octets)
	}
	return n, err
}

// refusal is an answer of the API that is no success.
type refusal struct {
	status int
	reason string
}

func (r *refusal) Error() string { return r.reason }

// missing says whether the error is a 404.
func missing(err error) bool {
	var r *refusal
	return errors.As(err, &r) && r.status == http.StatusNotFound
}

// newClient calls the API behind a socket.
func newClient(socket string, timeout time.Duration) *client {
	dial := func(ctx context.Context, _, _ string) (net.Conn, error) {
		var d net.Dialer
		return d.DialContext(ctx, "unix", socket)
	}
	return &client{base: "http://localhost", http: http.Client{Timeout: timeout, Transport: &http.Transport{DialContext: dial}}}
}

// newRemoteClient calls the API at a URL.
func newRemoteClient(address, user, password string, timeout time.Duration) *client {
	return &client{base: strings.TrimSuffix(address, "/"), user: user, password: password, http: http.Client{Timeout: timeout}}
}

// at makes a path of segments, each of which may have any character.
func at(segments ...string) string {
	escaped := make([]string, len(segments))
	for i, s := range segments {
		escaped[i] = url.PathEscape(s)
	}
	return "/api/" + strings.Join(escaped, "/")
}

// get reads an answer into a value.
func (c *client) get(path string, into any) error { return c.do(http.MethodGet, path, nil, into) }

// do sends a request, whose body is JSON or nothing, and reads the answer into a value,
// or drops it if that is nil.
func (c *client) do(method, path string, body, into any) error {
	var content io.Reader
	switch b := body.(type) {
	case nil:
	case []byte:
		content = bytes.NewReader(b)
	default:
		encoded, err := json.Marshal(body)
		if err != nil {
			return err
		}
		content = bytes.NewReader(encoded)
	}
	request, err := http.NewRequestWithContext(context.Background(), method, c.base+path, content)
	if err != nil {
		return err
	}
	if c.user != "" {
		request.SetBasicAuth(c.user, c.password)
	}
	response, err := c.http.Do(request)
	if err != nil {
		return &failure{status: unavailable, text: "unable to reach the broker: " + err.Error()}
	}
	defer response.Body.Close()
	answer, err := io.ReadAll(&counted{Reader: response.Body, tell: c.received})
	if err != nil {
		return &failure{status: unavailable, text: "the broker does not answer: " + err.Error()}
	}
	if response.StatusCode >= http.StatusBadRequest {
		return refused(response.StatusCode, answer)
	}
	switch into := into.(type) {
	case nil:
		return nil
	case *rawText:
		*into = rawText(answer)
		return nil
	}
	if err := json.Unmarshal(answer, into); err != nil {
		return fmt.Errorf("the answer to %s is not understood: %w", path, err)
	}
	return nil
}

// text reads an answer that is no JSON.
func (c *client) text(path string) (string, error) {
	var raw rawText
	err := c.do(http.MethodGet, path, nil, &raw)
	return string(raw), err
}

// rawText takes an answer as it is.
type rawText string

func refused(status int, answer []byte) error {
	var problem struct {
		Error  string
		Reason any
	}
	if json.Unmarshal(answer, &problem) != nil || problem.Reason == nil {
		return &refusal{status: status, reason: http.StatusText(status)}
	}
	// the API escapes for browsers (RabbitMQ behaviour)
	return &refusal{status: status, reason: html.UnescapeString(fmt.Sprint(problem.Reason))}
}
