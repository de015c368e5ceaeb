package configs

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"os"
	"slices"
	"strings"

	"go.yaml.in/yaml/v3"
)

// file is the configuration file: its values, and where each key stands.
type file struct {
	name   string
	values map[string]any
	lines  map[string]int
}

// position is where a key stands: file name and line.
func (f file) position(key string) string { return fmt.Sprintf("%s:%d", f.name, f.lines[key]) }

// readFile reads the file and refuses keys that do not exist. Without a name
// there is nothing to read.
func readFile(name string) (file, error) {
	if name == "" {
		return file{}, nil
	}
	content, err := os.ReadFile(name)
	if err != nil {
		return file{}, fmt.Errorf("cannot read the configuration file: %w", err)
	}
	root, err := parseYAML(content)
	if err != nil {
		return file{}, fmt.Errorf("%s: %w", name, err)
	}
	from := file{name: name, values: map[string]any{}, lines: map[string]int{}}
	if root == nil {
		return from, nil
	}
	return from, from.take(root)
}

// parseYAML gives the mapping at the top; nil if the file is empty.
func parseYAML(content []byte) (*yaml.Node, error) {
	decoder := yaml.NewDecoder(bytes.NewReader(content))
	var document yaml.Node
	if err := decoder.Decode(&document); errors.Is(err, io.EOF) {
		return nil, nil
	} else if err != nil {
		return nil, oneLine(err)
	}
	var more yaml.Node
	if err := decoder.Decode(&more); !errors.Is(err, io.EOF) {
		return nil, errors.New("it must be a single YAML document")
	}
	root := document.Content[0]
	if root.Kind != yaml.MappingNode {
		return nil, errors.New("it must consist of lines of the form key: value")
	}
	return root, nil
}

// oneLine is for errors of the YAML reader, which can have several lines.
func oneLine(err error) error {
	return errors.New(strings.Join(strings.Fields(err.Error()), " "))
}

// take reads the entries of the mapping at the top.
func (f file) take(root *yaml.Node) error {
	known := keys()
	var problems []string
	for i := 0; i+1 < len(root.Content); i += 2 {
		key, node := root.Content[i].Value, root.Content[i+1]
		if complaint := f.takeEntry(key, root.Content[i].Line, node, known); complaint != "" {
			problems = append(problems, fmt.Sprintf("%s:%d: %s", f.name, root.Content[i].Line, complaint))
		}
	}
	return join(problems)
}

// takeEntry reads one entry, or says what is wrong with it.
func (f file) takeEntry(key string, line int, node *yaml.Node, known []string) string {
	if key == keyConfig {
		return "the file cannot name a configuration file: use --config or " + variable(keyConfig)
	}
	if !slices.Contains(known, key) {
		return fmt.Sprintf("unknown key %q, did you mean %q?", key, nearest(key, known))
	}
	if first, twice := f.lines[key]; twice {
		return fmt.Sprintf("%s is given twice, first in line %d", key, first)
	}
	var value any
	if err := node.Decode(&value); err != nil {
		return oneLine(err).Error()
	}
	if value == nil {
		return key + " has no value"
	}
	f.values[key], f.lines[key] = value, line
	return ""
}
