package management

import (
	"bufio"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/http/httptest"
	"os"
	"strings"
	"testing"
	"testing/iotest"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/require"
)

// deadlines is a ResponseWriter that notes the deadline for reading.
type deadlines struct {
	*httptest.ResponseRecorder
	last time.Time
}

func (d *deadlines) SetReadDeadline(t time.Time) error {
	d.last = t
	return nil
}

func TestABodyHasToComeWithSomeSpeed(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		w := &deadlines{ResponseRecorder: httptest.NewRecorder()}
		start := time.Now()
		r := httptest.NewRequestWithContext(t.Context(), set, "/", strings.NewReader(strings.Repeat("x", 2*bodyRate)))
		body := newUpload(w, r)
		require.Equal(t, bodyPatience, w.last.Sub(start))
		time.Sleep(time.Minute)
		_, err := io.CopyN(io.Discard, body, bodyRate)
		require.NoError(t, err)
		require.Equal(t, bodyPatience+time.Second, w.last.Sub(start), "what has come is what counts")
		_, err = io.ReadAll(body)
		require.NoError(t, err)
		require.True(t, w.last.IsZero(), "the handler may take long")
	})
}

func TestABodyThatCannotBeRead(t *testing.T) {
	g := newRig(t)
	broken := func(r *http.Request) { r.Body = io.NopCloser(iotest.ErrReader(errors.New("broken"))) }
	for _, path := range []string{"/api/queues/%2F/q", "/api/users/u", "/api/permissions/%2F/root"} {
		w := g.call(t, rootUser, set, path, "x", broken)
		require.Equal(t, 400, w.Code, path)
		require.Contains(t, w.Body.String(), "cannot be read")
	}
	require.Equal(t, 400, g.call(t, rootUser, post, "/api/definitions", "x", broken).Code)
	late := func(r *http.Request) { r.Body = io.NopCloser(iotest.ErrReader(os.ErrDeadlineExceeded)) }
	require.Equal(t, 408, g.call(t, rootUser, post, "/api/definitions", "x", late).Code)
}

// TestAChunkThatIsNone: what is no HTTP is the client's fault, not the broker's.
func TestAChunkThatIsNone(t *testing.T) {
	g := newRig(t)
	s := httptest.NewServer(g.api)
	t.Cleanup(s.Close)
	conn, err := net.Dial("tcp", s.Listener.Addr().String())
	require.NoError(t, err)
	t.Cleanup(func() { _ = conn.Close() })
	r := httptest.NewRequest(set, "/", nil)
	r.SetBasicAuth(rootUser, rootUser)
	_, err = fmt.Fprintf(conn, "PUT /api/queues/%%2F/q HTTP/1.1\r\nHost: x\r\nAuthorization: %s\r\nTransfer-Encoding: chunked\r\n\r\nzz\r\n",
		r.Header.Get("Authorization"))
	require.NoError(t, err)
	answer, err := http.ReadResponse(bufio.NewReader(conn), nil)
	require.NoError(t, err)
	require.NoError(t, answer.Body.Close())
	require.Equal(t, 400, answer.StatusCode)
}
