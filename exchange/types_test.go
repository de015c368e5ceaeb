package exchange

import (
	"testing"

	"github.com/leveretmq/leveret/amqp"
)

const refused = "PRECONDITION_FAILED - "

func TestValidateOfTheFurtherTypes(t *testing.T) {
	both := append(argument("hash-header", "h"), argument("hash-property", "message_id")...)
	history := func(value string) string {
		return refused + "Invalid argument " + value + ", 'x-recent-history-length' must be a positive integer"
	}
	size := refused + "Missing or invalid argument, 'x-cache-size' must be an integer greater than 0"
	ttl := refused + "Invalid argument, 'x-cache-ttl' must be an integer greater than 0"
	persistence := refused + "Invalid argument, 'x-cache-persistence' must be either 'disk' or 'memory'"
	cache := func(name string, value any) amqp.Table {
		return append(argument("x-cache-size", "10"), argument(name, value)...)
	}
	for _, c := range []struct {
		kind  string
		args  amqp.Table
		reply string
	}{
		{"x-consistent-hash", both, refused + "hash-header and hash-property are mutually exclusive"},
		{"x-consistent-hash", argument("hash-property", "priority"), refused + "Unsupported property: priority"},
		{"x-consistent-hash", argument("hash-property", ""), refused + "Unsupported property: "},
		{"x-consistent-hash", argument("hash-header", int32(5)), refused + "invalid type 'signedint' for arg 'hash-header' in exchange 'x' in vhost '/'"},
		{"x-consistent-hash", argument("hash-property", true), refused + "invalid type 'bool' for arg 'hash-property' in exchange 'x' in vhost '/'"},
		{"x-consistent-hash", argument("hash-header", ""), ""},
		{"x-recent-history", nil, ""},
		{"x-recent-history", argument("x-recent-history-length", int8(1)), ""},
		{"x-recent-history", argument("x-recent-history-length", int64(1)), ""},
		{"x-recent-history", argument("x-recent-history-length", int32(0)), history("0")},
		{"x-recent-history", argument("x-recent-history-length", int64(-7)), history("-7")},
		{"x-recent-history", argument("x-recent-history-length", uint16(7)), history("7")},
		{"x-recent-history", argument("x-recent-history-length", "7"), history(`<<"7">>`)},
		{"x-recent-history", argument("x-recent-history-length", 7.0), history("7.0")},
		{"x-message-deduplication", nil, size},
		{"x-message-deduplication", argument("x-cache-size", int32(0)), size},
		{"x-message-deduplication", argument("x-cache-size", "ten"), size},
		{"x-message-deduplication", argument("x-cache-size", 10.0), size},
		{"x-message-deduplication", argument("x-cache-size", "10"), ""},
		{"x-message-deduplication", cache("x-cache-ttl", int32(0)), ttl},
		{"x-message-deduplication", cache("x-cache-ttl", nil), ttl},
		{"x-message-deduplication", cache("x-cache-ttl", "1000"), ""},
		{"x-message-deduplication", cache("x-cache-persistence", "tape"), persistence},
		{"x-message-deduplication", cache("x-cache-persistence", int32(1)), persistence},
		{"x-message-deduplication", cache("x-cache-persistence", "disk"), ""},
		{"x-message-deduplication", cache("x-cache-persistence", "memory"), ""},
		{"x-delayed-message", argument("x-delayed-type", "x-message-deduplication"), size},
	} {
		requireError(t, c.reply, Spec{VHost: "/", Name: "x", Type: c.kind, Arguments: c.args}.Validate())
	}
}

func TestCheckBindingOfTheFurtherTypes(t *testing.T) {
	for _, c := range []struct {
		kind  string
		b     Binding
		reply string
	}{
		{"x-consistent-hash", Binding{Key: "1"}, ""},
		{"x-consistent-hash", Binding{Key: "+10000"}, ""},
		{"x-consistent-hash", Binding{Key: "10001"}, refused + "The binding key must not exceed 10000"},
		{"x-consistent-hash", Binding{Key: "99999999999999999999"}, refused + "The binding key must not exceed 10000"},
		{"x-consistent-hash", Binding{Key: "0"}, refused + "The binding key must be greater than 0"},
		{"x-consistent-hash", Binding{Key: "-99999999999999999999"}, refused + "The binding key must be greater than 0"},
		{"x-consistent-hash", Binding{Key: "1.5"}, refused + `The binding key must be an integer: <<"1.5">>`},
		{"x-consistent-hash", Binding{Key: ""}, refused + "The binding key must be an integer: <<>>"},
		{"x-local-random", Binding{QueueType: "classic"}, ""},
		{"x-local-random", Binding{Key: "k", QueueType: "quorum"}, refused + "Non empty binding 'k' key not permitted"},
		{"x-local-random", Binding{QueueType: "quorum"}, refused + "Queue type rabbit_quorum_queue not valid for this exchange type"},
		{"x-local-random", Binding{}, refused + "Destination not found"},
		{"x-random", Binding{Key: "k"}, ""},
		{"x-modulus-hash", Binding{Key: "k"}, ""},
	} {
		requireError(t, c.reply, Spec{Type: c.kind}.CheckBinding(c.b))
		delayed := Spec{Type: "x-delayed-message", Arguments: argument("x-delayed-type", c.kind)}
		requireError(t, c.reply, delayed.CheckBinding(c.b))
	}
}
