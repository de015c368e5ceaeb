package management

import (
	"encoding/json"
	"html/template"
	"net/http"
	"slices"
	"strings"
)

// pageRoutes are what people look at.
func pageRoutes() []route {
	return []route{
		{method: get, pattern: "/", tag: public, handle: (*API).showHome, summary: "where to go from here"},
		{method: get, pattern: "/api/index.html", tag: public, handle: (*API).showIndex, summary: "this page"},
		{method: get, pattern: "/api/openapi.json", tag: public, handle: (*API).showOpenAPI,
			summary: "the same as an OpenAPI description"},
	}
}

// openAPI is an OpenAPI 3.1 description, as far as the table knows it.
type openAPI struct {
	OpenAPI    string                          `json:"openapi"`
	Info       openInfo                        `json:"info"`
	Servers    []openServer                    `json:"servers"`
	Security   []map[string][]string           `json:"security"`
	Paths      map[string]map[string]operation `json:"paths"`
	Components json.RawMessage                 `json:"components"`
}

type openInfo struct {
	Title   string `json:"title"`
	Version string `json:"version"`
}

type openServer struct {
	URL string `json:"url"`
}

type operation struct {
	Summary     string                  `json:"summary"`
	Description string                  `json:"description"`
	Parameters  []openParameter         `json:"parameters,omitempty"`
	Body        json.RawMessage         `json:"requestBody,omitempty"`
	Responses   map[string]openResponse `json:"responses"`
	Security    []map[string][]string   `json:"security,omitempty"`
}

type openParameter struct {
	Name     string            `json:"name"`
	In       string            `json:"in"`
	Required bool              `json:"required"`
	Schema   map[string]string `json:"schema"`
}

type openResponse struct {
	Description string `json:"description"`
}

// describe makes the description of the table.
func (a *API) describe() openAPI {
	d := openAPI{
		OpenAPI: "3.1.0", Info: openInfo{Title: "Leveret management", Version: a.options.Version},
		Servers: []openServer{{URL: a.options.Prefix + "/"}}, Security: []map[string][]string{{"basic": {}}},
		Paths:      make(map[string]map[string]operation),
		Components: json.RawMessage(`{"securitySchemes":{"basic":{"type":"http","scheme":"basic"}}}`),
	}
	for _, r := range a.routes {
		if d.Paths[r.pattern] == nil {
			d.Paths[r.pattern] = make(map[string]operation)
		}
		d.Paths[r.pattern][strings.ToLower(r.method)] = operationOf(r)
	}
	return d
}

func operationOf(r *route) operation {
	o := operation{Summary: r.summary, Description: "Least tag: " + r.tag.String() + ".", Responses: make(map[string]openResponse)}
	for _, name := range r.parameters {
		o.Parameters = append(o.Parameters, openParameter{name, "path", true, map[string]string{"type": "string"}})
	}
	switch r.method {
	case http.MethodGet:
		o.Responses["200"] = openResponse{"the answer"}
	case http.MethodPut:
		o.Responses["201"], o.Responses["204"] = openResponse{"made"}, openResponse{"changed"}
		o.Body = json.RawMessage(`{"content":{"application/json":{"schema":{"type":"object"}}}}`)
	case http.MethodPost:
		o.Responses["2XX"] = openResponse{"done"}
		o.Body = json.RawMessage(`{"content":{"application/json":{"schema":{"type":"object"}}}}`)
	default:
		o.Responses["204"] = openResponse{"done"}
	}
	if r.tag == public {
		o.Security = []map[string][]string{{}}
		return o
	}
	o.Responses["401"] = openResponse{"not logged in, or not allowed"}
	if len(r.parameters) > 0 {
		o.Responses["404"] = openResponse{"does not exist"}
	}
	return o
}

func (a *API) showOpenAPI(*request) (reply, error) { return value(a.describe()), nil }

// row is a line of the page.
type row struct{ Method, Pattern, Tag, Summary string }

func (a *API) showIndex(*request) (reply, error) {
	var rows []row
	for _, r := range a.routes {
		rows = append(rows, row{r.method, r.pattern, r.tag.String(), r.summary})
	}
	slices.SortFunc(rows, func(x, y row) int {
		return slices.Compare([]string{x.Pattern, x.Method}, []string{y.Pattern, y.Method})
	})
	return a.page(indexPage, struct {
		Prefix string
		Rows   []row
	}{a.options.Prefix, rows})
}

func (a *API) showHome(*request) (reply, error) {
	return a.page(homePage, struct{ Prefix, Node, Version string }{a.options.Prefix, a.options.NodeName, a.options.ProductVersion})
}

// page fills in a page, which needs nothing from elsewhere.
func (a *API) page(source string, with any) (reply, error) {
	page, err := template.New("page").Parse(pageHead + source)
	if err != nil {
		return reply{}, err
	}
	var out strings.Builder
	err = page.Execute(&out, with)
	return text("text/html; charset=utf-8", []byte(out.String())), err
}

const (
	pageHead = `<!doctype html>
<html lang="en"><meta charset="utf-8"><meta name="viewport" content="width=device-width">
<title>Leveret management</title>
<style>body{font:15px/1.5 system-ui,sans-serif;margin:2rem auto;max-width:70rem;padding:0 1rem}
table{border-collapse:collapse;width:100%}td,th{text-align:left;padding:.2rem .6rem;border-bottom:1px solid #ddd;vertical-align:top}
code{font-size:.9em}</style>
`
	homePage = `<h1>Leveret</h1>
<p>Node {{.Node}}, version {{.Version}}.
<ul><li><a href="{{.Prefix}}/api/index.html">The HTTP API</a>
<li><a href="{{.Prefix}}/api/overview">Overview</a> (JSON)
<li><a href="{{.Prefix}}/api/definitions?download=definitions.json">Export all definitions</a></ul>
`
	indexPage = `<h1>HTTP API</h1>
<p>Names in paths are percent-encoded: the default virtual host is <code>%2F</code>, the default exchange
<code>amq.default</code>. Log in with HTTP Basic. The tag in the table, or one that includes it, is what a user
needs; administrator includes all, and each of the others includes management. Lists take <code>?columns=a,b.c</code>,
<code>?sort=a.b&amp;sort_reverse=true</code> and
<code>?page=1&amp;page_size=100&amp;name=text&amp;use_regex=true</code>. A refusal is
<code>{"error": kind, "reason": text}</code>. For programs there is <a href="{{.Prefix}}/api/openapi.json">an OpenAPI
description</a>.
<table><tr><th>Method<th>Path<th>Tag<th>
{{range .Rows}}<tr><td>{{.Method}}<td><code>{{.Pattern}}</code><td>{{.Tag}}<td>{{.Summary}}
{{end}}</table>
`
)
