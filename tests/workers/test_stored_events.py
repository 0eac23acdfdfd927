"""Events are read back as they were recorded."""

from dataclasses import dataclass
from datetime import UTC, date, datetime
from decimal import Decimal
from typing import ClassVar
from uuid import UUID, uuid4

import pytest

from marketplace.core import outbox
from marketplace.core import stored_events as reading
from workers import stored_events
from workers.work import UnknownWork


@dataclass(frozen=True)
class Weighed(outbox.Event):
    name: ClassVar[str] = "test.weighed"

    parcel_id: UUID
    weight: Decimal
    at: datetime
    on: date
    places: tuple[UUID, ...]
    label: str | None
    receiver: UUID | None = None
    pieces: int = 1


@pytest.fixture(autouse=True)
def _registered(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(outbox.EVENTS, Weighed.name, Weighed)
    reading._fields.cache_clear()


def test_every_kind_of_value_comes_back_as_it_was() -> None:
    payload = {
        "parcel_id": "0193b0a0-0000-7000-8000-000000000001",
        "weight": "12.500",
        "at": "2026-03-01T10:00:00+00:00",
        "on": "2026-03-02",
        "places": ["0193b0a0-0000-7000-8000-000000000002"],
        "label": None,
        "receiver": "0193b0a0-0000-7000-8000-000000000003",
        "pieces": 3,
    }
    assert stored_events.read("test.weighed", payload) == Weighed(
        parcel_id=UUID("0193b0a0-0000-7000-8000-000000000001"),
        weight=Decimal("12.500"),
        at=datetime(2026, 3, 1, 10, tzinfo=UTC),
        on=date(2026, 3, 2),
        places=(UUID("0193b0a0-0000-7000-8000-000000000002"),),
        label=None,
        receiver=UUID("0193b0a0-0000-7000-8000-000000000003"),
        pieces=3,
    )


def test_a_field_added_later_takes_its_default_and_a_removed_one_is_left_out() -> None:
    old = {
        "parcel_id": str(uuid4()),
        "weight": "1",
        "at": "2026-03-01T10:00:00+00:00",
        "on": "2026-03-02",
        "places": [],
        "label": "fragile",
        "colour": "red",
    }
    event = stored_events.read("test.weighed", old)
    assert isinstance(event, Weighed)
    assert event.receiver is None
    assert event.pieces == 1


def test_an_event_that_nobody_knows_is_refused() -> None:
    with pytest.raises(UnknownWork, match=r"No event is called test\.vanished"):
        stored_events.read("test.vanished", {})


@pytest.mark.parametrize("event", outbox.EVENTS.values(), ids=lambda event: event.name)
def test_every_event_has_readable_fields(event: type[outbox.Event]) -> None:
    assert reading._fields(event)
