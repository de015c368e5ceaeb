package main_test

import (
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"testing"

	"github.com/stretchr/testify/require"
)

// binaryVariable hands the built command from TestMain to the tests.
const binaryVariable = "TEST_LEVERET_BINARY"

func TestMain(m *testing.M) { os.Exit(runTests(m)) }

// runTests builds the command once for all tests.
func runTests(m *testing.M) int {
	dir, err := os.MkdirTemp("", "leveret-test-")
	if err != nil {
		fmt.Fprintln(os.Stderr, err)
		return 1
	}
	defer os.RemoveAll(dir)
	path := filepath.Join(dir, "leveret.exe")
	if output, err := exec.Command("go", "build", "-o", path, ".").CombinedOutput(); err != nil {
		fmt.Fprintf(os.Stderr, "building the command: %v\n%s", err, output)
		return 1
	}
	if err := os.Setenv(binaryVariable, path); err != nil {
		fmt.Fprintln(os.Stderr, err)
		return 1
	}
	return m.Run()
}

func TestVersion(t *testing.T) {
	for _, args := range [][]string{{"version"}, {"--version"}} {
		status, stdout, stderr := start(t, nil, args...).wait()
		require.Zero(t, status)
		require.Regexp(t, `^Leveret \S+ \(go1\.\S+, \w+/\w+\)$`, stdout)
		require.Empty(t, stderr)
	}
}

func TestVersionOfTheLinker(t *testing.T) {
	path := filepath.Join(t.TempDir(), "leveret.exe")
	output, err := exec.Command("go", "build", "-ldflags", "-X main.linked=1.2.3", "-o", path, ".").CombinedOutput()
	require.NoError(t, err, "%s", output)
	text, err := exec.Command(path, "version").Output()
	require.NoError(t, err)
	require.Contains(t, string(text), "Leveret 1.2.3 (")
}

func TestHelpListsTheFlags(t *testing.T) {
	for _, args := range [][]string{{"--help"}, {"serve", "--help"}, {"help", "serve"}} {
		status, stdout, _ := start(t, nil, args...).wait()
		require.Zero(t, status)
		for _, flag := range []string{
			"config", "data-dir", "amqp-listen", "http-listen", "metrics-listen", "log-level", "log-format", "durability", "memory-budget", "disk-free-limit", "disk-ballast",
			"check-config",
		} {
			require.Contains(t, stdout, "--"+flag+" ")
		}
	}
}

func TestWrongCommandLine(t *testing.T) {
	for _, c := range []struct {
		args []string
		text string
	}{
		{[]string{"--data-dirr", "x"}, "unknown flag: --data-dirr"},
		{[]string{"serve", "--log-level"}, "flag needs an argument"},
		{[]string{"start"}, `"start"`},
		{[]string{"serve", "now"}, `"now"`},
		{[]string{"version", "--data-dir", "x"}, "unknown flag: --data-dir"},
	} {
		start(t, nil, c.args...).wantFailure(2, c.text, "--help")
	}
}

func TestWrongConfiguration(t *testing.T) {
	start(t, nil, "--log-level", "loud").wantFailure(2, "invalid configuration", `--log-level: log-level = "loud"`, "debug, info, warn or error")
	start(t, []string{"LEVERET_DATADIR=x"}).wantFailure(2, "LEVERET_DATADIR", "LEVERET_DATA_DIR")
	start(t, nil, "--config", "missing.yaml").wantFailure(2, "missing.yaml")
	start(t, nil, "--check-config", "--durability", "no").wantFailure(2, "fsync or os")
}

func TestCheckConfigTouchesNothing(t *testing.T) {
	for _, args := range [][]string{{"--check-config"}, {"serve", "--check-config", "--amqp-listen", ":1"}} {
		p := start(t, nil, args...)
		status, stdout, stderr := p.wait()
		require.Zero(t, status, stderr)
		require.Equal(t, "The configuration is valid.", stdout)
		require.Empty(t, stderr)
		entries, err := os.ReadDir(p.command.Dir)
		require.NoError(t, err)
		require.Empty(t, entries)
	}
}
