package main

import (
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
)

// specModule is the module that carries the XML, a test dependency of ours.
const specModule = "github.com/rabbitmq/amqp091-go"

func main() {
	if err := run("."); err != nil {
		fmt.Fprintln(os.Stderr, "amqpgen:", err)
		os.Exit(1)
	}
}

// run writes the generated files into dir.
func run(dir string) error {
	files, err := generate()
	if err != nil {
		return err
	}
	for _, f := range files {
		if err := os.WriteFile(filepath.Join(dir, f.name), f.source, 0o644); err != nil {
			return err
		}
	}
	return nil
}

// generate returns all generated files.
func generate() ([]file, error) {
	path, err := specPath()
	if err != nil {
		return nil, err
	}
	raw, err := os.ReadFile(path)
	if err != nil {
		return nil, err
	}
	classes, err := parseSpec(raw)
	if err != nil {
		return nil, fmt.Errorf("%s: %w", path, err)
	}
	return emit(withOverlay(classes))
}

// specPath asks the go command where the XML lies.
func specPath() (string, error) {
	out, err := exec.Command("go", "list", "-m", "-f", "{{.Dir}}", specModule).Output()
	if err != nil {
		return "", fmt.Errorf("go list -m %s: %w", specModule, err)
	}
	dir := strings.TrimSpace(string(out))
	if dir == "" {
		return "", fmt.Errorf("module %s is not downloaded: run go mod download", specModule)
	}
	return filepath.Join(dir, "spec", "amqp0-9-1.stripped.extended.xml"), nil
}
