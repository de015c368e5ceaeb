package style

import (
	"os"
	"path"
	"path/filepath"
	"regexp"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
)

var link = regexp.MustCompile(`\]\(([^)\s]+)\)`)

// deadLinks are the links of a text to files that are not there.
func deadLinks(top, name, text string) []string {
	var found []string
	for _, match := range link.FindAllStringSubmatch(text, -1) {
		target, _, _ := strings.Cut(match[1], "#")
		if target == "" || strings.Contains(target, "://") {
			continue
		}
		if _, err := os.Stat(filepath.Join(top, path.Dir(name), target)); err != nil {
			found = append(found, name+": dead link to "+target)
		}
	}
	return found
}

func TestLinksOfTheManual(t *testing.T) {
	var found []string
	top := root(t)
	eachFile(t, func(path string, content []byte) {
		if strings.HasSuffix(path, ".md") {
			found = append(found, deadLinks(top, path, string(content))...)
		}
	})
	report(t, found)
}

func TestDeadLinks(t *testing.T) {
	text := "[a](../README.md) [b](https://example.com/x) [c](#here) [d](missing.md#x) [e](../missing)"
	require.Len(t, deadLinks(root(t), "docs/x.md", text), 2)
}
