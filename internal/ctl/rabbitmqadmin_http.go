package ctl

import (
	"bytes"
	"context"
	"crypto/tls"
	"crypto/x509"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"os"
	"strconv"
	"strings"
	"syscall"
	"time"
)

// remote is the HTTP API as rabbitmqadmin calls it: what it prints of a refusal is the
// script's.
type remote struct {
	client                http.Client
	base, prefix          string
	user, password, waits string
}

// connect makes the client of what the options say.
func (c *adminCall) connect() error {
	seconds, err := strconv.Atoi(c.set["request_timeout"])
	if err != nil {
		return wrongUse("request_timeout is no number: %s", c.set["request_timeout"])
	}
	scheme, transport := "http", &http.Transport{}
	if c.set["ssl"] == "true" {
		scheme = "https"
		if transport.TLSClientConfig, err = c.tlsConfig(); err != nil {
			return err
		}
	}
	c.remote = remote{
		client: http.Client{Timeout: time.Duration(seconds) * time.Second, Transport: transport},
		base:   scheme + "://" + net.JoinHostPort(c.set["hostname"], c.set["port"]), prefix: c.set["path_prefix"] + "/api",
		user: c.set["username"], password: c.set["password"], waits: c.set["request_timeout"],
	}
	return nil
}

func (c *adminCall) tlsConfig() (*tls.Config, error) {
	config := &tls.Config{MinVersion: tls.VersionTLS12}
	if file := c.set["ssl_ca_cert_file"]; file != "" {
		pem, err := os.ReadFile(file)
		if err != nil {
			return nil, err
		}
		if config.RootCAs = x509.NewCertPool(); !config.RootCAs.AppendCertsFromPEM(pem) {
			return nil, fmt.Errorf("%s: there is no certificate in it", file)
		}
	}
	if key := c.set["ssl_key_file"]; key != "" {
		certificate, err := tls.LoadX509KeyPair(c.set["ssl_cert_file"], key)
		if err != nil {
			return nil, err
		}
		config.Certificates = []tls.Certificate{certificate}
	}
	if c.set["ssl_insecure"] == "true" {
		config.InsecureSkipVerify = true
		return config, nil
	}
	if c.set["ssl_disable_hostname_verification"] == "true" {
		config.InsecureSkipVerify = true // the chain is checked here, the name is not
		config.VerifyConnection = func(state tls.ConnectionState) error {
			chain := x509.VerifyOptions{Roots: config.RootCAs, Intermediates: x509.NewCertPool()}
			for _, one := range state.PeerCertificates[1:] {
				chain.Intermediates.AddCert(one)
			}
			_, err := state.PeerCertificates[0].Verify(chain)
			return err
		}
	}
	return config, nil
}

// call sends a request and returns the body of the answer. A body that is no []byte goes
// as JSON; nil is none. Path is below /api, and escaped.
func (r *remote) call(method, path string, body any) (string, error) {
	var content io.Reader
	switch b := body.(type) {
	case nil:
	case []byte:
		content = bytes.NewReader(b)
	default:
		encoded, err := json.Marshal(body)
		if err != nil {
			return "", err
		}
		content = bytes.NewReader(encoded)
	}
	path = r.prefix + path
	request, err := http.NewRequestWithContext(context.Background(), method, r.base+strings.ReplaceAll(path, " ", "%20"), content)
	if err != nil {
		return "", err
	}
	request.SetBasicAuth(r.user, r.password)
	if content != nil {
		request.Header.Set("Content-Type", "application/json")
	}
	response, err := r.client.Do(request)
	if err != nil {
		return "", r.unreachable(err)
	}
	defer response.Body.Close()
	answer, err := io.ReadAll(response.Body)
	if err != nil {
		return "", r.unreachable(err)
	}
	return string(answer), refusalOf(response, path, answer)
}

// unreachable tells why there is no answer.
func (r *remote) unreachable(err error) error {
	var timeout net.Error
	if errors.As(err, &timeout) && timeout.Timeout() {
		return fmt.Errorf("Timed out getting HTTP response (request timeout: %s seconds)", r.waits)
	}
	reason := err.Error()
	var number syscall.Errno
	if errors.As(err, &number) {
		text := number.Error()
		reason = fmt.Sprintf("[Errno %d] %s", int(number), strings.ToUpper(text[:1])+text[1:])
	}
	return fmt.Errorf("Could not connect: %s", reason)
}

// refusalOf is what the script says of an answer that is no success.
func refusalOf(response *http.Response, path string, answer []byte) error {
	status := response.StatusCode
	switch {
	case status < http.StatusBadRequest:
		return nil
	case status == http.StatusUnauthorized:
		return &refusal{status, "Access refused: " + path}
	case status == http.StatusNotFound:
		return &refusal{status, "Not found: " + path}
	case status == http.StatusBadRequest:
		return refused(status, answer)
	default:
		return &refusal{status, fmt.Sprintf("Received response %s for path %s\n%s", response.Status, path, answer)}
	}
}
