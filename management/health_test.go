package management

import (
	"encoding/base64"
	"net/http"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/leveretmq/leveret/broker"
)

func TestAlarmsFailTheChecks(t *testing.T) {
	g := newRig(t)
	const low, well = true, false
	g.broker.Alarms().Set(broker.Disk, low)
	g.broker.Alarms().Set(broker.Memory, low)
	const alarms = `"alarms":[{"node":"leveret@test","resource":"disk"},{"node":"leveret@test","resource":"memory"}]}`
	require.Equal(t, `{"status":"failed","reason":"There are alarms in effect in the cluster",`+alarms,
		g.expect(t, 503, plainUser, get, "/api/health/checks/alarms", ""))
	require.Equal(t, `{"status":"failed","reason":"There are alarms in effect on the node",`+alarms,
		g.expect(t, 503, plainUser, get, "/api/health/checks/local-alarms", ""))
	g.broker.Alarms().Set(broker.Disk, well)
	g.broker.Alarms().Set(broker.Memory, well)
	g.expect(t, 200, plainUser, get, "/api/health/checks/alarms", "")
}

func TestCertificatesThatEndSoon(t *testing.T) {
	g := newRig(t)
	end := time.Now().Add(36 * time.Hour)
	g.api.options.Certificates = func() []Certificate { return []Certificate{{File: "server.pem", NotAfter: end}} }
	const path = "/api/health/checks/certificate-expiration/"
	g.expect(t, 200, plainUser, get, path+"1/days", "")
	body := g.expect(t, 503, plainUser, get, path+"2/days", "")
	require.Equal(t, `{"status":"failed","reason":"Certificates expiring","expired":[{"node":"leveret@test",`+
		`"certfile":"server.pem","certfile_expires_on":["`+end.UTC().Format(time.DateTime)+`"]}]}`, body)
	for _, much := range []string{"1/WEEKS", "1/months", "1/years", "2000000000/years"} {
		g.expect(t, 503, plainUser, get, path+much, "")
	}
	g.expect(t, 400, plainUser, get, path+"99999999999999999999/days", "")
}

func TestConnectionsThatAreAllThatThereMayBe(t *testing.T) {
	g := newRig(t)
	g.api.options.MaxConnections = 1
	const path = "/api/health/checks/below-node-connection-limit"
	require.Equal(t, `{"status":"ok","limit":1,"connections":0}`, g.expect(t, 200, "", get, path, ""))
	g.dial(t, rootUser)
	require.Equal(t, `{"status":"failed","reason":"node connection limit is reached","limit":1,"connections":1}`,
		g.expect(t, 503, "", get, path, ""))
}

func TestLoginOfAPage(t *testing.T) {
	g := newRig(t)
	form := with("Content-Type", "application/x-www-form-urlencoded")
	w := g.call(t, "", post, "/api/login", "username=root&password=root", form)
	require.Equal(t, 200, w.Code)
	require.Equal(t, `"ok"`, w.Body.String())
	cookies := w.Result().Cookies()
	require.Len(t, cookies, 1)
	require.Equal(t, base64.StdEncoding.EncodeToString([]byte("root:root")), cookies[0].Value)
	require.Equal(t, http.SameSiteStrictMode, cookies[0].SameSite)

	// The cookie opens nothing.
	w = g.call(t, "", get, "/api/whoami", "", func(r *http.Request) { r.AddCookie(cookies[0]) })
	require.Equal(t, 401, w.Code)

	require.Equal(t, 401, g.call(t, "", post, "/api/login", "username=root&password=x", form).Code)
	w = g.call(t, "", post, "/api/login", "username=nobody&password=nobody", form)
	require.Equal(t, `{"error":"not_authorized","reason":"Not management user"}`, w.Body.String())
}

func TestConfigurationIsShown(t *testing.T) {
	g := newRig(t)
	g.api.options.Config = func() []byte { return []byte("a: 1\n") }
	w := g.call(t, rootUser, get, "/api/config/effective", "")
	require.Equal(t, "a: 1\n", w.Body.String())
	require.Equal(t, "text/plain; charset=utf-8", w.Header().Get("Content-Type"))
}
