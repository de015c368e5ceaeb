package amqp

import (
	"errors"
	"fmt"
	"strconv"
	"unicode/utf8"
)

// Code is a reply code of connection.close, channel.close and basic.return.
type Code uint16

// The reply codes (specification, constants).
const (
	CodeReplySuccess       Code = 200
	CodeContentTooLarge    Code = 311
	CodeNoRoute            Code = 312
	CodeNoConsumers        Code = 313
	CodeConnectionForced   Code = 320
	CodeInvalidPath        Code = 402
	CodeAccessRefused      Code = 403
	CodeNotFound           Code = 404
	CodeResourceLocked     Code = 405
	CodePreconditionFailed Code = 406
	CodeFrameError         Code = 501
	CodeSyntaxError        Code = 502
	CodeCommandInvalid     Code = 503
	CodeChannelError       Code = 504
	CodeUnexpectedFrame    Code = 505
	CodeResourceError      Code = 506
	CodeNotAllowed         Code = 530
	CodeNotImplemented     Code = 540
	CodeInternalError      Code = 541
)

// ErrUnknownMethod says that a class and method id is none of AMQP 0-9-1's or
// RabbitMQ's. RabbitMQ drops such a connection without a close frame.
var ErrUnknownMethod = errors.New("amqp: unknown method")

// Reasons why octets cannot be decoded. Callers see them behind an *Error
// from a method, and as they are from DecodeTable and Validate.
var (
	errTruncated     = errors.New("amqp: a value ends before its announced length")
	errTrailing      = errors.New("amqp: octets are left over after the last value")
	errTableDepth    = errors.New("amqp: tables and arrays are nested too deep")
	errFieldType     = errors.New("amqp: unknown type of a table field")
	errMalformedUTF8 = errors.New("amqp: a shortstr is not valid UTF-8")
	errPropertyFlags = errors.New("amqp: property flags that AMQP 0-9-1 does not define")
	errHeaderSize    = errors.New("amqp: a content header is too short")
)

// String returns the name as it appears in reply texts, like "NOT_FOUND".
func (c Code) String() string {
	switch c {
	case CodeReplySuccess:
		return "REPLY_SUCCESS"
	case CodeContentTooLarge:
		return "CONTENT_TOO_LARGE"
	case CodeNoRoute:
		return "NO_ROUTE"
	case CodeNoConsumers:
		return "NO_CONSUMERS"
	case CodeConnectionForced:
		return "CONNECTION_FORCED"
	case CodeInvalidPath:
		return "INVALID_PATH"
	case CodeAccessRefused:
		return "ACCESS_REFUSED"
	case CodeNotFound:
		return "NOT_FOUND"
	case CodeResourceLocked:
		return "RESOURCE_LOCKED"
	case CodePreconditionFailed:
		return "PRECONDITION_FAILED"
	}
	return c.connectionErrorName()
}

// connectionErrorName names the codes from 500 on, all of which end the
// connection.
func (c Code) connectionErrorName() string {
	switch c {
	case CodeFrameError:
		return "FRAME_ERROR"
	case CodeSyntaxError:
		return "SYNTAX_ERROR"
	case CodeCommandInvalid:
		return "COMMAND_INVALID"
	case CodeChannelError:
		return "CHANNEL_ERROR"
	case CodeUnexpectedFrame:
		return "UNEXPECTED_FRAME"
	case CodeResourceError:
		return "RESOURCE_ERROR"
	case CodeNotAllowed:
		return "NOT_ALLOWED"
	case CodeNotImplemented:
		return "NOT_IMPLEMENTED"
	case CodeInternalError:
		return "INTERNAL_ERROR"
	}
	return "CODE_" + strconv.Itoa(int(c))
}

// Error is an AMQP exception: what a peer is told in connection.close or
// channel.close. An Error is not changed once it has been made.
type Error struct {
	Code Code
	// Text explains the error, without the name of the code.
	Text string
	// Method is the offending method, zero if there is none.
	Method MethodID
}

// Errorf makes an error that names no method yet.
func Errorf(code Code, format string, args ...any) *Error {
	return &Error{Code: code, Text: fmt.Sprintf(format, args...)}
}

// Error describes the error for a log: the numeric code and the reply text,
// not shortened, and the method where one is known.
func (e *Error) Error() string {
	text := strconv.Itoa(int(e.Code)) + " " + e.fullText()
	if e.Method != 0 {
		text += " (" + e.Method.String() + ")"
	}
	return text
}

// ReplyText is the text for the peer: the name of the code and the
// explanation, of at most MaxShortString octets. A longer text loses its end
// to three dots (RabbitMQ behaviour), but never a part of a character.
func (e *Error) ReplyText() string {
	const ellipsis = "..."
	text := e.fullText()
	if len(text) <= MaxShortString {
		return text
	}
	return cutString(text, MaxShortString-len(ellipsis)) + ellipsis
}

func (e *Error) fullText() string {
	if e.Text == "" {
		return e.Code.String()
	}
	return e.Code.String() + " - " + e.Text
}

// At returns a copy of the error that names the offending method.
func (e *Error) At(id MethodID) *Error {
	located := *e
	located.Method = id
	return &located
}

// ClosesConnection reports whether the error ends the connection. The others
// end the channel that they happen on (specification, constants: soft errors);
// on channel 0 there is only the connection to end, whatever the code.
func (e *Error) ClosesConnection() bool {
	switch e.Code {
	case CodeContentTooLarge, CodeNoRoute, CodeNoConsumers, CodeAccessRefused,
		CodeNotFound, CodeResourceLocked, CodePreconditionFailed:
		return false
	}
	return true
}

// cutString returns at most limit octets of the start of s, which is longer
// than that, ending between two characters.
func cutString(s string, limit int) string {
	for cut := limit; cut > limit-utf8.UTFMax && cut > 0; cut-- {
		if utf8.RuneStart(s[cut]) {
			return s[:cut]
		}
	}
	return s[:limit] // not UTF-8, so there is no boundary to keep
}
