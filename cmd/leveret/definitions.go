package main

import (
	"bytes"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"io/fs"
	"log/slog"
	"os"
	"path/filepath"
	"slices"

	"github.com/leveretmq/leveret/admin"
	"github.com/leveretmq/leveret/configs"
)

// importedName is the file in the data directory that tells which definitions were
// imported last, by their sum.
const importedName = "definitions.imported"

// loadDefinitions imports the files that the configuration names, in the order of their
// names.
func (n *node) loadDefinitions(config configs.Config, log *slog.Logger) error {
	if config.LoadDefinitions == "" {
		return nil
	}
	files, err := definitionFiles(config.LoadDefinitions)
	if err != nil {
		return fail(statusUsage, fmt.Errorf("load-definitions: %w", err))
	}
	sum := sha256.New()
	for _, f := range files {
		_, _ = sum.Write(f.content) // never fails
	}
	stamp, known := []byte(hex.EncodeToString(sum.Sum(nil))), filepath.Join(config.DataDir, importedName)
	if last, err := os.ReadFile(known); config.SkipUnchanged && err == nil && bytes.Equal(last, stamp) {
		log.Info("definitions have not changed since they were imported", "path", config.LoadDefinitions)
		return nil
	}
	for _, f := range files {
		if err := n.api.Import(admin.Actor{User: "rmq-internal", Peer: f.path}, f.content, ""); err != nil {
			return fail(statusUsage, fmt.Errorf("load-definitions: %s: %w", f.path, err))
		}
		log.Info("definitions were imported", "file", f.path)
	}
	return os.WriteFile(known, stamp, 0o600)
}

type definitionFile struct {
	path    string
	content []byte
}

// definitionFiles reads a file, or all files of a folder that end in .json.
func definitionFiles(path string) ([]definitionFile, error) {
	paths := []string{path}
	info, err := os.Stat(path)
	if err != nil {
		return nil, err
	}
	if info.IsDir() {
		if paths, err = filepath.Glob(filepath.Join(path, "*.json")); err != nil {
			return nil, err
		}
		slices.Sort(paths)
	}
	var files []definitionFile
	for _, path := range paths {
		content, err := os.ReadFile(path)
		if err != nil {
			return nil, err
		}
		files = append(files, definitionFile{path: path, content: content})
	}
	if len(files) == 0 {
		return nil, errors.Join(fs.ErrNotExist, fmt.Errorf("%s has no file that ends in .json", path))
	}
	return files, nil
}
