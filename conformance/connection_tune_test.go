package conformance

import (
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
)

// Section 1.5 of the behaviour reference: tune.

func TestConnection_TuneProposesTheDefaults(t *testing.T) {
	rule(t, "connection")
	tune := rawDial(t).login()
	require.Equal(t, tuneValues{channelMax: 2047, frameMax: 131072, heartbeat: 60}, tune)
}

func TestConnection_TuneOkWithinTheLimitsIsAccepted(t *testing.T) {
	rule(t, "connection")
	for _, c := range []struct {
		name  string
		value tuneValues
	}{
		{"as proposed", tuneValues{2047, 131072, 60}},
		{"smallest frame_max", tuneValues{2047, 4096, 0}},
		{"smallest channel_max", tuneValues{1, 131072, 0}},
		{"heartbeat of one second", tuneValues{2047, 131072, 1}},
		{"longest heartbeat", tuneValues{2047, 131072, 65535}},
	} {
		t.Run(c.name, func(t *testing.T) {
			rule(t, "connection")
			raw := rawDial(t)
			raw.login()
			raw.handshakeWith(c.value)
			raw.requireAlive()
		})
	}
}

// Values out of the limits are refused, not corrected.
func TestConnection_TuneOkOutOfTheLimitsIsRefused(t *testing.T) {
	rule(t, "connection")
	for _, c := range []struct {
		name  string
		value tuneValues
		text  string
	}{
		{
			"frame_max below the minimum", tuneValues{2047, 4095, 60},
			"NOT_ALLOWED - negotiated frame_max = 4095 is lower than the minimum allowed value (4096)",
		},
		{
			"frame_max of one octet", tuneValues{2047, 1, 60},
			"NOT_ALLOWED - negotiated frame_max = 1 is lower than the minimum allowed value (4096)",
		},
		{
			"frame_max without limit", tuneValues{2047, 0, 60},
			"NOT_ALLOWED - negotiated frame_max = 0 (no limit) is higher than the maximum allowed value (131072)",
		},
		{
			"frame_max above the maximum", tuneValues{2047, 131073, 60},
			"NOT_ALLOWED - negotiated frame_max = 131073 is higher than the maximum allowed value (131072)",
		},
		{
			"channel_max without limit", tuneValues{0, 131072, 60},
			"NOT_ALLOWED - negotiated channel_max = 0 (no limit) is higher than the maximum allowed value (2047)",
		},
		{
			"channel_max above the maximum", tuneValues{2048, 131072, 60},
			"NOT_ALLOWED - negotiated channel_max = 2048 is higher than the maximum allowed value (2047)",
		},
		{
			"frame_max is checked first", tuneValues{0, 1, 60},
			"NOT_ALLOWED - negotiated frame_max = 1 is lower than the minimum allowed value (4096)",
		},
	} {
		t.Run(c.name, func(t *testing.T) {
			rule(t, "connection")
			t.Parallel()
			raw := rawDial(t)
			raw.login()
			raw.sendTuneOk(c.value)
			if brokerIsRabbitMQ(t) && !tellsWhyItRefusesTuneOk(brokerVersion(t)) {
				raw.expectClosed(patience)
				return
			}
			class, method := raw.expectConnectionClose(530, c.text)
			require.Equal(t, [2]uint16{10, 30}, [2]uint16{class, method})
			raw.expectClosed(patience)
		})
	}
}

// tellsWhyItRefusesTuneOk tells the versions of RabbitMQ that answer with a frame;
// those up to 4.0 hang up without a word.
func tellsWhyItRefusesTuneOk(version string) bool {
	return !strings.HasPrefix(version, "3.") && !strings.HasPrefix(version, "4.0.")
}

// The proposal itself is no limit of what the client may send once it has agreed to
// less: the smaller frame_max binds both sides.
func TestConnection_NegotiatedFrameMaxSplitsBodiesOfTheBroker(t *testing.T) {
	rule(t, "connection")
	queue := tempQueue(t, openChannel(t))
	const frameMax, bodySize = 4096, 10000
	raw := rawDial(t)
	raw.login()
	raw.handshakeWith(tuneValues{channelMax: 10, frameMax: frameMax})
	raw.openChannel(1)
	publish(t, openChannel(t), "", queue, string(make([]byte, bodySize)))

	eventually(t, "the message is there", func() bool {
		raw.sendMethod(1, 60, 70, u16(0), shortStr(queue), u8(1))
		f := raw.readFrame()
		_, method, _ := f.methodID()
		return method == 71
	})
	require.EqualValues(t, headerFrame, raw.readFrame().kind)
	var sizes []int
	for received := 0; received < bodySize; {
		f := raw.readFrame()
		require.EqualValues(t, bodyFrame, f.kind)
		sizes = append(sizes, len(f.payload))
		received += len(f.payload)
	}
	require.Equal(t, []int{frameMax - 8, frameMax - 8, bodySize - 2*(frameMax-8)}, sizes)
}
