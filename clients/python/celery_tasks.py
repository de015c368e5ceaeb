"""The Celery application that worker and scenarios share.

CLIENTS_URL names the broker, CLIENTS_RUN makes the names of one run its own and
CLIENTS_DIRECTORY is where tasks leave what only they can tell.
"""

import os
import pathlib
import time

from celery import Celery
from kombu import Exchange, Queue
from kombu.common import Broadcast

RUN = os.environ["CLIENTS_RUN"]
DIRECTORY = pathlib.Path(os.environ["CLIENTS_DIRECTORY"])


def name(suffix):
    return f"clients.celery.{RUN}.{suffix}"


DIRECT = Exchange(name("direct"), type="direct", durable=True)
TOPIC = Exchange(name("topic"), type="topic", durable=True)

app = Celery("clients", broker=os.environ["CLIENTS_URL"], backend="rpc://")
app.conf.update(
    broker_transport_options={"confirm_publish": True},
    broker_connection_retry=False,
    task_acks_late=True,
    task_reject_on_worker_lost=True,
    worker_prefetch_multiplier=1,
    worker_hijack_root_logger=False,
    result_expires=600,
    task_default_queue=name("work"),
    task_queues=[
        Queue(name("work")),
        Queue(name("errors"), DIRECT, routing_key="error"),
        Queue(name("infos"), DIRECT, routing_key="info"),
        Queue(name("animals"), TOPIC, routing_key="animal.#"),
        Queue(name("colours"), TOPIC, routing_key="*.colour"),
        Broadcast(name("everybody"), queue=None),
    ],
)


@app.task
def add(x, y):
    return x + y


@app.task(bind=True, max_retries=3)
def flaky(self, failures):
    """Fails a number of times and tells how often it was retried."""
    if self.request.retries < failures:
        raise self.retry(countdown=0.2)
    return self.request.retries


@app.task(bind=True)
def whence(self):
    """Tells by which exchange and key the task came."""
    info = self.request.delivery_info
    return info["exchange"], info["routing_key"]


@app.task(bind=True)
def deadly(self, mark):
    """Waits to be killed at its first delivery, and returns at the second."""
    if self.request.delivery_info["redelivered"]:
        return "redelivered"
    (DIRECTORY / mark).touch()
    time.sleep(600)
    return "not killed"


@app.task(bind=True)
def gated(self, gate, number):
    """Runs until its gate is opened."""
    while not (DIRECTORY / gate).exists():
        time.sleep(0.02)
    return number


@app.task(bind=True, ignore_result=True)
def sign(self, sheet):
    """Leaves the name of the worker."""
    (DIRECTORY / f"{sheet}.{self.request.hostname}").touch()
