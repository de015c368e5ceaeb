package binding

import (
	"fmt"
	"math"
	"math/big"
	"slices"
	"strings"

	"github.com/leveretmq/leveret/amqp"
)

// The matchers in this file are slow and follow the wording of the rules; the
// tables are tested against them.

// headersOf makes a message of its headers.
type headersOf amqp.Table

func (h headersOf) Headers() amqp.Table { return amqp.Table(h) }

// bound is one binding of the slow tables.
type bound struct {
	key    string
	args   amqp.Table
	target int
}

type slowMatch func(b bound, key string, h amqp.Table) bool

func slowDirect(b bound, key string, _ amqp.Table) bool { return b.key == key }

func slowFanout(bound, string, amqp.Table) bool { return true }

func slowTopic(b bound, key string, _ amqp.Table) bool {
	return slowWords(splitWords(b.key), splitWords(key))
}

func splitWords(key string) []string {
	if key == "" {
		return nil
	}
	return strings.Split(key, ".")
}

// slowWords fills a table of which ends of the pattern match which ends of the
// key: the textbook way, quadratic but never worse.
func slowWords(pattern, key []string) bool {
	ends := make([][]bool, len(pattern)+1)
	for i := len(pattern); i >= 0; i-- {
		ends[i] = make([]bool, len(key)+1)
		for j := len(key); j >= 0; j-- {
			more := j < len(key)
			switch {
			case i == len(pattern):
				ends[i][j] = !more
			case pattern[i] == "#":
				ends[i][j] = ends[i+1][j] || more && ends[i][j+1]
			case pattern[i] == "*":
				ends[i][j] = more && ends[i+1][j+1]
			default:
				ends[i][j] = more && pattern[i] == key[j] && ends[i+1][j+1]
			}
		}
	}
	return ends[0][0]
}

func slowHeaders(b bound, _ string, h amqp.Table) bool {
	mode, _ := b.args.Lookup("x-match")
	withX := mode == "all-with-x" || mode == "any-with-x"
	wanted, met := 0, 0
	for _, arg := range b.args {
		if arg.Key == "x-match" || !withX && strings.HasPrefix(arg.Key, "x-") {
			continue
		}
		wanted++
		for _, header := range slices.Backward(h) {
			if header.Key != arg.Key {
				continue
			}
			if arg.Value == nil || erlangTerm(arg.Value, 1) == erlangTerm(header.Value, 1000) {
				met++
			}
			break
		}
	}
	if mode == "any" || mode == "any-with-x" {
		return met > 0
	}
	return met == wanted
}

// erlangTerm writes the Erlang term of a field value, for comparison.
func erlangTerm(v any, timestampScale int64) string {
	if i, ok := amqp.Integer(v); ok {
		return fmt.Sprint(i)
	}
	switch v := v.(type) {
	case string:
		return fmt.Sprintf("%q", v)
	case []byte:
		return fmt.Sprintf("%q", v)
	case float32:
		return fmt.Sprintf("float %x", math.Float64bits(float64(v)))
	case float64:
		return fmt.Sprintf("float %x", math.Float64bits(v))
	case amqp.Timestamp:
		n := new(big.Int).SetUint64(uint64(v))
		return n.Mul(n, big.NewInt(timestampScale)).String()
	case amqp.Decimal:
		return fmt.Sprintf("{%d,%d}", v.Scale, v.Value)
	case amqp.Array:
		terms := []string{}
		for _, e := range v {
			terms = append(terms, amqp.TypeName(e)+" "+erlangTerm(e, 1))
		}
		return fmt.Sprintf("%q", terms)
	case amqp.Table:
		terms := []string{}
		for _, f := range v {
			terms = append(terms, fmt.Sprintf("%q %s %s", f.Key, amqp.TypeName(f.Value), erlangTerm(f.Value, 1)))
		}
		return fmt.Sprintf("%q", terms)
	default:
		return fmt.Sprint(v)
	}
}

// slowTable is a list of bindings.
type slowTable struct {
	matches slowMatch
	list    []bound
}

func (t *slowTable) at(b bound) int {
	same := func(o bound) bool {
		return o.key == b.key && o.target == b.target && sortedTerms(o.args) == sortedTerms(b.args)
	}
	return slices.IndexFunc(t.list, same)
}

func sortedTerms(args amqp.Table) string {
	terms := make([]string, 0, len(args))
	for _, f := range args {
		terms = append(terms, fmt.Sprintf("%q %s %s", f.Key, amqp.TypeName(f.Value), erlangTerm(f.Value, 1)))
	}
	slices.SortStableFunc(terms, func(a, b string) int {
		return strings.Compare(strings.Fields(a)[0], strings.Fields(b)[0])
	})
	return strings.Join(terms, "\n")
}

func (t *slowTable) add(b bound) {
	if t.at(b) < 0 {
		t.list = append(t.list, b)
	}
}

func (t *slowTable) remove(b bound) {
	if i := t.at(b); i >= 0 {
		t.list = slices.Delete(t.list, i, i+1)
	}
}

func (t *slowTable) match(key string, h amqp.Table) []int {
	var targets []int
	for _, b := range t.list {
		if t.matches(b, key, h) {
			targets = append(targets, b.target)
		}
	}
	return distinct(targets)
}

func distinct(targets []int) []int {
	slices.Sort(targets)
	return slices.Compact(targets)
}
