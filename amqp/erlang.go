package amqp

import "strconv"

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
