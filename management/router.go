package management

import (
	"net/url"
	"strings"
)

// maxSegments bounds the segments of a path that are looked at: more than any pattern
// has.
const maxSegments = 16

// tree finds the routes of a path. It is not modified once it is made.
type tree struct {
	literal map[string]*tree
	any     *tree // the segment is a parameter
	routes  []*route
}

// add puts a route where its pattern leads.
func (t *tree) add(r *route) {
	for _, segment := range strings.Split(strings.TrimPrefix(r.pattern, "/"), "/") {
		if name, ok := parameterOf(segment); ok {
			r.parameters = append(r.parameters, name)
			if t.any == nil {
				t.any = new(tree)
			}
			t = t.any
			continue
		}
		if t.literal == nil {
			t.literal = make(map[string]*tree)
		}
		if t.literal[segment] == nil {
			t.literal[segment] = new(tree)
		}
		t = t.literal[segment]
	}
	t.routes = append(t.routes, r)
}

// parameterOf is the name in the braces of a pattern's segment.
func parameterOf(segment string) (string, bool) {
	name, opened := strings.CutPrefix(segment, "{")
	if !opened {
		return "", false
	}
	return strings.CutSuffix(name, "}")
}

// find returns the routes of a path that is still escaped, and the values of its
// parameters. A trailing slash is ignored. Any other empty segment counts: it is the
// name of the default exchange. Nothing is cleaned, and a plus is a plus.
func (t *tree) find(escaped string) ([]*route, []string) {
	if strings.Count(escaped, "/") > maxSegments {
		return nil, nil
	}
	segments := strings.Split(strings.TrimPrefix(escaped, "/"), "/")
	if last := len(segments) - 1; last > 0 && segments[last] == "" {
		segments = segments[:last]
	}
	for i, segment := range segments {
		text, err := url.PathUnescape(segment)
		if err != nil {
			return nil, nil
		}
		segments[i] = text
	}
	return t.walk(segments, make([]string, 0, len(segments)))
}

// walk prefers words to parameters, and goes back where a word leads nowhere.
func (t *tree) walk(segments, values []string) ([]*route, []string) {
	if len(segments) == 0 {
		return t.routes, values
	}
	if next := t.literal[segments[0]]; next != nil {
		if routes, found := next.walk(segments[1:], values); routes != nil {
			return routes, found
		}
	}
	if t.any == nil {
		return nil, nil
	}
	return t.any.walk(segments[1:], append(values, segments[0]))
}
