package roundtrip

import (
	"bytes"
	"crypto/rand"
	"encoding/json"
	"io"
	"net/http"
	"net/url"
	"os"
	"slices"
	"strconv"
	"strings"
	"testing"
	"time"

	amqp "github.com/rabbitmq/amqp091-go"
	"github.com/stretchr/testify/require"
)

// broker is one of the two.
type broker struct {
	http *url.URL
	amqp string
}

func variable(t *testing.T, name string) *url.URL {
	t.Helper()
	value := os.Getenv(name)
	require.NotEmpty(t, value, "%s is not set", name)
	parsed, err := url.Parse(value)
	require.NoError(t, err)
	return parsed
}

// both returns the broker of this repository, and the other one.
func both(t *testing.T) (broker, broker) {
	t.Helper()
	return broker{variable(t, "OPERATIONS_HTTP_URL"), variable(t, "OPERATIONS_AMQP_URL").String()},
		broker{variable(t, "OPERATIONS_OTHER_HTTP_URL"), variable(t, "OPERATIONS_OTHER_AMQP_URL").String()}
}

// newToken is part of all names of a test.
func newToken() string { return "rt" + strings.ToLower(rand.Text()[:8]) }

// path joins names to what stands behind /api/.
func path(names ...string) string {
	for i, name := range names {
		names[i] = url.PathEscape(name)
	}
	return strings.Join(names, "/")
}

// ask calls the HTTP API, and expects one of the statuses.
func (b broker) ask(t *testing.T, method, path, body string, statuses ...int) []byte {
	t.Helper()
	request, err := http.NewRequest(method, "http://"+b.http.Host+"/api/"+path, strings.NewReader(body))
	require.NoError(t, err)
	password, _ := b.http.User.Password()
	request.SetBasicAuth(b.http.User.Username(), password)
	request.Header.Set("Content-Type", "application/json")
	client := http.Client{Timeout: time.Minute}
	answer, err := client.Do(request)
	require.NoError(t, err)
	defer answer.Body.Close()
	text, err := io.ReadAll(answer.Body)
	require.NoError(t, err)
	require.Contains(t, statuses, answer.StatusCode, "%s %s: %s", method, path, text)
	return text
}

// document is what a broker has exported.
type document map[string][]any

// decode reads an export; what is no list, such as the version, is left out.
func decode(t *testing.T, text []byte) document {
	t.Helper()
	decoder := json.NewDecoder(bytes.NewReader(text))
	decoder.UseNumber()
	var all map[string]any
	require.NoError(t, decoder.Decode(&all))
	found := make(document)
	for key, value := range all {
		if list, ok := value.([]any); ok {
			found[key], _ = plain(list).([]any)
		}
	}
	return found
}

func encode(t *testing.T, value any) string {
	t.Helper()
	var text strings.Builder
	encoder := json.NewEncoder(&text)
	encoder.SetEscapeHTML(false)
	require.NoError(t, encoder.Encode(value))
	return strings.TrimSpace(text.String())
}

// lines returns the definitions of a document that have a text in them, one in a line and
// sorted, with the text replaced.
func (d document) lines(t *testing.T, text, by string) []string {
	t.Helper()
	var all []string
	for key, list := range d {
		for _, element := range list {
			if line := encode(t, element); strings.Contains(line, text) {
				all = append(all, key+" "+strings.ReplaceAll(line, text, by))
			}
		}
	}
	slices.Sort(all)
	return all
}

// plain writes numbers that are no integers in one way, so that 1.0e10 is 1e+10, but not
// 10000000000: that is another type in AMQP.
func plain(value any) any {
	switch value := value.(type) {
	case map[string]any:
		for key, element := range value {
			value[key] = plain(element)
		}
	case []any:
		for i, element := range value {
			value[i] = plain(element)
		}
	case json.Number:
		number, err := value.Float64()
		if err == nil && strings.ContainsAny(string(value), ".eE") {
			return json.Number(strconv.FormatFloat(number, 'e', -1, 64))
		}
	}
	return value
}

// requireSame fails with the lines that only one of two documents has.
func requireSame(t *testing.T, want, got []string) {
	t.Helper()
	var different []string
	for _, line := range want {
		if !slices.Contains(got, line) {
			different = append(different, "- "+line)
		}
	}
	for _, line := range got {
		if !slices.Contains(want, line) {
			different = append(different, "+ "+line)
		}
	}
	require.Empty(t, strings.Join(different, "\n"))
	require.Len(t, got, len(want))
}

// only returns the document with nothing but what has a token in it.
func (d document) only(t *testing.T, token string) document {
	t.Helper()
	kept := make(document)
	for key, list := range d {
		kept[key] = slices.DeleteFunc(slices.Clone(list), func(element any) bool { return !strings.Contains(encode(t, element), token) })
	}
	return kept
}

func (b broker) export(t *testing.T) document {
	t.Helper()
	return decode(t, b.ask(t, http.MethodGet, "definitions", "", http.StatusOK))
}

// comparable leaves of a document what both brokers export: RabbitMQ before 4.0 tells of a
// virtual host nothing but the name.
func (d document) comparable(t *testing.T, brokers ...broker) document {
	t.Helper()
	for _, b := range brokers {
		var overview struct {
			Version string `json:"rabbitmq_version"`
		}
		require.NoError(t, json.Unmarshal(b.ask(t, http.MethodGet, "overview", "", http.StatusOK), &overview))
		if strings.HasPrefix(overview.Version, "3.") {
			return d.onlyNames()
		}
	}
	return d
}

// onlyNames leaves nothing of virtual hosts but their names.
func (d document) onlyNames() document {
	for i, vhost := range d["vhosts"] {
		if vhost, ok := vhost.(map[string]any); ok {
			d["vhosts"][i] = map[string]any{"name": vhost["name"]}
		}
	}
	return d
}

// anywhere takes the name of the virtual host off, which RabbitMQ before 4.0 writes into the
// policies and parameters of a file that is about one virtual host.
func (d document) anywhere() document {
	for _, list := range d {
		for _, element := range list {
			if definition, ok := element.(map[string]any); ok {
				delete(definition, "vhost")
			}
		}
	}
	return d
}

func (b broker) load(t *testing.T, text string) {
	t.Helper()
	b.ask(t, http.MethodPost, "definitions", text, http.StatusNoContent)
}

// forget deletes everything that has a token in its name when the test ends.
func (b broker) forget(t *testing.T, token string) {
	t.Helper()
	t.Cleanup(func() {
		for _, kind := range []string{"vhosts", "users", "global-parameters"} {
			var list []struct{ Name string }
			require.NoError(t, json.Unmarshal(b.ask(t, http.MethodGet, kind+"?columns=name", "", http.StatusOK), &list))
			for _, element := range list {
				if strings.Contains(element.Name, token) {
					b.ask(t, http.MethodDelete, path(kind, element.Name), "", http.StatusNoContent)
				}
			}
		}
	})
}

// channel connects to a virtual host over AMQP.
func (b broker) channel(t *testing.T, vhost string) *amqp.Channel {
	t.Helper()
	connection, err := amqp.DialConfig(b.amqp, amqp.Config{Vhost: vhost})
	require.NoError(t, err)
	t.Cleanup(func() { require.NoError(t, connection.Close()) })
	channel, err := connection.Channel()
	require.NoError(t, err)
	return channel
}
