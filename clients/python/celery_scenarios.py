"""Celery with real workers: tasks, retries, routing, a worker that is killed.

Prints `version`, then `ok NAME` or `FAIL NAME: reason` per scenario; the exit
status is 1 if any failed. CLIENTS_URL names the broker.
"""

import faulthandler
import os
import signal
import subprocess
import sys
import tempfile
import time
import traceback
import uuid

os.environ["CLIENTS_RUN"] = uuid.uuid4().hex[:8]
DIRECTORY = tempfile.TemporaryDirectory(prefix="clients-celery.")
os.environ["CLIENTS_DIRECTORY"] = DIRECTORY.name

import celery  # noqa: E402  the application reads the environment
from celery import chain, group  # noqa: E402

import celery_tasks as tasks  # noqa: E402

DEADLINE = 180  # seconds for all scenarios together
PATIENCE = 20  # seconds for one condition
CONCURRENCY = 2


def equal(got, want, what):
    if got != want:
        raise AssertionError(f"{what}: got {got!r}, want {want!r}")


def wait_for(condition, what):
    deadline = time.monotonic() + PATIENCE
    while not condition():
        if time.monotonic() > deadline:
            raise AssertionError(f"waited in vain for {what}")
        time.sleep(0.05)


def ready(queue):
    with tasks.app.connection_for_read() as connection:
        return connection.default_channel.queue_declare(queue, passive=True).message_count


class Worker:
    """A worker process with its pool, in a process group of its own."""

    def __init__(self, label):
        self.host = f"{label}.{tasks.RUN}@localhost"
        self.log = os.path.join(DIRECTORY.name, f"{label}.log")
        with open(self.log, "w") as log:
            self.process = subprocess.Popen(
                [sys.executable, "-m", "celery", "-A", "celery_tasks", "worker", "-n", self.host,
                 "-c", str(CONCURRENCY), "-l", "INFO"],
                cwd=os.path.dirname(os.path.abspath(__file__)),
                stdout=log, stderr=subprocess.STDOUT, start_new_session=True)

    def ready(self):
        if self.process.poll() is not None:
            with open(self.log) as log:
                raise AssertionError(f"worker {self.host} ended:\n{log.read()}")
        return tasks.app.control.ping(destination=[self.host], timeout=0.5) == [{self.host: {"ok": "pong"}}]

    def wait(self):
        wait_for(self.ready, f"worker {self.host}")
        return self

    def kill(self):
        os.killpg(self.process.pid, signal.SIGKILL)
        self.process.wait()

    def stop(self):
        self.process.terminate()
        equal(self.process.wait(PATIENCE), 0, "exit status of the worker")


def work_queue():
    """A group of tasks is shared by two workers; each result is right."""
    results = group(tasks.add.s(i, i) for i in range(40)).apply_async()
    equal(results.get(timeout=PATIENCE), [2 * i for i in range(40)], "results")
    equal(ready(tasks.name("work")), 0, "left in the queue")


def rpc():
    """Each step of a chain answers to its caller's reply queue."""
    result = chain(tasks.add.s(1, 2), tasks.add.s(4), tasks.add.s(8)).apply_async()
    equal(result.get(timeout=PATIENCE), 15, "result of the chain")
    equal(tasks.add.delay("a", "b").get(timeout=PATIENCE), "ab", "result")


def retries():
    """A task that fails is published again, with a delay, until it succeeds."""
    equal(tasks.flaky.delay(2).get(timeout=PATIENCE), 2, "retries")
    exhausted = tasks.flaky.delay(99)
    try:
        exhausted.get(timeout=PATIENCE)
    except celery.exceptions.MaxRetriesExceededError:
        return
    raise AssertionError("a task was retried without an end")


def routing():
    """Tasks reach the worker through a direct exchange's bindings."""
    for key in ("error", "info"):
        got = tasks.whence.apply_async(exchange=tasks.DIRECT.name, routing_key=key).get(timeout=PATIENCE)
        equal(got, [tasks.DIRECT.name, key], "delivery info")


def topics():
    """Tasks reach the worker through the patterns of a topic exchange."""
    for key in ("animal.rabbit", "animal.hare.brown", "dark.colour"):
        got = tasks.whence.apply_async(exchange=tasks.TOPIC.name, routing_key=key).get(timeout=PATIENCE)
        equal(got, [tasks.TOPIC.name, key], "delivery info")


def publish_subscribe():
    """A broadcast task runs at every worker; so does a remote control ping."""
    tasks.sign.apply_async(args=["sheet"], queue=tasks.name("everybody"))
    hosts = [worker.host for worker in WORKERS]
    wait_for(lambda: all((tasks.DIRECTORY / f"sheet.{host}").exists() for host in hosts), "both signatures")
    wait_for(lambda: sorted(list(answer)[0] for answer in tasks.app.control.ping(timeout=1)
                            if tasks.RUN in list(answer)[0]) == sorted(hosts), "both pongs")


def prefetch():
    """Workers take as many tasks as they can run, the rest stays in the queue."""
    count, running = 12, CONCURRENCY * len(WORKERS)
    results = [tasks.gated.delay("gate", number) for number in range(count)]
    wait_for(lambda: ready(tasks.name("work")) == count - running, "what the workers must not take")
    active = tasks.app.control.inspect([worker.host for worker in WORKERS]).active()
    equal(sum(len(running_tasks) for running_tasks in active.values()), running, "running")
    equal(ready(tasks.name("work")), count - running, "still ready")
    (tasks.DIRECTORY / "gate").touch()
    equal([result.get(timeout=PATIENCE) for result in results], list(range(count)), "results")


def redelivery():
    """The task of a worker that is killed runs at another."""
    result = tasks.deadly.delay("started")
    wait_for(lambda: (tasks.DIRECTORY / "started").exists(), "the start of the task")
    active = tasks.app.control.inspect([worker.host for worker in WORKERS]).active()
    holder, = [worker for worker in WORKERS if active[worker.host]]
    holder.kill()
    WORKERS.remove(holder)
    equal(result.get(timeout=PATIENCE), "redelivered", "result")
    equal(ready(tasks.name("work")), 0, "left in the queue")


def confirms():
    """With confirms apply_async returns when the task is in its queue."""
    for worker in WORKERS:
        worker.stop()
    WORKERS.clear()
    sent = [tasks.add.delay(number, 0) for number in range(30)]
    equal(ready(tasks.name("work")), 30, "confirmed and in the queue")
    WORKERS.append(Worker("third").wait())
    equal([result.get(timeout=PATIENCE) for result in sent], list(range(30)), "results")


SCENARIOS = {
    "work-queue": work_queue,
    "rpc": rpc,
    "retries": retries,
    "routing": routing,
    "topics": topics,
    "publish-subscribe": publish_subscribe,
    "prefetch": prefetch,
    "redelivery": redelivery,
    "confirms": confirms,
}
WORKERS = []


def clean():
    for worker in WORKERS:
        worker.kill()
    with tasks.app.connection_for_write() as connection:
        channel = connection.default_channel
        for queue in ("work", "errors", "infos", "animals", "colours"):
            channel.queue_delete(tasks.name(queue))
        for exchange in ("work", "direct", "topic", "everybody"):
            channel.exchange_delete(tasks.name(exchange))


def expire(*_):
    raise SystemExit("the deadline has passed")


def main():
    signal.signal(signal.SIGALRM, expire)
    signal.alarm(DEADLINE)
    faulthandler.dump_traceback_later(DEADLINE + PATIENCE, exit=True)
    print("version", celery.__version__, flush=True)
    failed = False
    try:
        WORKERS.extend([Worker("first"), Worker("second")])
        for worker in WORKERS:
            worker.wait()
        for scenario, run in SCENARIOS.items():
            try:
                run()
                print("ok", scenario, flush=True)
            except Exception as error:
                failed = True
                print(f"FAIL {scenario}: {type(error).__name__}: {error}", flush=True)
                traceback.print_exc()
    finally:
        clean()
    sys.exit(1 if failed else 0)


if __name__ == "__main__":
    main()
