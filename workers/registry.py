"""The allow-list: which work stands behind the name of a job, and on which queue it runs."""

from marketplace.core.jobs import Job, JobKind
from workers.schedule import SCHEDULE
from workers.subscriptions import SUBSCRIPTIONS
from workers.tasks import TASKS
from workers.work import DEFAULT_QUEUE, CallOut, UnknownWork, Work

REACTIONS: dict[str, Work] = {
    f"{event}:{reaction}": work
    for event, reactions in SUBSCRIPTIONS.items()
    for reaction, work in reactions.items()
}
# Where work of these names waits for the outside, whichever queue its service named.
CALLS: dict[str, str] = {
    name: work.queue
    for name, work in [
        *REACTIONS.items(),
        *TASKS.items(),
        *((name, scheduled.work) for name, scheduled in SCHEDULE.items()),
    ]
    if isinstance(work, CallOut)
}


def job_name(event: str, reaction: str) -> str:
    """The name of the job that stands for this reaction."""
    return f"{event}:{reaction}"


def queue_of(work: Work) -> str:
    """Work that waits for the outside stands in nobody's way."""
    return work.queue if isinstance(work, CallOut) else DEFAULT_QUEUE


def work_of(job: Job) -> Work:
    """What this job does; UnknownWork when its name is not on the list."""
    if job.kind is JobKind.REACTION:
        known = REACTIONS.get(job.name)
    elif job.name in SCHEDULE:
        known = SCHEDULE[job.name].work
    else:
        known = TASKS.get(job.name)
    if known is None:
        raise UnknownWork(f"No work is called {job.name}.")
    return known
