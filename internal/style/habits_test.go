package style

import (
	"bytes"
	"go/ast"
	goformat "go/format"
	"go/token"
	"regexp"
	"slices"
	"testing"

	"github.com/stretchr/testify/require"
)

// allowedSleepers are the functions of tests that may sleep, with the reason.
func allowedSleepers() map[string]string {
	return map[string]string{
		"conformance.eventually": "polls for a condition that no client is told of",
	}
}

// sleepingTests refuses time.Sleep in tests: they wait for a condition. Inside
// testing/synctest time is virtual, so a file that uses it may sleep.
func sleepingTests(s source) []string {
	if !s.test() || s.imports("testing/synctest") {
		return nil
	}
	var found []string
	for _, f := range functions(s) {
		if _, allowed := allowedSleepers()[s.dir()+"."+f.Name.Name]; allowed {
			continue
		}
		ast.Inspect(f, func(n ast.Node) bool {
			if selector, ok := n.(*ast.SelectorExpr); ok && named(selector.X, "time") && selector.Sel.Name == "Sleep" {
				found = append(found, s.violation(n.Pos(), "time.Sleep in a test: wait for the condition"))
			}
			return true
		})
	}
	return found
}

func named(e ast.Expr, name string) bool {
	identifier, ok := e.(*ast.Ident)
	return ok && identifier.Name == name
}

// errorTexts refuses code that decides by the text of an error. Tests may look
// at it: it is for people, and tests say what people get to see.
func errorTexts(s source) []string {
	if s.test() {
		return nil
	}
	var found []string
	ast.Inspect(s.tree, func(n ast.Node) bool {
		if comparesErrorText(n) {
			found = append(found, s.violation(n.Pos(), "decides by the text of an error: use errors.Is or errors.As"))
		}
		return true
	})
	return found
}

func comparesErrorText(n ast.Node) bool {
	switch n := n.(type) {
	case *ast.BinaryExpr:
		return (n.Op == token.EQL || n.Op == token.NEQ) && (errorText(n.X) || errorText(n.Y))
	case *ast.CallExpr:
		selector, ok := n.Fun.(*ast.SelectorExpr)
		decides := []string{"Contains", "HasPrefix", "HasSuffix", "EqualFold", "Index", "MatchString"}
		return ok && slices.Contains(decides, selector.Sel.Name) && slices.ContainsFunc(n.Args, errorText)
	case *ast.SwitchStmt:
		return n.Tag != nil && errorText(n.Tag)
	default:
		return false
	}
}

// errorText tells whether the expression is a call of Error without arguments.
func errorText(e ast.Expr) bool {
	call, ok := e.(*ast.CallExpr)
	if !ok || len(call.Args) > 0 {
		return false
	}
	selector, ok := call.Fun.(*ast.SelectorExpr)
	return ok && selector.Sel.Name == "Error"
}

// unfinished matches the marks of work that is left for later. They are put
// together here so that the rule does not find itself.
var unfinished = regexp.MustCompile(`\b(` + "TO" + `DO|FIX` + `ME|X` + `XX|HA` + `CK)\b`)

func unfinishedWork(s source) []string {
	var found []string
	for _, group := range s.tree.Comments {
		for _, comment := range group.List {
			if mark := unfinished.FindString(comment.Text); mark != "" {
				found = append(found, s.violation(comment.Pos(), "%s: finish it, or open an issue", mark))
			}
		}
	}
	return found
}

func format(s source) []string {
	formatted, err := goformat.Source(s.content)
	if err == nil && bytes.Equal(formatted, s.content) {
		return nil
	}
	return []string{s.violation(s.tree.Package, "not formatted: run gofmt -w")}
}

// TestUnfinishedScripts is unfinishedWork for files that are not Go.
func TestUnfinishedScripts(t *testing.T) {
	var found []string
	eachFile(t, func(path string, content []byte) {
		if !bytes.HasSuffix([]byte(path), []byte(".go")) && unfinished.Match(content) {
			found = append(found, path+": "+string(unfinished.Find(content))+": finish it, or open an issue")
		}
	})
	report(t, found)
}

func TestHabits(t *testing.T) {
	sleep := "func f() { time.Sleep(1) }\n"
	require.Len(t, sleepingTests(snippet(t, "a_test.go", sleep)), 1)
	require.Empty(t, sleepingTests(snippet(t, "a.go", sleep)))
	require.Empty(t, sleepingTests(snippet(t, "conformance/a_test.go", "func eventually() { time.Sleep(1) }\n")))
	require.Empty(t, sleepingTests(snippet(t, "a_test.go", "import \"testing/synctest\"\n"+sleep)))

	for text, count := range map[string]int{
		`err.Error() == "x"`:                    1,
		`"x" != err.Error()`:                    1,
		`strings.Contains(err.Error(), "x")`:    1,
		`re.MatchString(err.Error())`:           1,
		`errors.Is(err, io.EOF)`:                0,
		`g(err.Error())`:                        0,
		`strings.Contains(text, "x")`:           0,
		`func() { switch err.Error() { } }`:     1,
		`strings.HasPrefix(e.cause.Error(), p)`: 1,
	} {
		file := "func f() { _ = " + text + " }\n"
		require.Len(t, errorTexts(snippet(t, "a.go", file)), count, text)
		require.Empty(t, errorTexts(snippet(t, "a_test.go", file)))
	}

	require.Len(t, unfinishedWork(snippet(t, "a.go", "// TO"+"DO: more\n")), 1)
	require.Empty(t, unfinishedWork(snippet(t, "a.go", "// todo lists are queues\n")))
	require.Len(t, format(snippet(t, "a.go", "func  f() {}\n")), 1)
	require.Empty(t, format(snippet(t, "a.go", "func f() {}\n")))
}
