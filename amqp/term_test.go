package amqp

import (
	"testing"

	"github.com/stretchr/testify/require"
)

// The expectations are what Erlang's io:format("~tp") prints.
func TestTerm(t *testing.T) {
	for _, c := range []struct {
		value any
		term  string
	}{
		{int8(-5), "-5"},
		{uint32(4294967295), "4294967295"},
		{Timestamp(18446744073709551615), "18446744073709551615"},
		{true, "true"},
		{nil, "undefined"},
		{Decimal{Scale: 2, Value: 314}, "{2,314}"},

		{100000.0, "1.0e5"},
		{123456.0, "123456.0"},
		{1000.0, "1.0e3"},
		{100.0, "100.0"},
		{0.0, "0.0"},
		{0.1, "0.1"},
		{float32(0.1), "0.10000000149011612"},
		{0.001, "0.001"},
		{0.0001, "0.0001"},
		{1e-5, "1.0e-5"},
		{0.00015, "1.5e-4"},
		{9007199254740991.0, "9007199254740991.0"},
		{9007199254740992.0, "9.007199254740992e15"},
		{-12345e3, "-1.2345e7"},
		{1e22, "1.0e22"},
		{1e100, "1.0e100"},

		{"", `<<>>`},
		{"plain text", `<<"plain text">>`},
		{"a\"b\\\n", `<<"a\"b\\\n">>`},
		{"\v\f\b\x1b\r\t", `<<"\v\f\b\e\r\t">>`},
		{"\x7f", `<<127>>`},
		{"日本", `<<"日本"/utf8>>`},
		{"\u00a0", "<<\"\u00a0\"/utf8>>"},
		{"\u0085", `<<194,133>>`},
		{"\ufffe", `<<239,191,190>>`},
		{"\xe9", `<<"é">>`},
		{"\xe9\"", `<<"é\"">>`},
		{[]byte{255, 0}, `<<255,0>>`},

		{Array{"a", int32(5), Array{}}, `[{longstr,<<"a">>},{signedint,5},{array,[]}]`},
		{Table{{Key: "k", Value: "v"}, {Key: "", Value: true}}, `[{<<"k">>,longstr,<<"v">>},{<<>>,bool,true}]`},
	} {
		require.Equal(t, c.term, Term(c.value))
	}
}
