package management

import (
	"errors"
	"io"
	"mime"
	"net/http"
	"os"
	"slices"
	"strings"

	"github.com/leveretmq/leveret/admin"
	"github.com/leveretmq/leveret/definitions"
	"github.com/leveretmq/leveret/exchange"
)

// definitionRoutes are about everything that an operator has defined, as one file.
func definitionRoutes() []route {
	var routes []route
	for _, path := range []string{"/api/definitions", "/api/all-configuration"} {
		routes = append(routes,
			route{method: get, pattern: path, tag: administrator, handle: (*API).exportDefinitions,
				summary: "all definitions, as a file with ?download=name"},
			route{method: post, pattern: path, deed: "definitions.import", tag: administrator, handle: (*API).importDefinitions,
				summary: "add and replace definitions, from JSON or from the file of a form"},
		)
	}
	return append(routes,
		route{method: get, pattern: "/api/definitions/{vhost}", tag: administrator, handle: (*API).exportVHost,
			summary: "definitions of a virtual host but users and permissions"},
		route{method: post, pattern: "/api/definitions/{vhost}", deed: "definitions.import", tag: administrator, rule: exists, handle: (*API).importDefinitions,
			summary: "add and replace definitions of a virtual host"},
	)
}

// exported is what files have: what is durable, and what lives as long as the broker
// (RabbitMQ behaviour). What belongs to connections and what everybody has is not in it.
func (a *API) exported() definitions.Set {
	set := a.admin.Definitions()
	set.Exchanges, set.Queues, set.Bindings = nil, nil, nil
	for _, v := range set.VHosts {
		a.exportTopology(&set, v.Name)
	}
	return set
}

func (a *API) exportTopology(set *definitions.Set, vhost string) {
	for _, e := range a.broker.Exchanges(vhost) {
		if e.Spec.Name != exchange.Default && !strings.HasPrefix(e.Spec.Name, "amq.") {
			set.Exchanges = append(set.Exchanges, e.Spec)
		}
	}
	private := make(map[string]bool)
	for _, q := range a.broker.Queues(vhost) {
		if private[q.Spec.Name] = q.Spec.Exclusive; !q.Spec.Exclusive {
			set.Queues = append(set.Queues, q.Spec)
		}
	}
	for _, b := range a.broker.Bindings(vhost) {
		if b.Source != exchange.Default && (b.Kind.String() != "queue" || !private[b.Destination]) {
			set.Bindings = append(set.Bindings, b)
		}
	}
}

func (a *API) source() definitions.Source {
	return definitions.Source{
		RabbitVersion: a.options.Version, ProductName: "Leveret", ProductVersion: a.options.ProductVersion,
		ClusterName: a.clusterName(),
	}
}

func (a *API) exportDefinitions(r *request) (reply, error) {
	document, err := definitions.NewDocument(a.exported(), a.source())
	return download(r, show(document)), err
}

func (a *API) exportVHost(r *request) (reply, error) {
	v, ok := a.directory.VHost(r.vhost())
	if !ok {
		return reply{}, badRequest("vhost_not_found")
	}
	document, err := definitions.NewVHostDocument(a.exported(), v, a.source())
	return download(r, show(document)), err
}

// download makes a file of an answer if the query wants that.
func download(r *request, answer reply) reply {
	name := r.query.Get("download")
	if name == "" {
		return answer
	}
	return answer.with("Content-Disposition", mime.FormatMediaType("attachment", map[string]string{"filename": name}))
}

// importDefinitions answers to a page that has sent a form with the place where it wants
// to go.
func (a *API) importDefinitions(r *request) (reply, error) {
	file, redirect, err := uploaded(r)
	if err != nil {
		return reply{}, err
	}
	if len(file) == 0 {
		return done(), nil // as RabbitMQ: nothing to bring in
	}
	if err := a.Import(r.actor, file, r.vhost()); err != nil {
		return reply{}, err
	}
	if strings.HasPrefix(redirect, "/") && !strings.HasPrefix(redirect, "//") {
		return reply{status: http.StatusSeeOther}.with("Location", redirect), nil
	}
	return done(), nil
}

// uploaded is the file of a form, or the body itself.
func uploaded(r *request) (file []byte, redirect string, err error) {
	if kind, _, _ := mime.ParseMediaType(r.Header.Get("Content-Type")); kind != "multipart/form-data" {
		file, err = r.content()
		return file, "", err
	}
	const inMemory = 4 << 20 // octets; more goes to a temporary file
	if err := r.ParseMultipartForm(inMemory); err != nil {
		var tooLarge *http.MaxBytesError
		if errors.As(err, &tooLarge) || errors.Is(err, os.ErrDeadlineExceeded) {
			return nil, "", bodyProblem(err)
		}
		return nil, "", badRequest("failed_to_parse_json")
	}
	defer func() { err = errors.Join(err, r.MultipartForm.RemoveAll()) }()
	part, _, err := r.FormFile("file")
	if err != nil {
		fields := r.MultipartForm.Value["file"] // it may be a field that is no file
		if fields == nil {
			return nil, "", badRequest("failed_to_parse_json")
		}
		return []byte(fields[0]), r.FormValue("redirect"), nil
	}
	defer part.Close()
	file, err = io.ReadAll(part)
	return file, r.FormValue("redirect"), err
}

// Import brings a file of definitions in, in RabbitMQ's form. If vhost is not empty, all
// of it goes there.
func (a *API) Import(by admin.Actor, file []byte, vhost string) error {
	imported, err := definitions.Decode(file, vhost)
	switch {
	case errors.Is(err, definitions.ErrNotJSON):
		return badRequest("failed_to_parse_json")
	case errors.Is(err, definitions.ErrNoTags):
		return badRequest("tags_not_present")
	case err != nil:
		return badRequest("%s", err)
	}
	a.complete(&imported)
	if err := a.checkImported(imported); err != nil {
		return err
	}
	if err := a.admin.Import(by, imported.Set); err != nil {
		return importProblem(err)
	}
	for vhost, limits := range imported.VHostLimits {
		err := a.admin.UpdateVHost(by, vhost, func(v *definitions.VHost) {
			v.MaxConnections, v.MaxQueues = limits.Limit(definitions.MaxConnections), limits.Limit(definitions.MaxQueues)
		})
		if err != nil {
			return importProblem(err)
		}
	}
	return nil
}

// complete adds to users and virtual hosts what the file leaves as it is.
func (a *API) complete(imported *definitions.Imported) {
	for i := range imported.Users {
		u := &imported.Users[i]
		if password, given := imported.Passwords[u.Name]; given {
			u.PasswordHash, u.HashingAlgorithm = a.directory.Hash(password)
		}
	}
	for i := range imported.VHosts {
		v := &imported.VHosts[i]
		old, _ := a.directory.VHost(v.Name)
		given := imported.Given[v.Name]
		if !given.DefaultQueueType {
			v.DefaultQueueType = old.DefaultQueueType
		}
		if !given.Tracing {
			v.Tracing = old.Tracing
		}
		if !given.Protected {
			v.ProtectedFromDeletion = old.ProtectedFromDeletion
		}
	}
}

// checkImported finds what belongs to a virtual host that there will not be, before
// anything is done.
func (a *API) checkImported(imported definitions.Imported) error {
	check := func(vhost string) error {
		if a.exists(vhost) || slices.ContainsFunc(imported.VHosts, func(v definitions.VHost) bool { return v.Name == vhost }) {
			return nil
		}
		return badRequest("Please create virtual host \"%s\" prior to importing definitions.", vhost)
	}
	var problems []error
	for _, p := range imported.Parameters {
		if !p.Global() {
			problems = append(problems, check(p.VHost))
		}
	}
	for vhost := range imported.VHostLimits {
		problems = append(problems, check(vhost))
	}
	for _, q := range imported.Queues {
		problems = append(problems, check(q.VHost))
	}
	for _, e := range imported.Exchanges {
		problems = append(problems, check(e.VHost))
	}
	for _, b := range imported.Bindings {
		problems = append(problems, check(b.VHost))
	}
	i := slices.IndexFunc(problems, func(err error) bool { return err != nil })
	if i < 0 {
		return nil
	}
	return problems[i]
}

// importProblem is the refusal of a file: 400, whatever it would be of a single object.
func importProblem(err error) error {
	p := problemOf(err)
	if p == nil {
		return err
	}
	if p.kind == notFoundKind {
		return badRequest("%s", err)
	}
	return badRequest("%s", p.reason)
}
