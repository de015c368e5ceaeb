package queue

import (
	"fmt"
	"math/rand/v2"

	"github.com/leveretmq/leveret/amqp"
)

// always is arguments that do not depend on the seed.
func always(arguments amqp.Table) func(*rand.Rand) amqp.Table {
	return func(*rand.Rand) amqp.Table { return arguments }
}

// anyArguments is a random combination of all that queues can be asked for.
func anyArguments(rng *rand.Rand) amqp.Table {
	var list amqp.Table
	one := func(name string, values ...any) {
		if rng.IntN(3) == 0 {
			list = append(list, amqp.Field{Key: name, Value: values[rng.IntN(len(values))]})
		}
	}
	one("x-queue-type", "quorum")
	one("x-max-priority", int32(0), int32(1), int32(4), int32(9), int32(255))
	one("x-message-ttl", int32(0), int32(5), int32(50), int32(500))
	one("x-message-ttl-anywhere", true)
	one("x-max-length", int32(0), int32(1), int32(10), int32(40))
	one("x-max-length-bytes", int32(0), int32(100_000), int32(1_000_000))
	one("x-overflow", "drop-head", "reject-publish", "reject-publish-dlx")
	one("x-dead-letter-exchange", "dead")
	one("x-delivery-limit", int32(-1), int32(0), int32(1), int32(3))
	one("x-delayed", true)
	one("x-single-active-consumer", true)
	if rng.IntN(3) == 0 {
		list = append(list, anyRetry(rng)...)
	}
	return list
}

func anyRetry(rng *rand.Rand) amqp.Table {
	kinds := []string{"all", "failed", "returned"}
	return amqp.Table{
		{Key: "x-delayed-retry-type", Value: kinds[rng.IntN(len(kinds))]},
		{Key: "x-delayed-retry-min", Value: int32(rng.IntN(20))},
		{Key: "x-delayed-retry-max", Value: int32(rng.IntN(60))},
	}
}

// anyProperties are random properties of a message that its queue looks at. Where
// no message has a time to live, the queue may never look at the clock.
func (m *model) anyProperties() amqp.Properties {
	var list amqp.PropertyList
	if m.rng.IntN(2) == 0 {
		list.Priority = uint8(m.rng.IntN(12) + m.rng.IntN(5)/4*200)
	}
	if m.mortal && m.rng.IntN(6) == 0 {
		list.Expiration = fmt.Sprint(m.rng.IntN(4) * m.rng.IntN(60))
	}
	if m.rng.IntN(3) == 0 {
		list.Headers = amqp.Table{{Key: DelayHeader, Value: int32(m.rng.IntN(60))}}
	}
	return list.Encode()
}
