package server_test

import (
	"encoding/binary"
	"math/rand/v2"
	"slices"
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/leveretmq/leveret/amqp"
	"github.com/leveretmq/leveret/server"
)

// FuzzConnection gives octets to an open connection, and to one in its
// handshake. Whatever they are: the server does not panic, both connections
// still answer or have ended, another client's queue is as it was, and nothing
// is left when the clients are gone (or the bubble would complain).
func FuzzConnection(f *testing.F) {
	for _, octets := range legalOctets() {
		f.Add(octets)
	}
	for _, method := range methods() {
		f.Add(amqp.AppendMethod(nil, 1, method))
		f.Add(amqp.AppendMethod(nil, 0, method))
	}
	for seed := range uint64(300) {
		f.Add(mutated(rand.New(rand.NewPCG(seed, 0)), legalOctets()))
	}
	for seed := range uint64(30) {
		f.Add(talked(seed))
	}
	f.Fuzz(func(t *testing.T, octets []byte) {
		synctest.Test(t, func(t *testing.T) { confront(t, octets) })
	})
}

// confront gives the octets to a server.
func confront(t *testing.T, octets []byte) {
	l := newListener()
	s := serve(t, l, newVolatile(), server.Options{MaxMessageSize: 1 << 20})
	witness, open, starting := connect(t, l), connect(t, l), connect(t, l)
	witness.handshake(opened)
	witness.send(1, &amqp.QueueDeclare{Queue: "theirs", Exclusive: true})
	witness.publish(1, &amqp.BasicPublish{RoutingKey: "theirs"}, nil, []byte("untouched"))
	open.handshake(opened)
	starting.handshake(greeted)
	open.queue(octets)
	open.flush()
	starting.queue(octets)
	starting.flush()
	synctest.Wait()
	for _, p := range []*peer{open, starting} {
		p.frames() // complains about what is no frame
	}
	open.queue(amqp.AppendMethod(nil, 0, &amqp.ConnectionClose{}))
	open.flush()
	time.Sleep(time.Minute) // longer than all that the server waits for
	synctest.Wait()
	// What is left open waits for the rest of a frame.
	require.LessOrEqual(t, s.server.Open(), 2)
	require.True(t, starting.ended())

	require.Equal(t, "1 queue.declare-ok{queue: \"theirs\"}", witness.heard()[0])
	witness.send(1, &amqp.BasicGet{Queue: "theirs"})
	synctest.Wait()
	for _, heard := range understood(t, witness.frames()) {
		require.Equal(t, "untouched", string(heard.body))
	}
	open.hangUp()
	synctest.Wait()
	require.Equal(t, 1, s.server.Open())
}

// legalOctets are things that a client may well say on an open channel.
func legalOctets() [][]byte {
	headers := amqp.Table{
		{Key: "CC", Value: amqp.Array{"q", int32(1)}}, {Key: "BCC", Value: amqp.Array{"p"}}, {Key: "t", Value: amqp.Table{{Key: "x", Value: nil}}},
	}
	properties := amqp.PropertyList{Headers: headers, DeliveryMode: 2, Expiration: "1000", UserID: "guest", Priority: 3}.Encode()
	list := [][]byte{
		amqp.AppendContent(nil, 1, &amqp.BasicPublish{RoutingKey: "q", Mandatory: true}, properties, []byte("hello"), 0),
		amqp.AppendContent(nil, 1, &amqp.BasicPublish{Exchange: "amq.topic", RoutingKey: "a.b"}, nil, nil, 0),
		amqp.AppendHeartbeat(nil),
	}
	for _, m := range []amqp.Method{
		&amqp.QueueDeclare{Queue: "q", AutoDelete: true, Arguments: headers},
		&amqp.QueueDeclare{Queue: "p", Durable: true, Arguments: amqp.Table{{Key: "x-max-length", Value: int32(1)}, {Key: "x-overflow", Value: "reject-publish"}}},
		&amqp.QueueBind{Queue: "q", Exchange: "amq.topic", RoutingKey: "#"},
		&amqp.QueueBind{Queue: "p", Exchange: "amq.headers", Arguments: headers},
		&amqp.ExchangeDeclare{Exchange: "x", Type: "fanout", AutoDelete: true},
		&amqp.ExchangeBind{Destination: "x", Source: "x"},
		&amqp.ExchangeUnbind{Destination: "x", Source: "x"},
		&amqp.BasicConsume{Queue: "q", ConsumerTag: "c", Arguments: amqp.Table{{Key: "x-priority", Value: int64(-1)}}},
		&amqp.BasicConsume{Queue: "q", NoAck: true},
		&amqp.BasicQos{PrefetchCount: 1, Global: true},
		&amqp.BasicGet{Queue: "q"},
		&amqp.BasicAck{DeliveryTag: 1}, &amqp.BasicAck{Multiple: true},
		&amqp.BasicNack{DeliveryTag: 1, Multiple: true, Requeue: true},
		&amqp.BasicRecover{Requeue: true},
		&amqp.BasicCancel{ConsumerTag: "c"},
		&amqp.ConfirmSelect{},
		&amqp.TxSelect{}, &amqp.TxCommit{}, &amqp.TxRollback{},
		&amqp.QueuePurge{Queue: "q"}, &amqp.QueueDelete{Queue: "q", IfUnused: true},
		&amqp.ChannelClose{}, &amqp.ChannelCloseOk{}, &amqp.ChannelOpen{},
	} {
		list = append(list, amqp.AppendMethod(nil, 1, m))
	}
	return list
}

// talked is much of the same at once: what repeats itself takes a short way.
func talked(seed uint64) []byte {
	var octets []byte
	for _, m := range topology() {
		octets = amqp.AppendMethod(octets, 1, m)
	}
	k := newTalker(seed)
	k.connected()
	return append(octets, slices.Concat(k.speech().frames...)...)
}

// mutated is a conversation of some of the octets, with some of them changed.
func mutated(random *rand.Rand, list [][]byte) []byte {
	var octets []byte
	for range 1 + random.IntN(30) {
		next := append([]byte(nil), list[random.IntN(len(list))]...)
		switch random.IntN(8) {
		case 0: // one octet
			next[random.IntN(len(next))] = byte(random.Uint32())
		case 1: // another channel
			binary.BigEndian.PutUint16(next[1:], uint16(random.IntN(3)))
		case 2: // an octet of the payload, so that the frame stays one
			if len(next) > amqp.FrameOverhead {
				next[7+random.IntN(len(next)-amqp.FrameOverhead)] ^= 1 << random.IntN(8)
			}
		}
		octets = append(octets, next...)
	}
	return octets
}
