package management

import (
	"errors"
	"net/http"
	"testing"

	"github.com/stretchr/testify/require"
)

// marks notes what was set.
type marks struct{ memory, disk Watermark }

func (m *marks) SetMemoryWatermark(limit Watermark) error {
	if limit.Absolute == "much" {
		return errors.New("it must be a number of octets")
	}
	m.memory = limit
	return nil
}

func (m *marks) SetDiskFreeLimit(limit Watermark) error {
	m.disk = limit
	return nil
}

func TestWatermarks(t *testing.T) {
	g := newAudited(t)
	var set marks
	g.api.options.Watermarks = &set
	for _, c := range []struct {
		path, body string
		status     int
		answer     string
	}{
		{"memory", `{"relative": 0.4}`, http.StatusNoContent, ""},
		{"memory", `{"relative": 1.1}`, http.StatusBadRequest, "relative: it must be a number from 0 to 1"},
		{"memory", `{"relative": "x"}`, http.StatusBadRequest, "relative: it must be a number from 0 to 1"},
		{"memory", `{"absolute": "much"}`, http.StatusBadRequest, "it must be a number of octets"},
		{"memory", `{"absolute": ""}`, http.StatusBadRequest, "absolute: it must not be empty"},
		{"memory", `{}`, http.StatusBadRequest, "key_missing"},
		{"disk-free", `{"absolute": "50MB", "relative": null}`, http.StatusNoContent, ""},
	} {
		got := g.call(t, rootUser, http.MethodPut, "/api/watermarks/"+c.path, c.body)
		require.Equal(t, c.status, got.Code, c.body)
		require.Contains(t, got.Body.String(), c.answer, c.body)
	}
	require.Equal(t, marks{memory: Watermark{Relative: 0.4}, disk: Watermark{Absolute: "50MB"}}, set)
	lines := g.take(t)
	require.Len(t, lines, 7)
	require.Equal(t, "watermark.disk", lines[6].Action)

	g.api.options.Watermarks = nil
	require.Equal(t, http.StatusNotFound, g.call(t, rootUser, http.MethodPut, "/api/watermarks/memory", `{"relative": 0.4}`).Code)
}
