package main_test

import (
	"context"
	"io"
	"net"
	"net/http"
	"os"
	"path/filepath"
	"regexp"
	"testing"

	"github.com/stretchr/testify/require"
)

// fetched is the status and the body of an answer.
func fetched(t *testing.T, client *http.Client, url, host string) (int, string) {
	t.Helper()
	request, err := http.NewRequestWithContext(t.Context(), http.MethodGet, url, http.NoBody)
	require.NoError(t, err)
	if host != "" {
		request.Host = host
	}
	response, err := client.Do(request)
	require.NoError(t, err)
	defer response.Body.Close()
	body, err := io.ReadAll(response.Body)
	require.NoError(t, err)
	return response.StatusCode, string(body)
}

func TestProfilesForThisMachine(t *testing.T) {
	p := start(t, nil, "--amqp-listen", anyPort, "--pprof-listen", "127.0.0.1:0")
	address := regexp.MustCompile(`pprof +(\S+)`).FindStringSubmatch(p.ready())[1]
	url := "http://" + address + "/debug/pprof/"
	status, body := fetched(t, http.DefaultClient, url, "")
	require.Equal(t, http.StatusOK, status)
	require.Contains(t, body, "goroutine")
	status, body = fetched(t, http.DefaultClient, url+"goroutine?debug=1", "localhost")
	require.Equal(t, http.StatusOK, status)
	require.Contains(t, body, "goroutine profile: total")
	status, _ = fetched(t, http.DefaultClient, url, "example.com")
	require.Equal(t, http.StatusForbidden, status, "a page that was led here by a name")
	status, _ = fetched(t, http.DefaultClient, "http://"+address+"/", "")
	require.Equal(t, http.StatusNotFound, status)
}

func TestProfilesOnASocket(t *testing.T) {
	path := filepath.Join(t.TempDir(), "p")
	left, err := net.Listen("unix", path)
	require.NoError(t, err)
	left.(*net.UnixListener).SetUnlinkOnClose(false)
	require.NoError(t, left.Close())
	p := start(t, nil, "--amqp-listen", anyPort, "--pprof-listen", "unix:"+path)
	p.ready()
	info, err := os.Stat(path)
	require.NoError(t, err)
	require.Equal(t, os.FileMode(0o600), info.Mode().Perm())
	client := &http.Client{Transport: &http.Transport{DialContext: func(ctx context.Context, _, _ string) (net.Conn, error) {
		return (&net.Dialer{}).DialContext(ctx, "unix", path)
	}}}
	status, _ := fetched(t, client, "http://any/debug/pprof/heap", "")
	require.Equal(t, http.StatusOK, status)

	file := filepath.Join(t.TempDir(), "file")
	require.NoError(t, os.WriteFile(file, []byte("precious"), 0o600))
	start(t, nil, "--amqp-listen", anyPort, "--pprof-listen", "unix:"+file).wantFailure(3, "pprof-listen")
	content, err := os.ReadFile(file)
	require.NoError(t, err)
	require.Equal(t, "precious", string(content))
}

func TestNoProfilesForOthers(t *testing.T) {
	start(t, nil, "--pprof-listen", ":6060").wantFailure(2, "this machine only")
}
