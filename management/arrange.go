package management

import (
	"bytes"
	"encoding/json"
	"fmt"
	"net/http"
	"reflect"
	"regexp"
	"slices"
	"strconv"
	"strings"
)

// The sizes of pages.
const (
	defaultPageSize = 100
	maxPageSize     = 500
)

// page is one page of a list.
type page struct {
	FilteredCount int             `json:"filtered_count"`
	ItemCount     int             `json:"item_count"`
	Items         json.RawMessage `json:"items"`
	Page          int             `json:"page"`
	PageCount     int             `json:"page_count"`
	PageSize      int             `json:"page_size"`
	TotalCount    int             `json:"total_count"`
}

// arrange does what the query wants with a body: sort, page, columns.
func (a *API) arrange(r *request, answer reply) (reply, error) {
	columns := parseColumns(r.query)
	if answer.shape == one {
		if columns == nil {
			return answer, nil
		}
		var err error
		answer.body, err = a.thin(reflect.ValueOf(answer.body), columns)
		return answer, err
	}
	items := answer.items()
	if key := r.query.Get("sort"); key != "" || r.flag("sort_reverse") {
		items = a.sorted(items, strings.Split(key, "."), r.flag("sort_reverse"))
	}
	if !r.route.paged || !r.query.Has("page") {
		body, err := a.itemsOf(items, columns)
		answer.body = body
		return answer, err
	}
	p, items, err := a.pageOf(r, items)
	if err != nil {
		return reply{}, err
	}
	var buffer bytes.Buffer
	body, err := a.itemsOf(items, columns)
	if err == nil {
		err = encodeJSON(&buffer, body)
	}
	p.Items = buffer.Bytes()
	answer.body = p
	return answer, err
}

// itemsOf is a list, with some of its columns if any are given.
func (a *API) itemsOf(items reflect.Value, columns *column) (any, error) {
	if columns == nil {
		return items.Interface(), nil
	}
	return a.thin(items, columns)
}

// sorted is the list by the value that a path leads to in each item. Those with equal
// values stay in their order.
func (a *API) sorted(items reflect.Value, path []string, reverse bool) reflect.Value {
	type place struct {
		key   sortKey
		index int
	}
	places := make([]place, items.Len())
	for i := range places {
		places[i] = place{keyOf(a.shapes.at(items.Index(i), path)), i}
	}
	slices.SortStableFunc(places, func(x, y place) int { return x.key.compare(y.key) })
	if reverse {
		slices.Reverse(places)
	}
	result := reflect.MakeSlice(items.Type(), len(places), len(places))
	for i, p := range places {
		result.Index(i).Set(items.Index(p.index))
	}
	return result
}

// pageOf cuts one page out of those items whose names the filter lets through.
func (a *API) pageOf(r *request, items reflect.Value) (page, reflect.Value, error) {
	number, err := strconv.Atoi(r.query.Get("page"))
	size, sizeText := defaultPageSize, "undefined"
	if r.query.Has("page_size") && err == nil {
		size, err = strconv.Atoi(r.query.Get("page_size"))
		sizeText = strconv.Itoa(size)
	}
	matches, invalid := nameFilter(r)
	if err != nil || invalid != nil {
		return page{}, items, badRequest("Pagination parameters are invalid")
	}
	if number < 1 || size < 1 || size > maxPageSize {
		return page{}, items, queryProblem("invalid_pagination_parameters",
			"Invalid pagination parameters: page number %d, page size %s", number, sizeText)
	}
	p := page{Page: number, PageSize: size, TotalCount: items.Len()}
	items = a.filtered(items, matches)
	p.FilteredCount = items.Len()
	p.PageCount = (p.FilteredCount + size - 1) / size
	if number > max(p.PageCount, 1) {
		return page{}, items, queryProblem("page_out_of_range",
			"Page out of range, page: %d page size: %d, len: %d", number, size, p.FilteredCount)
	}
	first := (number - 1) * size
	items = items.Slice(first, min(first+size, items.Len()))
	p.ItemCount = items.Len()
	return p, items, nil
}

// queryProblem is 400 of a kind of its own.
func queryProblem(kind, format string, args ...any) error {
	return &problem{status: http.StatusBadRequest, kind: kind, reason: fmt.Sprintf(format, args...)}
}

// nameFilter says which names the query wants; nil means all. Upper and lower case are
// the same.
func nameFilter(r *request) (func(string) bool, error) {
	wanted := r.query.Get("name")
	switch {
	case wanted == "":
		return nil, nil
	case r.flag("use_regex"):
		pattern, err := regexp.Compile("(?i)" + wanted)
		if err != nil {
			return nil, err
		}
		return pattern.MatchString, nil
	default:
		wanted = strings.ToLower(wanted)
		return func(name string) bool { return strings.Contains(strings.ToLower(name), wanted) }, nil
	}
}

func (a *API) filtered(items reflect.Value, matches func(string) bool) reflect.Value {
	if matches == nil {
		return items
	}
	result := reflect.MakeSlice(items.Type(), 0, items.Len())
	for i := range items.Len() {
		name := a.shapes.at(items.Index(i), []string{"name"})
		if name.IsValid() && name.Kind() == reflect.String && matches(name.String()) {
			result = reflect.Append(result, items.Index(i))
		}
	}
	return result
}
