package amqp

import (
	"testing"

	"github.com/stretchr/testify/require"
)

// A message that comes in and goes out again allocates nothing on its way
// through this package.
func TestAllocationsOfAMessage(t *testing.T) {
	const frameMax = 4096
	wire := AppendContent(nil, 1, &BasicPublish{Exchange: "exchange", RoutingKey: "routing key"},
		plainProperties(), make([]byte, 3*frameMax), frameMax)
	out := make([]byte, 0, 2*len(wire))
	body := make([]byte, 0, 3*frameMax)
	deliver := &BasicDeliver{ConsumerTag: "tag", Exchange: "exchange", RoutingKey: "routing key"}
	var publish BasicPublish
	pass := func() {
		var p Properties
		body = body[:0]
		for rest := wire; len(rest) > 0; {
			f, n, _ := ParseFrame(rest, frameMax)
			switch rest = rest[n:]; f.Type {
			case FrameMethod:
				_, args := SplitMethod(f.Payload)
				_ = publish.DecodeArguments(args)
			case FrameHeader:
				h, _ := DecodeHeader(f.Payload)
				p = h.Properties
				_ = p.Validate()
				p.DeliveryMode()
				p.Flags()
			default:
				body = append(body, f.Payload...)
			}
		}
		out = AppendDeliver(out[:0], 1, deliver, p, body, frameMax)
		out = AppendAck(out, 1, BasicAck{DeliveryTag: 1})
	}
	require.Zero(t, testing.AllocsPerRun(100, pass))
	require.Len(t, body, 3*frameMax)
}
