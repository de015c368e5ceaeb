package conformance

import (
	"testing"
)

func TestConnection_OpensAndCloses(t *testing.T) {
	rule(t, "connection")
	c := dial(t)
	ch := channelOn(t, c)
	q := tempQueue(t, ch)
	publish(t, ch, "", q, "hello")
	if got := getBody(t, ch, q); got != "hello" {
		t.Fatal(got)
	}
	barrier(t)
	rawOpen(t).requireAlive()
}
