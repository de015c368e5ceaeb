package management

import (
	"flag"
	"fmt"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
)

var update = flag.Bool("update", false, "rewrite the answers in testdata")

// TestTranscripts plays the conversations in testdata/transcripts: a line with the user,
// the method, the path and the body, then a line with the status and the body of the
// answer. The answers are RabbitMQ's where it has the endpoint, but for what
// docs/management.md tells.
func TestTranscripts(t *testing.T) {
	files, err := filepath.Glob("testdata/transcripts/*.txt")
	require.NoError(t, err)
	require.NotEmpty(t, files)
	for _, file := range files {
		t.Run(strings.TrimSuffix(filepath.Base(file), ".txt"), func(t *testing.T) {
			recorded, err := os.ReadFile(file)
			require.NoError(t, err)
			played := play(t, newRig(t), string(recorded))
			if *update {
				require.NoError(t, os.WriteFile(file, []byte(played), 0o600))
				return
			}
			require.Equal(t, string(recorded), played)
		})
	}
}

// play asks what the transcript asks, and gives it back with the answers.
func play(t *testing.T, g *rig, transcript string) string {
	t.Helper()
	var played strings.Builder
	for line := range strings.Lines(transcript) {
		line = strings.TrimRight(line, "\n")
		if line == "" || strings.HasPrefix(line, "#") {
			fmt.Fprintln(&played, line)
			continue
		}
		question, found := strings.CutPrefix(line, "> ")
		if !found {
			continue // an answer of the last time
		}
		parts := append(strings.SplitN(question, " ", 4), "")
		w := g.call(t, parts[0], parts[1], parts[2], parts[3])
		answer := strings.TrimSpace(fmt.Sprintf("%d %s", w.Code, w.Body))
		fmt.Fprintf(&played, "%s\n%s\n", line, masked(answer))
	}
	return played.String()
}

// masked hides what differs in each run.
func masked(answer string) string {
	answer = regexp.MustCompile(`"password_hash":"[^"]{20,}"`).ReplaceAllString(answer, `"password_hash":"HASH"`)
	return regexp.MustCompile(`"ok":"[^"]{20,}"`).ReplaceAllString(answer, `"ok":"HASH"`)
}
