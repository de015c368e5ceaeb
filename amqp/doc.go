// Package amqp is the wire protocol of AMQP 0-9-1 with RabbitMQ's extensions:
// frames, methods, content headers, tables and reply codes. It knows octets
// and nothing else: no socket, no state, no goroutine. Who may send what and
// when is the business of package server.
//
// # Model
//
// A connection begins with a protocol header (ParseProtocolHeader) and goes on
// with frames (ParseFrame). The payload of a method frame becomes one of the
// structs named after class and method, such as QueueDeclare (DecodeMethod, or
// SplitMethod and DecodeArguments to fill a struct at hand). A method that
// carries content (MethodID.HasContent) is followed by a content header
// (DecodeHeader) and body frames. The structs in methods_*.go are generated
// from the published XML of the specification by internal/amqpgen; all else is
// written by hand.
//
// Encoding appends to a slice, and a frame is always complete: AppendMethod,
// AppendHeader, AppendContent, AppendDeliver, AppendHeartbeat. Decoding walks
// a slice with a cursor whose error is sticky.
//
//	buf = amqp.AppendMethod(buf, 1, &amqp.QueueDeclareOk{Queue: "q"})
//
//	frame, n, err := amqp.ParseFrame(buf, frameMax)
//	if err == nil && n > 0 && frame.Type == amqp.FrameMethod {
//		method, err := amqp.DecodeMethod(frame.Payload)
//		...
//	}
//
// # Ownership of octets
//
// Frame.Payload, the arguments from SplitMethod and Header.Properties alias
// the buffer that was parsed: who keeps them longer than the buffer copies
// them. Strings, tables and the structs of methods are copies. Nothing that is
// passed to an Append function is kept or changed.
//
// # Properties
//
// The properties of a message stay the octets that came in (type Properties).
// They are validated once, on arrival, and leave byte for byte unless the
// broker has to add or remove one (WithHeaders, WithReplyTo, Without), which
// makes fresh octets. Single properties are decoded when asked for.
//
// # Trust
//
// No function panics on input from the wire, and none allocates because a
// number on the wire says so: a length is compared with the octets that are
// there before it is used. All limits are in limits.go. The one panic is for a
// Go type that no table field has, see AppendTable.
//
// # Errors
//
// An *Error is an AMQP exception, ready to be sent in a close method. Broken
// frames and arguments come back as such, with RabbitMQ's texts;
// ErrUnknownMethod, DecodeTable and Properties.Validate leave the verdict to
// the caller, who knows what RabbitMQ does in that place.
//
// # Concurrency
//
// There is no state. Values may be read by many goroutines at once; a struct
// of a method must not be decoded into while another goroutine uses it.
package amqp

//go:generate go run ../internal/amqpgen
