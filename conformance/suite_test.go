package conformance

import (
	"errors"
	"flag"
	"fmt"
	"math/rand/v2"
	"net"
	"net/http"
	"os"
	"strconv"
	"strings"
	"sync"
	"sync/atomic"
	"testing"

	"github.com/rabbitmq/amqp091-go"
	"github.com/stretchr/testify/require"
)

const (
	// urlVariable names the broker to test; without it the suite starts Leveret.
	urlVariable = "CONFORMANCE_URL"
	// httpVariable names the broker's management URL. Without it, what is asked over
	// HTTP is skipped, unless the suite has started Leveret.
	httpVariable = "CONFORMANCE_HTTP_URL"
	// isolatedVariable marks the process that runs one test of the table of
	// differences by itself.
	isolatedVariable = "CONFORMANCE_ISOLATED"
	// parallelTests is how many tests run at once: most of them wait.
	parallelTests = "64"
)

// brokerKind is what version variants depend on.
type brokerKind int

const (
	leveret brokerKind = iota
	rabbit3
	rabbit4
)

// brokerIdentity is what the server properties of the first connection tell.
type brokerIdentity struct {
	kind             brokerKind
	product, version string
}

func (b brokerIdentity) String() string {
	named := b.product + " " + b.version
	if b.kind == leveret {
		return "Leveret (which names itself " + named + ")"
	}
	return named
}

// suiteRun is the state of one run: the broker, the names that were given out, the
// scorecard, and a connection for cleaning up.
type suiteRun struct {
	url    string
	http   string // of management, without a slash at its end; may be empty
	client *http.Client
	broker brokerIdentity
	runID  string
	names  atomic.Int64
	score  scorecard

	mu      sync.Mutex
	janitor *amqp091.Connection // guarded by mu; nil until it is needed
}

// suite is set up by TestMain before any test runs.
var suite = &suiteRun{client: newHTTPClient(), runID: fmt.Sprintf("%06x", rand.IntN(1<<24))}

func TestMain(m *testing.M) {
	flag.Parse()
	os.Exit(runSuite(m))
}

// runSuite returns the exit code of the process.
func runSuite(m *testing.M) (code int) {
	allowParallelTests()
	suite.url, suite.http = os.Getenv(urlVariable), strings.TrimSuffix(os.Getenv(httpVariable), "/")
	if suite.url == "" {
		started, err := startLeveret()
		if err != nil {
			fmt.Fprintln(os.Stderr, "conformance:", err)
			return 1
		}
		suite.url, suite.http = started.url, started.httpURL
		defer func() {
			if err := started.stop(); err != nil {
				fmt.Fprintln(os.Stderr, "conformance:", err)
				code = 1
			}
		}()
	}
	broker, err := identify(suite.url)
	if err != nil {
		fmt.Fprintln(os.Stderr, "conformance:", err)
		return 1
	}
	suite.broker = broker
	code = m.Run()
	suite.closeJanitor()
	if os.Getenv(isolatedVariable) == "" {
		suite.score.print(os.Stdout, broker.String())
	}
	return code
}

// allowParallelTests raises the number of parallel tests from the number of
// processors, unless the command line sets it.
func allowParallelTests() {
	set := false
	flag.Visit(func(f *flag.Flag) { set = set || f.Name == "test.parallel" })
	if set {
		return
	}
	if err := flag.Set("test.parallel", parallelTests); err != nil {
		panic(err)
	}
}

// identify asks the broker for its server properties. Leveret may call itself
// RabbitMQ for the sake of clients that look, so RabbitMQ is known by its platform.
func identify(brokerURL string) (brokerIdentity, error) {
	c, err := amqp091.Dial(brokerURL)
	if err != nil {
		return brokerIdentity{}, fmt.Errorf("first connection to the broker: %w", err)
	}
	text := func(key string) string { s, _ := c.Properties[key].(string); return s }
	b := brokerIdentity{kind: leveret, product: text("product"), version: text("version")}
	switch {
	case text("leveret_version") != "":
		b.product, b.version = "Leveret", text("leveret_version")
	case strings.HasPrefix(text("platform"), "Erlang"):
		b.kind = rabbit4
		if strings.HasPrefix(b.version, "3.") {
			b.kind = rabbit3
		}
	}
	return b, c.Close()
}

// tidy runs a short piece of work on a channel of the suite's own connection. The
// connection is shared; a channel is not.
func (s *suiteRun) tidy(t *testing.T, work func(*amqp091.Channel) error) {
	t.Helper()
	c, err := s.janitorConnection()
	require.NoError(t, err, "the suite's own connection")
	ch, err := c.Channel()
	require.NoError(t, err, "a channel on the suite's own connection")
	require.NoError(t, work(ch), "work on the suite's own connection")
	closeQuietly(t, ch.Close)
}

func (s *suiteRun) janitorConnection() (*amqp091.Connection, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.janitor != nil && !s.janitor.IsClosed() {
		return s.janitor, nil
	}
	c, err := amqp091.Dial(s.url)
	if err != nil {
		return nil, err
	}
	s.janitor = c
	return c, nil
}

func (s *suiteRun) closeJanitor() {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.janitor == nil {
		return
	}
	if err := s.janitor.Close(); err != nil && !errors.Is(err, amqp091.ErrClosed) {
		fmt.Fprintln(os.Stderr, "conformance: closing the suite's own connection:", err)
	}
}

// credentials are the parts of the broker's URL that the raw client needs.
func (s *suiteRun) credentials(t *testing.T) (address, user, password, vhost string) {
	t.Helper()
	uri, err := amqp091.ParseURI(s.url)
	require.NoError(t, err)
	return net.JoinHostPort(uri.Host, strconv.Itoa(uri.Port)), uri.Username, uri.Password, uri.Vhost
}
