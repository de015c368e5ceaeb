package crash

import (
	"encoding/json"
	"errors"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
)

// mutantCycles is within how many cycles a test has to find a mutant.
const mutantCycles = "10"

// mutant is a broker with a fault, the test that has to find it, and what that
// has to say.
type mutant struct {
	file    string // of the repository, with the fault; none if flags make it
	healthy string // text of the file
	faulty  string // text in its place
	flags   string
	test    string
	cycles  string // variable of the test
	finding string // regular expression
}

// mutants are the faults that the crash tests have been written for.
func mutants() map[string]mutant {
	return map[string]mutant{
		"confirms that are not synced": {
			flags: "--durability os",
			test:  "TestCrash_PowerCut", cycles: "CRASH_POWER_CUTS",
			finding: `lost: \d+|although the broker had promised otherwise`,
		},
		// The pause is for a kill to fall into: without it the commit is only
		// some ten microseconds late.
		"confirms before the commit": {
			file: "persistence/committer.go",
			healthy: "\tif err == nil {\n\t\terr = s.commitPortion(part)\n\t}\n" +
				"\tif err == nil {\n\t\tsettle(part)\n\t} else {",
			faulty: "\tif err == nil {\n\t\tsettle(part)\n\t\ttime.Sleep(5 * time.Millisecond)\n" +
				"\t\terr = s.commitPortion(part)\n\t}\n\tif err != nil {",
			test: "TestCrash_KillUnderLoad", cycles: "CRASH_CYCLES",
			finding: `lost: \d+|although the broker had promised otherwise`,
		},
		"transactions in two commits": {
			file:    "persistence/store.go",
			healthy: "func (s *Store) Submit(u queue.Unit) {\n",
			faulty: "func (s *Store) Submit(u queue.Unit) {\n" +
				"\tif u.Done != nil && len(u.Enqueue) > 1 {\n" +
				"\t\tfirst := make(chan error, 1)\n" +
				"\t\ts.Submit(queue.Unit{Enqueue: u.Enqueue[:1], Done: func(err error) { first <- err }})\n" +
				"\t\t<-first\n\t\tu.Enqueue = u.Enqueue[1:]\n\t}\n",
			test: "TestCrash_KillUnderLoad", cycles: "CRASH_CYCLES",
			finding: `torn: \d+`,
		},
		"deliveries without the redelivered flag": {
			file:    "server/pump.go",
			healthy: "Redelivered: e.Redelivered(),",
			faulty:  "Redelivered: false,",
			test:    "TestCrash_KillUnderLoad", cycles: "CRASH_CYCLES",
			finding: `unflagged: \d+`,
		},
		"dead letters that leave before they are published": {
			file:    "broker/undertaker.go",
			healthy: "\tif !b.done {\n\t\tb.dead = u.publish(b)\n\t}\n",
			faulty: "\tif !b.done {\n\t\tb.queue.Buried(b.dead)\n\t\ttime.Sleep(5 * time.Millisecond)\n" +
				"\t\tu.publish(b)\n\t\treturn\n\t}\n",
			test: "TestCrash_DeadLetters", cycles: "CRASH_LETTERS",
			finding: `they were confirmed and are in no queue`,
		},
	}
}

// D10 of the reliability programme: the tests find brokers with faults.
func TestCrash_MutantsAreFound(t *testing.T) {
	for name, m := range mutants() {
		t.Run(name, func(t *testing.T) {
			binary := os.Getenv(brokerVariable)
			if m.file != "" {
				binary = m.build(t)
			}
			program, err := os.Executable()
			require.NoError(t, err)
			run := exec.Command(program, "-test.run=^"+m.test+"$", "-test.v")
			run.Env = append(os.Environ(), brokerVariable+"="+binary, flagsVariable+"="+m.flags, m.cycles+"="+mutantCycles)
			text, err := run.CombinedOutput()
			var failed *exec.ExitError
			require.True(t, errors.As(err, &failed), "%s passes with the mutant, or does not run: %v\n%s", m.test, err, text)
			require.Regexp(t, regexp.MustCompile(m.finding), string(text), "%s fails, but for another reason", m.test)
		})
	}
}

// build builds a broker from the repository with one file changed.
func (m mutant) build(t *testing.T) (binary string) {
	t.Helper()
	dir := t.TempDir()
	text, err := exec.Command("go", "list", "-m", "-f", "{{.Dir}}").Output()
	require.NoError(t, err)
	original := filepath.Join(strings.TrimSpace(string(text)), filepath.FromSlash(m.file))
	source, err := os.ReadFile(original)
	require.NoError(t, err)
	require.Equal(t, 1, strings.Count(string(source), m.healthy),
		"%s has changed, and the mutant has to follow: it replaces\n%s", m.file, m.healthy)
	changed := filepath.Join(dir, filepath.Base(original))
	mutated := strings.Replace(string(source), m.healthy, m.faulty, 1)
	require.NoError(t, os.WriteFile(changed, []byte(mutated), 0o600))
	overlay, err := json.Marshal(map[string]map[string]string{"Replace": {original: changed}})
	require.NoError(t, err)
	list := filepath.Join(dir, "overlay.json")
	require.NoError(t, os.WriteFile(list, overlay, 0o600))

	binary = filepath.Join(dir, "leveret")
	text, err = exec.Command("go", "build", "-overlay", list, "-o", binary, brokerPackage).CombinedOutput()
	require.NoError(t, err, "%s", text)
	return binary
}
