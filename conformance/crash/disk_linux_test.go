package crash

import (
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
)

const (
	diskSize = "4G" // sparse
	// snapshotTries is how often a copy of the image is taken again because the
	// device was written to meanwhile.
	snapshotTries = 20
	diskNeeds     = "tests that cut the power need root, /dev/loop-control with a free loop device, and losetup, " +
		"mkfs.ext4, mount and umount (Debian: mount, e2fsprogs); in a container that means --privileged"
)

// disk is a file system of its own whose power can be cut: an image in a file,
// seen as a block device, with ext4 on it. What has reached the device is in the
// image; what has not is in memory, and gone with the power.
type disk struct {
	dir    string // of images
	number int    // of the image
	image  string
	device string
	mount  string
}

// newDisk makes an empty disk. Its power can be cut until the end of the test.
func newDisk(t *testing.T) *disk {
	t.Helper()
	require.Zero(t, os.Geteuid(), diskNeeds)
	d := &disk{dir: t.TempDir(), mount: t.TempDir()}
	d.image = filepath.Join(d.dir, "0")
	d.run(t, "truncate", "-s", diskSize, d.image)
	d.run(t, "mkfs.ext4", "-q", "-F", "-E", "lazy_itable_init=1", "-N", "16384", d.image)
	d.plugIn(t)
	t.Cleanup(func() { d.unplug(t) })
	return d
}

// dataDir is a directory on the disk that does not exist at first.
func (d *disk) dataDir() string { return filepath.Join(d.mount, "data") }

func (d *disk) run(t *testing.T, name string, arguments ...string) string {
	t.Helper()
	text, err := exec.Command(name, arguments...).CombinedOutput()
	require.NoError(t, err, "%s %s: %s; %s", name, strings.Join(arguments, " "), text, diskNeeds)
	return strings.TrimSpace(string(text))
}

// plugIn mounts the image, which replays its journal. Nothing writes to it but
// what the broker causes.
func (d *disk) plugIn(t *testing.T) {
	t.Helper()
	d.device = d.run(t, "losetup", "--find", "--show", d.image)
	d.run(t, "mount", "-o", "noinit_itable,noatime", d.device, d.mount)
}

func (d *disk) unplug(t *testing.T) {
	t.Helper()
	d.run(t, "umount", d.mount)
	d.run(t, "losetup", "--detach", d.device)
}

// cut goes on with what had reached the device, in place of the disk as the
// programs saw it. Nobody may use it meanwhile.
func (d *disk) cut(t *testing.T) {
	t.Helper()
	d.number++
	old, image := d.image, filepath.Join(d.dir, fmt.Sprint(d.number))
	d.snapshot(t, image)
	d.unplug(t)
	require.NoError(t, os.Remove(old))
	d.image = image
	d.plugIn(t)
}

// snapshot copies the image at a moment at which nothing is written to it: a
// copy from before and after a write would be a state that no disk was in.
func (d *disk) snapshot(t *testing.T, image string) {
	t.Helper()
	for range snapshotTries {
		before := d.writes(t)
		d.run(t, "cp", "--sparse=always", d.image, image)
		if d.writes(t) == before && before.inFlight == "0" {
			return
		}
	}
	require.FailNow(t, "the disk is never at rest", "tried %d times", snapshotTries)
}

type writes struct{ sectors, inFlight string }

// writes reads how much was written to the device so far.
func (d *disk) writes(t *testing.T) writes {
	t.Helper()
	const sectors, inFlight = 6, 8 // fields of the block layer's statistics
	text, err := os.ReadFile(filepath.Join("/sys/block", filepath.Base(d.device), "stat"))
	require.NoError(t, err)
	fields := strings.Fields(string(text))
	require.Greater(t, len(fields), inFlight, "%s", text)
	return writes{sectors: fields[sectors], inFlight: fields[inFlight]}
}
