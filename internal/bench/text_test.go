package bench

import (
	"encoding/json"
	"flag"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
)

var update = flag.Bool("update", false, "write what is printed to testdata")

// golden compares a text with a file of testdata.
func golden(t *testing.T, name, text string) {
	t.Helper()
	path := filepath.Join("testdata", name)
	if *update {
		require.NoError(t, os.WriteFile(path, []byte(text), 0o600))
	}
	want, err := os.ReadFile(path)
	require.NoError(t, err)
	require.Equal(t, strings.ReplaceAll(string(want), "\r\n", "\n"), text)
}

// sampled is an interval with a value everywhere.
func sampled() Sample {
	return Sample{
		Seconds: 1.0004, Sent: 23.456e3, Returned: 0.25, Confirmed: 9.87, Received: 1.2e6,
		Consumer: Latency{1000, 90, 120, 150, 1500, 21000, 25000, 30000},
		Confirm:  Latency{1000, 80, 110, 140, 1400, 20000, 24000, 29000},
		Broker:   Usage{Cores: 1.234, Resident: 50 << 20},
	}
}

func TestLines(t *testing.T) {
	all := Defaults()
	all.Confirm, all.Mandatory = 10, true
	plain := Defaults()
	producing := all
	producing.Consumers, producing.Mandatory = 0, false
	consuming := Defaults()
	consuming.Producers, consuming.Millis = 0, true
	ended := Summary{
		Sample: sampled(), Reason: "the time is over", Messages: 100, PIDs: []int{1}, Cost: 0.345,
		Generator: Usage{Cores: 0.5, Resident: 20 << 20},
	}
	var out strings.Builder
	for _, o := range []Options{all, plain, producing, consuming} {
		o.ID = "test-1"
		text := &Text{Out: &out, Options: o}
		text.Sampled(sampled())
		text.Progressed(Progress{})
		text.Ended(ended)
	}
	ended.PIDs = nil
	text := &Text{Out: &out, Options: plain}
	text.Options.ID = "test-2"
	text.Ended(ended)
	golden(t, "lines.txt", out.String())
}

func TestLiveLineIsOverwritten(t *testing.T) {
	var out strings.Builder
	text := &Text{Out: &out, Options: Defaults(), Live: true}
	text.Progressed(Progress{Time: 2500 * time.Millisecond, Of: 10 * time.Second, Sent: 1000, Received: 900, TotalReceived: 2000})
	require.Equal(t, clearLine+"2.5s of 10s, 25 %: sending 1000/s, receiving 900/s, 2000 received", out.String())
	out.Reset()
	text.Sampled(sampled())
	require.True(t, strings.HasPrefix(out.String(), clearLine+"id: "))
	require.True(t, strings.HasSuffix(out.String(), "\n"))
}

func TestFiles(t *testing.T) {
	report := &Report{ID: "test-1", Name: "durable"}
	All{report}.Sampled(sampled())
	All{report}.Progressed(Progress{})
	All{report}.Ended(Summary{Sample: sampled(), Reason: "the time is over", Messages: 3})
	var out strings.Builder
	require.NoError(t, WriteJSON(&out, []*Report{report}))
	golden(t, "report.json", out.String())
	var back []*Report
	require.NoError(t, json.Unmarshal([]byte(out.String()), &back))
	require.Equal(t, []*Report{report}, back)
	out.Reset()
	require.NoError(t, WriteCSV(&out, []*Report{report}))
	golden(t, "report.csv", out.String())
}

func TestRates(t *testing.T) {
	for rate, want := range map[float64]string{0: "0", 0.126: "0.13", 9.96: "10.0", 12.9: "12", 1e6: "1000000"} {
		require.Equal(t, want, formatRate(rate))
	}
}
