package amqp

import (
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
)

// fullList has all fourteen properties.
func fullList() PropertyList {
	return PropertyList{
		ContentType: "text/plain", ContentEncoding: "gzip",
		Headers:      Table{{"first", "1"}, {"x-death", Array{Table{{"count", int64(1)}}}}, {"last", nil}},
		DeliveryMode: 2, Priority: 9, CorrelationID: "corr", ReplyTo: "amq.rabbitmq.reply-to",
		Expiration: "60000", MessageID: "m-1", Timestamp: 1700000000, Type: "greeting",
		UserID: "guest", AppID: "app", ClusterID: "cluster",
	}
}

const fullWire = "\xff\xfc" +
	"\x0atext/plain" + "\x04gzip" +
	"\x00\x00\x00\x33" + "\x05firstS\x00\x00\x00\x011" +
	"\x07x-deathA\x00\x00\x00\x14F\x00\x00\x00\x0f\x05countl\x00\x00\x00\x00\x00\x00\x00\x01" +
	"\x04lastV" +
	"\x02" + "\x09" + "\x04corr" + "\x15amq.rabbitmq.reply-to" + "\x0560000" + "\x03m-1" +
	"\x00\x00\x00\x00\x65\x53\xf1\x00" + "\x08greeting" + "\x05guest" + "\x03app" + "\x07cluster"

func TestPropertiesGolden(t *testing.T) {
	p := fullList().Encode()
	require.Equal(t, fullWire, string(p))
	require.NoError(t, p.Validate())

	require.Equal(t, uint16(0xfffc), p.Flags())
	require.Equal(t, "text/plain", p.ContentType())
	require.Equal(t, "gzip", p.ContentEncoding())
	require.Equal(t, fullList().Headers, p.Headers())
	require.Equal(t, uint8(2), p.DeliveryMode())
	require.Equal(t, "corr", p.CorrelationID())
	require.Equal(t, "amq.rabbitmq.reply-to", p.ReplyTo())
	require.Equal(t, "m-1", p.MessageID())
	require.Equal(t, "greeting", p.Type())
	require.Equal(t, "app", p.AppID())
	require.Equal(t, "cluster", p.ClusterID())
	requirePresent(t, uint8(9))(p.Priority())
	requirePresent(t, "60000")(p.Expiration())
	requirePresent(t, uint64(1700000000))(p.Timestamp())
	requirePresent(t, "guest")(p.UserID())
}

func requirePresent[T any](t *testing.T, want T) func(T, bool) {
	return func(got T, ok bool) {
		t.Helper()
		require.True(t, ok)
		require.Equal(t, want, got)
	}
}

func TestAbsentProperties(t *testing.T) {
	for name, p := range map[string]Properties{"nil": nil, "empty": {}, "no flags": {0, 0}} {
		t.Run(name, func(t *testing.T) {
			require.NoError(t, p.Validate())
			require.Equal(t, PropertyList{}, p.List())
			require.Nil(t, p.Headers())
			require.False(t, p.HasHeader(""))
			_, ok := p.Priority()
			require.False(t, ok)
			_, ok = p.Expiration()
			require.False(t, ok)
			_, ok = p.Timestamp()
			require.False(t, ok)
			_, ok = p.UserID()
			require.False(t, ok)
		})
	}
}

// TestSinglePropertyGolden has every property alone, and checks that the
// others stay absent.
func TestSinglePropertyGolden(t *testing.T) {
	for _, c := range []struct {
		list PropertyList
		wire string
	}{
		{PropertyList{ContentType: "a"}, "\x80\x00\x01a"},
		{PropertyList{ContentEncoding: "a"}, "\x40\x00\x01a"},
		{PropertyList{Headers: Table{}}, "\x20\x00\x00\x00\x00\x00"},
		{PropertyList{DeliveryMode: 1}, "\x10\x00\x01"},
		{PropertyList{Priority: 4}, "\x08\x00\x04"},
		{PropertyList{CorrelationID: "a"}, "\x04\x00\x01a"},
		{PropertyList{ReplyTo: "a"}, "\x02\x00\x01a"},
		{PropertyList{Expiration: "0"}, "\x01\x00\x010"},
		{PropertyList{MessageID: "a"}, "\x00\x80\x01a"},
		{PropertyList{Timestamp: 1}, "\x00\x40\x00\x00\x00\x00\x00\x00\x00\x01"},
		{PropertyList{Type: "a"}, "\x00\x20\x01a"},
		{PropertyList{UserID: "a"}, "\x00\x10\x01a"},
		{PropertyList{AppID: "a"}, "\x00\x08\x01a"},
		{PropertyList{ClusterID: "a"}, "\x00\x04\x01a"},
		{PropertyList{Present: FlagPriority}, "\x08\x00\x00"},
		{PropertyList{Present: FlagUserID}, "\x00\x10\x00"},
		{PropertyList{}, "\x00\x00"},
	} {
		p := c.list.Encode()
		require.Equal(t, c.wire, string(p))
		require.NoError(t, p.Validate())
		require.Equal(t, c.wire, string(p.List().Encode()))
		for cut := 1; cut < len(p); cut++ {
			require.Error(t, p[:cut].Validate())
		}
	}
}

func TestPropertiesValidate(t *testing.T) {
	for name, c := range map[string]struct {
		wire string
		want error
	}{
		"one octet of flags":       {"\x80", errTruncated},
		"continuation":             {"\x00\x01\x00\x00", errPropertyFlags},
		"bit that nobody defines":  {"\x00\x02", errPropertyFlags},
		"shortstr beyond the end":  {"\x80\x00\x05abcd", errTruncated},
		"table beyond the end":     {"\x20\x00\x00\x00\x00\x01", errTruncated},
		"unknown letter in table":  {"\x20\x00\x00\x00\x00\x03\x01kz", errFieldType},
		"unknown letter in nested": {"\x20\x00\x00\x00\x00\x09\x01kA\x00\x00\x00\x02zz", errFieldType},
		"short timestamp":          {"\x00\x40\x00\x00\x00\x00\x00\x00\x01", errTruncated},
		"missing octet":            {"\x10\x00", errTruncated},
		"left over":                {"\x10\x00\x02\x00", errTrailing},
		"left over without flags":  {"\x00\x00\x00", errTrailing},
	} {
		t.Run(name, func(t *testing.T) {
			require.ErrorIs(t, Properties(c.wire).Validate(), c.want)
			Properties(c.wire).List() // must bear it
		})
	}
	require.NoError(t, Properties("\x80\x00\x02\xff\xfe").Validate(), "RabbitMQ does not ask for UTF-8 here")
}

// TestGettersBearGarbage asks for properties behind octets that cannot be
// read.
func TestGettersBearGarbage(t *testing.T) {
	p := Properties("\xff\xfc\xffabc")
	require.Equal(t, PropertyList{Present: 0xfffc}, p.List())
	require.False(t, p.HasHeader("a"))
	require.Equal(t, "\x20\x00\x00\x00\x00\x03\x01aV", string(p.WithHeaders(Table{{"a", nil}})),
		"what cannot be read counts as none")
	require.Equal(t, "\x00\x00", string(p.Without(FlagHeaders)))
	require.Empty(t, Properties("\x10\x01\x02").DeliveryMode(), "no getter reads on after a continuation bit")
	require.Nil(t, Properties("\x20\x00\x00\x00\x00\x03\x01kz").Headers())
}

func TestHasHeader(t *testing.T) {
	p := fullList().Encode()
	for key, want := range map[string]bool{"first": true, "x-death": true, "last": true, "": false, "count": false, "firs": false} {
		require.Equal(t, want, p.HasHeader(key), key)
	}
	truncated := Properties("\x20\x00\x00\x00\x00\x03\x01kS")
	require.False(t, truncated.HasHeader("k"), "a key without its value is none")
	require.True(t, PropertyList{Headers: Table{{"", nil}}}.Encode().HasHeader(""))
}

func TestWithHeaders(t *testing.T) {
	full := fullList().Encode()
	replaced := full.WithHeaders(Table{{"new", int8(1)}})
	require.NoError(t, replaced.Validate())
	want := fullList()
	want.Headers = Table{{"new", int8(1)}}
	require.Equal(t, string(want.Encode()), string(replaced))
	require.Equal(t, fullWire, string(full), "the receiver is not changed")

	removed := full.WithHeaders(nil)
	want.Headers = nil
	require.Equal(t, string(want.Encode()), string(removed))

	added := removed.WithHeaders(fullList().Headers)
	require.Equal(t, fullWire, string(added))

	require.Equal(t, "\x20\x00\x00\x00\x00\x00", string(Properties(nil).WithHeaders(Table{})),
		"an empty table is not an absent one")
	require.Equal(t, "\x20\x00\x00\x00\x00\x00", string(Properties{0, 0}.WithHeaders(Table{})))
	require.Empty(t, Properties(nil).WithHeaders(nil))
}

// TestReplacedPropertiesAreFresh changes the result and looks at the receiver.
func TestReplacedPropertiesAreFresh(t *testing.T) {
	full := fullList().Encode()
	for name, fresh := range map[string]Properties{
		"WithHeaders": full.WithHeaders(Table{}),
		"WithReplyTo": full.WithReplyTo("x"),
		"Without":     full.Without(FlagExpiration),
	} {
		t.Run(name, func(t *testing.T) {
			require.Len(t, fresh, cap(fresh), "no spare room that two appends could share")
			clear(fresh)
			require.Equal(t, fullWire, string(full))
		})
	}
	bare := Properties{0, 0}
	clear(bare.Without(FlagHeaders))
	require.Equal(t, Properties{0, 0}, bare)
}

func TestWithoutAndWithReplyTo(t *testing.T) {
	for flag := FlagContentType; flag >= FlagClusterID; flag >>= 1 {
		p := fullList().Encode().Without(flag)
		require.NoError(t, p.Validate())
		require.Equal(t, 0xfffc&^flag, p.Flags())
		require.Equal(t, string(p), string(p.List().Encode()))
	}
	want := fullList()
	want.ReplyTo = "amq.rabbitmq.reply-to.token"
	require.Equal(t, string(want.Encode()), string(fullList().Encode().WithReplyTo(want.ReplyTo)))
	require.Equal(t, "a", Properties(nil).WithReplyTo("a").ReplyTo())
	require.Equal(t, "x"+string(want.Encode()), string(fullList().Encode().AppendWithReplyTo([]byte("x"), want.ReplyTo)))
	require.True(t, want.Encode().HasReplyTo(want.ReplyTo))
	require.False(t, want.Encode().HasReplyTo(""))
	require.False(t, Properties(nil).HasReplyTo(""))
}

func TestPropertyListCutsLongStrings(t *testing.T) {
	p := PropertyList{Type: strings.Repeat("x", 300)}.Encode()
	require.NoError(t, p.Validate())
	require.Len(t, p.Type(), MaxShortString)
}
