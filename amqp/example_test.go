package amqp_test

import (
	"fmt"

	"github.com/leveretmq/leveret/amqp"
)

func ExampleParseFrame() {
	var buf []byte
	buf = amqp.AppendMethod(buf, 1, &amqp.BasicAck{DeliveryTag: 7})
	buf = amqp.AppendHeartbeat(buf)
	for {
		frame, n, err := amqp.ParseFrame(buf, amqp.FrameMinSize)
		if err != nil || n == 0 {
			break
		}
		buf = buf[n:]
		if frame.Type == amqp.FrameMethod {
			method, err := amqp.DecodeMethod(frame.Payload)
			fmt.Println(frame.Channel, method.ID(), method.(*amqp.BasicAck).DeliveryTag, err)
		}
	}
	// Output: 1 basic.ack 7 <nil>
}

func ExampleError() {
	err := amqp.Errorf(amqp.CodeNotFound, "no queue '%s' in vhost '%s'", "jobs", "/").At(amqp.IDBasicConsume)
	fmt.Println(err.ReplyText())
	fmt.Println(err.ClosesConnection(), err.Method.Class(), err.Method.Method())
	// Output:
	// NOT_FOUND - no queue 'jobs' in vhost '/'
	// false 60 20
}

func ExampleProperties_WithHeaders() {
	properties := amqp.PropertyList{DeliveryMode: 2, Headers: amqp.Table{{Key: "k", Value: "v"}}}.Encode()
	marked := properties.WithHeaders(append(properties.Headers(), amqp.Field{Key: "x-routed-by", Value: "leveret"}))
	fmt.Println(properties.HasHeader("x-routed-by"), marked.HasHeader("x-routed-by"), marked.DeliveryMode())
	// Output: false true 2
}
