package persistence

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"log/slog"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/leveretmq/leveret/amqp"
	"github.com/leveretmq/leveret/definitions"
	"github.com/leveretmq/leveret/message"
	"github.com/leveretmq/leveret/queue"
)

// quietOptions are for tests of logic, which need no sync: what they look at is
// in the page cache in any case.
func quietOptions(dir string) Options {
	return Options{
		Dir: dir, Durability: OS,
		Logger: slog.New(slog.NewTextHandler(io.Discard, nil)),
		Limits: Limits{ValueLogFile: minValueLogFile},
	}
}

func openDir(t testing.TB, dir string) *Store {
	t.Helper()
	return openWith(t, quietOptions(dir))
}

func openWith(t testing.TB, o Options) *Store {
	t.Helper()
	s, err := Open(o)
	require.NoError(t, err)
	t.Cleanup(func() { _ = s.Close(nil) })
	return s
}

func closeStore(t testing.TB, s *Store, redelivered ...queue.Range) {
	t.Helper()
	require.NoError(t, s.Close(redelivered))
}

// queueSpec is a durable queue with a number.
func queueSpec(id uint32) queue.Spec {
	return queue.Spec{VHost: "/", Name: fmt.Sprintf("queue %d", id), ID: id, Durable: true}
}

// apply makes a change and waits until it is durable.
func apply(s *Store, c definitions.Change) error {
	outcome := make(chan error, 1)
	s.Change(c, func(err error) { outcome <- err })
	return <-outcome
}

func declare(t testing.TB, s *Store, ids ...uint32) {
	t.Helper()
	var c definitions.Change
	for _, id := range ids {
		c.Put.Queues = append(c.Put.Queues, queueSpec(id))
	}
	require.NoError(t, apply(s, c))
}

func undeclare(t testing.TB, s *Store, ids ...uint32) {
	t.Helper()
	var c definitions.Change
	for _, id := range ids {
		c.Delete.Queues = append(c.Delete.Queues, queueSpec(id))
	}
	require.NoError(t, apply(s, c))
}

// forget submits the deletion of a queue and does not wait for it.
func forget(s *Store, id uint32) {
	s.Change(definitions.Change{Delete: definitions.Set{Queues: []queue.Spec{queueSpec(id)}}}, nil)
}

func text(body string) *message.Message {
	return &message.Message{
		Exchange: "x", RoutingKey: "key", Properties: amqp.Properties{0, 0}, Body: []byte(body), Persistent: true,
	}
}

// sized is a message of n octets that differ from those of another seed.
func sized(n, seed int) *message.Message {
	body := make([]byte, n)
	for i := range body {
		body[i] = byte(i*7 + i>>8 + seed*31)
	}
	m := text("")
	m.Body = body
	return m
}

func enqueue(id uint32, seq uint64, m *message.Message) queue.Enqueue {
	return queue.Enqueue{Queue: id, Seq: seq, Message: m}
}

// single is a range of one message.
func single(id uint32, seq uint64) queue.Range {
	return queue.Range{Queue: id, Span: queue.Span{First: seq, Last: seq}}
}

func ack(id uint32, seq uint64) queue.Ack { return queue.Ack{Queue: id, Seq: seq} }

// commit submits a unit and waits until it is durable.
func commit(t testing.TB, s *Store, u queue.Unit) {
	t.Helper()
	done := make(chan error, 1)
	u.Done = func(err error) { done <- err }
	s.Submit(u)
	require.NoError(t, <-done)
}

// hold keeps the committer from its next commit until the returned function is
// called, so that a test decides what meets in one commit.
func hold(s *Store) (release func()) {
	entered, leave := make(chan struct{}), make(chan struct{})
	s.Submit(queue.Unit{Done: func(error) {
		close(entered)
		<-leave
	}})
	<-entered
	return sync.OnceFunc(func() { close(leave) })
}

// keptMessage is one message of a queue.
type keptMessage struct {
	Seq         uint64
	Message     *message.Message
	Redelivered bool
	Returns     uint16
}

// recovered returns what a queue has, loading what Recover leaves on the disk.
func recovered(t testing.TB, s *Store, id uint32) (all []keptMessage) {
	t.Helper()
	require.NoError(t, s.Recover(id, func(r queue.Recovered) error {
		list := []queue.Loaded{{Seq: r.First, Message: r.Message}}
		if r.Message == nil {
			list = load(t, s, id, r.Span)
		}
		for _, l := range list {
			seen := slices.ContainsFunc(r.Redelivered, func(s queue.Span) bool { return s.First <= l.Seq && l.Seq <= s.Last })
			all = append(all, keptMessage{Seq: l.Seq, Message: l.Message, Redelivered: seen, Returns: r.Returns[l.Seq]})
		}
		return nil
	}))
	return all
}

// load reads all that lies in some spans, in pieces.
func load(t testing.TB, s *Store, id uint32, spans ...queue.Span) (all []queue.Loaded) {
	t.Helper()
	for len(spans) > 0 {
		loaded, through := s.Load(id, spans, 20_000)
		all = append(all, loaded...)
		require.GreaterOrEqual(t, through, spans[0].First, "a load that gets nowhere")
		for len(spans) > 0 && spans[0].Last <= through {
			spans = spans[1:]
		}
		if len(spans) > 0 && spans[0].First <= through {
			spans = append([]queue.Span{{First: through + 1, Last: spans[0].Last}}, spans[1:]...)
		}
	}
	return all
}

func bodies(all []keptMessage) []string {
	var texts []string
	for _, r := range all {
		texts = append(texts, string(r.Message.Body))
	}
	return texts
}

func seqs(all []keptMessage) []uint64 {
	var list []uint64
	for _, r := range all {
		list = append(list, r.Seq)
	}
	return list
}

// snapshot copies the directory of a running store whose committer is idle: the
// state that a kill of the process would leave, as the memory maps of the files
// are shared with everybody who reads them.
func snapshot(t testing.TB, s *Store) string {
	t.Helper()
	to := t.TempDir()
	release := hold(s)
	defer release()
	// Otherwise the copy may have the pointer to a value that is being moved,
	// and not yet the value.
	s.reclaim.collecting.Lock()
	defer s.reclaim.collecting.Unlock()
	copySettled(t, to, s.options.Dir)
	return to
}

// copySettled copies a directory when Badger does not flush or compact: the copy
// would have the half of it.
func copySettled(t testing.TB, to, from string) {
	t.Helper()
	for try := 0; ; try++ {
		before := listing(t, from)
		err := copyDir(to, from)
		if err == nil && before == listing(t, from) {
			return
		}
		require.True(t, (err == nil || errors.Is(err, fs.ErrNotExist)) && try < 100, "%v", err)
		require.NoError(t, os.RemoveAll(to))
	}
}

// listing is the names of all files, and the size of Badger's manifest.
func listing(t testing.TB, dir string) string {
	var list []string
	require.NoError(t, filepath.WalkDir(dir, func(path string, d fs.DirEntry, err error) error {
		if err == nil && d.Name() == "MANIFEST" {
			var info fs.FileInfo
			info, err = d.Info()
			path += fmt.Sprint(info.Size())
		}
		list = append(list, path)
		return err
	}))
	return strings.Join(list, "\n")
}

func copyDir(to, from string) error {
	return filepath.WalkDir(from, func(path string, d fs.DirEntry, err error) error {
		if err != nil {
			return err
		}
		rel, err := filepath.Rel(from, path)
		if err != nil {
			return err
		}
		if d.IsDir() {
			return os.MkdirAll(filepath.Join(to, rel), 0o750)
		}
		return copySparse(filepath.Join(to, rel), path)
	})
}

// copySparse copies a file and leaves holes where it has zeros.
func copySparse(to, from string) error {
	in, err := os.Open(from)
	if err != nil {
		return err
	}
	defer in.Close()
	out, err := os.Create(to)
	if err != nil {
		return err
	}
	defer out.Close()
	piece, zeros := make([]byte, 64<<10), make([]byte, 64<<10)
	var offset int64
	for {
		n, err := io.ReadFull(in, piece)
		if n > 0 && !bytes.Equal(piece[:n], zeros[:n]) {
			if _, err := out.WriteAt(piece[:n], offset); err != nil {
				return err
			}
		}
		offset += int64(n)
		if errors.Is(err, io.EOF) || errors.Is(err, io.ErrUnexpectedEOF) {
			return out.Truncate(offset)
		}
		if err != nil {
			return err
		}
	}
}

// settled collects what receipts and units are told, in order.
type settled struct {
	mu    sync.Mutex
	tags  []uint64
	wrong int
}

func (r *settled) Settle(tag uint64, accepted bool) {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.tags = append(r.tags, tag)
	if !accepted {
		r.wrong++
	}
}

func (r *settled) receipt(tag uint64) *message.Receipt { return message.NewReceipt(r, tag, 1) }

func (r *settled) list() []uint64 {
	r.mu.Lock()
	defer r.mu.Unlock()
	return append([]uint64(nil), r.tags...)
}
