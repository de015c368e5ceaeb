package amqp

// ProtocolHeader is what a client sends first, and what a broker answers to a
// client that asks for another protocol (specification, section 4.2.2).
const ProtocolHeader = "AMQP\x00\x00\x09\x01"

// protocolHeader09 is the header of AMQP 0-9, whose clients speak 0-9-1 well
// enough (RabbitMQ behaviour).
const protocolHeader09 = "AMQP\x01\x01\x00\x09"

// ParseProtocolHeader reports whether the eight octets ask for AMQP 0-9-1, in
// its own spelling or in that of AMQP 0-9.
func ParseProtocolHeader(b []byte) bool {
	return string(b) == ProtocolHeader || string(b) == protocolHeader09
}
