package queue

import (
	"github.com/leveretmq/leveret/amqp"
	"github.com/leveretmq/leveret/message"
)

// limits is how much a queue takes before it refuses publishes, in messages
// and octets of bodies that are ready. Negative means no limit.
type limits struct {
	length int64
	bytes  int64
}

// unlimited takes everything.
const unlimited = -1

// rejectLimits reads the limits of a queue that refuses what is too much
// (x-overflow reject-publish and reject-publish-dlx).
func (s Spec) rejectLimits() limits {
	l := limits{length: unlimited, bytes: unlimited}
	if overflow, _ := s.Arguments.Lookup("x-overflow"); overflow != "reject-publish" && overflow != "reject-publish-dlx" {
		return l
	}
	if v, ok := s.Arguments.Lookup("x-max-length"); ok {
		l.length, _ = amqp.Integer(v)
	}
	if v, ok := s.Arguments.Lookup("x-max-length-bytes"); ok {
		l.bytes, _ = amqp.Integer(v)
	}
	return l
}

func (l limits) none() bool { return l.length < 0 && l.bytes < 0 }

// full says whether the queue refuses the message.
func (c *core) full(m *message.Message, l limits) bool {
	return l.length >= 0 && int64(c.ready.len())+1 > l.length ||
		l.bytes >= 0 && c.ready.bytes()+int64(m.Size()) > l.bytes
}
