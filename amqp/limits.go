package amqp

// Every limit of the package, with its unit and its reason. None of them is
// taken from the wire: what a peer announces is only ever compared with what
// has really arrived.
const (
	// FrameMinSize is the smallest frame, in octets and with its overhead,
	// that every peer must accept (specification, section 4.2.3).
	FrameMinSize = 4096
	// FrameOverhead is the number of octets around a payload: type, channel
	// and size in front of it, the end octet after it.
	FrameOverhead = frameHeaderSize + 1
	// MaxShortString is the number of octets that fit a shortstr, whose
	// length is one octet on the wire.
	MaxShortString = 255
	// MaxTableDepth is how many tables and arrays may be nested, the
	// outermost included. Decoding recurses, so a peer must not choose the
	// depth; real headers, x-death included, need fewer than ten.
	MaxTableDepth = 128

	// frameHeaderSize is the number of octets before a payload.
	frameHeaderSize = 7
	// frameSizeSlack is how many octets a payload may exceed the negotiated
	// size by (RabbitMQ behaviour: clients that forget the overhead work).
	frameSizeSlack = 8
	// methodHeaderSize is the number of octets of class and method id.
	methodHeaderSize = 4
	// contentHeaderSize is the number of octets before the property flags:
	// class, weight and body size.
	contentHeaderSize = 12
	// maxUnlimitedBody is the number of body octets in one frame towards a
	// peer without a frame limit: RabbitMQ's default frame size, which every
	// client library is known to cope with.
	maxUnlimitedBody = 128 << 10
	// snippetSize is how many payload octets an error text shows (RabbitMQ
	// behaviour).
	snippetSize = 16
)
