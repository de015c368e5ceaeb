package management

import (
	"errors"
	"io"
	"net/http"
	"os"
	"time"
)

const (
	// bodyPatience is how long a client may take to begin with the body of a request.
	bodyPatience = 30 * time.Second
	// bodyRate is how many octets of it have to come in a second after that, so that
	// nobody can keep requests open by sending them slowly.
	bodyRate = 4 << 10
)

// upload is the body of a request, which has to come with some speed. What is not read
// by a handler is read by the server, and has to come in time as well.
type upload struct {
	io.ReadCloser
	conn  *http.ResponseController
	start time.Time
	read  int64
}

// newUpload starts the clock of a body. A request without one needs none.
func newUpload(w http.ResponseWriter, r *http.Request) io.ReadCloser {
	if r.Body == nil || r.Body == http.NoBody {
		return r.Body
	}
	u := &upload{ReadCloser: r.Body, conn: http.NewResponseController(w), start: time.Now()}
	u.extend()
	return u
}

// extend moves the deadline. Where there is no connection, as in tests, there is none.
func (u *upload) extend() {
	end := u.start.Add(bodyPatience + time.Duration(u.read)*time.Second/bodyRate)
	_ = u.conn.SetReadDeadline(end)
}

// Read implements io.Reader. After the end there is no deadline any more: handlers may
// take long.
func (u *upload) Read(p []byte) (int, error) {
	n, err := u.ReadCloser.Read(p)
	u.read += int64(n)
	if err == nil {
		u.extend()
		return n, nil
	}
	if errors.Is(err, io.EOF) {
		_ = u.conn.SetReadDeadline(time.Time{})
	}
	return n, err
}

// content is the whole body of a request.
func (r *request) content() ([]byte, error) {
	octets, err := io.ReadAll(r.Body)
	return octets, bodyProblem(err)
}

// bodyProblem is the refusal of a body that cannot be read.
func bodyProblem(err error) error {
	var tooLarge *http.MaxBytesError
	switch {
	case err == nil, errors.As(err, &tooLarge):
		return err
	case errors.Is(err, os.ErrDeadlineExceeded):
		return &problem{status: http.StatusRequestTimeout, kind: "request_timeout", reason: "the body of the request has not come in time"}
	default:
		return badRequest("the body of the request cannot be read: %v", err)
	}
}
