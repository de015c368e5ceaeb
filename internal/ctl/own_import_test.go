package ctl_test

import (
	"fmt"
	"net/http"
	"os"
	"path/filepath"
	"sync/atomic"
	"testing"

	"github.com/stretchr/testify/require"
)

func TestDryRun_AsJSON(t *testing.T) {
	file := filepath.Join(t.TempDir(), "d.json")
	require.NoError(t, os.WriteFile(file, []byte(`{"users":[{"name":"guest","tags":"monitoring"},{"name":"new"}]}`), 0o600))
	got := run(t, "", "leveret import --format json --dry-run "+file)
	require.Zero(t, got.status, got.errors)
	require.JSONEq(t, `[{"kind":"users","name":"new","key":"","is":"","would_be":""},
		{"kind":"users","name":"guest","key":"tags","is":"administrator","would_be":"monitoring"}]`, got.out)
}

func TestDoctor_AsCSV(t *testing.T) {
	got := run(t, "", "leveret doctor --format csv")
	require.Zero(t, got.status, got.errors)
	require.Equal(t, "check,outcome,advice\nmemory,ok,\ndisk,ok,\nopen files,ok,\nvirtual hosts,ok,\ncertificates,ok,\n", got.out)
}

func TestPurge_OfMany(t *testing.T) {
	got := run(t, "", "leveret purge a b")
	require.Zero(t, got.status, got.errors)
	require.Equal(t, []string{"DELETE /api/queues/%2F/a/contents", "DELETE /api/queues/%2F/b/contents"}, got.asked)
}

// slow is an API that imports until it was looked at often enough.
type slow struct {
	looks atomic.Int64
	done  chan struct{}
}

func (s *slow) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	if r.Method == http.MethodPost {
		<-s.done
		w.WriteHeader(http.StatusNoContent)
		return
	}
	n := s.looks.Add(1)
	fmt.Fprintf(w, `{"object_totals":{"queues":%d,"exchanges":7}}`, n)
	if n == 4 {
		close(s.done)
	}
}

// A long import shows how far it is, on a terminal.
func TestImport_ShowsProgress(t *testing.T) {
	file := filepath.Join(t.TempDir(), "d.json")
	require.NoError(t, os.WriteFile(file, []byte(`{"queues":[{},{},{}],"exchanges":[{}]}`), 0o600))
	s := &slow{done: make(chan struct{})}
	got := runOn(t.Context(), t, s, 80, "import "+file)
	require.Zero(t, got.status, got.errors)
	require.Empty(t, got.out)
	require.Regexp(t, "\r\x1b\\[Kimporting \\[=+ *\\]  ?[57][05]%  [23] of 4", got.errors)

	refused := runOn(t.Context(), t, &api{}, 0, "import "+file+"x")
	require.Equal(t, 65, refused.status)
}
