package style

import (
	"bytes"
	"fmt"
	"go/ast"
	"go/parser"
	"go/token"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
)

// source is one parsed Go file.
type source struct {
	path      string // from the root of the repository, with slashes
	content   []byte
	set       *token.FileSet
	tree      *ast.File
	generated bool
}

func (s source) test() bool { return strings.HasSuffix(s.path, "_test.go") }

// dir is the folder of the file, from the root, with slashes.
func (s source) dir() string {
	if i := strings.LastIndexByte(s.path, '/'); i >= 0 {
		return s.path[:i]
	}
	return "."
}

func (s source) line(pos token.Pos) int { return s.set.Position(pos).Line }

// violation is what a rule found, in the form that editors jump to.
func (s source) violation(pos token.Pos, format string, args ...any) string {
	return fmt.Sprintf("%s:%d: %s", s.path, s.line(pos), fmt.Sprintf(format, args...))
}

// imports tells whether the file imports the path.
func (s source) imports(path string) bool {
	for _, spec := range s.tree.Imports {
		if strings.Trim(spec.Path.Value, `"`) == path {
			return true
		}
	}
	return false
}

func parse(t *testing.T, path string, content []byte) source {
	t.Helper()
	set := token.NewFileSet()
	tree, err := parser.ParseFile(set, path, content, parser.ParseComments)
	require.NoError(t, err)
	return source{path: path, content: content, set: set, tree: tree, generated: ast.IsGenerated(tree)}
}

// snippet is a file for the tests of the rules: the text behind the package
// clause.
func snippet(t *testing.T, path, text string) source {
	t.Helper()
	return parse(t, path, []byte("// Package sample is a sample.\npackage sample\n\n"+text))
}

// root is the folder of go.mod.
func root(t *testing.T) string {
	t.Helper()
	dir, err := os.Getwd()
	require.NoError(t, err)
	for {
		if _, err := os.Stat(filepath.Join(dir, "go.mod")); err == nil {
			return dir
		}
		parent := filepath.Dir(dir)
		require.NotEqual(t, parent, dir, "go.mod not found")
		dir = parent
	}
}

// sources is every Go file of the repository.
func sources(t *testing.T) []source {
	t.Helper()
	var all []source
	eachFile(t, func(path string, content []byte) {
		if strings.HasSuffix(path, ".go") {
			all = append(all, parse(t, path, content))
		}
	})
	require.NotEmpty(t, all)
	return all
}

// ignored are folders that hold no source of ours.
var ignored = map[string]string{
	"bin":          "built programs",
	"data":         "the default data directory",
	"node_modules": "what the client tests install",
	"vendor":       "the same for PHP and Ruby",
	"testdata":     "inputs of tests",
	"__pycache__":  "what Python leaves",
}

func eachFile(t *testing.T, visit func(path string, content []byte)) {
	t.Helper()
	top := root(t)
	err := filepath.WalkDir(top, func(path string, entry fs.DirEntry, err error) error {
		if err != nil {
			return err
		}
		name := entry.Name()
		if entry.IsDir() {
			if _, skip := ignored[name]; path != top && (skip || strings.HasPrefix(name, ".") && name != ".ci") {
				return fs.SkipDir
			}
			return nil
		}
		if !entry.Type().IsRegular() || !text(name) {
			return nil
		}
		content, err := os.ReadFile(path)
		if err != nil {
			return err
		}
		relative, err := filepath.Rel(top, path)
		visit(filepath.ToSlash(relative), bytes.ReplaceAll(content, []byte("\r\n"), []byte("\n")))
		return err
	})
	require.NoError(t, err)
}

// text tells whether a file is one that people write.
func text(name string) bool {
	switch filepath.Ext(name) {
	case ".go", ".sh", ".py", ".js", ".rb", ".php", ".yml", ".yaml", ".md":
		return true
	default:
		return name == "Makefile" || name == "run" || name == "setup"
	}
}
