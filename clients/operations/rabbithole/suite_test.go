package rabbithole

import (
	"context"
	"crypto/rand"
	"errors"
	"go/ast"
	"go/parser"
	"go/token"
	"io"
	"net/http"
	"net/url"
	"os"
	"path/filepath"
	"reflect"
	"strings"
	"testing"
	"time"

	rabbithole "github.com/michaelklishin/rabbit-hole/v2"
	amqp "github.com/rabbitmq/amqp091-go"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

// patience is how long a broker may take to show what has happened: RabbitMQ counts every 5 s.
const patience = 30 * time.Second

// broker is the broker under test, seen by one test with a virtual host of its own.
type broker struct {
	*rabbithole.Client
	vhost string
}

func variable(t *testing.T, name string) *url.URL {
	t.Helper()
	value := os.Getenv(name)
	require.NotEmpty(t, value, "%s is not set", name)
	parsed, err := url.Parse(value)
	require.NoError(t, err)
	return parsed
}

// connect makes a virtual host with a slash and a space in its name, for one test.
func connect(t *testing.T) broker {
	t.Helper()
	return connectTo(t, "rh/"+t.Name()+" "+rand.Text()[:6])
}

// connectPlain is for those functions of the client that do not escape the name as a path.
func connectPlain(t *testing.T) broker {
	t.Helper()
	return connectTo(t, "rh-"+t.Name()+"-"+rand.Text()[:6])
}

func connectTo(t *testing.T, vhost string) broker {
	t.Helper()
	address := variable(t, "OPERATIONS_HTTP_URL")
	password, _ := address.User.Password()
	client, err := rabbithole.NewClient("http://"+address.Host, address.User.Username(), password)
	require.NoError(t, err)
	client.SetTimeout(patience)
	b := broker{client, vhost}
	done(t, http.StatusCreated)(b.PutVhost(b.vhost, rabbithole.VhostSettings{Description: "a test", Tags: rabbithole.VhostTags{"a", "b"}}))
	t.Cleanup(func() { done(t, http.StatusNoContent)(b.DeleteVhost(b.vhost)) })
	return b
}

// dial connects over AMQP to the virtual host of the test.
func (b broker) dial(t *testing.T) (*amqp.Connection, *amqp.Channel) {
	t.Helper()
	config := amqp.Config{Vhost: b.vhost, Properties: amqp.Table{"connection_name": "rabbit-hole"}}
	connection, err := amqp.DialConfig(variable(t, "OPERATIONS_AMQP_URL").String(), config)
	require.NoError(t, err)
	t.Cleanup(func() { assert.True(t, connection.Close() == nil || connection.IsClosed()) })
	channel, err := connection.Channel()
	require.NoError(t, err)
	return connection, channel
}

// done takes what a call that changes something returns.
func done(t *testing.T, status int) func(*http.Response, error) {
	t.Helper()
	return func(answer *http.Response, err error) {
		t.Helper()
		require.NoError(t, err)
		defer answer.Body.Close()
		require.Equal(t, status, answer.StatusCode)
	}
}

// refused takes what a call that the broker refuses returns.
func refused(t *testing.T, statuses ...int) func(*http.Response, error) {
	t.Helper()
	return func(answer *http.Response, err error) {
		t.Helper()
		if err == nil {
			answer.Body.Close()
		}
		requireStatus(t, err, statuses...)
	}
}

func requireStatus(t *testing.T, err error, statuses ...int) {
	t.Helper()
	var response rabbithole.ErrorResponse
	require.True(t, errors.As(err, &response), "%v", err)
	require.Contains(t, statuses, response.StatusCode, response.Error())
}

// found returns the element of a list that a call has returned, of which there must be one.
func found[T any](t *testing.T, is func(T) bool) func([]T, error) T {
	t.Helper()
	return func(list []T, err error) T {
		t.Helper()
		require.NoError(t, err)
		var all []T
		for _, element := range list {
			if is(element) {
				all = append(all, element)
			}
		}
		require.Len(t, all, 1)
		return all[0]
	}
}

// eventually repeats calls until they say yes, as counters take their time.
func eventually(t *testing.T, is func() bool) {
	t.Helper()
	require.Eventually(t, is, patience, 100*time.Millisecond)
}

// ask sends a request that the client has no function for, and returns its status and body.
func (b broker) ask(t *testing.T, method, path, body string) (int, string) {
	t.Helper()
	request, err := http.NewRequestWithContext(context.Background(), method, b.Endpoint+"/api/"+path, strings.NewReader(body))
	require.NoError(t, err)
	request.SetBasicAuth(b.Username, b.Password)
	request.Header.Set("Content-Type", "application/json")
	answer, err := http.DefaultClient.Do(request)
	require.NoError(t, err)
	defer answer.Body.Close()
	text, err := io.ReadAll(answer.Body)
	require.NoError(t, err)
	return answer.StatusCode, string(text)
}

// before4 tells whether the broker is a RabbitMQ before 4.0.
func (b broker) before4(t *testing.T) bool {
	t.Helper()
	overview, err := b.Overview()
	require.NoError(t, err)
	return strings.HasPrefix(overview.RabbitMQVersion, "3.")
}

func TestEveryFunctionIsCalled(t *testing.T) {
	called := make(map[string]bool)
	files, err := filepath.Glob("*_test.go")
	require.NoError(t, err)
	for _, file := range files {
		parsed, err := parser.ParseFile(token.NewFileSet(), file, nil, 0)
		require.NoError(t, err)
		ast.Inspect(parsed, func(node ast.Node) bool {
			if selector, ok := node.(*ast.SelectorExpr); ok {
				called[selector.Sel.Name] = true
			}
			return true
		})
	}
	client := reflect.TypeFor[*rabbithole.Client]()
	require.Greater(t, client.NumMethod(), 100)
	for i := range client.NumMethod() {
		assert.True(t, called[client.Method(i).Name], "%s is not called", client.Method(i).Name)
	}
}
