package conformance

import (
	"testing"

	"github.com/rabbitmq/amqp091-go"
	"github.com/stretchr/testify/require"
)

func TestQueue_RedeclareMustBeEquivalent(t *testing.T) {
	rule(t, "queue")
	c := dial(t)
	length := func(v any) amqp091.Table { return amqp091.Table{"x-max-length": v} }
	for _, row := range []struct {
		name              string
		current, received queueSpec
		field             string
		newText, oldText  string
	}{
		{"durable", queueSpec{}, queueSpec{durable: true}, "durable", "'true'", "'false'"},
		{"not durable", queueSpec{durable: true}, queueSpec{}, "durable", "'false'", "'true'"},
		{"auto-delete", queueSpec{}, queueSpec{autoDelete: true}, "auto_delete", "'true'", "'false'"},
		{"not auto-delete", queueSpec{autoDelete: true}, queueSpec{}, "auto_delete", "'false'", "'true'"},
		{
			"durable comes first", queueSpec{}, queueSpec{durable: true, autoDelete: true, args: length(int32(1))},
			"durable", "'true'", "'false'",
		},
		{
			"auto-delete comes second", queueSpec{}, queueSpec{autoDelete: true, args: length(int32(1))},
			"auto_delete", "'true'", "'false'",
		},
		{
			"argument added", queueSpec{}, queueSpec{args: length(int32(1))},
			"x-max-length", "the value '1' of type 'signedint'", "none",
		},
		{
			"argument left out", queueSpec{args: length(int64(1))}, queueSpec{},
			"x-max-length", "none", "the value '1' of type 'long'",
		},
		{"argument changed", queueSpec{args: length(int32(1))}, queueSpec{args: length(int32(2))}, "x-max-length", "'2'", "'1'"},
		{"argument of another type", queueSpec{args: length(int32(1))}, queueSpec{args: length("two")}, "x-max-length", "'two'", "'1'"},
		{
			"a bad value is compared before it is validated", queueSpec{}, queueSpec{args: length("two")},
			"x-max-length", "the value 'two' of type 'longstr'", "none",
		},
		{
			"the first argument in the broker's order", queueSpec{},
			queueSpec{args: amqp091.Table{"x-max-length": int32(1), "x-expires": int32(60_000)}},
			"x-expires", "the value '60000' of type 'signedint'", "none",
		},
	} {
		t.Run(row.name, func(t *testing.T) {
			rule(t, "queue")
			ch := channelOn(t, c)
			row.received.name = row.current.mustDeclare(t, ch)
			requireChannelError(t, ch, row.received.declaring(ch), amqp091.PreconditionFailed,
				queueInequivalent(row.field, row.received.name, row.newText, row.oldText))
		})
	}
}

func TestQueue_RedeclareComparesEachArgument(t *testing.T) {
	rule(t, "queue")
	c := dial(t)
	for name, v := range map[string]struct {
		value any
		text  string
	}{
		"x-expires":                 {int32(60_000), "the value '60000' of type 'signedint'"},
		"x-message-ttl":             {int64(5), "the value '5' of type 'long'"},
		"x-dead-letter-exchange":    {"dlx", "the value 'dlx' of type 'longstr'"},
		"x-dead-letter-routing-key": {"key", "the value 'key' of type 'longstr'"},
		"x-max-length":              {int16(5), "the value '5' of type 'short'"},
		"x-max-length-bytes":        {byte(5), "the value '5' of type 'unsignedbyte'"},
		"x-max-priority":            {int8(5), "the value '5' of type 'byte'"},
		"x-overflow":                {"reject-publish", "the value 'reject-publish' of type 'longstr'"},
		"x-queue-mode":              {"lazy", "the value 'lazy' of type 'longstr'"},
		"x-queue-version":           {int32(2), "the value '2' of type 'signedint'"},
		"x-single-active-consumer":  {true, "the value 'true' of type 'bool'"},
	} {
		t.Run(name, func(t *testing.T) {
			rule(t, "queue")
			ch := channelOn(t, c)
			s := queueSpec{args: amqp091.Table{name: v.value}}
			s.name = tempQueue(t, ch)
			requireChannelError(t, ch, s.declaring(ch), amqp091.PreconditionFailed,
				queueInequivalent(name, s.name, v.text, "none"))
		})
	}
}

func TestQueue_RedeclareTakesAllIntegerTypesAsOne(t *testing.T) {
	rule(t, "queue")
	ch := openChannel(t)
	s := queueSpec{args: amqp091.Table{"x-message-ttl": int8(100)}}
	s.name = s.mustDeclare(t, ch)
	for wireType, value := range map[string]any{
		"byte": int8(100), "unsigned byte": byte(100), "short": int16(100), "unsigned short": uint16(100),
		"int": int32(100), "unsigned int": uint32(100), "long": int64(100),
	} {
		t.Run(wireType, func(t *testing.T) {
			rule(t, "queue")
			s.args = amqp091.Table{"x-message-ttl": value}
			_, err := s.declare(ch)
			require.NoError(t, err)
		})
	}
}

func TestQueue_RedeclareIgnoresUnknownArguments(t *testing.T) {
	rule(t, "queue")
	ch := openChannel(t)
	s := queueSpec{args: amqp091.Table{"x-anything": "a"}}
	s.name = s.mustDeclare(t, ch)
	for row, args := range map[string]amqp091.Table{
		"left out":                   nil,
		"another value":              {"x-anything": "b"},
		"another one":                {"something": int32(1)},
		"one of quorum queues only":  {"x-delivery-limit": int32(1)},
		"one of stream queues only":  {"x-max-age": "1D"},
		"a timeout of the consumers": {"x-consumer-timeout": int32(60_000)},
	} {
		t.Run(row, func(t *testing.T) {
			rule(t, "queue")
			s.args = args
			_, err := s.declare(ch)
			require.NoError(t, err)
		})
	}
}

func TestQueue_RedeclareTakesNoTypeAsClassic(t *testing.T) {
	rule(t, "queue")
	ch := openChannel(t)
	plain, classic := queueSpec{durable: true}, queueSpec{durable: true, args: amqp091.Table{"x-queue-type": "classic"}}
	for row, pair := range map[string][2]queueSpec{"absent, classic": {plain, classic}, "classic, absent": {classic, plain}} {
		t.Run(row, func(t *testing.T) {
			rule(t, "queue")
			pair[1].name = pair[0].mustDeclare(t, ch)
			_, err := pair[1].declare(ch)
			require.NoError(t, err)
		})
	}
}

func TestQueue_RedeclareComparesTheQueueType(t *testing.T) {
	rule(t, "queue")
	c := dial(t)
	typed := func(name string) queueSpec {
		return queueSpec{durable: true, args: amqp091.Table{"x-queue-type": name}}
	}
	absent := queueSpec{durable: true}
	// Since 4.0 a missing type is filled in before the comparison (section 4.1).
	for _, row := range []struct {
		name              string
		current, received queueSpec
		newText, oldText  string
	}{
		{"classic, then quorum", typed("classic"), typed("quorum"), "'quorum'", "'classic'"},
		{
			"absent, then quorum", absent, typed("quorum"),
			oneOf("the value 'quorum' of type 'longstr'", "'quorum'"), oneOf("none", "'classic'"),
		},
		{"quorum, then classic", typed("quorum"), typed("classic"), "'classic'", "'quorum'"},
		{
			"quorum, then absent", typed("quorum"), absent,
			oneOf("none", "'classic'"), oneOf("the value 'quorum' of type 'longstr'", "'quorum'"),
		},
		{"classic, then an unknown type", typed("classic"), typed("foo"), "'foo'", "'classic'"},
	} {
		t.Run(row.name, func(t *testing.T) {
			rule(t, "queue")
			ch := channelOn(t, c)
			row.received.name = row.current.mustDeclare(t, ch)
			requireChannelError(t, ch, row.received.declaring(ch), amqp091.PreconditionFailed,
				queueInequivalent("x-queue-type", row.received.name, row.newText, row.oldText))
		})
	}
}

func TestQueue_DurableMeansNothingToAnExclusiveQueue(t *testing.T) {
	rule(t, "queue")
	ch := openChannel(t)
	for row, durable := range map[string][2]bool{"first transient": {false, true}, "first durable": {true, false}} {
		t.Run(row, func(t *testing.T) {
			rule(t, "queue")
			s := queueSpec{exclusive: true, durable: durable[0]}
			s.name = s.mustDeclare(t, ch)
			s.durable = durable[1]
			_, err := s.declare(ch)
			require.NoError(t, err)
		})
	}
}
