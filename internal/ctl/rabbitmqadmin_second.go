package ctl

import (
	"slices"
	"strings"
)

// secondNames are the options of RabbitMQ 4's program that mean an argument of another
// name, by verb and object.
func secondNames() map[string]string {
	return map[string]string{
		"declare queue type": "queue_type", "get ack_mode": "ackmode", "declare policy apply_to": "apply-to",
		"declare operator_policy apply_to": "apply-to", "declare user hashing_algorithm": "hashing_algorithm",
	}
}

// fromSecondGrammar puts the words of RabbitMQ 4's program into those of the script:
// "queues declare --name q" is "declare queue name=q". What is the script's already stays
// as it is. Lenient is --idempotently: what is not there need not be deleted.
func fromSecondGrammar(args []string) (translated []string, lenient bool) {
	var options, words, pairs []string
	foreign := false
	for i := 0; i < len(args); i++ {
		arg := args[i]
		name, value, joined := strings.Cut(arg, "=")
		switch {
		case arg == "--tls" || arg == "--idempotently" || arg == "--non-interactive":
			foreign, lenient = true, lenient || arg == "--idempotently"
			if arg == "--tls" {
				options = append(options, "--ssl")
			}
		case !strings.HasPrefix(arg, "-") || arg == "-" || arg == "--":
			words = append(words, arg)
		case !strings.HasPrefix(arg, "--") || isScriptOption(name):
			options = append(options, arg)
			if takesNext(arg) && i+1 < len(args) {
				i++
				options = append(options, args[i])
			}
		default:
			foreign = true
			if !joined {
				if i++; i == len(args) {
					return args, false // the script's grammar refuses it
				}
				value = args[i]
			}
			pairs = append(pairs, strings.ReplaceAll(name[2:], "-", "_")+"="+value)
		}
	}
	ordered := inOrder(words)
	if !foreign && slices.Equal(ordered, words) {
		return args, false
	}
	for i, pair := range pairs {
		name, value, _ := strings.Cut(pair, "=")
		switch other := secondNames()[strings.Join(append(slices.Clone(ordered), name), " ")]; {
		case other != "":
			pairs[i] = other + "=" + value
		case name == "file" && len(ordered) > 0 && (ordered[0] == "export" || ordered[0] == "import"):
			pairs[i] = value
		}
	}
	return slices.Concat(options, ordered, pairs), lenient
}

// isScriptOption says whether the script has an option that begins so.
func isScriptOption(name string) bool {
	return slices.ContainsFunc(scriptOptions(), func(o scriptOption) bool { return strings.HasPrefix(o.long, name) })
}

// takesNext says whether the value of an option is the next word.
func takesNext(arg string) bool {
	if strings.HasPrefix(arg, "--") {
		option, err := longOption(arg)
		return err == nil && option.flag == ""
	}
	last := "-" + arg[len(arg)-1:]
	return slices.ContainsFunc(scriptOptions(), func(o scriptOption) bool { return o.short == last && o.flag == "" }) && shortEnds(arg)
}

// shortEnds says whether only the last of short options takes a value.
func shortEnds(arg string) bool {
	for i := 1; i < len(arg)-1; i++ {
		if slices.ContainsFunc(scriptOptions(), func(o scriptOption) bool { return o.short == "-"+arg[i:i+1] && o.flag == "" }) {
			return false
		}
	}
	return true
}

// inOrder makes "list queues" of "queues list", and "declare queue" of "queues declare".
func inOrder(words []string) []string {
	if len(words) < 2 {
		return words
	}
	first, second, rest := words[0], words[1], words[2:]
	switch {
	case first == "publish" && second == "message", first == "get" && second == "messages":
		return append([]string{first}, rest...)
	case (first == "export" || first == "import") && second == "definitions":
		return append([]string{first}, rest...)
	case first == "definitions" && (second == "export" || second == "import"):
		return append([]string{second}, rest...)
	case second == "list":
		return append([]string{"list", first}, rest...)
	case slices.Contains([]string{"declare", "delete", "purge", "close"}, second) && strings.HasSuffix(first, "s"):
		noun := strings.TrimSuffix(first, "s")
		if stem, plural := strings.CutSuffix(first, "ies"); plural {
			noun = stem + "y"
		}
		return append([]string{second, noun}, rest...)
	case first == "declare" || first == "delete":
		return append([]string{first, strings.TrimSuffix(second, "s")}, rest...)
	}
	return words
}
