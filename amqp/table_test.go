package amqp

import (
	"errors"
	"math"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
)

// fieldCase is one value, its letter with its octets, and RabbitMQ's word for
// its type.
type fieldCase struct {
	name     string
	value    any
	wire     string
	typeName string
}

// fieldCases has every type of the dialect that RabbitMQ and the clients
// speak.
func fieldCases() []fieldCase {
	return []fieldCase{
		{"true", true, "t\x01", "bool"},
		{"false", false, "t\x00", "bool"},
		{"int8", int8(-2), "b\xfe", "byte"},
		{"uint8", uint8(254), "B\xfe", "unsignedbyte"},
		{"int16", int16(-2), "s\xff\xfe", "short"},
		{"uint16", uint16(0xfffe), "u\xff\xfe", "unsignedshort"},
		{"int32", int32(-2), "I\xff\xff\xff\xfe", "signedint"},
		{"uint32", uint32(0xfffffffe), "i\xff\xff\xff\xfe", "unsignedint"},
		{"int64", int64(-2), "l\xff\xff\xff\xff\xff\xff\xff\xfe", "long"},
		{"int64 max", int64(math.MaxInt64), "l\x7f\xff\xff\xff\xff\xff\xff\xff", "long"},
		{"float32", float32(1.5), "f\x3f\xc0\x00\x00", "float"},
		{"float64", float64(-2), "d\xc0\x00\x00\x00\x00\x00\x00\x00", "double"},
		{"decimal", Decimal{Scale: 2, Value: 314}, "D\x02\x00\x00\x01\x3a", "decimal"},
		{"longstr", "a\xffb", "S\x00\x00\x00\x03a\xffb", "longstr"},
		{"longstr empty", "", "S\x00\x00\x00\x00", "longstr"},
		{"array", Array{int8(1), nil, Array{true}},
			"A\x00\x00\x00\x0ab\x01VA\x00\x00\x00\x02t\x01", "array"},
		{"array empty", Array(nil), "A\x00\x00\x00\x00", "array"},
		{"timestamp", Timestamp(1700000000), "T\x00\x00\x00\x00\x65\x53\xf1\x00", "timestamp"},
		{"table", Table{{"k", "v"}}, "F\x00\x00\x00\x08\x01kS\x00\x00\x00\x01v", "table"},
		{"table empty", Table(nil), "F\x00\x00\x00\x00", "table"},
		{"void", nil, "V", "void"},
		{"bytes", []byte{0, 1, 255}, "x\x00\x00\x00\x03\x00\x01\xff", "binary"},
		{"bytes empty", []byte{}, "x\x00\x00\x00\x00", "binary"},
	}
}

func TestFieldTypes(t *testing.T) {
	for _, c := range fieldCases() {
		t.Run(c.name, func(t *testing.T) {
			table := Table{{"x-k", c.value}}
			body := "\x03x-k" + c.wire
			encoded := AppendTable([]byte("before"), table)
			require.Equal(t, "before\x00\x00\x00"+string(rune(len(body)))+body, string(encoded))

			decoded, err := DecodeTable([]byte(body))
			require.NoError(t, err)
			require.Equal(t, table, decoded)
			require.Equal(t, c.typeName, TypeName(c.value))
			require.NoError(t, table.Validate())

			for cut := 1; cut < len(body); cut++ {
				_, err := DecodeTable([]byte(body[:cut]))
				require.ErrorIs(t, err, errTruncated, "%q", body[:cut])
			}
		})
	}
}

// TestReadOnlySpellings are octets that we read but never write.
func TestReadOnlySpellings(t *testing.T) {
	decoded, err := DecodeTable([]byte("\x01aL\x80\x00\x00\x00\x00\x00\x00\x00\x01bt\x07"))
	require.NoError(t, err)
	require.Equal(t, Table{{"a", int64(math.MinInt64)}, {"b", true}}, decoded)
}

func TestTableKeepsOrderAndDuplicates(t *testing.T) {
	table := Table{{"b", int8(1)}, {"", "empty key"}, {"a", int8(2)}, {"b", int8(3)}}
	decoded, err := DecodeTable(AppendTable(nil, table)[4:])
	require.NoError(t, err)
	require.Equal(t, table, decoded)

	v, ok := decoded.Lookup("b")
	require.True(t, ok)
	require.Equal(t, int8(1), v, "the first one wins")
	v, ok = decoded.Lookup("")
	require.True(t, ok)
	require.Equal(t, "empty key", v)
	_, ok = decoded.Lookup("c")
	require.False(t, ok)
	_, ok = Table(nil).Lookup("")
	require.False(t, ok)
}

func TestDecodeTableErrors(t *testing.T) {
	for name, c := range map[string]struct {
		body string
		want error
	}{
		"unknown letter":              {"\x01kU\x00\x01", errFieldType},
		"unknown letter in an array":  {"\x01kA\x00\x00\x00\x02z\x01", errFieldType},
		"key without a value":         {"\x01k", errTruncated},
		"key longer than the table":   {"\x05k", errTruncated},
		"longstr beyond the end":      {"\x01kS\xff\xff\xff\xffv", errTruncated},
		"table beyond its parent":     {"\x01kF\x00\x00\x00\x04\x01aV", errTruncated},
		"value beyond its table":      {"\x01kF\x00\x00\x00\x03\x01al\x00\x00\x00\x00\x00\x00\x00\x00", errTruncated},
		"array announces four GiB":    {"\x01kA\xff\xff\xff\xff", errTruncated},
		"element beyond its array":    {"\x01kA\x00\x00\x00\x02I\x00\x00\x00\x00", errTruncated},
		"a key alone after good ones": {"\x01aV\x01bV\x01", errTruncated},
	} {
		t.Run(name, func(t *testing.T) {
			decoded, err := DecodeTable([]byte(c.body))
			require.ErrorIs(t, err, c.want)
			require.Nil(t, decoded)
			headers := appendLong([]byte{0x20, 0}, uint32(len(c.body)))
			require.ErrorIs(t, Properties(append(headers, c.body...)).Validate(), c.want)
		})
	}
}

// nestedTables returns a table of the given depth, and nestedArrays one whose
// only field holds arrays down to the depth.
func nestedTables(depth int) Table {
	t := Table{{"leaf", nil}}
	for range depth - 1 {
		t = Table{{"k", t}}
	}
	return t
}

func nestedArrays(depth int) Table {
	a := Array{nil}
	for range depth - 2 {
		a = Array{a}
	}
	return Table{{"k", a}}
}

func TestTableDepth(t *testing.T) {
	for name, nested := range map[string]func(int) Table{"tables": nestedTables, "arrays": nestedArrays} {
		t.Run(name, func(t *testing.T) {
			deepest, tooDeep := nested(MaxTableDepth), nested(MaxTableDepth+1)
			require.NoError(t, deepest.Validate())
			require.ErrorIs(t, tooDeep.Validate(), errTableDepth)

			decoded, err := DecodeTable(AppendTable(nil, deepest)[4:])
			require.NoError(t, err)
			require.Equal(t, deepest, decoded)
			_, err = DecodeTable(AppendTable(nil, tooDeep)[4:])
			require.ErrorIs(t, err, errTableDepth)

			require.NoError(t, PropertyList{Headers: deepest}.Encode().Validate())
			require.ErrorIs(t, PropertyList{Headers: tooDeep}.Encode().Validate(), errTableDepth)
		})
	}
}

func TestTableValidate(t *testing.T) {
	for name, c := range map[string]struct {
		table Table
		text  string
	}{
		"Go type":             {Table{{"k", 1}}, "unknown type of a table field: Go type int"},
		"Go type in an array": {Table{{"k", Array{map[string]any{}}}}, "Go type map[string]interface {}"},
		"Go type in a table":  {Table{{"k", Table{{"k", uint64(1)}}}}, "Go type uint64"},
		"key":                 {Table{{strings.Repeat("k", 256), nil}}, "the key of a table field has 256 octets, at most 255 fit"},
	} {
		t.Run(name, func(t *testing.T) { require.ErrorContains(t, c.table.Validate(), c.text) })
	}
	require.NoError(t, Table(nil).Validate())
	require.PanicsWithValue(t, "amqp: a table field cannot have the Go type int",
		func() { AppendTable(nil, Table{{"k", 1}}) })
	require.Empty(t, TypeName(1))
	require.True(t, errors.Is(Table{{"k", 1}}.Validate(), errFieldType))
}

func TestAppendTableCutsLongKeys(t *testing.T) {
	decoded, err := DecodeTable(AppendTable(nil, Table{{strings.Repeat("é", 200), nil}})[4:])
	require.NoError(t, err)
	require.Equal(t, Table{{strings.Repeat("é", 127), nil}}, decoded)
}

func TestInteger(t *testing.T) {
	for _, c := range []struct {
		value any
		want  int64
	}{
		{int8(-1), -1}, {uint8(255), 255}, {int16(-1), -1}, {uint16(65535), 65535},
		{int32(-1), -1}, {uint32(math.MaxUint32), math.MaxUint32}, {int64(math.MinInt64), math.MinInt64},
	} {
		got, ok := Integer(c.value)
		require.True(t, ok, "%T", c.value)
		require.Equal(t, c.want, got)
	}
	for _, v := range []any{nil, true, "1", float64(1), Timestamp(1), Decimal{Value: 1}, 1} {
		_, ok := Integer(v)
		require.False(t, ok, "%T", v)
	}
}

// TestDecodedTableIsACopy changes the input after decoding.
func TestDecodedTableIsACopy(t *testing.T) {
	body := AppendTable(nil, Table{{"key", "text"}, {"raw", []byte("octets")}})[4:]
	decoded, err := DecodeTable(body)
	require.NoError(t, err)
	clear(body)
	require.Equal(t, Table{{"key", "text"}, {"raw", []byte("octets")}}, decoded)
}
