"""Scorecards: a month's figures and the year's score, made again every night.

A night that finds the same figures writes nothing; a figure that came late makes a new version of
its period, and the old one stays.
"""

from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import asdict, dataclass
from datetime import date, timedelta
from decimal import Decimal
from typing import Any
from uuid import UUID

from sqlalchemy import func, select
from sqlalchemy.dialects.postgresql import distinct_on
from sqlalchemy.orm import Session

from marketplace.core import clock
from marketplace.identity.permissions import Actor
from marketplace.suppliers import kpis, scoring
from marketplace.suppliers.checks import digest_of
from marketplace.suppliers.kpi_models import KpiMonth, Scorecard
from marketplace.suppliers.scoring import Counts

MONTHS_KEPT_OPEN = 12
YEAR = 12
# Figures of fewer buyers than this would tell one buyer what another one pays.
MIN_BUYERS = 3


@dataclass(frozen=True)
class Card:
    """What a scorecard says, before it has a version."""

    supplier_id: UUID
    period: date
    months: int
    counts: Counts
    buyers: int
    raw: Decimal | None
    score: Decimal | None
    complete: bool

    def figures(self) -> dict[str, Any]:
        """Counts and KPIs as JSON: decimals as strings, missing ones as null."""
        found = {
            name: _plain(value) for name, value in asdict(scoring.figures_of(self.counts)).items()
        }
        counts = {name: _plain(value) for name, value in asdict(self.counts).items()}
        return found | {"counts": counts}


def compute(session: Session, actor: Actor) -> int:
    """Bring the scorecards of the last twelve months up to date; returns how many were written."""
    months = _open_months(clock.now().date())
    counted = _counts(session, months[0])
    cards = [card for month in months for card in _month_cards(counted, month)]
    cards += _year_cards(counted, months)
    return _store(session, cards)


def counts_with(session: Session, supplier_id: UUID, buyer_id: UUID, since: date) -> Counts:
    """What one buyer counted with a supplier from a month on."""
    row = session.execute(
        select(*kpis.sums()).where(
            KpiMonth.supplier_id == supplier_id,
            KpiMonth.buyer_id == buyer_id,
            KpiMonth.month >= since,
        )
    ).one()
    return Counts(**{name: value for name, value in row._mapping.items() if value is not None})


def year_start(today: date) -> date:
    """The first of the twelve months that end with this one."""
    return _open_months(today)[0]


def _open_months(today: date) -> list[date]:
    months = [today.replace(day=1)]
    while len(months) < MONTHS_KEPT_OPEN:
        months.append((months[-1] - timedelta(days=1)).replace(day=1))
    return months[::-1]


Counted = Mapping[UUID, Mapping[date, tuple[Counts, int]]]


def _counts(session: Session, since: date) -> Counted:
    """Counts and number of buyers of every supplier and month."""
    rows = session.execute(
        select(
            KpiMonth.supplier_id,
            KpiMonth.month,
            func.count(KpiMonth.buyer_id).label("buyers"),
            *kpis.sums(),
        )
        .where(KpiMonth.month >= since)
        .group_by(KpiMonth.supplier_id, KpiMonth.month)
    )
    found: dict[UUID, dict[date, tuple[Counts, int]]] = defaultdict(dict)
    for row in rows:
        counts = Counts(**{name: row._mapping[name] for name in kpis.COUNTED})
        found[row.supplier_id][row.month] = (counts, row.buyers)
    return found


def _month_cards(counted: Counted, month: date) -> list[Card]:
    present = {
        supplier_id: months[month] for supplier_id, months in counted.items() if month in months
    }
    return _cards(
        month,
        1,
        {
            supplier_id: (counts, buyers, scoring.score_of(counts).raw)
            for supplier_id, (counts, buyers) in present.items()
        },
    )


def _year_cards(counted: Counted, months: Sequence[date]) -> list[Card]:
    """The year: counts are added up, the score is the mean over the months that have one."""
    found = {}
    for supplier_id, by_month in counted.items():
        raw = scoring.mean_score([scoring.score_of(counts).raw for counts, _ in by_month.values()])
        counts = _total(counts for counts, _ in by_month.values())
        found[supplier_id] = (counts, max(buyers for _, buyers in by_month.values()), raw)
    return _cards(months[-1], YEAR, found)


def _cards(
    period: date, months: int, found: Mapping[UUID, tuple[Counts, int, Decimal | None]]
) -> list[Card]:
    raws = {supplier_id: raw for supplier_id, (_, _, raw) in found.items() if raw is not None}
    peers = scoring.peer_means(raws)
    return [
        Card(
            supplier_id=supplier_id,
            period=period,
            months=months,
            counts=counts,
            buyers=buyers,
            raw=None if raw is None else raw.quantize(scoring.ONE_PLACE),
            score=None
            if raw is None
            else scoring.shrunk(raw, counts.observations, peers[supplier_id]),
            complete=scoring.score_of(counts).complete,
        )
        for supplier_id, (counts, buyers, raw) in sorted(found.items())
    ]


def _total(counts: Iterable[Counts]) -> Counts:
    total: dict[str, Any] = dict.fromkeys(kpis.COUNTED, 0)
    for item in counts:
        for name in kpis.COUNTED:
            total[name] += getattr(item, name)
    return Counts(**total)


def _store(session: Session, cards: Sequence[Card]) -> int:
    """Write those cards that say something new, under the next version of their period."""
    latest = {
        (row.supplier_id, row.months, row.period): (row.version, row.digest)
        for row in session.execute(
            select(
                Scorecard.supplier_id,
                Scorecard.months,
                Scorecard.period,
                Scorecard.version,
                Scorecard.digest,
            )
            .where(Scorecard.period >= min((card.period for card in cards), default=date.max))
            .ext(distinct_on(Scorecard.supplier_id, Scorecard.months, Scorecard.period))
            .order_by(
                Scorecard.supplier_id,
                Scorecard.months,
                Scorecard.period,
                Scorecard.version.desc(),
            )
        )
    }
    written = 0
    for card in cards:
        version, known = latest.get((card.supplier_id, card.months, card.period), (0, ""))
        digest = digest_of(asdict(card))
        if digest == known:
            continue
        written += 1
        session.add(_row(card, version + 1, digest))
    session.flush()
    return written


def _row(card: Card, version: int, digest: str) -> Scorecard:
    return Scorecard(
        supplier_id=card.supplier_id,
        period=card.period,
        months=card.months,
        version=version,
        observations=card.counts.observations,
        buyers=card.buyers,
        raw=card.raw,
        score=card.score,
        complete=card.complete,
        figures=card.figures(),
        digest=digest,
    )


def _plain(value: Any) -> Any:
    return format(value, "f") if isinstance(value, Decimal) else value
