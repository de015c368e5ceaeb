package management

import (
	"archive/zip"
	"io"
	"net/http"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
)

// withExecutable has the API serve a shell script for a program.
func (g *rig) withExecutable(t *testing.T) string {
	t.Helper()
	text := "#!/bin/sh\necho \"$0 $@\"\nexit 7\n"
	g.api.options.Executable = filepath.Join(t.TempDir(), "leveret")
	require.NoError(t, os.WriteFile(g.api.options.Executable, []byte(text), 0o700))
	return text
}

// Whoever can reach the API gets the program, without a login, and in parts.
func TestProgram(t *testing.T) {
	g := newRig(t)
	require.Equal(t, http.StatusNotFound, g.call(t, "", get, "/cli/rabbitmqadmin", "").Code, "there is none")
	text := g.withExecutable(t)
	got := g.call(t, "", get, "/cli/rabbitmqadmin", "")
	require.Equal(t, http.StatusOK, got.Code)
	require.Equal(t, "application/octet-stream", got.Header().Get("Content-Type"))
	require.True(t, len(got.Body.String()) > len(text) && got.Body.String()[:len(text)] == text)
	whole := got.Body.String()

	require.Equal(t, whole[5:len(whole)-3], g.call(t, "", get, "/cli/rabbitmqadmin", "", func(r *http.Request) {
		r.Header.Set("Range", "bytes=5-"+strconv.Itoa(len(whole)-4))
	}).Body.String())
	tag := got.Header().Get("ETag")
	require.Equal(t, http.StatusNotModified, g.call(t, "", get, "/cli/rabbitmqadmin", "", func(r *http.Request) {
		r.Header.Set("If-None-Match", tag)
	}).Code)
	head := g.call(t, "", http.MethodHead, "/cli/rabbitmqadmin", "")
	require.Equal(t, strconv.Itoa(len(whole)), head.Header().Get("Content-Length"))
	require.Empty(t, head.Body.String())
	require.Equal(t, http.StatusMovedPermanently, g.call(t, "", get, "/cli/", "").Code)
	require.Contains(t, g.expect(t, 200, "", get, "/cli/index.html", ""), "chmod +x rabbitmqadmin")
	require.Empty(t, g.api.downloads)

	for range maxDownloads {
		g.api.downloads <- struct{}{}
	}
	require.Equal(t, http.StatusServiceUnavailable, g.call(t, "", get, "/cli/rabbitmqadmin", "").Code)
	g.expect(t, 200, plainUser, get, "/api/whoami", "")
}

// Behind the executable is the archive that Python looks for.
func TestProgram_ByPython(t *testing.T) {
	g := newRig(t)
	g.withExecutable(t)
	whole := g.expect(t, 200, "", get, "/cli/rabbitmqadmin", "")
	archive, err := zip.NewReader(strings.NewReader(whole), int64(len(whole)))
	require.NoError(t, err)
	script, err := archive.Open("__main__.py")
	require.NoError(t, err)
	text, err := io.ReadAll(script)
	require.NoError(t, err)
	require.Equal(t, launcher, string(text))
}
