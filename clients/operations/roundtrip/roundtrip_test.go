package roundtrip

import (
	"net/http"
	"os"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
)

func TestWholeFromRabbitMQ(t *testing.T) {
	ours, other := both(t)
	whole(t, other, ours, other.fill)
}

func TestWholeFromLeveret(t *testing.T) {
	ours, other := both(t)
	whole(t, ours, other, ours.fill)
}

// TestCapturedFromRabbitMQ begins with a file that a RabbitMQ 3.10.8 has exported, where {t}
// stands in the names. Queues and exchanges that are not durable are in it, too.
func TestCapturedFromRabbitMQ(t *testing.T) {
	ours, other := both(t)
	text, err := os.ReadFile("testdata/rabbitmq-3.10.8.json")
	require.NoError(t, err)
	token := newToken()
	given := strings.ReplaceAll(string(text), "{t}", token)
	ours.forget(t, token)
	ours.load(t, given)
	requireSame(t, decode(t, []byte(given)).lines(t, token, "{t}"), ours.export(t).onlyNames().lines(t, token, "{t}"))

	// RabbitMQ 4.0 writes a type into what has none, so that the file itself would differ there.
	whole(t, other, ours, func(t *testing.T, token string) {
		t.Helper()
		other.forget(t, token)
		other.load(t, strings.ReplaceAll(string(text), "{t}", token))
	})
}

// whole fills a broker, carries its definitions to another one, and from there back to the
// first under other names.
func whole(t *testing.T, from, to broker, fill func(t *testing.T, token string)) {
	t.Helper()
	token, second := newToken(), newToken()
	to.forget(t, token)
	from.forget(t, second)
	fill(t, token)
	first := from.export(t).only(t, token)
	to.load(t, encode(t, first))
	carried := to.export(t).only(t, token)
	back := strings.ReplaceAll(encode(t, carried), token, second)

	want := first.comparable(t, from, to).lines(t, token, "{t}")
	require.Greater(t, len(want), 30)
	requireSame(t, want, carried.comparable(t, from, to).lines(t, token, "{t}"))
	from.load(t, back)
	requireSame(t, want, from.export(t).comparable(t, from, to).lines(t, second, "{t}"))
	// What is there already is taken again.
	to.load(t, encode(t, first))
	requireSame(t, want, to.export(t).comparable(t, from, to).lines(t, token, "{t}"))
}

func TestVirtualHostsFromRabbitMQ(t *testing.T) {
	ours, other := both(t)
	eachHost(t, other, ours)
}

func TestVirtualHostsFromLeveret(t *testing.T) {
	ours, other := both(t)
	eachHost(t, ours, other)
}

// eachHost carries the definitions of single virtual hosts there and back again. RabbitMQ 4.0
// fails to export one whose name is not ASCII, so that the last one is left out.
func eachHost(t *testing.T, from, to broker) {
	t.Helper()
	token, second := newToken(), newToken()
	to.forget(t, second)
	from.forget(t, second)
	from.fill(t, token)
	for i, vhost := range hosts(token)[:2] {
		t.Run(vhost, func(t *testing.T) {
			place := hosts(second)[i]
			export := func(b broker, vhost string) []byte {
				return b.ask(t, http.MethodGet, path("definitions", vhost), "", http.StatusOK)
			}
			load := func(b broker, text []byte) {
				b.ask(t, http.MethodPut, path("vhosts", place), "", http.StatusCreated, http.StatusNoContent)
				b.ask(t, http.MethodPost, path("definitions", place), string(text), http.StatusNoContent)
			}
			first := export(from, vhost)
			want := decode(t, first).anywhere().lines(t, "", "")
			require.Greater(t, len(want), 25)
			load(to, first)
			carried := export(to, place)
			requireSame(t, want, decode(t, carried).anywhere().lines(t, "", ""))
			load(from, carried)
			requireSame(t, want, decode(t, export(from, place)).anywhere().lines(t, "", ""))
		})
	}
}

// TestAllOfRabbitMQ takes all that a RabbitMQ has, with what it has made itself.
func TestAllOfRabbitMQ(t *testing.T) {
	ours, other := both(t)
	text := other.ask(t, http.MethodGet, "definitions", "", http.StatusOK)
	ours.load(t, string(text))
}
