package main

import (
	"os"
	"path/filepath"
	"testing"

	"github.com/stretchr/testify/require"
)

const packageDir = "../../amqp"

// TestGeneratedFilesAreCurrent fails when amqp/ holds anything but what this
// program writes now.
func TestGeneratedFilesAreCurrent(t *testing.T) {
	files, err := generate()
	require.NoError(t, err)
	var names []string
	for _, f := range files {
		names = append(names, filepath.Join(packageDir, f.name))
		committed, err := os.ReadFile(filepath.Join(packageDir, f.name))
		require.NoError(t, err)
		require.Equal(t, string(f.source), string(committed), "%s: run go generate in amqp/", f.name)
	}
	present, err := filepath.Glob(filepath.Join(packageDir, "methods*.go"))
	require.NoError(t, err)
	require.ElementsMatch(t, names, present)
}

func TestGenerationIsRepeatable(t *testing.T) {
	first, err := generate()
	require.NoError(t, err)
	second, err := generate()
	require.NoError(t, err)
	require.Equal(t, first, second)
}

func TestRunWritesTheFiles(t *testing.T) {
	dir := t.TempDir()
	require.NoError(t, run(dir))
	written, err := filepath.Glob(filepath.Join(dir, "methods*.go"))
	require.NoError(t, err)
	require.Len(t, written, 9)
}

func TestGoName(t *testing.T) {
	for name, want := range map[string]string{
		"basic": "Basic", "start-ok": "StartOk", "class-id": "ClassID", "no-wait": "NoWait",
	} {
		require.Equal(t, want, goName(name))
	}
}

func TestParseSpecRefusesUnknownTypes(t *testing.T) {
	const spec = `<amqp><class name="c" index="1"><method name="m" index="2">
		<field name="f" domain="nonsense"/></method></class></amqp>`
	_, err := parseSpec([]byte(spec))
	require.ErrorContains(t, err, "c.m: field f")
	_, err = parseSpec([]byte("<amqp>"))
	require.Error(t, err)
}

// TestBitRun checks that bits share octets only with their neighbours, and at
// most eight of them.
func TestBitRun(t *testing.T) {
	bit, octet := field{Type: "bit"}, field{Type: "octet"}
	require.Empty(t, bitRun([]field{octet, bit}))
	require.Len(t, bitRun([]field{bit, bit, octet, bit}), 2)
	require.Len(t, bitRun([]field{bit, bit, bit, bit, bit, bit, bit, bit, bit}), 8)
}
