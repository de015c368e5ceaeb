package crash

import (
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"testing"

	"github.com/stretchr/testify/require"
)

const (
	brokerPackage  = "github.com/leveretmq/leveret/cmd/leveret"
	brokerVariable = "CRASH_BROKER"
	flagsVariable  = "CRASH_FLAGS"
	seedVariable   = "CRASH_SEED"
)

// TestMain builds the broker once, unless the environment names one.
func TestMain(m *testing.M) { os.Exit(runTests(m)) }

func runTests(m *testing.M) int {
	if os.Getenv(brokerVariable) != "" {
		return m.Run()
	}
	dir, err := os.MkdirTemp("", "crash")
	if err == nil {
		defer os.RemoveAll(dir)
		err = buildBroker(filepath.Join(dir, "leveret"))
	}
	if err != nil {
		fmt.Fprintln(os.Stderr, err)
		return 1
	}
	return m.Run()
}

// buildBroker builds the broker and makes it the one under test.
func buildBroker(binary string) error {
	text, err := exec.Command("go", "build", "-o", binary, brokerPackage).CombinedOutput()
	if err != nil {
		return fmt.Errorf("building the broker: %w\n%s", err, text)
	}
	return os.Setenv(brokerVariable, binary)
}

// environmentNumber reads a number from the environment.
func environmentNumber(t *testing.T, name string, otherwise uint64) uint64 {
	t.Helper()
	text := os.Getenv(name)
	if text == "" {
		return otherwise
	}
	number, err := strconv.ParseUint(text, 10, 63)
	require.NoError(t, err, "%s has to be a number", name)
	return number
}

// environmentCount is environmentNumber for how often something is done.
func environmentCount(t *testing.T, name string, otherwise int) int {
	t.Helper()
	return int(environmentNumber(t, name, uint64(otherwise)))
}

// ackPolicy is strict unless the environment asks for less.
func ackPolicy(t *testing.T) AckPolicy {
	t.Helper()
	if environmentNumber(t, "CRASH_LENIENT_ACKS", 0) != 0 {
		return LenientAcks
	}
	return StrictAcks
}
