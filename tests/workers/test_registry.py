"""The tables fit together."""

from marketplace.core.outbox import EVENTS
from workers import registry
from workers.schedule import SCHEDULE
from workers.subscriptions import SUBSCRIPTIONS
from workers.tasks import TASKS
from workers.work import CallOut


def test_every_subscription_is_to_an_event_that_exists() -> None:
    assert set(SUBSCRIPTIONS) <= set(EVENTS)


def test_no_name_means_two_things() -> None:
    assert not set(TASKS) & set(SCHEDULE)
    assert not (set(TASKS) | set(SCHEDULE)) & set(registry.REACTIONS)


def test_all_work_can_be_called() -> None:
    scheduled = [entry.work for entry in SCHEDULE.values()]
    for work in [*registry.REACTIONS.values(), *TASKS.values(), *scheduled]:
        parts = (work.prepare, work.call, work.record) if isinstance(work, CallOut) else (work,)
        assert all(callable(part) for part in parts)
