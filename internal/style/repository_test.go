package style

import (
	"strings"
	"testing"
)

// rules are those that look at one file at a time.
func rules() map[string]func(source) []string {
	return map[string]func(source) []string{
		"file length":       fileLength,
		"function length":   functionLength,
		"nesting":           nesting,
		"init functions":    initFunctions,
		"getters":           getters,
		"package names":     packageNames,
		"exported comments": exportedComments,
		"sleeping tests":    sleepingTests,
		"error texts":       errorTexts,
		"unfinished work":   unfinishedWork,
		"format":            format,
	}
}

func TestRepository(t *testing.T) {
	files := sources(t)
	for name, rule := range rules() {
		t.Run(name, func(t *testing.T) {
			var found []string
			for _, file := range files {
				found = append(found, rule(file)...)
			}
			report(t, found)
		})
	}
	t.Run("package comments", func(t *testing.T) { report(t, packageComments(files)) })
	t.Run("package variables", func(t *testing.T) { report(t, packageVariables(files)) })
}

func report(t *testing.T, violations []string) {
	t.Helper()
	if len(violations) > 0 {
		t.Errorf("%d violations:\n%s", len(violations), strings.Join(violations, "\n"))
	}
}
