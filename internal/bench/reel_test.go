package bench

import (
	"encoding/binary"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/leveretmq/leveret/amqp"
)

func TestReelIsWhatIsPublished(t *testing.T) {
	for _, size := range []int{0, MinSize, 16, 1000, 64 << 10, 300_000} {
		o := Defaults()
		o.Size, o.Persistent = size, true
		keys := []string{"a", "a longer key"}
		r := newReel(&o, 3, 4096, keys)
		require.GreaterOrEqual(t, len(r.bodies), len(keys))
		for i := range len(r.bodies) + 1 {
			require.Equal(t, 1, r.run(1))
			r.stamp(0, uint32(i), int64(1000+i))
			checkPublish(t, r.wind(1), max(size, MinSize), keys[i%len(r.bodies)%len(keys)], i)
		}
	}
}

// checkPublish checks the frames of one message.
func checkPublish(t *testing.T, octets []byte, size int, key string, number int) {
	t.Helper()
	var body []byte
	for len(octets) > 0 {
		f, n, err := amqp.ParseFrame(octets, 4096)
		require.NoError(t, err)
		require.NotZero(t, n)
		require.EqualValues(t, 3, f.Channel)
		octets = octets[n:]
		switch f.Type {
		case amqp.FrameMethod:
			m, err := amqp.DecodeMethod(f.Payload)
			require.NoError(t, err)
			require.Equal(t, &amqp.BasicPublish{Exchange: "direct", RoutingKey: key}, m)
		case amqp.FrameHeader:
			h, err := amqp.DecodeHeader(f.Payload)
			require.NoError(t, err)
			require.EqualValues(t, size, h.BodySize)
			require.EqualValues(t, 2, h.Properties.DeliveryMode())
		default:
			body = append(body, f.Payload...)
		}
	}
	require.Len(t, body, size)
	require.EqualValues(t, number, binary.BigEndian.Uint32(body))
	require.EqualValues(t, 1000+number, binary.BigEndian.Uint64(body[numberOctets:]))
}

func TestBurstsEndWithTheReelAndAtTheirSize(t *testing.T) {
	o := Defaults()
	o.Size = 20_000
	r := newReel(&o, 1, 131072, make([]string, 8))
	require.Len(t, r.bodies, 8)
	require.Equal(t, 3, r.run(100))
	require.Equal(t, 2, r.run(2))
	require.Zero(t, r.run(0))
	r.wind(3)
	r.wind(3)
	require.Equal(t, 2, r.run(100))
	r.wind(2)
	require.Zero(t, r.at)
}

func TestTopicKeysMatchOnePattern(t *testing.T) {
	seen := map[string]bool{}
	for i, key := range topicKeys(20_000) {
		place := topicPlace(i)
		require.False(t, seen[place])
		seen[place] = true
		require.Contains(t, key, place+".")
		require.Equal(t, place+".*.metric.#", TopicPattern(i))
	}
}
