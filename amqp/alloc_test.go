package amqp

import (
	"testing"

	"github.com/stretchr/testify/require"
)

// TestAllocations guards the functions that run once or more per message.
func TestAllocations(t *testing.T) {
	properties := PropertyList{ContentType: "text/plain", DeliveryMode: 2,
		Headers: Table{{"a", "text"}, {"b", Array{int64(1)}}, {"c", Table{{"d", nil}}}}}.Encode()
	body := make([]byte, 10_000)
	header := AppendHeader(nil, 1, 10_000, properties)
	publishArgs := arguments(&BasicPublish{Exchange: "exchange", RoutingKey: "routing key"})
	ackArgs := arguments(&BasicAck{DeliveryTag: 1})
	out := make([]byte, 0, 1<<16)
	deliver := &BasicDeliver{ConsumerTag: "tag", Exchange: "exchange", RoutingKey: "routing key"}
	var reused BasicPublish
	var ack BasicAck

	for _, c := range []struct {
		name string
		want float64
		run  func()
	}{
		{"ParseFrame", 0, func() { _, _, _ = ParseFrame(header, 4096) }},
		{"DecodeHeader", 0, func() { _, _ = DecodeHeader(header[frameHeaderSize:]) }},
		{"AppendDeliver", 0, func() { AppendDeliver(out, 1, deliver, properties, body, 4096) }},
		{"AppendAck", 0, func() { AppendAck(out, 1, BasicAck{DeliveryTag: 1}) }},
		{"AppendNack", 0, func() { AppendNack(out, 1, BasicNack{DeliveryTag: 1}) }},
		{"AppendHeartbeat", 0, func() { AppendHeartbeat(out) }},
		{"SplitMethod", 0, func() { SplitMethod(publishArgs) }},
		{"BasicAck.DecodeArguments", 0, func() { _ = ack.DecodeArguments(ackArgs) }},
		{"BasicPublish.DecodeArguments", 2, func() { var m BasicPublish; _ = m.DecodeArguments(publishArgs) }},
		{"BasicPublish.DecodeArguments again", 0, func() { _ = reused.DecodeArguments(publishArgs) }},
		{"Properties.Validate", 0, func() { _ = properties.Validate() }},
		{"Properties.Flags", 0, func() { properties.Flags() }},
		{"Properties.DeliveryMode", 0, func() { properties.DeliveryMode() }},
		{"Properties.Priority", 0, func() { properties.Priority() }},
		{"Properties.HasHeader", 0, func() { properties.HasHeader("c") }},
	} {
		t.Run(c.name, func(t *testing.T) {
			require.Equal(t, c.want, testing.AllocsPerRun(100, c.run))
		})
	}
}
