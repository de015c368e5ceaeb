package management

import (
	"slices"
	"strings"
	"time"

	"github.com/leveretmq/leveret/definitions"
	"github.com/leveretmq/leveret/server"
)

// connectionView is a connection.
type connectionView struct {
	AuthMechanism     string                `json:"auth_mechanism"`
	ChannelMax        uint16                `json:"channel_max"`
	Channels          int                   `json:"channels"`
	ClientProperties  definitions.Arguments `json:"client_properties"`
	ConnectedAt       int64                 `json:"connected_at"`
	FrameMax          uint32                `json:"frame_max"`
	GarbageCollection collection            `json:"garbage_collection"`
	Host              string                `json:"host"`
	Name              string                `json:"name"`
	Node              string                `json:"node"`
	PeerCertIssuer    string                `json:"peer_cert_issuer"`
	PeerCertSubject   string                `json:"peer_cert_subject"`
	PeerCertValidity  string                `json:"peer_cert_validity"`
	PeerHost          string                `json:"peer_host"`
	PeerPort          int                   `json:"peer_port"`
	Port              int                   `json:"port"`
	Protocol          string                `json:"protocol"`
	Reads             uint64                `json:"recv_cnt"`
	Received          uint64                `json:"recv_oct"`
	ReceivedDetails   details               `json:"recv_oct_details"`
	Writes            uint64                `json:"send_cnt"`
	Sent              uint64                `json:"send_oct"`
	SentDetails       details               `json:"send_oct_details"`
	Pending           int                   `json:"send_pend"`
	SSL               bool                  `json:"ssl"`
	SSLCipher         string                `json:"ssl_cipher"`
	SSLHash           string                `json:"ssl_hash"`
	SSLKeyExchange    string                `json:"ssl_key_exchange"`
	SSLProtocol       string                `json:"ssl_protocol"`
	State             string                `json:"state"`
	Timeout           int64                 `json:"timeout"` // of heartbeats, in seconds
	Type              string                `json:"type"`
	User              string                `json:"user"`
	GivenName         string                `json:"user_provided_name,omitempty"`
	By                string                `json:"user_who_performed_action"`
	VHost             string                `json:"vhost"`
	reductions
}

func (a *API) connectionView(c *server.ConnectionStatus, asked windows) connectionView {
	motion := a.samples.connections.motion(c.Number, asked)
	return connectionView{
		AuthMechanism: c.AuthMechanism, ChannelMax: c.ChannelMax, Channels: c.ChannelCount,
		ClientProperties: definitions.Arguments(c.ClientProperties), ConnectedAt: c.ConnectedAt.UnixMilli(), FrameMax: c.FrameMax,
		Host: c.Host, Name: c.Name, Node: a.options.NodeName,
		PeerCertIssuer: c.TLS.PeerIssuer, PeerCertSubject: c.TLS.PeerSubject, PeerCertValidity: c.TLS.PeerValidity,
		PeerHost: c.PeerHost, PeerPort: c.PeerPort, Port: c.Port, Protocol: "AMQP 0-9-1",
		Reads: c.ReceivedPackets, Received: c.ReceivedOctets, ReceivedDetails: motion.details(countReceived, asked.data),
		Writes: c.SentPackets, Sent: c.SentOctets, SentDetails: motion.details(countSent, asked.data), Pending: c.Pending,
		SSL: c.TLS.On, SSLCipher: c.TLS.Cipher, SSLHash: c.TLS.Hash, SSLKeyExchange: c.TLS.KeyExchange,
		SSLProtocol: c.TLS.Protocol, State: c.State, Timeout: int64(c.Heartbeat / time.Second), Type: "network",
		User: c.User, GivenName: c.UserProvidedName, By: c.User, VHost: c.VHost,
	}
}

// open are the connections that the caller may see: its own, or all for who watches;
// of the virtual host of the path if it names one.
func (a *API) open(r *request) []server.ConnectionStatus {
	if a.server == nil {
		return nil
	}
	return slices.DeleteFunc(a.server.Connections(), func(c server.ConnectionStatus) bool {
		return r.vhost() != "" && c.VHost != r.vhost() || c.User != r.caller.Name && !r.caller.is(monitoring)
	})
}

func (a *API) listConnections(r *request) (reply, error) {
	asked, err := parseWindows(r.query, time.Now())
	if err != nil {
		return reply{}, err
	}
	open := a.open(r)
	asked = asked.forList(r, len(open))
	items := make([]connectionView, len(open))
	for i := range open {
		items[i] = a.connectionView(&open[i], asked)
	}
	return list(items), nil
}

// theConnection is the one of the path, for its owner and who has the tag.
func (a *API) theConnection(r *request, name string, least tag) (server.ConnectionStatus, error) {
	if a.server == nil {
		return server.ConnectionStatus{}, notFound()
	}
	c, ok := a.server.Connection(name)
	if !ok {
		return c, notFound()
	}
	return c, r.ownerOr(least, c.User)
}

// ownerOr refuses callers that are neither the user nor have the tag.
func (r *request) ownerOr(least tag, user string) error {
	if user == r.caller.Name || r.caller.is(least) {
		return nil
	}
	return unauthorised(refusedObject)
}

func (a *API) showConnection(r *request) (reply, error) {
	c, err := a.theConnection(r, r.param("connection"), monitoring)
	if err != nil {
		return reply{}, err
	}
	asked, err := parseWindows(r.query, time.Now())
	return show(a.connectionView(&c, asked)), err
}

// closeReason is what the client is told, and maxReason how many octets of it are
// taken over from the request.
const (
	closeReason = "Closed via management plugin"
	maxReason   = 200
)

// reason is what the request says of why a connection is closed.
func (r *request) reason() string {
	given := r.Header.Get("X-Reason")
	if given == "" {
		return closeReason
	}
	return strings.ToValidUTF8(given[:min(len(given), maxReason)], "")
}

func (a *API) closeConnection(r *request) (reply, error) {
	c, err := a.theConnection(r, r.param("connection"), administrator)
	if err != nil {
		return reply{}, err
	}
	r.note("owner", c.User)
	r.note("of", c.VHost)
	r.note("reason", r.reason())
	if !a.server.CloseConnection(c.Name, r.reason()) {
		return reply{}, notFound()
	}
	a.log.Info("connection closed by an operator", "connection", c.Name, "by", r.caller.Name, "reason", r.reason())
	return done(), nil
}

// ownedConnection is a connection in the list of a user's.
type ownedConnection struct {
	Name  string `json:"name"`
	Node  string `json:"node"`
	User  string `json:"user"`
	VHost string `json:"vhost"`
}

func (a *API) userConnections(r *request) (reply, error) {
	user := r.param("username")
	if err := r.ownerOr(monitoring, user); err != nil {
		return reply{}, err
	}
	items := []ownedConnection{}
	for _, c := range a.open(r) {
		if c.User == user {
			items = append(items, ownedConnection{Name: c.Name, Node: a.options.NodeName, User: c.User, VHost: c.VHost})
		}
	}
	return list(items), nil
}

func (a *API) closeUserConnections(r *request) (reply, error) {
	user := r.param("username")
	if err := r.ownerOr(administrator, user); err != nil {
		return reply{}, err
	}
	closed := 0
	for _, c := range a.open(r) {
		if c.User == user && a.server.CloseConnection(c.Name, r.reason()) {
			closed++
		}
	}
	r.note("connections", closed)
	r.note("reason", r.reason())
	a.log.Info("connections closed by an operator", "user", user, "by", r.caller.Name, "reason", r.reason())
	return done(), nil
}
