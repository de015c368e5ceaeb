package ctl

import (
	"bufio"
	"context"
	"errors"
	"io"
	"net/http"
)

// longestLine is the longest line of a stream that is taken, in octets: a message of
// which a lot is shown.
const longestLine = 16 << 20

// errEnough ends a stream that nobody wants any more. It is no failure.
var errEnough = errors.New("enough")

// stream reads an answer without an end and hands over its lines, without their line
// breaks, until the context ends, which is no error, or the broker does. A line is valid
// until the function returns, which may end the stream by errEnough.
func (c *client) stream(ctx context.Context, path string, line func([]byte) error) error {
	request, err := http.NewRequestWithContext(ctx, http.MethodGet, c.base+path, nil)
	if err != nil {
		return err
	}
	if c.user != "" {
		request.SetBasicAuth(c.user, c.password)
	}
	patient := c.http
	patient.Timeout = 0
	response, err := patient.Do(request)
	switch {
	case ctx.Err() != nil:
		return nil
	case err != nil:
		return &failure{status: unavailable, text: "unable to reach the broker: " + err.Error()}
	}
	defer response.Body.Close()
	if response.StatusCode >= http.StatusBadRequest {
		answer, err := io.ReadAll(response.Body)
		if err != nil {
			return err
		}
		return refused(response.StatusCode, answer)
	}
	if err := readLines(ctx, response.Body, line); !errors.Is(err, errEnough) {
		return err
	}
	return nil
}

func readLines(ctx context.Context, from io.Reader, line func([]byte) error) error {
	lines := bufio.NewScanner(from)
	lines.Buffer(nil, longestLine)
	for lines.Scan() {
		if err := line(lines.Bytes()); err != nil {
			return err
		}
	}
	if err := lines.Err(); err != nil && ctx.Err() == nil && !errors.Is(err, context.Canceled) {
		return &failure{status: unavailable, text: "the broker has hung up: " + err.Error()}
	}
	return nil
}
