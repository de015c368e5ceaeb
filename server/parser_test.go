package server_test

import (
	"bytes"
	"fmt"
	"reflect"
	"regexp"
	"strconv"
	"strings"

	"github.com/leveretmq/leveret/amqp"
)

// parser reads the notation of transcripts. Its error is sticky.
type parser struct {
	rest string
	err  error
}

// parse reads one sentence.
func (s *sentence) parse(text string) error {
	p := parser{rest: text}
	name := p.match(word)
	switch name {
	case "heartbeat":
		s.frame = &bareFrame{Type: amqp.FrameHeartbeat}
	case "body":
		s.frame = &bareFrame{Type: amqp.FrameBody}
		s.body = p.body()
	case "frame":
		s.frame = new(bareFrame)
		p.fields(s.frame, "{", "}")
		s.body = p.body()
	case "header":
		s.header = new(contentHeader)
		p.fields(s.header, "{", "}")
		s.properties = p.properties()
	default:
		s.parseMethod(&p, name)
	}
	if p.err == nil && strings.TrimSpace(p.rest) != "" {
		p.fail("cannot read on at")
	}
	return p.err
}

func (s *sentence) parseMethod(p *parser, name string) {
	m, ok := methods()[name]
	if !ok {
		p.fail("no method %q before", name)
		return
	}
	p.fields(m, "{", "}")
	s.method = m
	if s.content = strings.TrimSpace(p.rest) != ""; s.content {
		s.properties = p.properties()
		s.body = p.body()
	}
}

func (p *parser) fail(format string, args ...any) {
	if p.err == nil {
		p.err = fmt.Errorf(format+" %q", append(args, p.rest)...)
	}
	p.rest = ""
}

var (
	word       = regexp.MustCompile(`^[A-Za-z][\w.-]*`)
	number     = regexp.MustCompile(`^-?\d+(\.\d+)?`)
	quoted     = regexp.MustCompile(`^"(\\.|[^"\\])*"`)
	typed      = regexp.MustCompile(`^\w+\(`)
	whitespace = regexp.MustCompile(`^\s*`)
)

// match takes what the expression finds at the start, or nothing.
func (p *parser) match(re *regexp.Regexp) string {
	p.rest = p.rest[len(whitespace.FindString(p.rest)):]
	found := re.FindString(p.rest)
	p.rest = p.rest[len(found):]
	return found
}

// accept takes the given text if it is next.
func (p *parser) accept(text string) bool {
	p.match(whitespace)
	rest, found := strings.CutPrefix(p.rest, text)
	p.rest = rest
	return found
}

func (p *parser) expect(text string) {
	if !p.accept(text) {
		p.fail("no %q before", text)
	}
}

func (p *parser) text() string {
	s, err := strconv.Unquote(p.match(quoted))
	if err != nil {
		p.fail("no text before")
	}
	return s
}

func (p *parser) body() []byte {
	times := p.match(number)
	if times == "" {
		return []byte(p.text())
	}
	n, err := strconv.Atoi(times)
	if err != nil {
		p.fail("bad number %q before", times)
	}
	p.expect("*")
	return bytes.Repeat([]byte(p.text()), n)
}

func (p *parser) properties() amqp.Properties {
	p.match(whitespace)
	if !strings.HasPrefix(p.rest, "<") {
		return nil
	}
	var list amqp.PropertyList
	p.fields(&list, "<", ">")
	return list.Encode()
}

// fields fills the struct that dst points to.
func (p *parser) fields(dst any, open, closing string) {
	p.expect(open)
	for p.err == nil && !p.accept(closing) {
		name := p.match(word)
		field := fieldOf(reflect.ValueOf(dst).Elem(), name)
		if !field.IsValid() {
			p.fail("no field %q before", name)
			return
		}
		p.field(field)
		p.accept(",")
	}
}

func fieldOf(v reflect.Value, name string) reflect.Value {
	for i := range v.NumField() {
		if wireName(v.Type().Field(i).Name) == name {
			return v.Field(i)
		}
	}
	return reflect.Value{}
}

func (p *parser) field(dst reflect.Value) {
	if dst.Kind() == reflect.Bool {
		dst.SetBool(true)
		return
	}
	p.expect(":")
	switch {
	case dst.CanUint():
		digits := p.match(number)
		n, err := strconv.ParseUint(digits, 10, 64)
		if err != nil {
			p.fail("bad number %q before", digits)
		}
		dst.SetUint(n)
	case dst.Kind() == reflect.String:
		dst.SetString(p.text())
	default:
		dst.Set(reflect.ValueOf(p.value()))
	}
}

// value reads a value of a table.
func (p *parser) value() any {
	if p.match(whitespace); typed.MatchString(p.rest) {
		return p.typed(strings.TrimSuffix(p.match(typed), "("))
	}
	switch {
	case strings.HasPrefix(p.rest, `"`):
		return p.text()
	case p.accept("{"):
		return p.table()
	case p.accept("["):
		list := amqp.Array{}
		for p.err == nil && !p.accept("]") {
			list = append(list, p.value())
			p.accept(",")
		}
		return list
	case p.accept("true"):
		return true
	case p.accept("false"):
		return false
	case p.accept("void"):
		return nil
	}
	n, err := strconv.ParseInt(p.match(number), 10, 32)
	if err != nil {
		p.fail("no value before")
	}
	return int32(n)
}

func (p *parser) table() amqp.Table {
	table := amqp.Table{}
	for p.err == nil && !p.accept("}") {
		key := p.match(word)
		if key == "" {
			key = p.text()
		}
		p.expect(":")
		table = append(table, amqp.Field{Key: key, Value: p.value()})
		p.accept(",")
	}
	return table
}

// typed reads the number of a value like int64(5).
func (p *parser) typed(kind string) any {
	n, err := strconv.ParseFloat(p.match(number), 64)
	if err != nil {
		p.fail("no number before")
	}
	p.expect(")")
	zeros := map[string]any{
		"int8": int8(0), "uint8": uint8(0), "int16": int16(0), "uint16": uint16(0), "uint32": uint32(0), "int64": int64(0),
		"float32": float32(0), "float64": float64(0), "timestamp": amqp.Timestamp(0),
	}
	zero, ok := zeros[kind]
	if !ok {
		p.fail("no type %q before", kind)
		return nil
	}
	return reflect.ValueOf(n).Convert(reflect.TypeOf(zero)).Interface()
}
