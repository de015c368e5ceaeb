package binding

import (
	"fmt"
	"slices"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/leveretmq/leveret/amqp"
)

func one(key string, v any) amqp.Table { return amqp.Table{{Key: key, Value: v}} }

func matchesHeaders(args, h amqp.Table) bool {
	table := NewHeaders[int]()
	table.Add("", args, 1)
	return slices.Contains(table.Match(nil, "ignored", headersOf(h)), 1)
}

// The outcomes of this test were seen on RabbitMQ 4.0.
func TestHeadersComparesValues(t *testing.T) {
	for _, c := range []struct {
		argument, header any
		equal            bool
	}{
		{int32(5), int32(5), true},
		{int32(5), int8(5), true},
		{int8(5), int64(5), true},
		{uint8(5), int32(5), true},
		{int32(5), int32(6), false},
		{int32(-1), uint32(1<<32 - 1), false},
		{int32(5), float64(5), false},
		{float64(5), int32(5), false},
		{float64(5), float32(5), true},
		{float32(1.5), 1.5, true},
		{int32(5), "5", false},
		{"5", int32(5), false},
		{"a", "a", true},
		{"a", "A", false},
		{"a", []byte("a"), true},
		{[]byte("a"), "a", true},
		{true, true, true},
		{true, false, false},
		{false, false, true},
		{int32(1), true, false},
		{true, int32(1), false},
		{true, "true", false},

		{nil, int32(1), true},
		{nil, nil, true},
		{nil, amqp.Array{int32(1)}, true},
		{int32(1), nil, false},

		{amqp.Timestamp(5), int32(5), true},
		{int32(5), amqp.Timestamp(5), false},
		{amqp.Timestamp(5), amqp.Timestamp(5), false},
		{amqp.Timestamp(5000), amqp.Timestamp(5), true},
		{int64(5000), amqp.Timestamp(5), true},
		{amqp.Timestamp(1 << 63), amqp.Timestamp(1 << 63 / 1000), false},
		{amqp.Timestamp(1<<63 + 192), amqp.Timestamp((1<<63 + 192) / 1000), true},
		{amqp.Timestamp(1<<64 - 1), amqp.Timestamp(1<<64 - 1), false},
		{amqp.Timestamp(1<<64 - 1), int64(-1), false},

		{amqp.Decimal{Scale: 1, Value: 10}, amqp.Decimal{Scale: 1, Value: 10}, true},
		{amqp.Decimal{Scale: 1, Value: 10}, amqp.Decimal{Scale: 2, Value: 100}, false},
		{amqp.Array{"a"}, amqp.Array{"a"}, true},
		{amqp.Array{"a"}, amqp.Array{"b"}, false},
		{amqp.Array{"a"}, "a", false},
		{amqp.Array{int32(1)}, amqp.Array{int64(1)}, false},
		{amqp.Array{float32(1.5)}, amqp.Array{1.5}, false},
		{amqp.Array{}, amqp.Table{}, true},
		{amqp.Array{}, amqp.Array{"a"}, false},
		{one("a", int32(1)), one("a", int32(1)), true},
		{amqp.Table{{Key: "a"}, {Key: "b"}}, amqp.Table{{Key: "b"}, {Key: "a"}}, false},
	} {
		t.Run(fmt.Sprintf("%T(%v) and %T(%v)", c.argument, c.argument, c.header, c.header), func(t *testing.T) {
			require.Equal(t, c.equal, matchesHeaders(one("k", c.argument), one("k", c.header)), "x-match absent")
			anyOf := amqp.Table{{Key: "x-match", Value: "any"}, {Key: "k", Value: c.argument}, {Key: "l", Value: "no"}}
			require.Equal(t, c.equal, matchesHeaders(anyOf, one("k", c.header)), "x-match any")
		})
	}
}

// The outcomes of this test were seen on RabbitMQ 4.0.
func TestHeadersMatchModes(t *testing.T) {
	with := func(mode string, more ...amqp.Field) amqp.Table {
		return append(one("x-match", mode), more...)
	}
	a1, a2 := amqp.Field{Key: "a", Value: int32(1)}, amqp.Field{Key: "a", Value: int32(2)}
	b1, xc := amqp.Field{Key: "b", Value: int32(1)}, amqp.Field{Key: "x-c", Value: int32(1)}
	capital := amqp.Field{Key: "X-c", Value: int32(1)}
	for _, c := range []struct {
		name    string
		args    amqp.Table
		headers amqp.Table
		matches bool
	}{
		{"nothing wanted", nil, nil, true},
		{"nothing wanted, something there", nil, amqp.Table{a1}, true},
		{"all of nothing", with("all"), amqp.Table{a1}, true},
		{"any of nothing", with("any"), amqp.Table{a1}, false},
		{"all-with-x of nothing", with("all-with-x"), amqp.Table{a1}, true},
		{"any-with-x of nothing", with("any-with-x"), with("any-with-x"), false},

		{"all, both there", with("all", a1, b1), amqp.Table{b1, xc, a1}, true},
		{"all, one there", with("all", a1, b1), amqp.Table{a1}, false},
		{"all, none there", with("all", a1, b1), nil, false},
		{"any, both there", with("any", a1, b1), amqp.Table{a1, b1}, true},
		{"any, one there", with("any", a1, b1), amqp.Table{b1}, true},
		{"any, none there", with("any", a1, b1), amqp.Table{a2}, false},

		{"all skips x-", with("all", xc), nil, true},
		{"any skips x-", with("any", xc), amqp.Table{xc}, false},
		{"all-with-x looks at x-", with("all-with-x", xc), nil, false},
		{"all-with-x finds x-", with("all-with-x", a1, xc), amqp.Table{a1, xc}, true},
		{"any-with-x finds x-", with("any-with-x", a1, xc), amqp.Table{xc}, true},
		{"x- is lower case", amqp.Table{capital}, nil, false},

		{"a header's last occurrence counts", amqp.Table{a2}, amqp.Table{a1, a2}, true},
		{"a header's first occurrence does not count", amqp.Table{a1}, amqp.Table{a1, a2}, false},
		{"all of one argument twice", amqp.Table{a1, a2}, amqp.Table{a2}, false},
		{"any of one argument twice", with("any", a1, a2), amqp.Table{a2}, true},
		{"the first x-match counts, any", with("any", with("all")...), nil, false},
		{"the first x-match counts, all", with("all", with("any")...), nil, true},
	} {
		t.Run(c.name, func(t *testing.T) {
			require.Equal(t, c.matches, matchesHeaders(c.args, c.headers))
		})
	}
}

// countedHeaders counts how often the headers are asked for.
type countedHeaders struct {
	table amqp.Table
	asked int
}

func (h *countedHeaders) Headers() amqp.Table {
	h.asked++
	return h.table
}

func TestHeadersAreDecodedOnceAndOnlyIfNeeded(t *testing.T) {
	table := NewHeaders[int]()
	h := &countedHeaders{table: amqp.Table{{Key: "a", Value: "1"}, {Key: "b", Value: "2"}}}

	table.Add("", nil, 0)
	require.Equal(t, []int{0}, table.Match(nil, "", h))
	require.Zero(t, h.asked, "there is nothing to compare")

	for i := range 10 {
		table.Add("", one("a", "1"), i)
		table.Add("", amqp.Table{{Key: "a", Value: "1"}, {Key: "b", Value: int32(i)}}, i)
	}
	require.NotEmpty(t, table.Match(nil, "", h))
	require.Equal(t, 1, h.asked)
}

func TestHeadersWithoutHeaders(t *testing.T) {
	table := NewHeaders[int]()
	table.Add("", nil, 1)
	table.Add("", one("a", "1"), 2)
	require.Equal(t, []int{1}, table.Match(nil, "", nil))
}

// TestHeadersFilesByTheRarestCondition looks at how many bindings a message is
// compared with, not only at the outcome.
func TestHeadersFilesByTheRarestCondition(t *testing.T) {
	table := new(headers[int])
	for i := range 100 {
		table.Add("", amqp.Table{{Key: "type", Value: "report"}, {Key: "id", Value: int32(i)}}, i)
	}
	common, ok := table.folders.find("type")
	require.True(t, ok)
	require.LessOrEqual(t, common.count(argumentValue("report")), 1)

	h := headersOf{{Key: "id", Value: int64(17)}, {Key: "type", Value: "report"}}
	require.Equal(t, []int{17}, table.Match(nil, "", h))
}

func TestHeadersGivesItsFoldersBack(t *testing.T) {
	rnd := newRandom(7)
	table := new(headers[int])
	var added []amqp.Table
	for range 500 {
		args := rnd.arguments()
		table.Add("", args, 1)
		added = append(added, args)
	}
	for _, args := range added {
		table.Remove("", args, 1)
	}
	require.Equal(t, headers[int]{}, *table)
}

// FuzzHeaders matches one message with one binding; both tables come as on the
// wire, without their lengths.
func FuzzHeaders(f *testing.F) {
	for seed := range uint64(20) {
		rnd := newRandom(seed)
		f.Add(amqp.AppendTable(nil, rnd.arguments())[4:], amqp.AppendTable(nil, rnd.headers())[4:])
	}
	f.Fuzz(func(t *testing.T, arguments, message []byte) {
		args, err := amqp.DecodeTable(arguments)
		if err != nil {
			return
		}
		h, err := amqp.DecodeTable(message)
		if err != nil {
			return
		}
		require.Equal(t, slowHeaders(bound{args: args}, "", h), matchesHeaders(args, h))
	})
}
