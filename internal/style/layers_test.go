package style

import (
	"bytes"
	"encoding/json"
	"errors"
	"io"
	"os/exec"
	"slices"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
)

const module = "github.com/leveretmq/leveret/"

// layers is the package graph: what each package may import of ours. A test in
// a package may import what the package may, and what testsMay adds. A package
// that is not here fails: place it before you write it.
func layers() map[string][]string {
	below := []string{"amqp", "message", "binding", "exchange", "queue", "definitions"}
	return map[string][]string{
		"amqp":               {},
		"message":            {"amqp"},
		"binding":            {"amqp", "message"},
		"exchange":           {"amqp", "message", "binding"},
		"queue":              {"amqp", "message", "internal/lockorder"},
		"definitions":        {"amqp", "exchange", "queue", "binding"},
		"persistence":        append(slices.Clone(below), "internal/histogram"),
		"auth":               {"amqp", "definitions", "internal/pattern"},
		"policy":             {"internal/pattern"},
		"broker":             append(slices.Clone(below), "auth", "policy", "internal/lockorder", "internal/audience"),
		"server":             {"amqp", "message", "broker", "queue", "auth", "exchange", "binding", "internal/lockorder", "internal/histogram"},
		"admin":              append(slices.Clone(below), "auth", "policy", "broker"),
		"metrics":            append(slices.Clone(below), "broker", "server", "internal/histogram"),
		"management":         append(slices.Clone(below), "auth", "policy", "broker", "server", "admin", "metrics", "internal/audience"),
		"configs":            {},
		"cmd/leveret":        {"*"},
		"conformance":        {},
		"internal/amqpgen":   {},
		"internal/lockorder": {},
		"internal/audience":  {},
		"internal/logs":      {},
		"internal/histogram": {},
		"internal/pattern":   {},
		"internal/client":    {"amqp"},
		"internal/ctl":       {},
		"internal/process":   {},
		"internal/bench":     {"amqp", "internal/client", "internal/process"},
		"internal/benchgate": {},
		"internal/sink":      {"amqp"},
		"internal/chart":     {},
		"internal/measure":   {"amqp", "internal/bench", "internal/chart", "internal/client", "internal/process", "internal/sink"},
		"internal/style":     {},
		"internal/tlsfiles":  {},
		"internal/tlstest":   {"internal/tlsfiles"},
	}
}

// testsMay is what the tests of a package may import on top.
func testsMay() map[string][]string {
	return map[string][]string{
		"broker": {"persistence"},
		"server": {"persistence", "definitions"},

		"internal/tlsfiles": {"internal/tlstest"},

		"admin":      {"persistence"},
		"metrics":    {"persistence", "auth"},
		"management": {"persistence"},

		"internal/bench": {"internal/sink"},
		"internal/sink":  {"internal/client"},
	}
}

// modules is who may import what of others. The standard library is free.
func modules() map[string][]string {
	return map[string][]string{
		"github.com/dgraph-io/badger/v4": {"persistence"},
		"github.com/spf13/viper":         {"configs"},
		"go.yaml.in/yaml/v3":             {"configs"},
		"github.com/spf13/pflag":         {"configs", "cmd/leveret", "internal/ctl"},
		"github.com/spf13/cobra":         {"cmd/leveret"},

		"github.com/HdrHistogram/hdrhistogram-go": {"internal/bench"},
		"github.com/KimMachineGun/automemlimit":   {"cmd/leveret"},
		"github.com/dlclark/regexp2":              {"internal/pattern"},
		"github.com/pires/go-proxyproto":          {"cmd/leveret"},
		"github.com/stretchr/testify":             {"internal/tlstest"}, // which only tests import
		"golang.org/x/crypto":                     {"auth"},
		"golang.org/x/time":                       {"server"},
		"golang.org/x/term":                       {"cmd/leveret"},
		"golang.org/x/sys":                        {"persistence", "server", "cmd/leveret"},
	}
}

// testModules is who may import what in tests on top.
func testModules() map[string][]string {
	return map[string][]string{
		"github.com/stretchr/testify":    {"*"},
		"github.com/rabbitmq/amqp091-go": {"*"},
	}
}

// pkg is what go list tells about a package.
type pkg struct {
	ImportPath   string
	Imports      []string
	TestImports  []string
	XTestImports []string
	Standard     bool
}

func (p pkg) name() string { return strings.TrimPrefix(p.ImportPath, module) }

func TestLayers(t *testing.T) {
	list := exec.CommandContext(t.Context(), "go", "list", "-e", "-json=ImportPath,Imports,TestImports,XTestImports,Standard", "./...")
	list.Dir = root(t)
	output, err := list.Output()
	require.NoError(t, err)
	var found []string
	decoder := json.NewDecoder(bytes.NewReader(output))
	for {
		var p pkg
		err := decoder.Decode(&p)
		if errors.Is(err, io.EOF) {
			break
		}
		require.NoError(t, err)
		found = append(found, forbiddenArrows(p)...)
	}
	report(t, found)
}

// forbiddenArrows are the imports of a package that the tables do not have.
func forbiddenArrows(p pkg) []string {
	layer, ok := layerOf(p.name())
	if !ok {
		return []string{p.name() + " has no place in the package graph: add it to ARCHITECTURE.md and to layers"}
	}
	var found []string
	for _, path := range p.Imports {
		if !allowed(layer, path, layers()[layer], modules()) {
			found = append(found, p.name()+" must not import "+path)
		}
	}
	inTests := append(slices.Clone(layers()[layer]), testsMay()[layer]...)
	for _, path := range slices.Concat(p.TestImports, p.XTestImports) {
		if !allowed(layer, path, inTests, modules()) && !allowed(layer, path, inTests, testModules()) {
			found = append(found, "the tests of "+p.name()+" must not import "+path)
		}
	}
	return found
}

// layerOf is the entry of layers that a package belongs to: its own or that of
// the nearest folder above it.
func layerOf(name string) (string, bool) {
	for {
		if _, ok := layers()[name]; ok {
			return name, true
		}
		i := strings.LastIndexByte(name, '/')
		if i < 0 {
			return "", false
		}
		name = name[:i]
	}
}

// allowed decides on one import of a package of the layer.
func allowed(layer, path string, ours []string, theirs map[string][]string) bool {
	if name, own := strings.CutPrefix(path, module); own {
		target, _ := layerOf(name)
		return target == layer || slices.Contains(ours, target) || slices.Contains(ours, "*")
	}
	if first, _, _ := strings.Cut(path, "/"); !strings.Contains(first, ".") {
		return path != "C"
	}
	for prefix, users := range theirs {
		if path == prefix || strings.HasPrefix(path, prefix+"/") {
			return slices.Contains(users, layer) || slices.Contains(users, "*")
		}
	}
	return false
}

func TestLayersHaveNoCycle(t *testing.T) {
	var visit func(name string, way []string)
	visit = func(name string, way []string) {
		require.NotContains(t, way, name, "cycle")
		for _, next := range layers()[name] {
			if next != "*" {
				require.Contains(t, layers(), next)
				visit(next, append(way, name))
			}
		}
	}
	for name := range layers() {
		visit(name, nil)
	}
}

func TestForbiddenArrows(t *testing.T) {
	badger, client := "github.com/dgraph-io/badger/v4", "github.com/rabbitmq/amqp091-go"
	for _, c := range []struct {
		p     pkg
		count int
	}{
		{pkg{ImportPath: module + "amqp", Imports: []string{"fmt", "encoding/binary"}}, 0},
		{pkg{ImportPath: module + "amqp", Imports: []string{module + "message"}}, 1},
		{pkg{ImportPath: module + "queue", Imports: []string{module + "amqp", module + "persistence"}}, 1},
		{pkg{ImportPath: module + "persistence", Imports: []string{badger, badger + "/options"}}, 0},
		{pkg{ImportPath: module + "broker", Imports: []string{badger}}, 1},
		{pkg{ImportPath: module + "broker", Imports: []string{module + "persistence"}}, 1},
		{pkg{ImportPath: module + "broker", TestImports: []string{module + "persistence"}}, 0},
		{pkg{ImportPath: module + "server", Imports: []string{client}}, 1},
		{pkg{ImportPath: module + "server", XTestImports: []string{client}}, 0},
		{pkg{ImportPath: module + "queue", TestImports: []string{badger}}, 1},
		{pkg{ImportPath: module + "configs", Imports: []string{"github.com/spf13/viper"}}, 0},
		{pkg{ImportPath: module + "cmd/leveret", Imports: []string{"github.com/spf13/viper"}}, 1},
		{pkg{ImportPath: module + "cmd/leveret", Imports: []string{module + "anything", "github.com/spf13/cobra"}}, 0},
		{pkg{ImportPath: module + "amqp/wire", Imports: []string{module + "amqp"}}, 0},
		{pkg{ImportPath: module + "newcomer"}, 1},
		{pkg{ImportPath: module + "amqp", Imports: []string{"C"}}, 1},
		{pkg{ImportPath: module + "amqp", Imports: []string{"example.com/other"}}, 1},
	} {
		require.Len(t, forbiddenArrows(c.p), c.count, "%+v", c.p)
	}
}
