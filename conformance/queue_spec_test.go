package conformance

import (
	"errors"
	"fmt"
	"testing"

	"github.com/rabbitmq/amqp091-go"
	"github.com/stretchr/testify/require"
)

// queueSpec says how a queue is declared.
type queueSpec struct {
	name                           string
	durable, autoDelete, exclusive bool
	args                           amqp091.Table
}

func (s queueSpec) declare(ch *amqp091.Channel) (amqp091.Queue, error) {
	return ch.QueueDeclare(s.name, s.durable, s.autoDelete, s.exclusive, false, s.args)
}

func (s queueSpec) declarePassive(ch *amqp091.Channel) (amqp091.Queue, error) {
	return ch.QueueDeclarePassive(s.name, s.durable, s.autoDelete, s.exclusive, false, s.args)
}

// declaring and declaringPassive are the declarations as actions of requireChannelError.
func (s queueSpec) declaring(ch *amqp091.Channel) func() error {
	return func() error {
		_, err := s.declare(ch)
		return err
	}
}

func (s queueSpec) declaringPassive(ch *amqp091.Channel) func() error {
	return func() error {
		_, err := s.declarePassive(ch)
		return err
	}
}

// mustDeclare declares the queue, under a unique name unless it has one, and returns
// its name. What does not die with the connection is deleted with the test.
func (s queueSpec) mustDeclare(t *testing.T, ch *amqp091.Channel) string {
	t.Helper()
	if s.name == "" {
		s.name = uniqueName(t, "q")
	}
	q, err := s.declare(ch)
	require.NoError(t, err, "declare queue")
	if !s.exclusive {
		deleteQueueLater(t, q.Name)
	}
	return q.Name
}

// queueDeletion says how a queue is deleted.
type queueDeletion struct {
	name              string
	ifUnused, ifEmpty bool
}

func (d queueDeletion) delete(ch *amqp091.Channel) (int, error) {
	return ch.QueueDelete(d.name, d.ifUnused, d.ifEmpty, false)
}

func (d queueDeletion) deleting(ch *amqp091.Channel) func() error {
	return func() error {
		_, err := d.delete(ch)
		return err
	}
}

// queueConsume subscribes with automatic acknowledgement.
func queueConsume(t *testing.T, ch *amqp091.Channel, queue, tag string) <-chan amqp091.Delivery {
	t.Helper()
	ds, err := ch.Consume(queue, tag, true, false, false, false, nil)
	require.NoError(t, err, "consume")
	return ds
}

// queueGetUnacked takes one message and leaves it unacknowledged.
func queueGetUnacked(t *testing.T, ch *amqp091.Channel, queue string) amqp091.Delivery {
	t.Helper()
	d, ok, err := ch.Get(queue, false)
	require.NoError(t, err, "get")
	require.True(t, ok, "queue %s is empty", queue)
	return d
}

// queueAwaitReady waits until a passive declare counts so many ready messages. It may
// overtake what the same channel published before (RabbitMQ behaviour).
func queueAwaitReady(t *testing.T, ch *amqp091.Channel, queue string, want int) {
	t.Helper()
	eventually(t, fmt.Sprintf("%d ready messages in %s", want, queue), func() bool {
		return readyCount(t, ch, queue) == want
	})
}

// queueMustExist requires that a queue exists.
func queueMustExist(t *testing.T, c *amqp091.Connection, name string) {
	t.Helper()
	ch := channelOn(t, c)
	_, err := queueSpec{name: name}.declarePassive(ch)
	require.NoError(t, err, "passive declare")
	require.NoError(t, ch.Close())
}

// queueMustNotExist requires that a queue does not exist.
func queueMustNotExist(t *testing.T, c *amqp091.Connection, name string) {
	t.Helper()
	ch := channelOn(t, c)
	requireChannelError(t, ch, queueSpec{name: name}.declaringPassive(ch), amqp091.NotFound, queueMissing(name))
}

// queueMissing is the text for a queue that does not exist.
func queueMissing(name string) string {
	return fmt.Sprintf("NOT_FOUND - no queue '%s' in vhost '/'", name)
}

// queueLocked is the text for an exclusive queue of another connection.
func queueLocked(name string) string {
	return fmt.Sprintf("RESOURCE_LOCKED - cannot obtain exclusive access to locked queue '%s' in vhost '/'. "+
		"It could be originally declared on another connection or the exclusive property value "+
		"does not match that of the original declaration.", name)
}

// queueInequivalent is the text for a declaration that differs from what exists.
func queueInequivalent(field, queue, received, current string) string {
	return fmt.Sprintf("PRECONDITION_FAILED - inequivalent arg '%s' for queue '%s' in vhost '/': received %s but current is %s",
		field, queue, received, current)
}

const queueNoneDeclared = "NOT_FOUND - no previously declared queue"

// queueErrorCode is the reply code of an error of the client library, or zero.
func queueErrorCode(err error) int {
	var e *amqp091.Error
	if errors.As(err, &e) {
		return e.Code
	}
	return 0
}
