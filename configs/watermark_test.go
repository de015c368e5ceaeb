package configs_test

import (
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/leveretmq/leveret/configs"
)

func TestParseWatermark(t *testing.T) {
	for text, want := range map[string]configs.Watermark{
		"0.6": {Part: 0.6}, "1": {Part: 1}, "2GiB": {Octets: 2 << 30}, "500000000": {Octets: 500_000_000}, "none": {},
	} {
		mark, err := configs.ParseWatermark(text)
		require.NoError(t, err, text)
		require.Equal(t, want, mark, text)
	}
	for _, text := range []string{"", "0", "-1", "1.5", "much", "64MiB", "NaN"} {
		_, err := configs.ParseWatermark(text)
		require.Error(t, err, text)
	}
	require.Equal(t, int64(600), configs.Watermark{Part: 0.6}.Of(1000))
	require.Equal(t, int64(5), configs.Watermark{Octets: 5}.Of(1000))
}
