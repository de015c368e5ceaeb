package main

import (
	"runtime"
	"runtime/debug"
)

// linked is the version that the linker sets:
// -ldflags "-X main.linked=1.2.3".
var linked string

// version is that of the linker, or else that of the module, as go install
// records it, or else the revision that was built.
func version() string {
	if linked != "" {
		return linked
	}
	info, ok := debug.ReadBuildInfo()
	if !ok {
		return "unknown"
	}
	if v := info.Main.Version; v != "" && v != "(devel)" {
		return v
	}
	for _, setting := range info.Settings {
		if setting.Key == "vcs.revision" {
			return "devel-" + setting.Value[:min(12, len(setting.Value))]
		}
	}
	return "devel"
}

// banner is the first line that the broker shows.
func banner() string {
	return "Leveret " + version() + " (" + runtime.Version() + ", " + runtime.GOOS + "/" + runtime.GOARCH + ")"
}
