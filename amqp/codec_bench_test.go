package amqp

import (
	"fmt"
	"testing"
)

// plainProperties is what most publishers send: a delivery mode and a type.
func plainProperties() Properties {
	return PropertyList{ContentType: "application/octet-stream", DeliveryMode: 1}.Encode()
}

// BenchmarkParsePublish parses all frames of a publish, as the reader of a
// connection does that has to look at each.
func BenchmarkParsePublish(b *testing.B) {
	for _, size := range []int{16, 1024} {
		b.Run(fmt.Sprintf("body=%d", size), func(b *testing.B) {
			wire := AppendContent(nil, 1, &BasicPublish{Exchange: "orders", RoutingKey: "orders.created.eu"},
				plainProperties(), make([]byte, size), 131072)
			var m BasicPublish
			b.ReportAllocs()
			for b.Loop() {
				for rest := wire; len(rest) > 0; {
					f, n, err := ParseFrame(rest, 131072)
					if err != nil {
						b.Fatal(err)
					}
					switch rest = rest[n:]; f.Type {
					case FrameMethod:
						_, args := SplitMethod(f.Payload)
						err = m.DecodeArguments(args)
					case FrameHeader:
						_, err = DecodeHeader(f.Payload)
					}
					if err != nil {
						b.Fatal(err)
					}
				}
			}
		})
	}
}

func BenchmarkSplitMethod(b *testing.B) {
	payload := append([]byte{0, 60, 0, 40}, arguments(&BasicPublish{Exchange: "orders", RoutingKey: "orders.created.eu"})...)
	for b.Loop() {
		SplitMethod(payload)
	}
}

func BenchmarkAppendContent(b *testing.B) {
	for _, size := range []int{16, 1024, 300 << 10} {
		b.Run(fmt.Sprintf("body=%d", size), func(b *testing.B) {
			m := &BasicPublish{Exchange: "orders", RoutingKey: "orders.created.eu"}
			p, body := plainProperties(), make([]byte, size)
			buf := make([]byte, 0, 512<<10)
			b.ReportAllocs()
			b.SetBytes(int64(size))
			for b.Loop() {
				AppendContent(buf, 1, m, p, body, 131072)
			}
		})
	}
}

func BenchmarkAppendNack(b *testing.B) {
	buf := make([]byte, 0, 64)
	b.ReportAllocs()
	for b.Loop() {
		AppendNack(buf, 1, BasicNack{DeliveryTag: 1, Requeue: true})
	}
}

// BenchmarkValidate is the check that every message passes that is not like the
// one before.
func BenchmarkValidate(b *testing.B) {
	for name, p := range map[string]Properties{
		"none": nil, "plain": plainProperties(), "table": wideProperties(),
	} {
		b.Run(name, func(b *testing.B) {
			b.ReportAllocs()
			for b.Loop() {
				_ = p.Validate()
			}
		})
	}
}

// BenchmarkProperty asks for single properties behind a table with many fields.
func BenchmarkProperty(b *testing.B) {
	p := wideProperties()
	b.Run("DeliveryMode", func(b *testing.B) {
		for b.Loop() {
			p.DeliveryMode()
		}
	})
	b.Run("Priority", func(b *testing.B) {
		for b.Loop() {
			p.Priority()
		}
	})
	b.Run("Expiration", func(b *testing.B) {
		b.ReportAllocs()
		for b.Loop() {
			p.Expiration()
		}
	})
	b.Run("HasHeader", func(b *testing.B) {
		b.ReportAllocs()
		for b.Loop() {
			p.HasHeader("header-19")
		}
	})
}

func BenchmarkDecodeTable(b *testing.B) {
	for name, p := range map[string]Properties{"fields=3": benchProperties(), "fields=20": wideProperties()} {
		b.Run(name, func(b *testing.B) {
			octets := p.headerFields()
			b.ReportAllocs()
			b.SetBytes(int64(len(octets)))
			for b.Loop() {
				_, _ = DecodeTable(octets)
			}
		})
	}
}

// wideProperties have twenty headers of several types, and properties after
// them.
func wideProperties() Properties {
	var headers Table
	for i := range 20 {
		values := []any{"a text of some length", int64(i), true, Array{"a", int32(i)}}
		headers = append(headers, Field{Key: fmt.Sprintf("header-%d", i), Value: values[i%len(values)]})
	}
	return PropertyList{ContentType: "application/json", Headers: headers, DeliveryMode: 2, Priority: 4, Expiration: "60000"}.Encode()
}
