package exchange

import (
	"testing"

	"github.com/leveretmq/leveret/amqp"
)

func TestCheckType(t *testing.T) {
	for name, reply := range map[string]string{
		"direct":  "",
		"fanout":  "",
		"topic":   "",
		"headers": "",
		"nope":    "PRECONDITION_FAILED - unknown exchange type 'nope'",
		"Direct":  "PRECONDITION_FAILED - unknown exchange type 'Direct'",
		"it's":    "PRECONDITION_FAILED - unknown exchange type 'it's'",
	} {
		requireError(t, reply, CheckType(name))
	}
}

func TestCheckDefault(t *testing.T) {
	requireError(t, "ACCESS_REFUSED - operation not permitted on the default exchange", CheckDefault(""))
	requireError(t, "", CheckDefault("x"))
	requireError(t, "", CheckDefault("amq.direct"))
}

func TestCheckNewName(t *testing.T) {
	requireError(t, "ACCESS_REFUSED - exchange name 'amq.x' contains reserved prefix 'amq.*'", CheckNewName("amq.x"))
	requireError(t, "ACCESS_REFUSED - exchange name 'amq.' contains reserved prefix 'amq.*'", CheckNewName("amq."))
	requireError(t, "", CheckNewName("amq"))
	requireError(t, "", CheckNewName("AMQ.x"))
	requireError(t, "", CheckNewName("x"))
}

func TestCheckDelete(t *testing.T) {
	requireError(t, "ACCESS_REFUSED - operation not permitted on the default exchange", CheckDelete("", "/"))
	requireError(t, "ACCESS_REFUSED - deletion of system exchange 'amq.direct' in vhost '/' not allowed", CheckDelete("amq.direct", "/"))
	requireError(t, "ACCESS_REFUSED - deletion of system exchange 'amq.nope' in vhost 'v' not allowed", CheckDelete("amq.nope", "v"))
	requireError(t, "", CheckDelete("x", "/"))
}

func TestValidate(t *testing.T) {
	wrongType := func(name string) string {
		return "PRECONDITION_FAILED - invalid type '" + name + "' for arg 'alternate-exchange' in exchange 'x' in vhost '/'"
	}
	for _, c := range []struct {
		value any
		reply string
	}{
		{"ae", ""},
		{"", ""},
		{nil, wrongType("void")},
		{int32(5), wrongType("signedint")},
		{int64(5), wrongType("long")},
		{true, wrongType("bool")},
		{2.5, wrongType("double")},
		{[]byte("ae"), wrongType("binary")},
		{amqp.Timestamp(3), wrongType("timestamp")},
		{amqp.Decimal{Scale: 1, Value: 2}, wrongType("decimal")},
		{amqp.Array{"ae"}, wrongType("array")},
		{amqp.Table{}, wrongType("table")},
	} {
		s := Spec{VHost: "/", Name: "x", Type: "direct", Arguments: argument("alternate-exchange", c.value)}
		requireError(t, c.reply, s.Validate())
	}
	requireError(t, "", Spec{Type: "topic", Arguments: argument("x-unknown", int32(1))}.Validate())
	requireError(t, "PRECONDITION_FAILED - unknown exchange type 'nope'",
		Spec{Type: "nope", Arguments: argument("alternate-exchange", int32(1))}.Validate())
}

func TestCheckBindingAsksTheType(t *testing.T) {
	bad := argument("x-match", "foo")
	for _, name := range []string{"direct", "fanout", "topic"} {
		requireError(t, "", Spec{Type: name}.CheckBinding(Binding{Key: "#.#.#", Arguments: bad}))
	}
	requireError(t, "PRECONDITION_FAILED - unknown exchange type 'nope'", Spec{Type: "nope"}.CheckBinding(Binding{}))
}

// The texts of this test were seen on RabbitMQ 4.0.
func TestCheckBindingToHeaders(t *testing.T) {
	badWord := func(term string) string {
		return "PRECONDITION_FAILED - Invalid x-match field value " + term +
			"; expected all, any, all-with-x, or any-with-x"
	}
	badType := func(what string) string {
		return "PRECONDITION_FAILED - Invalid x-match field type " + what + "; expected longstr"
	}
	for _, c := range []struct {
		value any
		reply string
	}{
		{"all", ""},
		{"any", ""},
		{"all-with-x", ""},
		{"any-with-x", ""},
		{"foo", badWord(`<<"foo">>`)},
		{"ALL", badWord(`<<"ALL">>`)},
		{"", badWord(`<<>>`)},
		{"é", badWord(`<<"é"/utf8>>`)},
		{"日\"", badWord(`<<"日\""/utf8>>`)},
		{"\xff\x00", badWord(`<<255,0>>`)},
		{"a\tb\x1b\x7f", badWord(`<<97,9,98,27,127>>`)},
		{nil, badType("void (value undefined)")},
		{int32(5), badType("signedint (value 5)")},
		{int64(5), badType("long (value 5)")},
		{false, badType("bool (value false)")},
		{2.5, badType("double (value 2.5)")},
		{[]byte("all"), badType(`binary (value <<"all">>)`)},
		{amqp.Decimal{Scale: 1, Value: 2}, badType("decimal (value {1,2})")},
		{amqp.Timestamp(3), badType("timestamp (value 3)")},
		{amqp.Array{}, badType("array (value [])")},
		{amqp.Array{"q"}, badType(`array (value [{longstr,<<"q">>}])`)},
		{amqp.Table{}, badType("table (value [])")},
	} {
		requireError(t, c.reply, Spec{Type: "headers"}.CheckBinding(Binding{Arguments: argument("x-match", c.value)}))
	}
	requireError(t, "", Spec{Type: "headers"}.CheckBinding(Binding{}))
	twice := append(argument("x-match", "all"), argument("x-match", "foo")...)
	requireError(t, "", Spec{Type: "headers"}.CheckBinding(Binding{Arguments: twice}))
}
