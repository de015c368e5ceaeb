package management

import (
	"net/http"
	"net/http/httptest"
	"sync/atomic"
	"testing"
	"testing/synctest"

	"github.com/stretchr/testify/require"
)

// TestManyListsAtOnceWait asks for more lists than are made at a time.
func TestManyListsAtOnceWait(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		a := &API{room: make(chan struct{}, 2), foreign: http.NewCrossOriginProtection()}
		var making atomic.Int32
		goOn := make(chan struct{})
		slow := func(*API, *request) (reply, error) {
			making.Add(1)
			<-goOn
			return value("made"), nil
		}
		a.paths.add(&route{method: get, pattern: "/api/slow", tag: public, handle: slow})
		a.paths.add(&route{method: get, pattern: "/api/health/x", tag: public, handle: (*API).checkHealthy})
		call := func(path string) int {
			w := httptest.NewRecorder()
			a.ServeHTTP(w, httptest.NewRequestWithContext(t.Context(), get, path, nil))
			return w.Code
		}
		codes := make(chan int)
		for range 5 {
			go func() { codes <- call("/api/slow") }()
		}
		synctest.Wait()
		require.EqualValues(t, 2, making.Load())
		require.Equal(t, 200, call("/api/health/x"), "health is told meanwhile")
		close(goOn)
		for range 5 {
			require.Equal(t, 200, <-codes)
		}
		require.EqualValues(t, 5, making.Load())
	})
}
