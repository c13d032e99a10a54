"""The queues: enqueued after the commit, and never the truth.

Redis may be wiped at any moment: what is due stands in PostgreSQL, and the sweep enqueues it
again. Every worker listens to one queue only, because RQ can lose a job popped by a worker that
listens to two.
"""

from importlib import import_module
from uuid import UUID

import structlog
from redis import Redis, RedisError
from rq import Queue, Retry, SimpleWorker

log = structlog.get_logger()

EVENTS, COMPUTE, WRITES, HISTORY = "events", "compute", "writes", "history"
QUEUES = (EVENTS, COMPUTE, WRITES, HISTORY)

# A flag in Redis keeps a burst of events from enqueuing a job each. It ends by itself, so a job
# that is lost with it is only late.
FLAG_SECONDS = 10
JOB_SECONDS = {EVENTS: 300, COMPUTE: 3600, WRITES: 900, HISTORY: 6 * 3600}

DRAIN = "jobs.drain.drain"
RECOMPUTE = "jobs.recompute.recompute"
CHECK = "jobs.check_results.check"
WRITE_BACK = "jobs.write_back.write_back"
INSTALL = "jobs.history.install"
RECONCILE = "jobs.reconcile.reconcile"
COMPARE = "jobs.reconcile.compare_identifiers"
PRUNE = "jobs.sweep.prune"
PRIVACY = "jobs.privacy.fulfil"
REPORT = "jobs.report.report"
PERSONAL = "jobs.personal_lists.make_lists"
POINTS = "jobs.points.advance"
REDEMPTIONS = "jobs.withdrawals.sweep"

_QUEUE_OF = {
    DRAIN: EVENTS,
    RECOMPUTE: COMPUTE,
    CHECK: COMPUTE,
    WRITE_BACK: WRITES,
    INSTALL: HISTORY,
    RECONCILE: HISTORY,
    COMPARE: HISTORY,
    PRUNE: HISTORY,
    PRIVACY: HISTORY,
    REPORT: COMPUTE,
    PERSONAL: COMPUTE,
    POINTS: HISTORY,
    REDEMPTIONS: WRITES,
}


def enqueue(redis: Redis, function: str, store_id: UUID) -> bool:
    """Ask for a job on a store; False when one is waiting already or Redis does not answer.

    A Redis that is away is no error here: the sweep asks again.
    """
    try:
        if not redis.set(_flag(function, store_id), 1, nx=True, ex=FLAG_SECONDS):
            return False
        name = _QUEUE_OF[function]
        Queue(name, connection=redis).enqueue(
            function,
            str(store_id),
            retry=Retry(max=2),
            job_timeout=JOB_SECONDS[name],
            result_ttl=0,
            failure_ttl=24 * 3600,
        )
    except RedisError as error:
        log.warning("job not enqueued, the sweep will", job=function, error=type(error).__name__)
        return False
    return True


def answers(redis: Redis) -> bool:
    """Whether jobs can be enqueued now."""
    try:
        return bool(redis.ping())
    except RedisError:
        return False


def started(redis: Redis, function: str, store_id: str) -> None:
    """Let the next change enqueue again; called first by every job."""
    try:
        redis.delete(_flag(function, store_id))
    except RedisError:
        log.warning("queue flag not cleared, it ends by itself", job=function)


def load_jobs(name: str) -> None:
    """Import what the jobs of a queue need, which else the first job of each kind would."""
    for function, queue in _QUEUE_OF.items():
        if queue == name:
            import_module(function.rpartition(".")[0])


def work(redis: Redis, name: str) -> None:
    """Run jobs of one queue in this process until it is told to stop.

    Jobs run without forking: the tables they compute with must not be forked while threads run,
    and a process that dies is started again by the supervisor.
    """
    SimpleWorker([name], connection=redis).work(with_scheduler=False, logging_level="WARNING")


def _flag(function: str, store_id: UUID | str) -> str:
    return f"bazgasht:enqueued:{function}:{store_id}"
