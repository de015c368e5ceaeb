package amqp

import (
	"bytes"
	"testing"

	"github.com/stretchr/testify/require"
)

func TestErlangTerm(t *testing.T) {
	for octets, want := range map[string]string{
		"":                    `<<>>`,
		"\x00":                `<<0>>`,
		"\x00\x0a\xff":        `<<0,10,255>>`,
		"GET / HTTP/1.1\r\n":  `<<"GET / HTTP/1.1\r\n">>`,
		"\b\t\n\v\f\r\x1b":    `<<"\b\t\n\v\f\r\e">>`,
		`say "a\b"`:           `<<"say \"a\\b\"">>`,
		"~\x7f":               `<<126,127>>`,
		"nearly text\x01":     `<<110,101,97,114,108,121,32,116,101,120,116,1>>`,
		"\x07 is not by name": `<<7,32,105,115,32,110,111,116,32,98,121,32,110,97,109,101>>`,
	} {
		require.Equal(t, want, Term([]byte(octets)), "%q", octets)
	}
}

func TestErlangOctets(t *testing.T) {
	require.Equal(t, "<<>>", erlangOctets(nil))
	require.Equal(t, "<<65,66>>", erlangOctets([]byte("AB")), "arguments are never printed as text")
	require.Less(t, len(erlangOctets(bytes.Repeat([]byte{200}, 1<<20))), 2*MaxShortString)
}
