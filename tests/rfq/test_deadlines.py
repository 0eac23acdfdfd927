"""Deadlines as people write them: named zones, clock changes, calendar steps."""

from datetime import UTC, datetime
from zoneinfo import ZoneInfo

import pytest

from marketplace.core.errors import Invalid
from marketplace.rfq.terms import deadlines

PARIS = ZoneInfo("Europe/Paris")
LONDON = ZoneInfo("Europe/London")
KYIV = ZoneInfo("Europe/Kyiv")


def read(written: str, zone: ZoneInfo) -> datetime:
    return deadlines.instant_of(written, zone, "/bids_due_at")


def refusal(written: str, zone: ZoneInfo) -> Invalid:
    with pytest.raises(Invalid) as caught:
        read(written, zone)
    return caught.value


class TestInstantOf:
    def test_a_time_without_offset_is_read_in_the_zone_of_the_rfq(self) -> None:
        assert read("2026-03-10T12:00", PARIS) == datetime(2026, 3, 10, 11, tzinfo=UTC)
        assert read("2026-07-10T12:00", PARIS) == datetime(2026, 7, 10, 10, tzinfo=UTC)

    def test_a_time_with_an_offset_means_itself(self) -> None:
        assert read("2026-03-10T12:00:00-05:00", PARIS) == datetime(2026, 3, 10, 17, tzinfo=UTC)
        assert read("2026-03-10T12:00:00Z", PARIS) == datetime(2026, 3, 10, 12, tzinfo=UTC)

    def test_a_time_that_the_zone_skips_is_refused(self) -> None:
        """D-08."""
        found = refusal("2026-03-29T01:30", LONDON)
        assert found.code == "nonexistent_local_time"
        assert found.errors[0].pointer == "/bids_due_at"

    def test_a_time_that_comes_twice_is_refused_with_both_candidates(self) -> None:
        """D-09."""
        found = refusal("2026-10-25T01:30", LONDON)
        assert found.code == "ambiguous_local_time"
        assert found.data["candidates"] == [
            "2026-10-25T01:30:00+01:00",
            "2026-10-25T01:30:00+00:00",
        ]
        for candidate in found.data["candidates"]:
            assert read(candidate, LONDON).minute == 30

    @pytest.mark.parametrize("written", ["tomorrow", "2026-02-30T10:00", "2026-03-10", ""])
    def test_what_is_no_time_is_refused(self, written: str) -> None:
        assert refusal(written, PARIS).code == "not_a_time"


class TestDaysBefore:
    def test_the_local_time_stays_across_the_change_to_summer_time(self) -> None:
        deadline = read("2017-03-29T08:00:00+03:00", KYIV)
        found = deadlines.days_before(deadline, 10, KYIV)
        assert found == datetime(2017, 3, 19, 6, tzinfo=UTC)
        assert found.astimezone(KYIV).isoformat() == "2017-03-19T08:00:00+02:00"

    def test_a_skipped_time_becomes_the_next_one_on_the_clocks(self) -> None:
        deadline = read("2026-03-30T01:30", LONDON)
        found = deadlines.days_before(deadline, 1, LONDON)
        assert found.astimezone(LONDON).isoformat() == "2026-03-29T02:30:00+01:00"


class TestZoneOf:
    def test_offsets_and_unknown_names_are_no_zones(self) -> None:
        assert deadlines.zone_of("Europe/Lisbon").key == "Europe/Lisbon"
        for name in ("+02:00", "CET", "Mars/Olympus", "../etc/passwd", ""):
            with pytest.raises(deadlines.UnknownTimeZone):
                deadlines.zone_of(name)
