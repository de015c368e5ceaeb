package pattern

import (
	"encoding/json"
	"os"
	"regexp"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
)

type verdict string

const (
	yes     verdict = "yes"
	no      verdict = "no"
	invalid verdict = "invalid"
)

type patternCase struct {
	pattern, text string
	want          verdict
}

// asRabbitMQ is what RabbitMQ 3.10.8 answers.
func asRabbitMQ(t testing.TB) []patternCase {
	t.Helper()
	var cases []patternCase
	for _, row := range rowsOf(t, "testdata/patterns-3.10.8.json") {
		cases = append(cases, patternCase{row[0], row[1], verdict(row[2])})
	}
	return cases
}

// asErlang is what re:run of Erlang/OTP 25, which RabbitMQ calls, answers for patterns
// that a generator has made. In the file a character is an octet.
func asErlang(t testing.TB) []patternCase {
	t.Helper()
	octets := func(text string) string {
		var out []byte
		for _, c := range text {
			out = append(out, byte(c))
		}
		return string(out)
	}
	var cases []patternCase
	for _, row := range rowsOf(t, "testdata/patterns-otp25.json") {
		cases = append(cases, patternCase{octets(row[0]), octets(row[1]), verdict(row[2])})
	}
	return cases
}

func rowsOf(t testing.TB, file string) (rows [][3]string) {
	t.Helper()
	text, err := os.ReadFile(file)
	require.NoError(t, err)
	require.NoError(t, json.Unmarshal(text, &rows))
	require.NotEmpty(t, rows)
	return rows
}

// asLeveret is where Leveret means to be stricter.
func asLeveret() []patternCase {
	return []patternCase{
		{"^a$", "a\n", no},                // RabbitMQ: yes
		{"^$", "\n", no},                  // RabbitMQ: yes
		{"(?|(a)|(b))\\1", "bb", invalid}, // RabbitMQ: yes
		{"(?1)(a)", "aa", invalid},        // RabbitMQ: yes
		{"a(*ACCEPT)b", "a", invalid},     // RabbitMQ: yes
		{"(*UTF8)a", "a", invalid},        // RabbitMQ: yes
		{"(?<=a+)b", "ab", yes},           // RabbitMQ: invalid
		{strings.Repeat("a", maxPattern+1), "a", invalid},
		{"((a|b|c|d){900}x|y){1}" + strings.Repeat("z{900}", 15), "a", invalid},
	}
}

func judge(pattern, text string) verdict {
	p, err := Compile(pattern)
	if err != nil {
		return invalid
	}
	found, err := p.Matches(text)
	if err != nil || !found {
		return no
	}
	return yes
}

func TestPatterns(t *testing.T) {
	for _, c := range slices.Concat(asRabbitMQ(t), asErlang(t), asLeveret()) {
		require.Equal(t, c.want, judge(c.pattern, c.text), "%q in %q", c.pattern, c.text)
	}
}

func TestInvalidPatternsMatchNothing(t *testing.T) {
	for _, source := range []string{"(", "a**", "(?R)", strings.Repeat("a", maxPattern+1)} {
		p, err := Compile(source)
		require.ErrorIs(t, err, ErrInvalid)
		for _, text := range []string{"", "a", source} {
			found, err := p.Matches(text)
			require.NoError(t, err)
			require.False(t, found)
		}
	}
}

func TestUsualPatternsTakeLinearTime(t *testing.T) {
	for source, kind := range map[string]patternKind{
		"": patternEmpty, "^$": patternEmpty, ".*": patternAll, "^.*": patternAll, "^": patternAll, "^.*$": patternLine,
		"a?": patternAll, `^ord\..*`: patternLinear, "(a|b)": patternLinear, "(?!a)": patternBacktracking,
	} {
		p, err := Compile(source)
		require.NoError(t, err)
		require.Equal(t, kind, p.kind, source)
	}
}

// The evil patterns of the books: whoever takes them to be a denial of service
// gets a refusal within a fraction of a second.
func TestSearchesEnd(t *testing.T) {
	text := strings.Repeat("a", 250) + "!"
	for _, source := range []string{
		"(a+)+$", "^(a|a)*$", "(.*a){20}$", "(?=b)?(a+)+$", "^(?!b)(a+)+$", `^(?!b)(a|aa)+$`, `(?!b)(\w*)*\d`,
		"(x+x+)+y(?!z)", `^(?!c)(([a-z])+.)+[A-Z]([a-z])+$`,
	} {
		p, err := Compile(source)
		require.NoError(t, err)
		began := time.Now()
		found, _ := p.Matches(text)
		require.False(t, found, source)
		require.Less(t, time.Since(began), 2*time.Second, source)
	}
}

func TestQuotedTextsMatchThemselves(t *testing.T) {
	for _, text := range []string{"a.b", "a+b (c) [d]", `\`, "^$", "ü", "a-b", "{vhost}", "\n", "CN=app,O=x y"} {
		p, err := Compile("^" + Quote(text) + "$")
		require.NoError(t, err)
		for _, other := range append([]string{"", "aXb", "a"}, text) {
			found, err := p.Matches(other)
			require.NoError(t, err)
			require.Equal(t, other == text, found, "%q in %q", text, other)
		}
	}
}

// FuzzPattern holds searches against those of Go's engine without what makes
// them fast here.
func FuzzPattern(f *testing.F) {
	for _, c := range slices.Concat(asRabbitMQ(f), asErlang(f), asLeveret()) {
		f.Add(c.pattern, c.text)
	}
	f.Fuzz(func(t *testing.T, source, text string) {
		if len(text) > 255 {
			return
		}
		p, err := Compile(source)
		if err != nil {
			require.ErrorIs(t, err, ErrInvalid)
		}
		began := time.Now()
		found, _ := p.Matches(text)
		require.Less(t, time.Since(began), 5*time.Second)
		if err != nil {
			require.False(t, found)
			return
		}
		plain, err := regexp.Compile(source)
		if same, _ := translate(source); same.text != source {
			return // the engine would read it in another way
		}
		if err == nil && isASCII(source) && isASCII(text) {
			if source == "" {
				plain = regexp.MustCompile("^$")
			}
			require.Equal(t, plain.MatchString(text), found)
		}
	})
}

func FuzzQuote(f *testing.F) {
	f.Add("a.b", "a_b")
	f.Fuzz(func(t *testing.T, text, other string) {
		if len(text) > maxPattern/2-2 || len(other) > 255 {
			return
		}
		p, err := Compile("^" + Quote(text) + "$")
		require.NoError(t, err)
		for _, s := range []string{text, other} {
			found, err := p.Matches(s)
			require.NoError(t, err)
			require.Equal(t, s == text, found)
		}
	})
}
