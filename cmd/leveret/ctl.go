package main

import (
	"fmt"
	"io"
	"os"
	"path/filepath"
	"slices"
	"strings"

	"github.com/spf13/cobra"
	"golang.org/x/term"

	"github.com/leveretmq/leveret/configs"
	"github.com/leveretmq/leveret/internal/ctl"
)

// serverName is RabbitMQ's name of the broker itself.
const serverName = "rabbitmq-server"

// invoked says which program is meant: the executable may have the name of one of
// RabbitMQ's, or the name may come first among the arguments.
func invoked(executable string, args []string) (name string, rest []string) {
	name = strings.TrimSuffix(filepath.Base(executable), ".exe")
	if slices.Contains(ctl.Programs(), name) {
		return name, args
	}
	if len(args) > 0 && args[0] == serverName {
		return serverName, args[1:]
	}
	// Options may stand before the name.
	if word := ctl.Word(args); slices.Contains(ctl.Programs(), word) {
		at := slices.Index(args, word)
		return word, slices.Concat(args[:at], args[at+1:])
	}
	return name, args
}

// control runs one of RabbitMQ's programs, if that is meant.
func control(name string, args []string, stdin io.Reader, stdout, stderr io.Writer) (status int, known bool) {
	if ctl.Own()[ctl.Word(args)] != "" && name != serverName && !slices.Contains(ctl.Programs(), name) {
		name = ctl.OwnName
	} else if !slices.Contains(ctl.Programs(), name) {
		return 0, false
	}
	return ctl.Run(name, args, ctl.Environment{
		Stdin: stdin, Stdout: stdout, Stderr: stderr, Getenv: os.Getenv, DataDir: dataDir(), Version: version(), Size: terminalSize,
	}), true
}

// terminalSize is the size of the terminal behind a writer, in characters; zero if it is
// none.
func terminalSize(w io.Writer) (columns, rows int) {
	file, ok := w.(*os.File)
	if !ok {
		return 0, 0
	}
	columns, rows, err := term.GetSize(int(file.Fd()))
	if err != nil {
		return 0, 0
	}
	return columns, rows
}

// dataDir is where the broker of this machine keeps its data, unless a flag or a file
// says otherwise.
func dataDir() string {
	if dir := os.Getenv("LEVERET_DATA_DIR"); dir != "" {
		return dir
	}
	return configs.Default().DataDir
}

// programCommands are the programs in the list of commands; main runs them before it
// looks at that.
func programCommands() []*cobra.Command {
	var list []*cobra.Command
	add := func(name, about, program string, before ...string) {
		command := &cobra.Command{
			Use: name, Short: about, DisableFlagParsing: true,
			ValidArgsFunction: func(_ *cobra.Command, args []string, begun string) ([]string, cobra.ShellCompDirective) {
				return ctl.Complete(program, slices.Concat(before, args), begun), cobra.ShellCompDirectiveDefault
			},
			RunE: func(*cobra.Command, []string) error { // main has run it, if it understood the options before it
				return fail(statusUsage, fmt.Errorf("options of %s go behind it; leveret %s --help tells of them", name, name))
			},
		}
		command.SetHelpFunc(func(command *cobra.Command, _ []string) {
			ctl.Run(program, slices.Concat([]string{"help"}, before), ctl.Environment{Stdout: command.OutOrStdout(), Stderr: command.ErrOrStderr()})
		})
		list = append(list, command)
	}
	for _, name := range ctl.Programs() {
		add(name, "What "+name+" does, for a running broker ("+name+" help)", name)
	}
	for name, about := range ctl.Own() {
		add(name, about, ctl.OwnName, name)
	}
	return list
}
