package metrics

import (
	"io"
	"math"
	"strconv"
	"strings"

	"github.com/leveretmq/leveret/internal/histogram"
)

// kind is the type of a family.
type kind string

const (
	gauge   kind = "gauge"
	counter kind = "counter"
	untyped kind = "untyped"
)

// pageChunk is how much text gathers before it is handed on, in octets.
const pageChunk = 64 << 10

// page writes one answer. After the first error it does nothing.
type page struct {
	out    io.Writer
	buf    []byte
	prefix string // of the names of families
	name   string // of the family that is being written
	err    error
}

func newPage(out io.Writer, prefix string) *page {
	return &page{out: out, prefix: prefix, buf: make([]byte, 0, pageChunk+4096)}
}

// begin begins a family, whose name gets the page's prefix.
func (p *page) begin(name string, k kind, help string) { p.beginNamed(p.prefix+name, k, help) }

// beginNamed begins a family whose name is complete.
func (p *page) beginNamed(name string, k kind, help string) {
	p.name = name
	p.comment("# TYPE ", string(k))
	p.comment("# HELP ", help)
}

func (p *page) comment(what, text string) {
	p.buf = append(p.buf, what...)
	p.buf = append(p.buf, p.name...)
	p.buf = append(p.buf, ' ')
	p.buf = append(p.buf, text...)
	p.buf = append(p.buf, '\n')
}

// sample writes one line of the family; the labels are as labelled has made them.
func (p *page) sample(labels string, value float64) {
	p.buf = append(p.buf, p.name...)
	p.finishLine(labels, value)
}

func (p *page) finishLine(labels string, value float64) {
	p.buf = append(p.buf, labels...)
	p.buf = append(p.buf, ' ')
	p.buf = appendNumber(p.buf, value)
	p.buf = append(p.buf, '\n')
	if len(p.buf) >= pageChunk {
		p.flush()
	}
}

// flush hands on what has gathered.
func (p *page) flush() {
	if p.err == nil {
		_, p.err = p.out.Write(p.buf)
	}
	p.buf = p.buf[:0]
}

// single writes a family that has one line without labels.
func (p *page) single(name string, k kind, help string, value float64) {
	p.begin(name, k, help)
	p.sample("", value)
}

// histogram writes a family of buckets, with labels that all lines have.
func (p *page) histogram(name, help string, s histogram.Snapshot, labels ...string) {
	p.beginNamed(name, "histogram", help)
	sum := uint64(0)
	for i, n := range s.Counts {
		sum += n
		bound := "+Inf"
		if i < len(s.Bounds) {
			bound = strconv.FormatFloat(s.Bounds[i], 'f', -1, 64)
		}
		p.buf = append(append(p.buf, p.name...), "_bucket"...)
		p.finishLine(labelled(append(labels[:len(labels):len(labels)], "le", bound)...), float64(sum))
	}
	if len(s.Counts) == 0 {
		p.buf = append(append(p.buf, p.name...), "_bucket"...)
		p.finishLine(labelled(append(labels[:len(labels):len(labels)], "le", "+Inf")...), 0)
	}
	p.buf = append(append(p.buf, p.name...), "_sum"...)
	p.finishLine(labelled(labels...), s.Sum)
	p.buf = append(append(p.buf, p.name...), "_count"...)
	p.finishLine(labelled(labels...), float64(sum))
}

// appendNumber appends a value; most are whole numbers.
func appendNumber(dst []byte, value float64) []byte {
	const exact = 1 << 53
	if value == math.Trunc(value) && math.Abs(value) < exact {
		return strconv.AppendInt(dst, int64(value), 10)
	}
	if math.IsInf(value, 1) {
		return append(dst, "+Inf"...)
	}
	return strconv.AppendFloat(dst, value, 'g', -1, 64) // NaN is written so
}

// labelled makes labels of names and values.
func labelled(pairs ...string) string {
	if len(pairs) == 0 {
		return ""
	}
	size := 2
	for _, s := range pairs {
		size += len(s) + 2
	}
	b := make([]byte, 0, size)
	b = append(b, '{')
	for i := 0; i+1 < len(pairs); i += 2 {
		if i > 0 {
			b = append(b, ',')
		}
		b = append(b, pairs[i]...)
		b = append(b, '=', '"')
		b = appendEscaped(b, pairs[i+1])
		b = append(b, '"')
	}
	return string(append(b, '}'))
}

// appendEscaped appends the value of a label. Octets that are no UTF-8, which names may
// have, become the sign for that.
func appendEscaped(dst []byte, value string) []byte {
	if !strings.ContainsFunc(value, func(r rune) bool { return r == '\\' || r == '"' || r == '\n' || r == '\uFFFD' }) {
		return append(dst, value...)
	}
	for _, r := range value {
		switch r {
		case '\\':
			dst = append(dst, `\\`...)
		case '"':
			dst = append(dst, `\"`...)
		case '\n':
			dst = append(dst, `\n`...)
		default:
			dst = append(dst, string(r)...)
		}
	}
	return dst
}

// family is one metric of objects of a kind.
type family[T any] struct {
	name string
	kind kind
	help string
	of   func(*T) float64
}

// object is something that is shown, with its labels.
type object[T any] struct {
	labels string
	of     *T
}

// each writes families with a line for each object.
func each[T any](p *page, families []family[T], objects []object[T]) {
	for i := range families {
		f := &families[i]
		p.begin(f.name, f.kind, f.help)
		for j := range objects {
			p.sample(objects[j].labels, f.of(objects[j].of))
		}
	}
}

// summed writes families with one line for all objects.
func summed[T any](p *page, families []family[T], objects []object[T]) {
	for i := range families {
		f := &families[i]
		sum := 0.0
		for j := range objects {
			sum += f.of(objects[j].of)
		}
		p.single(f.name, f.kind, f.help, sum)
	}
}
