package amqp

import "strconv"

// erlangEscapes are the control characters that Erlang prints by name in a
// string. The others make a binary unprintable.
const erlangEscapes = "\b\t\n\v\f\r\x1b"

// erlangEscapeNames are the letters after the backslash, in the same order.
const erlangEscapeNames = "btnvfre"

// erlangOctets prints octets as Erlang's ~w does, `<<0,10,255>>`. What would
// not fit a reply text anyway is not printed, however long the input is.
func erlangOctets(octets []byte) string {
	text := append(make([]byte, 0, 64), "<<"...)
	for i, o := range octets {
		if len(text) > MaxShortString {
			break
		}
		if i > 0 {
			text = append(text, ',')
		}
		text = strconv.AppendUint(text, uint64(o), 10)
	}
	return string(append(text, ">>"...))
}

// erlangTerm prints octets as Erlang's ~p does: as text where all of them are
// printable, `<<"GET /">>`, as numbers otherwise.
func erlangTerm(octets []byte) string {
	if len(octets) == 0 {
		return "<<>>"
	}
	text := append(make([]byte, 0, 64), `<<"`...)
	for _, o := range octets {
		switch name := erlangEscape(o); {
		case name != 0:
			text = append(text, '\\', name)
		case o >= ' ' && o <= '~':
			text = append(text, o)
		default:
			return erlangOctets(octets)
		}
	}
	return string(append(text, `">>`...))
}

// erlangEscape returns what follows the backslash in a string, or zero.
func erlangEscape(o byte) byte {
	if o == '"' || o == '\\' {
		return o
	}
	for i := range len(erlangEscapes) {
		if erlangEscapes[i] == o {
			return erlangEscapeNames[i]
		}
	}
	return 0
}
