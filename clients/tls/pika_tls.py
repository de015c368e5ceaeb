"""pika over TLS: with a password, and with a certificate alone (EXTERNAL)."""
import os
import ssl
import sys

import pika

host, port, folder = "localhost", int(os.environ["TLS_PORT"]), os.environ["TLS_FOLDER"]


def connect(authority, credentials, certificate=None):
    context = ssl.create_default_context(cafile=os.path.join(folder, authority + ".pem"))
    if certificate:
        context.load_cert_chain(os.path.join(folder, certificate + ".pem"), os.path.join(folder, certificate + ".key"))
    return pika.BlockingConnection(pika.ConnectionParameters(
        host, port, "/", credentials, ssl_options=pika.SSLOptions(context, host)))


def round_trip(connection):
    channel = connection.channel()
    queue = channel.queue_declare("", exclusive=True).method.queue
    channel.confirm_delivery()
    channel.basic_publish("", queue, b"x" * 200_000)
    _, _, body = channel.basic_get(queue, auto_ack=True)
    assert body == b"x" * 200_000
    connection.close()


def refused(do):
    try:
        do()
    except Exception:
        return
    raise AssertionError("it was not refused")


plain = pika.PlainCredentials("app", "secret")
scenarios = {
    "password": lambda: round_trip(connect("ca", plain)),
    "certificate": lambda: round_trip(connect("ca", pika.credentials.ExternalCredentials(), "app")),
    "unknown-server": lambda: refused(lambda: connect("stranger", plain)),
    "expired-client": lambda: refused(lambda: round_trip(connect("ca", plain, "expired"))),
    "revoked-client": lambda: refused(lambda: round_trip(connect("ca", plain, "gone"))),
}
failed = False
for name, scenario in scenarios.items():
    try:
        scenario()
        print("ok", name)
    except Exception as problem:
        failed = True
        print("FAIL", name, repr(problem))
sys.exit(failed)
