package process

import (
	"bytes"
	"errors"
	"fmt"
	"net"
	"os"
	"path/filepath"
	"strconv"
	"strings"
)

// ErrNotHere says that no process of this machine that can be looked into
// listens on a port.
var ErrNotHere = errors.New("no process on this machine that can be looked into listens there")

// listenState is the state of a listening socket in /proc/net/tcp.
const listenState = "0A"

// Listening is the process that listens on an address ("host:port") of this
// machine. The error is ErrNotHere if the host is another one, if the process
// belongs to somebody else, or if the system does not tell.
func Listening(address string) (pid int, err error) {
	host, port, err := net.SplitHostPort(address)
	if err != nil {
		return 0, err
	}
	number, err := net.LookupPort("tcp", port)
	if err != nil {
		return 0, err
	}
	if !local(host) {
		return 0, ErrNotHere
	}
	links, err := filepath.Glob("/proc/[0-9]*/fd/*")
	if err != nil {
		return 0, err
	}
	sockets := listeners(number)
	for _, link := range links {
		// What is not ours to see, or has gone, is none of the sockets.
		target, err := os.Readlink(link)
		if err == nil && sockets[target] {
			return strconv.Atoi(strings.Split(link, "/")[2])
		}
	}
	return 0, ErrNotHere
}

// listeners are the sockets that listen on a port, as the links in /proc name
// them.
func listeners(port int) map[string]bool {
	found := map[string]bool{}
	for _, table := range []string{"/proc/net/tcp", "/proc/net/tcp6"} {
		content, err := os.ReadFile(table)
		if err != nil {
			continue // not this system, or without IPv6
		}
		for line := range bytes.Lines(content) {
			// Number, local address, remote address, state; the tenth is the inode.
			fields := strings.Fields(string(line))
			if len(fields) > 9 && fields[3] == listenState && strings.HasSuffix(fields[1], fmt.Sprintf(":%04X", port)) {
				found["socket:["+fields[9]+"]"] = true
			}
		}
	}
	return found
}

// local says whether a host is this machine.
func local(host string) bool {
	addresses, err := net.LookupIP(host)
	if err != nil {
		return false
	}
	own, err := net.InterfaceAddrs()
	if err != nil {
		return false
	}
	for _, address := range addresses {
		if address.IsLoopback() {
			return true
		}
		for _, o := range own {
			if n, ok := o.(*net.IPNet); ok && n.IP.Equal(address) {
				return true
			}
		}
	}
	return false
}
