package configs_test

import (
	"testing"

	"github.com/stretchr/testify/require"
)

func TestSizesHaveUnits(t *testing.T) {
	for text, octets := range map[string]int64{
		"1073741824": 1 << 30,
		"1GiB":       1 << 30,
		"1 GiB":      1 << 30,
		"1Gi":        1 << 30,
		"2G":         2 << 30,
		"1GB":        1e9,
		"250000kB":   250e6,
		"262144K":    256 << 20,
		"262144KiB":  256 << 20,
		"250000000B": 250e6,
		"1TiB":       1 << 40,
		`"500MB"`:    500e6,
	} {
		config, err := load(t, "--config", written(t, "disk-free-limit: "+text))
		require.NoError(t, err, text)
		require.Equal(t, octets, config.DiskFreeLimit, text)
		t.Run("environment", func(t *testing.T) {
			t.Setenv("LEVERET_MAX_MESSAGE_SIZE", "16MiB")
			config, err := load(t)
			require.NoError(t, err)
			require.EqualValues(t, 16<<20, config.MaxMessageSize)
		})
	}
}

func TestSizesAreFlags(t *testing.T) {
	config, err := load(t, "--disk-free-limit", "2GiB", "--disk-ballast=0", "--memory-budget", "64M")
	require.NoError(t, err)
	require.EqualValues(t, 2<<30, config.DiskFreeLimit)
	require.Zero(t, config.DiskBallast)
	require.EqualValues(t, 64<<20, config.MemoryBudget)
	_, err = load(t, "--disk-free-limit", "1MB")
	wantInvalid(t, err, "--disk-free-limit", `"1MB"`, "160 MiB")
}

func TestSizesThatAreNotAllowed(t *testing.T) {
	for line, wants := range map[string][]string{
		"disk-free-limit: 50MB":                 {`disk-free-limit = "50MB"`, "167772160 (160 MiB) or more"},
		"disk-free-limit: 1.0":                  {"octets (1048576)"},
		"disk-free-limit: much":                 {"octets (1048576)", "its unit"},
		"disk-free-limit: 1PiB":                 {"octets (1048576)"},
		"disk-free-limit: 9999999TiB":           {"out of range"},
		"disk-ballast: 1MiB":                    {"0 (none)", "33554432 (32 MiB) or more"},
		"disk-ballast: -1":                      {"0 (none)"},
		"max-message-size: 1TiB":                {"between 1 and 536870912"},
		"memory-budget: 1kB":                    {"between 1048576 and"},
		"disk-free-limit: [1, 2]":               {"octets (1048576)"},
		"disk-free-limit: 99999999999999999999": {"octets (1048576)"},
	} {
		_, err := load(t, "--config", written(t, line))
		wantInvalid(t, err, wants...)
	}
}
