package main

import (
	"log/slog"
	"net"
	"os"
	"strings"
	"time"
)

// notifier tells the service manager that started the process what it is doing,
// in the way of systemd's sd_notify: lines in a datagram to a socket. Without
// a manager it tells nobody.
type notifier struct {
	socket string // a path, or an abstract name after @; empty for nobody
	log    *slog.Logger
}

// notifySocket is the variable of the environment with the manager's socket.
const notifySocket = "NOTIFY_SOCKET"

// notifyPatience is how long a manager that does not read may hold the broker
// up.
const notifyPatience = time.Second

func newNotifier(log *slog.Logger) notifier {
	return notifier{socket: os.Getenv(notifySocket), log: log}
}

// tell sends assignments such as READY=1. Nobody having heard them is no reason
// to stop.
func (n notifier) tell(assignments ...string) {
	if n.socket == "" {
		return
	}
	if err := n.send(strings.Join(assignments, "\n")); err != nil {
		n.log.Warn("the service manager was not told", "socket", n.socket, "error", err)
	}
}

func (n notifier) send(text string) error {
	conn, err := net.Dial("unixgram", n.socket)
	if err != nil {
		return err
	}
	defer conn.Close()
	if err := conn.SetWriteDeadline(time.Now().Add(notifyPatience)); err != nil {
		return err
	}
	_, err = conn.Write([]byte(text))
	return err
}
