package amqp_test

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"net"
	"testing"
	"time"

	client "github.com/rabbitmq/amqp091-go"
	"github.com/stretchr/testify/require"

	"github.com/leveretmq/leveret/amqp"
)

const interopFrameMax = amqp.FrameMinSize

// echo is the least that a client takes for a broker: it answers the methods
// of the handshake and returns every message as unroutable.
type echo struct {
	conn    net.Conn
	buf     []byte
	publish amqp.BasicPublish
	header  amqp.Header
	body    []byte
}

// serve ends when the client has closed the connection.
func (e *echo) serve() error {
	var greeting [8]byte
	if _, err := io.ReadFull(e.conn, greeting[:]); err != nil {
		return err
	}
	if !amqp.ParseProtocolHeader(greeting[:]) {
		return fmt.Errorf("protocol header %q", greeting)
	}
	start := &amqp.ConnectionStart{VersionMinor: 9, Mechanisms: "PLAIN", Locales: "en_US",
		ServerProperties: amqp.Table{{"product", "Leveret"}, {"capabilities", amqp.Table{{"basic.nack", true}}}}}
	if err := e.send(0, start); err != nil {
		return err
	}
	for {
		frame, err := e.next()
		if err != nil {
			return err
		}
		done, err := e.handle(frame)
		if done || err != nil {
			return err
		}
	}
}

func (e *echo) send(channel uint16, m amqp.Method) error {
	_, err := e.conn.Write(amqp.AppendMethod(nil, channel, m))
	return err
}

// next reads until a whole frame is there.
func (e *echo) next() (amqp.Frame, error) {
	for {
		frame, n, err := amqp.ParseFrame(e.buf, interopFrameMax)
		if err != nil || n > 0 {
			e.buf = e.buf[n:]
			return frame, err
		}
		chunk := make([]byte, 1000) // cuts frames in two
		n, err = e.conn.Read(chunk)
		if err != nil {
			return frame, err
		}
		e.buf = append(e.buf, chunk[:n]...)
	}
}

func (e *echo) handle(f amqp.Frame) (done bool, err error) {
	switch f.Type {
	case amqp.FrameHeader:
		e.header, err = amqp.DecodeHeader(f.Payload)
		return false, errors.Join(err, e.header.Properties.Validate())
	case amqp.FrameBody:
		if e.body = append(e.body, f.Payload...); uint64(len(e.body)) < e.header.BodySize {
			return false, nil
		}
		returned := &amqp.BasicReturn{ReplyCode: uint16(amqp.CodeNoRoute), ReplyText: amqp.CodeNoRoute.String(),
			Exchange: e.publish.Exchange, RoutingKey: e.publish.RoutingKey}
		_, err := e.conn.Write(amqp.AppendContent(nil, f.Channel, returned, e.header.Properties, e.body, interopFrameMax))
		return false, err
	case amqp.FrameMethod:
		m, err := amqp.DecodeMethod(f.Payload)
		if err != nil {
			return false, err
		}
		return e.answer(f.Channel, m)
	}
	return false, nil
}

func (e *echo) answer(channel uint16, m amqp.Method) (done bool, err error) {
	switch m := m.(type) {
	case *amqp.ConnectionStartOk:
		if m.Response != "\x00guest\x00guest" {
			return false, fmt.Errorf("response %q", m.Response)
		}
		return false, e.send(0, &amqp.ConnectionTune{ChannelMax: 10, FrameMax: interopFrameMax})
	case *amqp.ConnectionTuneOk:
		return false, nil
	case *amqp.ConnectionOpen:
		return false, e.send(0, &amqp.ConnectionOpenOk{})
	case *amqp.ChannelOpen:
		return false, e.send(channel, &amqp.ChannelOpenOk{})
	case *amqp.QueueDeclare:
		return false, e.send(channel, &amqp.QueueDeclareOk{Queue: m.Queue, MessageCount: 7, ConsumerCount: uint32(len(m.Arguments))})
	case *amqp.BasicPublish:
		e.publish = *m
		return false, nil
	case *amqp.ConnectionClose:
		return true, e.send(0, &amqp.ConnectionCloseOk{})
	}
	return false, fmt.Errorf("no answer for %s", m.ID())
}

// TestInteropWithGoClient lets a client library, which was written by others
// from the same specification, read what we write and the other way round.
func TestInteropWithGoClient(t *testing.T) {
	near, far := net.Pipe()
	served := make(chan error, 1)
	go func() { served <- (&echo{conn: near}).serve() }()

	conn, err := client.Open(far, client.Config{
		SASL:  []client.Authentication{&client.PlainAuth{Username: "guest", Password: "guest"}},
		Vhost: "/", Locale: "en_US",
	})
	require.NoError(t, err)
	require.Equal(t, "Leveret", conn.Properties["product"])
	ch, err := conn.Channel()
	require.NoError(t, err)

	q, err := ch.QueueDeclare("queue", true, false, false, false, client.Table{"x-max-length": int32(5), "x-queue-type": "classic"})
	require.NoError(t, err)
	require.Equal(t, client.Queue{Name: "queue", Messages: 7, Consumers: 2}, q)

	returns := ch.NotifyReturn(make(chan client.Return, 1))
	sent := interopMessage()
	require.NoError(t, ch.Publish("exchange", "key", true, false, sent))
	got := <-returns
	require.Equal(t, "NO_ROUTE", got.ReplyText)
	require.Equal(t, "exchange", got.Exchange)
	require.Equal(t, "key", got.RoutingKey)
	require.Equal(t, sent.Headers, got.Headers)
	require.True(t, bytes.Equal(sent.Body, got.Body))
	require.Equal(t, sent, client.Publishing{
		Headers: got.Headers, ContentType: got.ContentType, ContentEncoding: got.ContentEncoding,
		DeliveryMode: got.DeliveryMode, Priority: got.Priority, CorrelationId: got.CorrelationId,
		ReplyTo: got.ReplyTo, Expiration: got.Expiration, MessageId: got.MessageId,
		Timestamp: got.Timestamp.Local(), Type: got.Type, UserId: got.UserId, AppId: got.AppId, Body: got.Body,
	})
	require.NoError(t, conn.Close())
	require.NoError(t, <-served)
}

// interopMessage has every property, and every field type that the client
// knows.
func interopMessage() client.Publishing {
	at := time.Unix(1700000000, 0)
	return client.Publishing{
		Headers: client.Table{
			"bool": true, "int8": int8(-1), "uint8": uint8(255), "int16": int16(-1), "uint16": uint16(65535),
			"int32": int32(-1), "uint32": uint32(1 << 31), "int64": int64(-1), "float32": float32(1.5), "float64": 2.5,
			"decimal": client.Decimal{Scale: 2, Value: 314}, "string": "text", "bytes": []byte{0, 255}, "time": at,
			"array": []any{int32(1), "two", nil}, "table": client.Table{"deeper": client.Table{"k": "v"}}, "void": nil,
		},
		ContentType: "text/plain", ContentEncoding: "identity", DeliveryMode: 2, Priority: 4, CorrelationId: "c",
		ReplyTo: "r", Expiration: "1000", MessageId: "m", Timestamp: at, Type: "t", UserId: "guest", AppId: "a",
		Body: bytes.Repeat([]byte("body"), 3*interopFrameMax),
	}
}
