package configs_test

import (
	"flag"
	"fmt"
	"go/ast"
	"go/parser"
	"go/token"
	"os"
	"reflect"
	"regexp"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/leveretmq/leveret/configs"
)

var update = flag.Bool("update", false, "rewrite leveret.yaml")

const sampleFile = "leveret.yaml"

func TestSampleFileIsGeneratedFromTheStruct(t *testing.T) {
	want := sample(t)
	if *update {
		require.NoError(t, os.WriteFile(sampleFile, []byte(want), 0o644))
	}
	got, err := os.ReadFile(sampleFile)
	require.NoError(t, err)
	require.Equal(t, want, string(got), "run: make generate")
}

func TestSampleFileEqualsTheDefaults(t *testing.T) {
	config, err := load(t, "--config", sampleFile)
	require.NoError(t, err)
	want := configs.Default()
	want.File = sampleFile
	require.Equal(t, want, config)
}

func TestSampleFileHasEveryKey(t *testing.T) {
	content, err := os.ReadFile(sampleFile)
	require.NoError(t, err)
	for field := range reflect.TypeFor[configs.Config]().Fields() {
		if key := field.Tag.Get("key"); key != "" {
			require.Contains(t, string(content), "\n"+key+":")
		} else {
			require.Equal(t, "File", field.Name, "a field without a key")
		}
	}
}

// sample is the sample file: the comment of each field, its key, its default.
func sample(t *testing.T) string {
	var out strings.Builder
	out.WriteString(`# Configuration of Leveret: every key with its default.
#
# A key is also a variable of the environment (log-level: LEVERET_LOG_LEVEL)
# and, where leveret serve --help lists it, a flag (--log-level). A flag wins
# over a variable, a variable over this file, this file over the defaults.
#
# Generated from the documentation of configs.Config: make generate.
`)
	defaults := reflect.ValueOf(configs.Default())
	for _, field := range structFields(t) {
		key := reflect.StructTag(strings.Trim(tagOf(field), "`")).Get("key")
		if key == "" {
			continue
		}
		// A field without a comment belongs to the one above.
		if text := strings.TrimSpace(field.Doc.Text()); text != "" {
			out.WriteString("\n# " + strings.ReplaceAll(text, "\n", "\n# ") + "\n")
		}
		value := yamlOf(t, defaults.FieldByName(field.Names[0].Name).Interface())
		out.WriteString(strings.ReplaceAll(key+": "+value+"\n", " \n", "\n"))
	}
	return out.String()
}

func tagOf(field *ast.Field) string {
	if field.Tag == nil {
		return ""
	}
	return field.Tag.Value
}

func structFields(t *testing.T) []*ast.Field {
	t.Helper()
	parsed, err := parser.ParseFile(token.NewFileSet(), "config.go", nil, parser.ParseComments)
	require.NoError(t, err)
	object := parsed.Scope.Lookup("Config")
	require.NotNil(t, object)
	return object.Decl.(*ast.TypeSpec).Type.(*ast.StructType).Fields.List
}

func yamlOf(t *testing.T, value any) string {
	t.Helper()
	switch v := value.(type) {
	case string:
		if v == "" || strings.ContainsAny(v, ":/") {
			return fmt.Sprintf("%q", v)
		}
		return v
	case []string:
		return listOf(t, v)
	case []configs.User:
		var users []string
		for _, u := range v {
			users = append(users, fmt.Sprintf("\n  - name: %s\n    password: %s\n    tags: %s", u.Name, string(u.Password), listOf(t, u.Tags)))
		}
		return strings.Join(users, "")
	case time.Duration:
		return fmt.Sprintf("%.0fs", v.Seconds())
	default:
		return fmt.Sprint(v)
	}
}

func listOf(t *testing.T, texts []string) string {
	t.Helper()
	var entries []string
	for _, text := range texts {
		entries = append(entries, yamlOf(t, text))
	}
	return "[" + strings.Join(entries, ", ") + "]"
}

func TestManualHasEveryKey(t *testing.T) {
	manual, err := os.ReadFile("../docs/configuration.md")
	require.NoError(t, err)
	defaults := reflect.ValueOf(configs.Default())
	for field := range reflect.TypeFor[configs.Config]().Fields() {
		key := field.Tag.Get("key")
		switch key {
		case "":
		case "users":
			require.Contains(t, string(manual), "\n| `users` |")
		default:
			value := yamlOf(t, defaults.FieldByIndex(field.Index).Interface())
			require.Regexp(t, "\n\\| `"+key+"` \\| (yes)? *\\| `"+regexp.QuoteMeta(value)+"` \\|", string(manual))
		}
	}
}
