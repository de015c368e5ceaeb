package main_test

import (
	"io"
	"net/http"
	"regexp"
	"testing"

	amqp091 "github.com/rabbitmq/amqp091-go"
	"github.com/stretchr/testify/require"
)

// What a rabbitmq.conf says of rates, and our key of logins, reach the API and the
// metrics of the program.
func TestRatesModeAndTrackedLogins(t *testing.T) {
	name := rabbitConf(t, "management.rates_mode = detailed\n")
	p := start(t, []string{"LEVERET_HTTP_LISTEN=127.0.0.1:0", "LEVERET_METRICS_LISTEN=127.0.0.1:0", "LEVERET_TRACK_LOGINS=true"},
		"--rabbitmq-conf", name, "--amqp-listen", anyPort)
	greeting := p.ready()
	at := func(what string) string {
		return "http://" + regexp.MustCompile(what + ` +(\S+)`).FindStringSubmatch(greeting)[1]
	}
	read := func(url string) string {
		request, err := http.NewRequestWithContext(t.Context(), http.MethodGet, url, nil)
		require.NoError(t, err)
		request.SetBasicAuth("guest", "guest")
		response, err := http.DefaultClient.Do(request)
		require.NoError(t, err)
		defer response.Body.Close()
		text, err := io.ReadAll(response.Body)
		require.NoError(t, err)
		return string(text)
	}
	connection, err := amqp091.Dial(connectURL(t, greeting))
	require.NoError(t, err)
	defer connection.Close()
	ch, err := connection.Channel()
	require.NoError(t, err)
	_, err = ch.QueueDeclare("q", false, false, false, false, nil)
	require.NoError(t, err)
	require.NoError(t, ch.PublishWithContext(t.Context(), "", "q", false, false, amqp091.Publishing{}))
	_, err = ch.QueueDeclarePassive("q", false, false, false, false, nil)
	require.NoError(t, err)

	require.Contains(t, read(at("management")+"/api/overview"), `"rates_mode":"detailed"`)
	require.Contains(t, read(at("management")+"/api/queues/%2F/q"),
		`"incoming":[{"exchange":{"name":"","vhost":"/"},"stats":{"publish":1,`)
	metrics := at("metrics") + "/metrics"
	require.Contains(t, read(metrics+"/detailed?family=auth_attempt_detailed_metrics"), `username="guest"`)
	require.Contains(t, read(metrics+"/detailed?family=queue_exchange_metrics"),
		`rabbitmq_detailed_queue_exchange_messages_published_total{vhost="/",exchange="",queue="q"} 1`)
}
