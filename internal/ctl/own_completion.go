package ctl

import (
	"slices"
	"strings"

	"github.com/spf13/pflag"
)

// Complete is what may stand where the last of the arguments of a program begins: the
// names of commands, then options. Each may have a tab and its meaning behind it, as
// shells show it.
func Complete(name string, args []string, begun string) []string {
	var candidates []string
	add := func(word, about string) {
		if strings.HasPrefix(word, begun) {
			candidates = append(candidates, word+"\t"+about)
		}
	}
	if strings.HasPrefix(begun, "-") {
		var o options
		flags := o.flags()
		if name == OwnName {
			o.own.add(flags)
		}
		flags.VisitAll(func(f *pflag.Flag) { add("--"+f.Name, f.Usage) })
		return candidates
	}
	if len(args) > 0 {
		return completeOwn(name, args, add, &candidates)
	}
	at := slices.IndexFunc(programs(), func(p program) bool { return p.name == name })
	if at < 0 {
		return nil
	}
	for _, one := range programs()[at].commands {
		add(one.name, one.about)
	}
	return candidates
}

// completeOwn knows the words that Leveret's own commands take.
func completeOwn(name string, args []string, add func(word, about string), candidates *[]string) []string {
	if name != OwnName {
		return nil
	}
	switch last := args[len(args)-1]; {
	case last == "--by":
		for _, order := range orderNames() {
			add(order, "order")
		}
	case last == "--format" || last == "--formatter":
		for _, format := range formats() {
			add(format, "format")
		}
	case len(args) == 1 && last == "top":
		add("queues", "by what is published to and delivered from them")
		add("connections", "by what they send and get")
	}
	return *candidates
}
