package configs

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"strings"
)

const (
	// includeDepth bounds how deep files include each other.
	includeDepth = 8
	// substitutionDepth bounds how deep values refer to each other.
	substitutionDepth = 16
	// secretFileMost bounds a file that is a value, in octets.
	secretFileMost = 1 << 20
)

// given is one setting in RabbitMQ's terms.
type given struct {
	key   []string
	value string
	// from is where it stands: file and line, or the name of a variable.
	from string
	// folder is that of its file, empty for a variable.
	folder string
	// variable says that the environment has it.
	variable bool
}

func (g given) name() string { return keyText(g.key) }

// rabbitFiles reads files as RabbitMQ does: what comes later wins.
type rabbitFiles struct {
	names    []string // that were read, in their order
	all      []given  // in their order
	problems []string
}

// readRabbitMQ reads a rabbitmq.conf, then its further files in the order of their
// names: those that further names, a pattern or a folder, or else conf.d beside it.
// The name may be that of a folder which has both.
func readRabbitMQ(name, further string) *rabbitFiles {
	r := &rabbitFiles{}
	if name == "" && further == "" {
		return r
	}
	folder := filepath.Dir(name)
	if name != "" {
		if isFolder(name) {
			folder = name
			name = filepath.Join(folder, "rabbitmq.conf")
			if _, err := os.Stat(name); errors.Is(err, fs.ErrNotExist) {
				name = ""
			}
		}
		if name != "" {
			r.read(withEnding(name), 0)
		}
	}
	switch {
	case further == "":
		further = filepath.Join(folder, "conf.d", "*.conf")
	case isFolder(further):
		further = filepath.Join(further, "*.conf")
	}
	r.readAll(further, 0)
	return r
}

func isFolder(name string) bool {
	info, err := os.Stat(name)
	return err == nil && info.IsDir()
}

// withEnding completes a name as RABBITMQ_CONFIG_FILE may give it.
func withEnding(name string) string {
	if _, err := os.Stat(name); errors.Is(err, fs.ErrNotExist) && filepath.Ext(name) == "" {
		return name + ".conf"
	}
	return name
}

// readAll reads the files that a pattern names, in the order of their names.
func (r *rabbitFiles) readAll(pattern string, depth int) {
	names, err := filepath.Glob(pattern)
	if err != nil {
		r.problems = append(r.problems, fmt.Sprintf("%s: %v", pattern, err))
		return
	}
	slices.Sort(names)
	for _, name := range names {
		r.read(name, depth)
	}
}

func (r *rabbitFiles) read(name string, depth int) {
	if filepath.Ext(name) == ".config" {
		r.problems = append(r.problems, name+": Erlang terms cannot be read: write it in the form of rabbitmq.conf")
		return
	}
	content, err := os.ReadFile(name)
	if err != nil {
		r.problems = append(r.problems, fmt.Sprintf("cannot read the configuration file: %v", err))
		return
	}
	r.names = append(r.names, name)
	lines, problems := parseLines(name, string(content))
	r.problems = append(r.problems, problems...)
	for _, l := range lines {
		from := fmt.Sprintf("%s:%d", name, l.number)
		switch {
		case l.include == "":
			r.all = append(r.all, given{key: l.key, value: l.value, from: from, folder: filepath.Dir(name)})
		case depth == includeDepth:
			r.problems = append(r.problems, from+": files include each other too deeply")
		default:
			r.readAll(beside(filepath.Dir(name), l.include), depth+1)
		}
	}
}

// beside is a path as a file in the folder means it.
func beside(folder, path string) string {
	if filepath.IsAbs(path) {
		return path
	}
	return filepath.Join(folder, path)
}

// resolve puts in what values refer to: $(NAME) is another key or a variable of the
// environment, $(<NAME) the content of a file.
func (g given) resolve(values map[string]string) (string, error) {
	if name, found := strings.CutPrefix(g.value, "$(<"); found && strings.HasSuffix(name, ")") && !g.variable {
		return fileContent(beside(g.folder, strings.TrimSpace(strings.TrimSuffix(name, ")"))))
	}
	if g.variable {
		return g.value, nil
	}
	return substitute(g.value, values, substitutionDepth)
}

func substitute(text string, values map[string]string, depth int) (string, error) {
	var out strings.Builder
	for {
		before, rest, found := strings.Cut(text, "$(")
		name, after, closed := strings.Cut(rest, ")")
		if !found || !closed {
			out.WriteString(text)
			return out.String(), nil
		}
		if depth == 0 {
			return "", errors.New("values refer to each other in a circle")
		}
		name = strings.TrimSpace(name)
		value, known := values[name]
		if !known {
			value, known = os.LookupEnv(name)
		}
		if !known {
			return "", fmt.Errorf("there is no variable and no key %s", name)
		}
		value, err := substitute(value, values, depth-1)
		if err != nil {
			return "", err
		}
		out.WriteString(before + value)
		if out.Len() > secretFileMost {
			return "", errors.New("it is too long")
		}
		text = after
	}
}

// fileContent is what a file that is a value has, without its last line break.
func fileContent(name string) (string, error) {
	info, err := os.Stat(name)
	if err != nil {
		return "", err
	}
	if info.Size() > secretFileMost {
		return "", fmt.Errorf("%s is too large for a value", name)
	}
	content, err := os.ReadFile(name)
	if err != nil {
		return "", err
	}
	return strings.TrimSuffix(strings.TrimSuffix(string(content), "\n"), "\r"), nil
}
