package main

import (
	"errors"
	"fmt"
	"net"
	"net/http"
	"net/http/pprof"
	"net/netip"
	"os"
	"strings"

	"github.com/leveretmq/leveret/configs"
)

// profiles serves Go's profiles under /debug/pprof/. They show what the memory of the
// broker is made of, so that nobody but this machine may ask for them, which the
// configuration sees to.
func profiles() http.Handler {
	mux := http.NewServeMux()
	mux.HandleFunc("GET /debug/pprof/", pprof.Index)
	mux.HandleFunc("GET /debug/pprof/cmdline", pprof.Cmdline)
	mux.HandleFunc("GET /debug/pprof/profile", pprof.Profile)
	mux.HandleFunc("GET /debug/pprof/symbol", pprof.Symbol)
	mux.HandleFunc("GET /debug/pprof/trace", pprof.Trace)
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if !asksLocally(r) {
			http.Error(w, "profiles are for this machine only", http.StatusForbidden)
			return
		}
		mux.ServeHTTP(w, r)
	})
}

// asksLocally says that a request names this machine as what it wants to reach. A page
// in a browser of this machine that was led here by a name of its own does not.
func asksLocally(r *http.Request) bool {
	if at, ok := r.Context().Value(http.LocalAddrContextKey).(net.Addr); ok && at.Network() == "unix" {
		return true
	}
	host := r.Host
	if name, _, err := net.SplitHostPort(host); err == nil {
		host = name
	}
	ip, err := netip.ParseAddr(strings.Trim(host, "[]"))
	return host == "localhost" || err == nil && ip.IsLoopback()
}

// listenProfiles opens the address of the profiles: of this machine, or a socket.
func listenProfiles(address string) (net.Listener, error) {
	path, socket := strings.CutPrefix(address, configs.SocketPrefix)
	if !socket {
		return listenFor("pprof-listen", address)
	}
	l, err := listenSocket(path)
	if err != nil {
		return nil, fmt.Errorf("pprof-listen: %w", err)
	}
	if err := os.Chmod(path, controlMode); err != nil {
		return nil, errors.Join(fail(statusListen, err), l.Close())
	}
	return l, nil
}
