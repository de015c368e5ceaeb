package main

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
)

// confinement is a control group with little memory, for one broker.
type confinement struct{ dir string }

// confine makes a control group, of version 1 or 2, that has so many octets of memory.
// Root may do that on Linux.
func confine(octets int64) (*confinement, error) {
	parent, limit := "/sys/fs/cgroup/memory", "memory.limit_in_bytes"
	if _, err := os.Stat(parent); errors.Is(err, fs.ErrNotExist) {
		parent, limit = "/sys/fs/cgroup", "memory.max"
	}
	dir, err := os.MkdirTemp(parent, "leveret-measure-")
	if err != nil {
		return nil, fmt.Errorf("a control group: %w", err)
	}
	c := &confinement{dir: dir}
	if err := os.WriteFile(filepath.Join(dir, limit), []byte(strconv.FormatInt(octets, 10)), 0o600); err != nil {
		return nil, errors.Join(fmt.Errorf("the limit of a control group: %w", err), c.close())
	}
	return c, nil
}

// command runs a program in the control group from its first instruction on: the broker
// asks early what it may use. Nil confines nothing.
func (c *confinement) command(path string, flags []string) *exec.Cmd {
	if c == nil {
		return exec.Command(path, flags...)
	}
	const enter = `echo $$ > "$0" && exec "$@"`
	return exec.Command("/bin/sh", append([]string{"-c", enter, filepath.Join(c.dir, "cgroup.procs"), path}, flags...)...)
}

// close removes the control group, whose process has ended.
func (c *confinement) close() error {
	if c == nil {
		return nil
	}
	return os.Remove(c.dir)
}
