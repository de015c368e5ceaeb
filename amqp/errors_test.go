package amqp

import (
	"errors"
	"fmt"
	"strings"
	"testing"
	"unicode/utf8"

	"github.com/stretchr/testify/require"
)

func TestCodes(t *testing.T) {
	cases := []struct {
		code             Code
		value            uint16
		name             string
		closesConnection bool
	}{
		{CodeReplySuccess, 200, "REPLY_SUCCESS", true},
		{CodeContentTooLarge, 311, "CONTENT_TOO_LARGE", false},
		{CodeNoRoute, 312, "NO_ROUTE", false},
		{CodeNoConsumers, 313, "NO_CONSUMERS", false},
		{CodeConnectionForced, 320, "CONNECTION_FORCED", true},
		{CodeInvalidPath, 402, "INVALID_PATH", true},
		{CodeAccessRefused, 403, "ACCESS_REFUSED", false},
		{CodeNotFound, 404, "NOT_FOUND", false},
		{CodeResourceLocked, 405, "RESOURCE_LOCKED", false},
		{CodePreconditionFailed, 406, "PRECONDITION_FAILED", false},
		{CodeFrameError, 501, "FRAME_ERROR", true},
		{CodeSyntaxError, 502, "SYNTAX_ERROR", true},
		{CodeCommandInvalid, 503, "COMMAND_INVALID", true},
		{CodeChannelError, 504, "CHANNEL_ERROR", true},
		{CodeUnexpectedFrame, 505, "UNEXPECTED_FRAME", true},
		{CodeResourceError, 506, "RESOURCE_ERROR", true},
		{CodeNotAllowed, 530, "NOT_ALLOWED", true},
		{CodeNotImplemented, 540, "NOT_IMPLEMENTED", true},
		{CodeInternalError, 541, "INTERNAL_ERROR", true},
		{Code(999), 999, "CODE_999", true},
	}
	for _, c := range cases {
		t.Run(c.name, func(t *testing.T) {
			require.EqualValues(t, c.value, c.code)
			require.Equal(t, c.name, c.code.String())
			require.Equal(t, c.closesConnection, Errorf(c.code, "x").ClosesConnection())
		})
	}
}

func TestErrorTexts(t *testing.T) {
	e := Errorf(CodeNotFound, "no queue '%s' in vhost '/'", "q")
	require.Equal(t, "NOT_FOUND - no queue 'q' in vhost '/'", e.ReplyText())
	require.Equal(t, "404 NOT_FOUND - no queue 'q' in vhost '/'", e.Error())

	located := e.At(IDBasicGet)
	require.Equal(t, "404 NOT_FOUND - no queue 'q' in vhost '/' (basic.get)", located.Error())
	require.Equal(t, e.ReplyText(), located.ReplyText())
	require.Zero(t, e.Method, "At must not change its receiver")

	var target *Error
	require.True(t, errors.As(fmt.Errorf("declaring: %w", located), &target))
	require.Equal(t, IDBasicGet, target.Method)

	require.Equal(t, "INTERNAL_ERROR", (&Error{Code: CodeInternalError}).ReplyText())
}

// TestReplyTextFitsShortstr follows RabbitMQ: what does not fit ends in three
// dots; unlike RabbitMQ we cut between two characters.
func TestReplyTextFitsShortstr(t *testing.T) {
	const prefix = "NOT_FOUND - "
	fits := Errorf(CodeNotFound, "%s", strings.Repeat("a", MaxShortString-len(prefix)))
	require.Len(t, fits.ReplyText(), MaxShortString)
	require.False(t, strings.HasSuffix(fits.ReplyText(), "..."))

	long := Errorf(CodeNotFound, "%s", strings.Repeat("a", MaxShortString-len(prefix)+1))
	require.Equal(t, prefix+strings.Repeat("a", 240)+"...", long.ReplyText())

	for offset := range 4 {
		text := Errorf(CodeNotFound, "%s", strings.Repeat("b", offset)+strings.Repeat("\U0001F407", 100)).ReplyText()
		require.LessOrEqual(t, len(text), MaxShortString)
		require.Greater(t, len(text), MaxShortString-utf8.UTFMax)
		require.True(t, utf8.ValidString(text))
	}

	broken := Errorf(CodeNotFound, "%s", strings.Repeat("\x80", 300)).ReplyText()
	require.Len(t, broken, MaxShortString, "without boundaries the cut is where it is")
}
