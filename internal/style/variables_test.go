package style

import (
	"go/ast"
	"go/token"
	"slices"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
)

// allowedVariables are package variables that the rule would refuse, with the
// reason why they may stay.
func allowedVariables() map[string]string {
	return map[string]string{
		"internal/lockorder.taken": "what goroutines hold is a property of the process; only in builds that check",
		"cmd/leveret.linked":       "set by the linker",
		"conformance.suite":        "the broker under test: TestMain cannot hand it to the tests",
	}
}

// packageVariables wants no package to keep state in variables: state that
// nobody passes cannot be had twice, reset in a test, or found by a reader.
//
// What cannot change is no state: errors, compiled expressions, the check
// that a type has an interface, a file embedded by the compiler, and an
// unexported table that nothing in its package writes to. A test may declare a
// flag, and a benchmark a sink for results that must not be optimised away.
func packageVariables(files []source) []string {
	written := writtenNames(files)
	var found []string
	for _, s := range files {
		if s.generated {
			continue
		}
		for _, declaration := range s.tree.Decls {
			group, ok := declaration.(*ast.GenDecl)
			if !ok || group.Tok != token.VAR {
				continue
			}
			for _, spec := range group.Specs {
				found = append(found, variablesOf(s, group, spec.(*ast.ValueSpec), written[s.dir()])...)
			}
		}
	}
	return found
}

func variablesOf(s source, group *ast.GenDecl, spec *ast.ValueSpec, written []string) []string {
	var found []string
	for i, name := range spec.Names {
		_, allowed := allowedVariables()[s.dir()+"."+name.Name]
		sink := s.test() && strings.HasPrefix(name.Name, "sink")
		if allowed || sink || name.Name == "_" || embedded(group, spec) {
			continue
		}
		var value ast.Expr
		if i < len(spec.Values) {
			value = spec.Values[i]
		}
		if constantCall(s, value) || table(value) && !name.IsExported() && !slices.Contains(written, name.Name) {
			continue
		}
		found = append(found, s.violation(name.Pos(), "package variable %s: pass it, or make it something that cannot change", name.Name))
	}
	return found
}

func embedded(group *ast.GenDecl, spec *ast.ValueSpec) bool {
	for _, doc := range []*ast.CommentGroup{group.Doc, spec.Doc} {
		if doc == nil {
			continue
		}
		for _, comment := range doc.List {
			if strings.HasPrefix(comment.Text, "//go:embed ") {
				return true
			}
		}
	}
	return false
}

// constantCall tells whether the value is a call whose result nobody can
// change.
func constantCall(s source, value ast.Expr) bool {
	call, ok := value.(*ast.CallExpr)
	if !ok {
		return false
	}
	selector, ok := call.Fun.(*ast.SelectorExpr)
	if !ok {
		return false
	}
	receiver, ok := selector.X.(*ast.Ident)
	if !ok {
		return false
	}
	switch receiver.Name + "." + selector.Sel.Name {
	case "errors.New", "fmt.Errorf", "regexp.MustCompile", "crc32.MakeTable":
		return true
	default:
		return receiver.Name == "flag" && s.test()
	}
}

// table tells whether the value is a literal list or map.
func table(value ast.Expr) bool {
	literal, ok := value.(*ast.CompositeLit)
	if !ok {
		return false
	}
	switch literal.Type.(type) {
	case *ast.ArrayType, *ast.MapType:
		return true
	default:
		return false
	}
}

// writtenNames are, for each folder, the names that something is assigned to
// or whose address is taken, other than variables of the function itself.
func writtenNames(files []source) map[string][]string {
	written := map[string][]string{}
	for _, s := range files {
		for _, f := range functions(s) {
			own := declaredIn(f)
			for _, target := range targets(f) {
				if name := base(target); name != nil && !own[name.Name] {
					written[s.dir()] = append(written[s.dir()], name.Name)
				}
			}
		}
	}
	return written
}

// targets are the expressions that the function may change.
func targets(f *ast.FuncDecl) []ast.Expr {
	var all []ast.Expr
	ast.Inspect(f, func(n ast.Node) bool {
		switch n := n.(type) {
		case *ast.AssignStmt:
			if n.Tok != token.DEFINE {
				all = append(all, n.Lhs...)
			}
		case *ast.IncDecStmt:
			all = append(all, n.X)
		case *ast.UnaryExpr:
			if n.Op == token.AND {
				all = append(all, n.X)
			}
		case *ast.CallExpr:
			if called, ok := n.Fun.(*ast.Ident); ok && (called.Name == "delete" || called.Name == "clear") {
				all = append(all, n.Args[0])
			}
		}
		return true
	})
	return all
}

// declaredIn are the names of the function's parameters and variables.
func declaredIn(f *ast.FuncDecl) map[string]bool {
	own := map[string]bool{}
	note := func(e ast.Expr) {
		if name, ok := e.(*ast.Ident); ok {
			own[name.Name] = true
		}
	}
	ast.Inspect(f, func(n ast.Node) bool {
		switch n := n.(type) {
		case *ast.Field:
			for _, name := range n.Names {
				note(name)
			}
		case *ast.ValueSpec:
			for _, name := range n.Names {
				note(name)
			}
		case *ast.AssignStmt:
			if n.Tok == token.DEFINE {
				for _, target := range n.Lhs {
					note(target)
				}
			}
		case *ast.RangeStmt:
			note(n.Key)
			note(n.Value)
		}
		return true
	})
	return own
}

// base is the variable that an expression such as v[i].f reaches into.
func base(e ast.Expr) *ast.Ident {
	for {
		switch inner := e.(type) {
		case *ast.Ident:
			return inner
		case *ast.IndexExpr:
			e = inner.X
		case *ast.SelectorExpr:
			e = inner.X
		case *ast.ParenExpr:
			e = inner.X
		default:
			return nil
		}
	}
}

func TestPackageVariables(t *testing.T) {
	for text, count := range map[string]int{
		"var n int":                                              1,
		"var n = 5":                                              1,
		"var ErrX = errors.New(\"x\")":                           0,
		"var _ I = T{}":                                          0,
		"var re = regexp.MustCompile(\"x\")":                     0,
		"//go:embed x\nvar content []byte":                       0,
		"var names = map[int]string{1: \"a\"}":                   0,
		"var names = [...]string{\"a\"}":                         0,
		"var Names = []string{\"a\"}":                            1,
		"var m = map[int]int{}\nfunc f() { m[1] = 2 }":           1,
		"var m = map[int]int{}\nfunc f() { delete(m, 1) }":       1,
		"var m = []int{1}\nfunc f() { g(&m) }":                   1,
		"var m = []int{1}\nfunc f() { m[0]++ }":                  1,
		"var m = []int{1}\nfunc f() { m := g(); m[0] = 1 }":      0,
		"var m = []int{1}\nfunc f(m []int) { m[0] = 1 }":         0,
		"var m = make(map[int]int)":                              1,
		"var pool = sync.Pool{}":                                 1,
		"var (\n\ta = errors.New(\"a\")\n\tb = 1\n)":             1,
		"var update = flag.Bool(\"update\", false, \"rewrite\")": 1,
	} {
		require.Len(t, packageVariables([]source{snippet(t, "x/a.go", text+"\n")}), count, text)
	}
	require.Empty(t, packageVariables([]source{snippet(t, "x/a_test.go", "var update = flag.Bool(\"update\", false, \"\")\n")}))

	declared := snippet(t, "x/a.go", "var m = []int{1}\n")
	require.Len(t, packageVariables([]source{declared, snippet(t, "x/b.go", "func f() { m[0] = 2 }\n")}), 1)
	require.Empty(t, packageVariables([]source{declared, snippet(t, "y/b.go", "func f() { m[0] = 2 }\n")}))
}
