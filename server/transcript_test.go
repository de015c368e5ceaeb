package server_test

import (
	"flag"
	"fmt"
	"maps"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/leveretmq/leveret/broker"
	"github.com/leveretmq/leveret/server"
)

var update = flag.Bool("update", false, "rewrite the transcripts with what the server answers")

// TestTranscripts plays the conversations in testdata: one file for each rule.
//
// A line "C: 1 basic.get{queue: "q"}" is what the client sends on channel 1,
// "S: ..." what the server answers; C2 and S2 are a second connection. Lines of
// one client that follow each other are sent in one go, and the server's
// answers stand behind them, complete: each conversation runs in virtual time,
// in which it is known when the server has no more to say. Confirms that
// follow each other are shown as one. Other words of the client:
//
//	C: connect        a socket, and nothing else
//	C: greet          the handshake up to connection.start; not shown
//	C: log in         the same up to connection.tune
//	C: tune           the same up to connection.tune-ok
//	C: open           all of it, and channel 1 opened
//	C: octets "\x00"  anything
//	C: hang up        the socket is closed
//	T: 5s             time passes
//	A: disk low       the alarm of a resource goes on
//	A: disk well      and off
//
// Names that the server invents are counted: amq.gen-1 is the first one, and
// amq.rabbitmq.reply-to.1.1 the address of the first requester. Where
// the word "durable" comes up, the store is the real one. The
// options of the server are those of the file's first line, if it has any:
// "# options: frame-max 4096".
func TestTranscripts(t *testing.T) {
	files, err := filepath.Glob("testdata/*.txt")
	require.NoError(t, err)
	require.NotEmpty(t, files)
	for _, file := range files {
		t.Run(strings.TrimSuffix(filepath.Base(file), ".txt"), func(t *testing.T) {
			content, err := os.ReadFile(file)
			require.NoError(t, err)
			synctest.Test(t, func(t *testing.T) {
				played := play(t, string(content))
				if *update {
					require.NoError(t, os.WriteFile(file, []byte(played), 0o644))
					return
				}
				require.Equal(t, string(content), played)
			})
		})
	}
}

// play is the script with the server's lines as they are now.
func play(t *testing.T, script string) string {
	lines := strings.Split(strings.TrimSuffix(script, "\n"), "\n")
	l := newListener()
	var store broker.Store
	if strings.Contains(script, "durable") {
		store = durable(t)
	} else {
		store = newVolatile()
	}
	served := serve(t, l, store, options(t, lines[0]))
	c := &conversation{t: t, listener: l, alarms: served.broker.Alarms(), parties: make(map[string]*party), names: make(map[string]string)}
	for _, line := range lines {
		c.line(line)
	}
	c.listen()
	for _, p := range c.parties {
		p.hangUp()
	}
	return c.text.String()
}

func options(t *testing.T, line string) server.Options {
	var o server.Options
	text, found := strings.CutPrefix(line, "# options: ")
	if !found {
		return o
	}
	for option := range strings.SplitSeq(text, ", ") {
		name, value, _ := strings.Cut(option, " ")
		n, err := strconv.Atoi(value)
		require.NoError(t, err)
		switch name {
		case "channel-max":
			o.ChannelMax = uint16(n)
		case "max-consumers":
			o.MaxConsumersPerChannel = n
		case "max-connections":
			o.MaxConnections = n
		case "max-channels":
			o.MaxChannels = n
		case "max-unacked":
			o.MaxUnacked = n
		case "max-header-size":
			o.MaxHeaderSize = n
		case "consumer-timeout": // in seconds
			o.ConsumerTimeout = time.Duration(n) * time.Second
		case "max-message-size":
			o.MaxMessageSize = uint64(n)
		default:
			t.Fatalf("unknown option %q", name)
		}
	}
	return o
}

// conversation plays one script.
type conversation struct {
	t        *testing.T
	listener *listener
	alarms   *broker.Alarms
	parties  map[string]*party // by their number, which is empty for the first
	text     strings.Builder
	said     bool              // by the speaker, and the answers are not written yet
	speaker  string            // who spoke last
	names    map[string]string // generated names by those of the script
}

// party is a client of a conversation.
type party struct {
	*peer
	number string
	told   bool // that the server has closed the socket
}

var scriptLine = regexp.MustCompile(`^([CSTA])(\d*): (.*)$`)

// line plays one line.
func (c *conversation) line(text string) {
	parts := scriptLine.FindStringSubmatch(text)
	if parts == nil { // a comment
		c.listen()
		c.text.WriteString(text + "\n")
		return
	}
	switch kind, number, words := parts[1], parts[2], parts[3]; kind {
	case "C":
		if number != c.speaker {
			c.listen()
		}
		c.speaker = number
		c.say(number, c.actual(words))
		c.text.WriteString(text + "\n")
		c.said = true
	case "S":
		c.listen() // and write what is really said instead
	case "T":
		c.listen()
		c.text.WriteString(text + "\n")
		span, err := time.ParseDuration(words)
		require.NoError(c.t, err)
		time.Sleep(span)
		c.said = true
	case "A":
		c.listen()
		c.text.WriteString(text + "\n")
		resource, state, _ := strings.Cut(words, " ")
		c.alarms.Set(broker.Resource(resource), state == "low")
		c.said = true
	}
}

// say sends one line of a client, later with all that follow.
func (c *conversation) say(number, words string) {
	p, ok := c.parties[number]
	if !ok {
		p = &party{peer: connect(c.t, c.listener), number: number}
		c.parties[number] = p
	}
	rest, raw := strings.CutPrefix(words, "octets ")
	last, step := handshakes[words]
	switch {
	case words == "connect":
	case step:
		p.handshake(last)
	case words == "hang up":
		p.flush()
		synctest.Wait()
		p.hangUp()
		p.told = true
	case raw:
		octets, err := strconv.Unquote(rest)
		require.NoError(c.t, err)
		p.queue([]byte(octets))
	default:
		p.queue(parseLine(c.t, words))
	}
}

var handshakes = map[string]handshakeStep{"greet": greeted, "log in": loggedIn, "tune": tuned, "open": opened}

// parseLine is the octets of a channel number and a sentence.
func parseLine(t *testing.T, words string) []byte {
	number, rest, _ := strings.Cut(words, " ")
	channel, err := strconv.ParseUint(number, 10, 16)
	require.NoError(t, err, words)
	var s sentence
	require.NoError(t, s.parse(rest), words)
	return s.octets(uint16(channel), defaultFrameMax)
}

// listen writes what the server answers to all that was said.
func (c *conversation) listen() {
	if !c.said {
		return
	}
	c.said = false
	if p := c.parties[c.speaker]; p != nil {
		p.flush()
	}
	synctest.Wait()
	for _, number := range slices.Sorted(maps.Keys(c.parties)) {
		p := c.parties[number]
		for _, heard := range p.heard() {
			fmt.Fprintf(&c.text, "S%s: %s\n", number, c.normalised(heard))
		}
		if p.ended() && !p.told {
			p.told = true
			fmt.Fprintf(&c.text, "S%s: end\n", number)
		}
	}
}

var generatedName = regexp.MustCompile(`(amq\.(?:gen-|ctag-|rabbitmq\.reply-to\.\w+\.))([\w-]{22})\b`)

// normalised replaces generated names by those of the script.
func (c *conversation) normalised(text string) string {
	return generatedName.ReplaceAllStringFunc(text, func(name string) string {
		for stable, actual := range c.names {
			if actual == name {
				return stable
			}
		}
		prefix := generatedName.FindStringSubmatch(name)[1]
		stable := prefix + "1"
		for n := 2; c.names[stable] != ""; n++ {
			stable = fmt.Sprint(prefix, n)
		}
		c.names[stable] = name
		return stable
	})
}

var stableName = regexp.MustCompile(`amq\.(?:gen-|ctag-|rabbitmq\.reply-to\.\w+\.)\d+\b`)

// actual is the reverse of normalised.
func (c *conversation) actual(text string) string {
	return stableName.ReplaceAllStringFunc(text, func(stable string) string {
		if name := c.names[stable]; name != "" {
			return name
		}
		return stable
	})
}
