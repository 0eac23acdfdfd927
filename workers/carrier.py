"""RQ as the carrier: it brings ids of jobs to a worker process, and nothing else.

Whoever can write to Valkey can put anything into a queue. So a message is JSON of bounded size
with a name from a fixed list; names are never imported, and the callbacks or webhooks that a
message may bring along are left out.
"""

import functools
import signal
from collections.abc import Callable, Sequence
from typing import Any, ClassVar
from uuid import UUID

import redis
import structlog
from rq import Queue, Worker
from rq.job import Job
from rq.serializers import JSONSerializer
from rq.timeouts import JobTimeoutException, UnixSignalDeathPenalty
from rq.worker import WorkerStatus
from sqlalchemy.orm import configure_mappers

from marketplace.core.db import Database
from marketplace.local.processes import dies_with_parent
from marketplace.settings import Settings
from workers.leases import LeaseKeeper
from workers.runner import Runner
from workers.work import CALLS_QUEUE, DEFAULT_QUEUE, SLOW_QUEUE, JobTimedOut

WORKER_ROLE = "marketplace_worker"
RUN = "run"
TIME_LIMIT_SECONDS = 300
LARGEST_MESSAGE = 8_192
REFUSED = b'["refused", null, [], {}]'
KEPT = ("data", "created_at", "enqueued_at", "origin", "status", "timeout", "result_ttl")
# How many jobs share one message: a fork costs more than a short job.
JOBS_PER_MESSAGE = {DEFAULT_QUEUE: 50, CALLS_QUEUE: 10, SLOW_QUEUE: 1}
MESSAGES_WAITING = 10
# Missing when Valkey was emptied or replaced: then all that was on offer is lost.
MARK = "marketplace:carrier"

log = structlog.get_logger("workers")


class RefusedMessage(Exception):
    """A message that we did not put there."""


class CarriedJob(Job):
    """RQ's job, cut down to the names on the list."""

    allowed: ClassVar[dict[str, Callable[..., None]]] = {}

    def restore(self, raw_data: Any) -> Any:
        raw = {name: raw_data[name.encode()] for name in KEPT if name.encode() in raw_data}
        if len(raw.get("data", b"")) > LARGEST_MESSAGE:
            raw["data"] = REFUSED
        return super().restore({name.encode(): value for name, value in raw.items()})

    @property
    def func(self) -> Callable[..., None]:
        if self.func_name not in self.allowed:
            log.error("carrier.refused", name=str(self.func_name)[:100], message=self.id)
            raise RefusedMessage("This work is not on the list.")
        return self.allowed[self.func_name]


class CarrierQueue(Queue):
    job_class = CarriedJob


class TimeLimit(UnixSignalDeathPenalty):
    """The time limit, as something that an `except Exception` in a job does not catch."""

    def handle_death_penalty(self, signum: int, frame: Any) -> None:
        if self._exception is JobTimeoutException:
            raise JobTimedOut(f"Not done after {self._timeout} seconds.")
        super().handle_death_penalty(signum, frame)  # type: ignore[no-untyped-call]


class CarrierWorker(Worker):
    """Works off one queue, each message in a process of its own that ends with this one."""

    queue_class = CarrierQueue
    job_class = CarriedJob
    death_penalty_class = TimeLimit
    log_result_lifespan = False
    max_connection_wait_time = 5.0
    end_with_me: Callable[[], None] | None = None

    def bootstrap(self, *_logging: Any) -> None:
        """Register; logging is set up already, and commands over Valkey are not listened to."""
        self.register_birth()  # type: ignore[no-untyped-call]
        self.set_state(WorkerStatus.STARTED)
        log.info("worker.started", queues=self.queue_names())

    def fork_work_horse(self, job: Job, queue: Queue) -> None:
        self.end_with_me = dies_with_parent(signal.SIGKILL)
        super().fork_work_horse(job, queue)

    def setup_work_horse_signals(self) -> None:
        super().setup_work_horse_signals()  # type: ignore[no-untyped-call]
        if self.end_with_me is not None:
            self.end_with_me()


def connect(url: str) -> "redis.Redis":
    """A connection that gives up soon: nothing that matters waits for Valkey."""
    return redis.Redis.from_url(url, socket_connect_timeout=2, health_check_interval=30)


def work(settings: Settings, queue: str) -> None:
    """Work off this queue until a signal comes."""
    configure_mappers()
    CarriedJob.allowed = {RUN: functools.partial(run_jobs, settings)}
    worker = CarrierWorker(
        [queue],
        connection=connect(settings.redis_url),
        serializer=JSONSerializer,
        log_job_description=False,
        worker_ttl=60,
    )
    worker.work()


def run_jobs(settings: Settings, ids: Sequence[str]) -> None:
    """What a message asks for, over connections of this process."""
    database = Database(settings.database_url, WORKER_ROLE, pool_size=2)
    with LeaseKeeper(database) as keeper:
        runner = Runner(database, keeper.hold)
        for job_id in ids:
            runner.run(UUID(job_id))


def room(connection: "redis.Redis", queue: str) -> int:
    """How many more jobs may be put on offer: what waits in RQ waits better in PostgreSQL."""
    waiting = len(_queue(connection, queue))
    return max(0, MESSAGES_WAITING - waiting) * JOBS_PER_MESSAGE[queue]


def carry(connection: "redis.Redis", queue: str, ids: Sequence[UUID]) -> None:
    """Put the ids into RQ. Raises RedisError; some of them may be there then."""
    size = JOBS_PER_MESSAGE[queue]
    portions = [ids[start : start + size] for start in range(0, len(ids), size)]
    _queue(connection, queue).enqueue_many(
        CarrierQueue.prepare_data(
            RUN,
            args=[[str(job_id) for job_id in portion]],
            timeout=TIME_LIMIT_SECONDS,
            result_ttl=0,
            failure_ttl=60,
        )
        for portion in portions
    )


def was_emptied(connection: "redis.Redis") -> bool:
    """Whether Valkey has lost its memory since we last asked; leaves the mark anew."""
    return bool(connection.set(MARK, "1", nx=True))


def _queue(connection: "redis.Redis", name: str) -> CarrierQueue:
    return CarrierQueue(name, connection=connection, serializer=JSONSerializer)
