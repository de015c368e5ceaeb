package amqp

import (
	"testing"

	"github.com/stretchr/testify/require"
)

func TestParseProtocolHeader(t *testing.T) {
	for header, want := range map[string]bool{
		ProtocolHeader:                 true,
		"AMQP\x01\x01\x00\x09":         true, // 0-9
		"AMQP\x00\x00\x09\x02":         false,
		"AMQP\x00\x01\x00\x00":         false, // 1.0
		"AMQP\x03\x01\x00\x00":         false, // 1.0 with SASL
		"AMQP\x01\x01\x08\x00":         false, // 0-8
		"GET / HT":                     false,
		"\x16\x03\x01\x02\x00\x01\x00": false,
		"":                             false,
		"AMQP":                         false,
		ProtocolHeader + "\x01":        false,
	} {
		require.Equal(t, want, ParseProtocolHeader([]byte(header)), "%q", header)
	}
}
