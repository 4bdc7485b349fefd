"""The other queues, each with one producer and one worker process: run by their own interpreter, `.venv/queues`.

    python others.py LIBRARY produce|work URL COUNT

Both sides print one number, seconds of the machine's steady clock: when the first message was put in, and when the last
one had been worked off. The work is nothing, so that what is measured is the hop.
"""

import asyncio
import sys
import time
from collections.abc import Callable

ID = "01a2185e92016cd5a4b9f3c2d1e0f7a8"
IN_FLIGHT = 64


class Counter:
    """Prints the instant at which the last message was worked off."""

    def __init__(self, count: int) -> None:
        self._left = count

    def one(self) -> None:
        self._left -= 1
        if self._left == 0:
            print(time.monotonic(), flush=True)


async def many(put: Callable[[], object], count: int) -> None:
    """`count` messages, so many at a time, as a busy sender does."""
    print(time.monotonic(), flush=True)
    for start in range(0, count, IN_FLIGHT):
        await asyncio.gather(*(put() for _ in range(min(IN_FLIGHT, count - start))))  # type: ignore[arg-type]


def with_taskiq(role: str, url: str, count: int) -> None:
    from taskiq.receiver import Receiver
    from taskiq_redis import ListQueueBroker

    broker, counter = ListQueueBroker(url), Counter(count)

    @broker.task(task_name="hop")
    async def hop(_id: str) -> None:
        counter.one()

    async def main() -> None:
        await broker.startup()
        if role == "produce":
            await many(lambda: hop.kiq(ID), count)
        else:
            broker.is_worker_process = True
            await Receiver(broker, max_async_tasks=IN_FLIGHT).listen(asyncio.Event())

    asyncio.run(main())


def with_dramatiq(role: str, url: str, count: int) -> None:
    import dramatiq
    from dramatiq.brokers.redis import RedisBroker

    broker, counter = RedisBroker(url=url), Counter(count)
    dramatiq.set_broker(broker)

    @dramatiq.actor(broker=broker)
    def hop(_id: str) -> None:
        counter.one()

    if role == "produce":
        print(time.monotonic(), flush=True)
        for _ in range(count):
            hop.send(ID)
        return
    worker = dramatiq.Worker(broker, worker_threads=1)
    worker.start()
    while True:
        time.sleep(60)


def with_arq(role: str, url: str, count: int) -> None:
    from arq import create_pool
    from arq.connections import RedisSettings
    from arq.worker import Worker, func

    counter = Counter(count)

    async def hop(_context: object, _id: str) -> None:
        counter.one()

    async def produce() -> None:
        pool = await create_pool(RedisSettings.from_dsn(url))
        await many(lambda: pool.enqueue_job("hop", ID), count)

    if role == "produce":
        asyncio.run(produce())
        return
    Worker(
        functions=[func(hop, name="hop")],
        redis_settings=RedisSettings.from_dsn(url),
        max_jobs=IN_FLIGHT,
        keep_result=0,
        poll_delay=0.05,
        handle_signals=False,
    ).run()


def with_celery(role: str, url: str, count: int) -> None:
    from celery import Celery

    app, counter = Celery("hop", broker=url), Counter(count)
    app.conf.update(
        task_ignore_result=True,
        worker_prefetch_multiplier=IN_FLIGHT,
        worker_hijack_root_logger=False,
        worker_redirect_stdouts=False,
    )

    @app.task(name="hop")
    def hop(_id: str) -> None:
        counter.one()

    if role == "produce":
        print(time.monotonic(), flush=True)
        for _ in range(count):
            hop.delay(ID)
        return
    app.worker_main(["--quiet", "worker", "--pool=solo", "--loglevel=CRITICAL", "--without-gossip", "--without-mingle"])


def with_procrastinate(role: str, url: str, count: int) -> None:
    from procrastinate import App, PsycopgConnector

    counter = Counter(count)
    app = App(connector=PsycopgConnector(conninfo=url))

    @app.task(name="hop")
    async def hop(_id: str) -> None:
        counter.one()

    async def main() -> None:
        async with app.open_async():
            if role == "produce":
                await many(lambda: hop.defer_async(_id=ID), count)
            else:
                await app.schema_manager.apply_schema_async()
                print("ready", flush=True)
                await app.run_worker_async(
                    concurrency=IN_FLIGHT, delete_jobs="successful", fetch_job_polling_interval=1
                )

    asyncio.run(main())


LIBRARIES = {
    "taskiq": with_taskiq,
    "dramatiq": with_dramatiq,
    "arq": with_arq,
    "celery": with_celery,
    "procrastinate": with_procrastinate,
}

if __name__ == "__main__":
    LIBRARIES[sys.argv[1]](sys.argv[2], sys.argv[3], int(sys.argv[4]))
