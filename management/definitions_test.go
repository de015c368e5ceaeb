package management

import (
	"bytes"
	"encoding/json"
	"mime/multipart"
	"net/http"
	"os"
	"slices"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
)

// form is a form with some fields, and its content type.
func form(t *testing.T, fields map[string]string) (body string, kind func(*http.Request)) {
	t.Helper()
	var text bytes.Buffer
	w := multipart.NewWriter(&text)
	for name, content := range fields {
		if name != "file" {
			require.NoError(t, w.WriteField(name, content))
			continue
		}
		part, err := w.CreateFormFile(name, "x.json")
		require.NoError(t, err)
		_, err = part.Write([]byte(content))
		require.NoError(t, err)
	}
	require.NoError(t, w.Close())
	return text.String(), with("Content-Type", w.FormDataContentType())
}

func TestDefinitionsOfAForm(t *testing.T) {
	g := newRig(t)
	const queue = `{"queues":[{"name":"q","vhost":"/"}]}`
	for _, c := range []struct {
		name     string
		fields   map[string]string
		status   int
		location string
	}{
		{"file", map[string]string{"file": queue}, 204, ""},
		{"page that wants to go on", map[string]string{"file": queue, "redirect": "/ui"}, 303, "/ui"},
		{"but not to somewhere else", map[string]string{"file": queue, "redirect": "//example.com"}, 204, ""},
		{"nor there", map[string]string{"file": queue, "redirect": "https://example.com"}, 204, ""},
		{"no file", map[string]string{"other": queue}, 400, ""},
		{"no JSON", map[string]string{"file": "x"}, 400, ""},
	} {
		t.Run(c.name, func(t *testing.T) {
			body, kind := form(t, c.fields)
			w := g.call(t, rootUser, post, "/api/definitions", body, kind)
			require.Equal(t, c.status, w.Code, w.Body)
			require.Equal(t, c.location, w.Header().Get("Location"))
		})
	}
	w := g.call(t, rootUser, post, "/api/definitions", "--x", with("Content-Type", "multipart/form-data; boundary=x"))
	require.Equal(t, 400, w.Code, w.Body)
}

func TestBodiesHaveABound(t *testing.T) {
	g := newRig(t)
	g.api.options.MaxBody = 1000
	const refusal = `{"error":"bad_request","reason":"Exceeded HTTP request body size limit"}`
	long := `{"queues":[],"x":"` + strings.Repeat("x", 1000) + `"}`
	require.Equal(t, refusal, g.expect(t, 400, rootUser, post, "/api/definitions", long))
	require.Equal(t, refusal, g.expect(t, 400, rootUser, set, "/api/users/x", long))
	body, kind := form(t, map[string]string{"file": long})
	require.Equal(t, refusal, g.call(t, rootUser, post, "/api/definitions", body, kind).Body.String())
}

func TestAPrefix(t *testing.T) {
	g := newRig(t)
	g.api.options.Prefix = "/rabbit"
	g.expect(t, 200, rootUser, get, "/rabbit/api/vhosts/%2F", "")
	g.expect(t, 404, rootUser, get, "/api/vhosts/%2F", "")
	w := g.call(t, "", get, "/rabbit/api/", "")
	require.Equal(t, "/rabbit/api/index.html", w.Header().Get("Location"))
	require.Contains(t, g.expect(t, 200, "", get, "/rabbit/", ""), `href="/rabbit/api/index.html"`)
}

func TestDownload(t *testing.T) {
	g := newRig(t)
	for name, want := range map[string]string{
		"all.json": "attachment; filename=all.json", "a%22b": `attachment; filename="a\"b"`,
		"a%0d%0aX-Header:%20x": "attachment; filename*=utf-8''a%0D%0AX-Header%3A%20x",
	} {
		w := g.call(t, rootUser, get, "/api/definitions?download="+name, "")
		require.Equal(t, want, w.Header().Get("Content-Disposition"))
	}
}

// TestFilesOfRabbitMQ brings in what RabbitMQ has exported, and compares what comes out.
func TestFilesOfRabbitMQ(t *testing.T) {
	for _, name := range []string{"rabbitmq-3.10.json", "rabbitmq-4.0.json"} {
		t.Run(name, func(t *testing.T) {
			text, err := os.ReadFile("../definitions/testdata/" + name)
			require.NoError(t, err)
			var file map[string]any
			require.NoError(t, json.Unmarshal(text, &file))
			queues, _ := file["queues"].([]any)
			file["queues"] = slices.DeleteFunc(queues, func(q any) bool {
				fields, _ := q.(map[string]any)
				return fields["name"] == "stream" // a type that there is not
			})
			text, err = json.Marshal(file)
			require.NoError(t, err)
			g := newRig(t)
			g.expect(t, 204, rootUser, post, "/api/definitions", string(text))
			var out map[string]any
			require.NoError(t, json.Unmarshal([]byte(g.expect(t, 200, rootUser, get, "/api/definitions", "")), &out))
			for key, list := range file {
				objects, isList := list.([]any)
				if !isList || key == "vhosts" && name == "rabbitmq-3.10.json" { // which has names only
					continue
				}
				for _, object := range objects {
					require.Contains(t, out[key], object, key)
				}
			}
			// A second time changes nothing.
			g.expect(t, 204, rootUser, post, "/api/definitions", string(text))
			var again map[string]any
			require.NoError(t, json.Unmarshal([]byte(g.expect(t, 200, rootUser, get, "/api/definitions", "")), &again))
			require.Equal(t, out, again)
		})
	}
}
