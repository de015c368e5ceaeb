package crash

import (
	"errors"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
)

const (
	volumeSize  = "512M"
	volumeNeeds = "tests that fill a disk need root, and mount, umount and mkfs.ext4 with a free loop device " +
		"(Debian: mount, e2fsprogs); in a container that means --privileged"
	// untouched is what a file system may keep of its last octets.
	untouched = 256 << 10
)

// volume is a small file system of its own that tests can fill.
type volume struct{ mount string }

// eachVolume runs a test on ext4 and on tmpfs, which run out of space in ways of
// their own.
func eachVolume(t *testing.T, test func(*testing.T, *volume)) {
	require.Zero(t, os.Geteuid(), volumeNeeds)
	t.Run("ext4", func(t *testing.T) {
		image := filepath.Join(t.TempDir(), "image")
		command(t, "truncate", "-s", volumeSize, image)
		command(t, "mkfs.ext4", "-q", "-F", "-m", "0", image)
		test(t, mounted(t, "-o", "loop", image))
	})
	t.Run("tmpfs", func(t *testing.T) {
		test(t, mounted(t, "-t", "tmpfs", "-o", "size="+volumeSize, "leveret-test"))
	})
}

func mounted(t *testing.T, arguments ...string) *volume {
	t.Helper()
	v := &volume{mount: t.TempDir()}
	command(t, "mount", append(arguments, v.mount)...)
	t.Cleanup(func() { command(t, "umount", v.mount) })
	return v
}

func command(t *testing.T, name string, arguments ...string) {
	t.Helper()
	text, err := exec.Command(name, arguments...).CombinedOutput()
	require.NoError(t, err, "%s %s: %s; %s", name, strings.Join(arguments, " "), text, volumeNeeds)
}

// dataDir is a directory on the volume that does not exist at first.
func (v *volume) dataDir() string { return filepath.Join(v.mount, "data") }

// free is how many octets are left.
func (v *volume) free(t *testing.T) int64 {
	t.Helper()
	var stat syscall.Statfs_t
	require.NoError(t, syscall.Statfs(v.mount, &stat))
	return int64(stat.Bavail) * stat.Bsize
}

func (v *volume) fillerPath() string { return filepath.Join(v.mount, "filler") }

// fill takes all of the space that is left, and more while some is given back.
func (v *volume) fill(t *testing.T) {
	t.Helper()
	f, err := os.OpenFile(v.fillerPath(), os.O_WRONLY|os.O_CREATE, 0o600)
	require.NoError(t, err)
	defer f.Close()
	info, err := f.Stat()
	require.NoError(t, err)
	size := info.Size()
	for piece := int64(64 << 20); piece >= 4<<10; {
		err := syscall.Fallocate(int(f.Fd()), 0, size, piece)
		if err == nil {
			size += piece
			continue
		}
		require.True(t, errors.Is(err, syscall.ENOSPC), "%v", err)
		piece /= 2
	}
}

// empty gives back what fill has taken.
func (v *volume) empty(t *testing.T) {
	t.Helper()
	require.NoError(t, os.Remove(v.fillerPath()))
}

// eventually waits for a condition that nobody signals.
func eventually(t *testing.T, limit time.Duration, what string, condition func() bool) {
	t.Helper()
	require.Eventually(t, condition, limit, 20*time.Millisecond, what)
}
