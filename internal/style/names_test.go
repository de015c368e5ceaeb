package style

import (
	"go/ast"
	"regexp"
	"slices"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
)

// vagueNames say nothing about what a package is for.
func vagueNames() []string {
	return []string{
		"base", "common", "constants", "core", "generic", "helper", "helpers", "interfaces", "lib", "manager",
		"managers", "misc", "models", "shared", "tools", "types", "util", "utilities", "utils",
	}
}

func packageNames(s source) []string {
	name := strings.TrimSuffix(s.tree.Name.Name, "_test")
	if slices.Contains(vagueNames(), name) {
		return []string{s.violation(s.tree.Name.Pos(), "package name %q says nothing: use AMQP's noun", name)}
	}
	return nil
}

func initFunctions(s source) []string {
	var found []string
	for _, f := range functions(s) {
		if f.Recv == nil && f.Name.Name == "init" {
			found = append(found, s.violation(f.Pos(), "init function: construct it where it is used"))
		}
	}
	return found
}

var getter = regexp.MustCompile(`^Get[A-Z]`)

func getters(s source) []string {
	var found []string
	for _, f := range functions(s) {
		if getter.MatchString(f.Name.Name) {
			found = append(found, s.violation(f.Pos(), "getter %s: leave out the Get", f.Name.Name))
		}
	}
	return found
}

// wellKnown are methods whose meaning is that of an interface of the standard
// library.
func wellKnown() []string {
	return []string{"As", "Error", "Is", "Len", "Less", "MarshalText", "ServeHTTP", "String", "Swap", "Unwrap"}
}

func speaksForItself(f *ast.FuncDecl) bool {
	return f.Recv != nil && slices.Contains(wellKnown(), f.Name.Name)
}

// exportedComments wants a comment on everything that a package exports.
// A group of constants or variables can share one.
func exportedComments(s source) []string {
	if s.test() || s.generated || s.tree.Name.Name == "main" {
		return nil
	}
	var found []string
	for _, declaration := range s.tree.Decls {
		switch d := declaration.(type) {
		case *ast.FuncDecl:
			if d.Doc == nil && d.Name.IsExported() && exportedReceiver(d) && !speaksForItself(d) {
				found = append(found, s.violation(d.Pos(), "exported function %s has no comment", d.Name.Name))
			}
		case *ast.GenDecl:
			for _, spec := range d.Specs {
				if name := uncommented(d, spec); name != "" {
					found = append(found, s.violation(spec.Pos(), "exported %s has no comment", name))
				}
			}
		}
	}
	return found
}

func exportedReceiver(f *ast.FuncDecl) bool {
	if f.Recv == nil {
		return true
	}
	receiver := f.Recv.List[0].Type
	for {
		switch r := receiver.(type) {
		case *ast.StarExpr:
			receiver = r.X
		case *ast.IndexExpr:
			receiver = r.X
		case *ast.IndexListExpr:
			receiver = r.X
		case *ast.Ident:
			return r.IsExported()
		default:
			return false
		}
	}
}

// uncommented is the exported name that spec declares without a comment.
func uncommented(group *ast.GenDecl, spec ast.Spec) string {
	if group.Doc != nil {
		return ""
	}
	switch s := spec.(type) {
	case *ast.TypeSpec:
		if s.Doc == nil && s.Comment == nil && s.Name.IsExported() {
			return s.Name.Name
		}
	case *ast.ValueSpec:
		for _, name := range s.Names {
			if s.Doc == nil && s.Comment == nil && name.IsExported() {
				return name.Name
			}
		}
	}
	return ""
}

// packageComments wants one file of each package to introduce it.
func packageComments(files []source) []string {
	introduced := map[string]bool{}
	first := map[string]source{}
	for _, file := range files {
		if file.test() {
			continue
		}
		if _, seen := first[file.dir()]; !seen {
			first[file.dir()] = file
		}
		if file.tree.Doc != nil && strings.TrimSpace(file.tree.Doc.Text()) != "" {
			introduced[file.dir()] = true
		}
	}
	var found []string
	for dir, file := range first {
		if !introduced[dir] {
			found = append(found, file.violation(file.tree.Package, "package %s has no package comment", file.tree.Name.Name))
		}
	}
	slices.Sort(found)
	return found
}

func TestNames(t *testing.T) {
	require.Len(t, packageNames(parse(t, "a.go", []byte("package utils"))), 1)
	require.Len(t, packageNames(parse(t, "a_test.go", []byte("package types_test"))), 1)
	require.Empty(t, packageNames(parse(t, "a.go", []byte("package queue"))))
	require.Len(t, initFunctions(snippet(t, "a.go", "func init() {}\nfunc (x) init() {}\n")), 1)
	require.Len(t, getters(snippet(t, "a.go", "func GetName() {}\nfunc (x) GetName() {}\nfunc Get() {}\nfunc Getaway() {}\n")), 2)
}

func TestComments(t *testing.T) {
	for text, count := range map[string]int{
		"func F() {}":                                     1,
		"// F is f.\nfunc F() {}":                         0,
		"func (x *x) F() {}":                              0,
		"func (x *X[T]) F() {}":                           1,
		"func (x X) String() string { return \"\" }":      0,
		"type T int":                                      1,
		"const C = 1":                                     1,
		"const (\n\t// A is a.\n\tA = 1\n\tB = 2\n)":      1,
		"const (\n\tA = 1 // a\n)":                        0,
		"// These are two.\nconst (\n\tA = 1\n\tB = 2\n)": 0,
		"var v, W = 1, 2":                                 1,
	} {
		require.Len(t, exportedComments(snippet(t, "a.go", text+"\n")), count, text)
		require.Empty(t, exportedComments(snippet(t, "a_test.go", text+"\n")))
	}
	bare := parse(t, "a/b.go", []byte("package a"))
	require.Len(t, packageComments([]source{bare}), 1)
	require.Empty(t, packageComments([]source{bare, snippet(t, "a/doc.go", "")}))
	require.Len(t, packageComments([]source{bare, snippet(t, "b/doc.go", "")}), 1)
}
