package queue

import (
	"time"

	"github.com/leveretmq/leveret/amqp"
)

// timeoutArgument is how long a message may stay unacknowledged, in milliseconds;
// zero is for ever. Queues and consumers may have it.
const timeoutArgument = "x-consumer-timeout"

// AckTimeout is how long a consumer of the queue with the given arguments may
// leave messages unacknowledged; zero is for ever. Its own argument goes before
// the queue's, which goes before the usual time, which is for quorum queues only
// (RabbitMQ 4.3). Of argument and policy of the queue the shorter time counts.
func (q *Queue) AckTimeout(args amqp.Table, usual time.Duration) (time.Duration, error) {
	if value, ok := args.Lookup(timeoutArgument); ok {
		if reason := integerBetween(0, maxMilliseconds)(value); reason != "" {
			return 0, q.spec.invalid(timeoutArgument, reason)
		}
		ms, _ := amqp.Integer(value)
		return time.Duration(ms) * time.Millisecond, nil
	}
	both := said{spec: &q.spec, policy: q.Policy().Definition}
	if ms := both.least(consumerTimeout); ms >= 0 { // the argument was not looked at before
		return time.Duration(min(ms, maxMilliseconds)) * time.Millisecond, nil
	}
	if q.args.Type == Quorum {
		return usual, nil
	}
	return 0, nil
}
