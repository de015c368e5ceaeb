// Package bench makes load for an AMQP broker and measures what becomes of it:
// rates, latencies, and what the broker costs if it runs on the same machine.
// Its options and its lines of output are those of RabbitMQ's PerfTest, so that
// results can be compared.
//
//	o := bench.Defaults()
//	o.Queue, o.AutoAck, o.Time = "q", true, 10*time.Second
//	summary, err := bench.Run(ctx, o, &bench.Text{Out: os.Stdout, Options: o})
//
// # Model
//
// A producer is a connection with channels that publish, a consumer one with
// channels that consume (producer, consumer). A goroutine reads each connection
// and hands frames to its channels (link); another publishes for each channel.
// Counters and histograms are filled once a write or a read, and read by the
// sampler, which is the goroutine of Run and the only one that an Observer
// meets.
//
// The generator must not be what limits a broker. So messages are made once, as
// they go over the wire, many of them in a row (reel), and sent by the write;
// only a number and a time are put into each. Deliveries are parsed in place,
// without allocation. Acknowledgements of one read go out in one write.
//
// # Latency
//
// A message carries the time at which it was sent, in nanoseconds since 1970,
// in octets 4 to 11 of its body. With a rate it is the time at which it should
// have been sent: if the broker stops for a second, the messages that could not
// be sent in that second are late, and that is counted (coordinated omission).
// The time of arrival is that of the read that brought the last of its octets.
//
// The pauses between messages are exact to some microseconds on Linux, and to
// a millisecond elsewhere.
//
// # Back pressure
//
// Without InFlight or Confirm, producers send what the broker takes. A broker
// that takes more than it delivers then grows a backlog, and is measured with
// it. InFlight holds producers back by what consumers have received, which
// measures the way through the broker.
//
// # Concurrency
//
// Several tests may run at once, with queues of different names.
package bench
