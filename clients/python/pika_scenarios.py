"""The tutorials' patterns with pika's blocking connection.

Prints `version`, then `ok NAME` or `FAIL NAME: reason` per scenario; the exit
status is 1 if any failed. CLIENTS_URL names the broker.
"""

import faulthandler
import os
import signal
import subprocess
import sys
import threading
import time
import traceback
import uuid

import pika
from pika.exceptions import UnroutableError

URL = os.environ["CLIENTS_URL"]
RUN = uuid.uuid4().hex[:8]
DEADLINE = 90  # seconds for all scenarios together
PATIENCE = 10  # seconds for one condition
PERSISTENT = pika.BasicProperties(delivery_mode=2)


def name(suffix):
    return f"clients.pika.{RUN}.{suffix}"


def equal(got, want, what):
    if got != want:
        raise AssertionError(f"{what}: got {got!r}, want {want!r}")


def connect():
    return pika.BlockingConnection(pika.URLParameters(URL))


def wait_for(condition, what):
    deadline = time.monotonic() + PATIENCE
    while not condition():
        if time.monotonic() > deadline:
            raise AssertionError(f"waited in vain for {what}")
        time.sleep(0.02)


def ready(channel, queue):
    return channel.queue_declare(queue, passive=True).method.message_count


def publish_all(channel, exchange, key, bodies, properties=PERSISTENT):
    for body in bodies:
        channel.basic_publish(exchange, key, body.encode(), properties)


def take(channel, queue, count):
    """Consumes and acks exactly count messages: (body, redelivered) each."""
    taken = []
    for method, _, body in channel.consume(queue, inactivity_timeout=PATIENCE):
        if method is None:
            raise AssertionError(f"{len(taken)} of {count} messages in {queue}")
        channel.basic_ack(method.delivery_tag)
        taken.append((body.decode(), method.redelivered))
        if len(taken) == count:
            break
    channel.cancel()
    return taken


def bodies(taken):
    return [body for body, _ in taken]


def work_queue(connection):
    """Two workers with prefetch 1 share the tasks; one is given back once."""
    channel = connection.channel()
    queue = name("work")
    channel.queue_declare(queue, durable=True)
    tasks = [f"task {i}" for i in range(20)]
    done, refused, by_worker = [], [], {0: 0, 1: 0}
    workers = [connection.channel(), connection.channel()]

    def work(number):
        def on_message(worker, method, properties, body):
            text = body.decode()
            equal(properties.delivery_mode, 2, "delivery mode")
            if text == "task 7" and not refused:
                equal(method.redelivered, False, "flag of the first delivery")
                refused.append(text)
                worker.basic_nack(method.delivery_tag, requeue=True)
                return
            equal(method.redelivered, text in refused, f"redelivered of {text}")
            done.append(text)
            by_worker[number] += 1
            worker.basic_ack(method.delivery_tag)

        return on_message

    for number, worker in enumerate(workers):
        worker.basic_qos(prefetch_count=1)
        worker.basic_consume(queue, work(number))
    publish_all(channel, "", queue, tasks)
    deadline = time.monotonic() + PATIENCE
    while len(done) < len(tasks):
        if time.monotonic() > deadline:
            raise AssertionError(f"only {len(done)} tasks were done")
        connection.process_data_events(time_limit=0.1)
    equal(sorted(done), sorted(tasks), "tasks")
    equal(refused, ["task 7"], "refused")
    if 0 in by_worker.values():
        raise AssertionError(f"a worker got nothing: {by_worker}")
    for worker in workers:
        worker.close()
    equal(ready(channel, queue), 0, "left in the queue")
    channel.queue_delete(queue)


def prefetch(connection):
    """No more than the prefetch count is on its way."""
    channel, observer = connection.channel(), connection.channel()
    queue = name("prefetch")
    channel.queue_declare(queue)
    publish_all(channel, "", queue, [str(i) for i in range(10)])
    channel.basic_qos(prefetch_count=3)
    held = []
    channel.basic_consume(queue, lambda _, method, __, body: held.append((method.delivery_tag, body)))

    def pump():
        connection.process_data_events(time_limit=0.02)
        return len(held)

    wait_for(lambda: pump() == 3, "three deliveries")
    equal(ready(observer, queue), 7, "ready beside three held")
    channel.basic_ack(held[0][0])
    wait_for(lambda: pump() == 4, "one more after an ack")
    equal(ready(observer, queue), 6, "ready after one ack")
    channel.basic_ack(held[3][0], multiple=True)
    wait_for(lambda: pump() == 7, "three more after a multiple ack")
    equal(ready(observer, queue), 3, "ready after a multiple ack")
    equal([body for _, body in held], [b"%d" % i for i in range(7)], "order")
    channel.close()
    wait_for(lambda: ready(observer, queue) == 6, "what the channel held")
    observer.queue_delete(queue)


def victim(queue):
    """A consumer that acks one message, holds four and waits to be killed."""
    channel = connect().channel()
    channel.basic_qos(prefetch_count=4)
    seen = 0
    for method, _, _ in channel.consume(queue):
        seen += 1
        if seen == 1:
            channel.basic_ack(method.delivery_tag)
        if seen == 5:
            print("holding", flush=True)


def redelivery(connection):
    """What a killed process held comes back first, in order and flagged."""
    channel = connection.channel()
    queue = name("redelivery")
    channel.queue_declare(queue, durable=True)
    publish_all(channel, "", queue, [str(i) for i in range(10)])
    process = subprocess.Popen([sys.executable, __file__, "victim", queue], stdout=subprocess.PIPE, text=True)
    try:
        equal(process.stdout.readline(), "holding\n", "the victim's line")
    finally:
        process.kill()
        process.wait()
    wait_for(lambda: ready(channel, queue) == 9, "the victim's messages")
    want = [(str(i), i < 5) for i in range(1, 10)]
    equal(take(channel, queue, 9), want, "deliveries after the kill")
    channel.queue_delete(queue)


def bound_queue(channel, exchange, *keys):
    queue = channel.queue_declare("", exclusive=True).method.queue
    for key in keys:
        channel.queue_bind(queue, exchange, key)
    return queue


def publish_subscribe(connection):
    """Every queue of a fanout exchange gets everything, in order."""
    channel = connection.channel()
    exchange = name("logs")
    channel.exchange_declare(exchange, "fanout")
    queues = [bound_queue(channel, exchange, "") for _ in range(3)]
    late = channel.queue_declare("", exclusive=True).method.queue
    lines = [f"line {i}" for i in range(25)]
    publish_all(channel, exchange, "ignored", lines)
    channel.queue_bind(late, exchange)
    for queue in queues:
        equal(bodies(take(channel, queue, 25)), lines, "lines")
        equal(ready(channel, queue), 0, "left")
    equal(ready(channel, late), 0, "of before the binding")
    channel.exchange_delete(exchange)


def routing(connection):
    """A direct exchange compares the key."""
    channel = connection.channel()
    exchange = name("direct")
    channel.exchange_declare(exchange, "direct", durable=True)
    errors = bound_queue(channel, exchange, "error")
    everything = bound_queue(channel, exchange, "info", "warning", "error")
    keys = ["info", "error", "debug", "warning", "error", "Error", "info"]
    for number, key in enumerate(keys):
        channel.basic_publish(exchange, key, f"{number} {key}".encode())
    equal(bodies(take(channel, errors, 2)), ["1 error", "4 error"], "errors")
    want = ["0 info", "1 error", "3 warning", "4 error", "6 info"]
    equal(bodies(take(channel, everything, 5)), want, "everything")
    equal((ready(channel, errors), ready(channel, everything)), (0, 0), "left")
    channel.exchange_delete(exchange)


def topics(connection):
    """A topic exchange matches words; two matches are one delivery."""
    channel = connection.channel()
    exchange = name("topic")
    channel.exchange_declare(exchange, "topic", auto_delete=True)
    queues = {
        "orange": bound_queue(channel, exchange, "*.orange.*"),
        "rabbits": bound_queue(channel, exchange, "*.*.rabbit", "lazy.#"),
        "all": bound_queue(channel, exchange, "#"),
    }
    keys = [
        "quick.orange.rabbit", "lazy.orange.elephant", "quick.orange.fox", "lazy.brown.fox",
        "lazy.pink.rabbit", "quick.brown.fox", "orange", "quick.orange.male.rabbit", "lazy", "",
    ]
    for key in keys:
        channel.basic_publish(exchange, key, key.encode())
    want = {
        "orange": [keys[0], keys[1], keys[2]],
        "rabbits": [keys[0], keys[1], keys[3], keys[4], keys[8]],
        "all": keys,
    }
    for which, queue in queues.items():
        equal(bodies(take(channel, queue, len(want[which]))), want[which], which)
        equal(ready(channel, queue), 0, f"left for {which}")


def serve(queue, started, failures):
    """Answers as many requests as are asked for, then returns."""
    try:
        connection = connect()
        channel = connection.channel()
        channel.queue_declare(queue, auto_delete=True)
        channel.basic_qos(prefetch_count=1)
        started.set()
        for method, properties, body in channel.consume(queue, inactivity_timeout=PATIENCE):
            if method is None:
                raise AssertionError("no request")
            answer = pika.BasicProperties(correlation_id=properties.correlation_id)
            channel.basic_publish("", properties.reply_to, b"%d" % (int(body) ** 2), answer)
            channel.basic_ack(method.delivery_tag)
            if body == b"9":
                break
        connection.close()
    except Exception:  # a thread's failure belongs to its scenario
        failures.append(traceback.format_exc())
        started.set()


def rpc(connection):
    """Requests name a reply queue; answers are told apart by correlation id."""
    queue, started, failures = name("rpc"), threading.Event(), []
    server = threading.Thread(target=serve, args=(queue, started, failures))
    server.start()
    started.wait(PATIENCE)
    channel = connection.channel()
    replies = channel.queue_declare("", exclusive=True).method.queue
    asked = {}
    for number in range(10):
        correlation = uuid.uuid4().hex
        asked[correlation] = number
        channel.basic_publish("", queue, b"%d" % number,
                              pika.BasicProperties(reply_to=replies, correlation_id=correlation))
    answered = {}
    for method, properties, body in channel.consume(replies, auto_ack=True, inactivity_timeout=PATIENCE):
        if method is None:
            raise AssertionError(f"{len(answered)} answers; {failures}")
        answered[asked[properties.correlation_id]] = int(body)
        if len(answered) == len(asked):
            break
    server.join(PATIENCE)
    equal(failures, [], "failures of the server")
    equal(answered, {number: number ** 2 for number in range(10)}, "answers")


def confirms(connection):
    """Each publish returns when the broker has confirmed it."""
    channel = connection.channel()
    queue = name("confirms")
    channel.queue_declare(queue, durable=True)
    channel.confirm_delivery()
    sent = [f"message {i}" for i in range(50)]
    publish_all(channel, "", queue, sent)
    equal(ready(channel, queue), 50, "confirmed and in the queue")
    equal(take(channel, queue, 50), [(body, False) for body in sent], "confirmed")
    channel.queue_delete(queue)


def mandatory(connection):
    """A mandatory message without a queue comes back; pika raises it."""
    channel = connection.channel()
    channel.confirm_delivery()
    queue = bound_queue(channel, "amq.direct", name("there"))
    channel.basic_publish("amq.direct", name("there"), b"routed", mandatory=True)
    channel.basic_publish("amq.direct", name("nowhere"), b"dropped", mandatory=False)
    try:
        channel.basic_publish("amq.direct", name("nowhere"), b"back", PERSISTENT, mandatory=True)
    except UnroutableError as error:
        equal([(m.method.reply_code, m.method.reply_text, m.method.routing_key, m.body) for m in error.messages],
              [(312, "NO_ROUTE", name("nowhere"), b"back")], "returned")
    else:
        raise AssertionError("a mandatory message without a queue was not returned")
    equal(bodies(take(channel, queue, 1)), ["routed"], "routed")
    equal(ready(channel, queue), 0, "left")


SCENARIOS = {
    "work-queue": work_queue,
    "prefetch": prefetch,
    "redelivery": redelivery,
    "publish-subscribe": publish_subscribe,
    "routing": routing,
    "topics": topics,
    "rpc": rpc,
    "confirms": confirms,
    "mandatory": mandatory,
}


def main():
    signal.signal(signal.SIGPIPE, signal.SIG_DFL)
    faulthandler.dump_traceback_later(DEADLINE, exit=True)
    print("version", pika.__version__, flush=True)
    failed = False
    for scenario, run in SCENARIOS.items():
        try:
            connection = connect()
            run(connection)
            connection.close()
            print("ok", scenario, flush=True)
        except Exception as error:
            failed = True
            print(f"FAIL {scenario}: {type(error).__name__}: {error}", flush=True)
            traceback.print_exc()
    sys.exit(1 if failed else 0)


if __name__ == "__main__":
    if sys.argv[1:2] == ["victim"]:
        victim(sys.argv[2])
    else:
        main()
