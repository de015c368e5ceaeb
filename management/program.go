package management

import (
	"archive/zip"
	"bytes"
	"errors"
	"fmt"
	"io"
	"net/http"
	"os"
	"time"
)

const (
	// maxDownloads is how many clients can fetch the program at a time. They need not
	// log in, so they must not be able to keep everybody else from the API.
	maxDownloads = 8
	// downloadPatience is how long one of them may take.
	downloadPatience = 10 * time.Minute
)

// launcher is what Python makes of the program: scripts that fetch rabbitmqadmin from a
// RabbitMQ, where it is written in Python, may run it by "python3 rabbitmqadmin".
const launcher = `import os, stat, sys
path = os.path.abspath(sys.argv[0])
if not os.access(path, os.X_OK):
    os.chmod(path, os.stat(path).st_mode | stat.S_IXUSR)
os.execv(path, [path] + sys.argv[1:])
`

func programRoutes() []route {
	return []route{
		{method: get, pattern: "/cli/index.html", tag: public, handle: (*API).showProgram, summary: "about the program rabbitmqadmin"},
		{method: get, pattern: "/cli/rabbitmqadmin", tag: public, handle: (*API).fetchProgram,
			summary: "the program rabbitmqadmin for the kind of machine that the broker runs on"},
	}
}

func (a *API) showProgram(*request) (reply, error) {
	return a.page(programPage, struct{ Prefix string }{a.options.Prefix})
}

const programPage = `<h1>rabbitmqadmin</h1>
<p><a href="{{.Prefix}}/cli/rabbitmqadmin" download="rabbitmqadmin">Download it</a>, make it executable, and keep its name:
<pre>wget {{"http://HOST:15672"}}{{.Prefix}}/cli/rabbitmqadmin
chmod +x rabbitmqadmin
./rabbitmqadmin -H HOST list queues</pre>
<p>It is the broker's own executable, for the system and the processor that the broker runs on, and needs nothing else.
It takes the commands of the script that RabbitMQ serves; <code>python3 rabbitmqadmin</code> runs it, too.
`

// fetchProgram answers with the executable, which is rabbitmqadmin under that name.
func (a *API) fetchProgram(*request) (reply, error) {
	if a.options.Executable == "" {
		return reply{}, notFound()
	}
	select {
	case a.downloads <- struct{}{}:
	default:
		return reply{}, &problem{status: http.StatusServiceUnavailable, kind: "too_many_downloads", reason: "Too many clients fetch the program: try again"}
	}
	p, err := openProgram(a.options.Executable)
	if err != nil {
		<-a.downloads
		return reply{}, err
	}
	return reply{body: p, shape: file}, nil
}

// deliver sends a file, or the part of it that the client asks for.
func (a *API) deliver(w http.ResponseWriter, r *http.Request, p *program) {
	defer func() { <-a.downloads }()
	w.Header().Set("Content-Type", "application/octet-stream")
	w.Header().Set("ETag", fmt.Sprintf(`"%x-%x"`, p.changed.UnixNano(), p.size))
	patience := http.NewResponseController(w)
	if err := patience.SetWriteDeadline(time.Now().Add(downloadPatience)); err == nil {
		defer func() { _ = patience.SetWriteDeadline(time.Time{}) }() // a connection that has gone has none
	}
	http.ServeContent(w, r, "", p.changed, io.NewSectionReader(p, 0, p.size+int64(len(p.tail))))
	if err := p.file.Close(); err != nil {
		a.log.Debug("closing the executable", "reason", err)
	}
}

// program is an executable with the archive behind it that Python looks for.
type program struct {
	file    *os.File
	size    int64
	changed time.Time
	tail    []byte
}

func openProgram(path string) (*program, error) {
	f, err := os.Open(path)
	if err != nil {
		return nil, err
	}
	info, err := f.Stat()
	if err != nil {
		return nil, errors.Join(err, f.Close())
	}
	tail, err := archive(info.Size())
	if err != nil {
		return nil, errors.Join(err, f.Close())
	}
	return &program{file: f, size: info.Size(), changed: info.ModTime(), tail: tail}, nil
}

// archive is the launcher in a zip archive that begins at an offset of a file.
func archive(offset int64) ([]byte, error) {
	var out bytes.Buffer
	z := zip.NewWriter(&out)
	z.SetOffset(offset)
	script, err := z.Create("__main__.py")
	if err != nil {
		return nil, err
	}
	if _, err := io.WriteString(script, launcher); err != nil {
		return nil, err
	}
	err = z.Close()
	return out.Bytes(), err
}

// ReadAt implements io.ReaderAt.
func (p *program) ReadAt(into []byte, from int64) (n int, err error) {
	if from < p.size {
		n, err = p.file.ReadAt(into[:min(int64(len(into)), p.size-from)], from)
		if err != nil {
			return n, err
		}
	}
	tail := max(from-p.size, 0)
	if n < len(into) && tail <= int64(len(p.tail)) {
		n += copy(into[n:], p.tail[tail:])
	}
	if n < len(into) {
		return n, io.EOF
	}
	return n, nil
}
