package amqp

import (
	"fmt"
	"testing"
)

func benchProperties() Properties {
	return PropertyList{ContentType: "application/json", DeliveryMode: 2,
		Headers: Table{{"trace", "00-4bf92f3577b34da6a3ce929d0e0e4736"}, {"retries", int32(3)}, {"last", true}}}.Encode()
}

func BenchmarkParseFrame(b *testing.B) {
	wire := AppendFrame(nil, Frame{FrameBody, 1, make([]byte, 1024)})
	b.ReportAllocs()
	for b.Loop() {
		_, _, _ = ParseFrame(wire, 131072)
	}
}

func BenchmarkDecodePublish(b *testing.B) {
	same := arguments(&BasicPublish{Exchange: "orders", RoutingKey: "orders.created.eu"})
	other := arguments(&BasicPublish{Exchange: "orders2", RoutingKey: "orders.deleted.eu"})
	b.Run("same names", func(b *testing.B) {
		var m BasicPublish
		b.ReportAllocs()
		for b.Loop() {
			_ = m.DecodeArguments(same)
		}
	})
	b.Run("other names", func(b *testing.B) {
		var m BasicPublish
		b.ReportAllocs()
		for i := 0; b.Loop(); i++ {
			if i%2 == 0 {
				_ = m.DecodeArguments(same)
			} else {
				_ = m.DecodeArguments(other)
			}
		}
	})
	b.Run("interface", func(b *testing.B) {
		payload := append([]byte{0, 60, 0, 40}, same...)
		b.ReportAllocs()
		for b.Loop() {
			_, _ = DecodeMethod(payload)
		}
	})
}

func BenchmarkDecodeAck(b *testing.B) {
	args := arguments(&BasicAck{DeliveryTag: 1 << 40, Multiple: true})
	var m BasicAck
	b.ReportAllocs()
	for b.Loop() {
		_ = m.DecodeArguments(args)
	}
}

func BenchmarkDecodeHeader(b *testing.B) {
	payload := AppendHeader(nil, 1, 16, benchProperties())[frameHeaderSize:]
	b.ReportAllocs()
	for b.Loop() {
		_, _ = DecodeHeader(payload)
	}
}

func BenchmarkAppendDeliver(b *testing.B) {
	for _, size := range []int{16, 1024, 64 << 10} {
		b.Run(fmt.Sprintf("body=%d", size), func(b *testing.B) {
			m := &BasicDeliver{ConsumerTag: "ctag1.0123456789", DeliveryTag: 1, Exchange: "orders", RoutingKey: "orders.created.eu"}
			p, body := Properties("\x10\x00\x01"), make([]byte, size)
			buf := make([]byte, 0, 128<<10)
			b.ReportAllocs()
			b.SetBytes(int64(size))
			for b.Loop() {
				AppendDeliver(buf, 1, m, p, body, 131072)
			}
		})
	}
}

func BenchmarkAppendAck(b *testing.B) {
	buf := make([]byte, 0, 64)
	b.ReportAllocs()
	for b.Loop() {
		AppendAck(buf, 1, BasicAck{DeliveryTag: 1, Multiple: true})
	}
}

func BenchmarkProperties(b *testing.B) {
	p := benchProperties()
	b.Run("Validate", func(b *testing.B) {
		b.ReportAllocs()
		for b.Loop() {
			_ = p.Validate()
		}
	})
	b.Run("DeliveryMode", func(b *testing.B) {
		b.ReportAllocs()
		for b.Loop() {
			p.DeliveryMode()
		}
	})
	b.Run("HasHeader", func(b *testing.B) {
		b.ReportAllocs()
		for b.Loop() {
			p.HasHeader("last")
		}
	})
	b.Run("Headers", func(b *testing.B) {
		b.ReportAllocs()
		for b.Loop() {
			p.Headers()
		}
	})
	b.Run("WithHeaders", func(b *testing.B) {
		headers := p.Headers()
		b.ReportAllocs()
		for b.Loop() {
			p.WithHeaders(headers)
		}
	})
}

func BenchmarkAppendTable(b *testing.B) {
	t := benchProperties().Headers()
	buf := make([]byte, 0, 256)
	b.ReportAllocs()
	for b.Loop() {
		AppendTable(buf, t)
	}
}
