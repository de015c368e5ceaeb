package configs

import (
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
)

// FuzzParseLines checks that each line that says something is either read or
// complained about, and that what was read can be written and read again.
func FuzzParseLines(f *testing.F) {
	for _, seed := range []string{
		"", "# x\n", "a.b = c # d", "a = 'b # c' # d", "a = ''", "a = 'b", `a.b\.c = d`, "include conf.d/*.conf", "include = 1",
		"a =\r\n", "\ufeffa=b", "a = 'b'c", "a..b = c", "a = $(b)",
	} {
		f.Add(seed)
	}
	f.Fuzz(func(t *testing.T, content string) {
		lines, problems := parseLines("f", content)
		require.LessOrEqual(t, len(lines)+len(problems), strings.Count(content, "\n")+1)
		for _, l := range lines {
			if l.include != "" || strings.ContainsAny(l.value, "'\n\r") {
				continue
			}
			again, wrong := parseLines("f", keyText(l.key)+" = '"+l.value+"'")
			require.Empty(t, wrong)
			require.Len(t, again, 1)
			require.Equal(t, l.key, again[0].key)
			require.Equal(t, l.value, again[0].value)
		}
	})
}

// FuzzTranslate checks that nothing of a file makes the translation fail.
func FuzzTranslate(f *testing.F) {
	f.Add("listeners.tcp.a = 1:2\nmanagement.ssl.port = x\ndefault_user = $(default_user)")
	f.Fuzz(func(t *testing.T, content string) {
		lines, _ := parseLines("f", content)
		var settings []given
		for i, l := range lines {
			if l.include == "" && !strings.HasPrefix(l.value, "$(<") && i < 20 {
				settings = append(settings, given{key: l.key, value: l.value, from: "f"})
			}
		}
		done := translate(settings)
		require.GreaterOrEqual(t, len(done.findings), len(settings))
	})
}
