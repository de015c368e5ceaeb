package management

import (
	"net/netip"
	"time"
)

// Facts is what only the program around the broker knows of the process and of where
// it runs. What is not known is zero.
type Facts struct {
	// Listeners are what clients can connect to.
	Listeners []Listener
	// DataDir is the data directory; LogFiles and ConfigFiles are files, and
	// "<stdout>" and the like.
	DataDir               string
	LogFiles, ConfigFiles []string
	// MemoryUsed is what the process has in memory, and MemoryLimit what it may use
	// before publishers are blocked, in octets. DiskFree and DiskFreeLimit are the
	// same for the disk of the data directory.
	MemoryUsed, MemoryLimit int64
	DiskFree, DiskFreeLimit int64
	// FilesUsed are open files and sockets, SocketsUsed the sockets among them, and
	// FilesLimit is how many the process may have.
	FilesUsed, FilesLimit, SocketsUsed int64
	// ReadOctets and WrittenOctets are what the process has read from disks and
	// written to them. Commits and Syncs are how often the store has written and
	// synced, and their times how long that took together.
	ReadOctets, WrittenOctets int64
	Commits, Syncs            int64
	CommitTime, SyncTime      time.Duration
}

// Listener is something that clients can connect to.
type Listener struct {
	// Protocol is RabbitMQ's name: amqp, amqp/ssl, http, https, http/prometheus.
	Protocol string
	Address  netip.AddrPort
}

// facts are the program's, of this moment.
func (a *API) facts() Facts {
	if a.options.Facts == nil {
		return Facts{}
	}
	return a.options.Facts()
}
