"""Who may score, what is missing, and the mean with its spread: exact, and free of the database.

A score is marked as far from the others where at least three graders scored and it lies more than
a fifth of the best possible score away from their median.
"""

from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from decimal import Decimal
from fractions import Fraction
from math import isqrt
from statistics import median
from uuid import UUID

from marketplace.core.errors import Conflict, Invalid, NotAllowed
from marketplace.core.shares import shown
from marketplace.core.text import _
from marketplace.rfq.evaluation.graders.states import Interest
from marketplace.rfq.terms.states import RfqState

FAR, FAR_FROM = Fraction(20, 100), 3
OUTLIER_RULE = _(
    "Marked where at least three people scored: scores that are more than 20 % of the best "
    "possible score away from the median."
)
Place = tuple[UUID, UUID]


class GraderInvalid(Invalid):
    code = "grader_invalid"


class DeclarationInvalid(Invalid):
    code = "declaration_invalid"


class NotAGrader(NotAllowed):
    code = "not_a_grader"


class HasConflict(NotAllowed):
    code = "has_conflict"


class DeclarationRequired(Conflict):
    code = "declaration_required"


class ConflictDeclared(Conflict):
    code = "conflict_declared"


class AlreadyNamed(Conflict):
    code = "already_named"


class GradersFixed(Conflict):
    code = "graders_fixed"


class GraderStays(Conflict):
    code = "grader_stays"


class ScoresHidden(Conflict):
    code = "scores_hidden"


@dataclass(frozen=True, slots=True)
class Grader:
    """A named person with what they declared; None as interest: nothing yet."""

    person_id: UUID
    name: str
    criterion_ids: frozenset[UUID]
    named_at: datetime
    interest: Interest | None
    conflict_reason: str | None
    declared_at: datetime | None

    @property
    def counts(self) -> bool:
        """Whether this person's scores are wanted: all but after a declared conflict."""
        return self.interest is not Interest.CONFLICT

    def judges(self, criterion_id: UUID) -> bool:
        return not self.criterion_ids or criterion_id in self.criterion_ids


@dataclass(frozen=True, slots=True)
class GivenBy:
    """What one grader gave a bid for one criterion."""

    person_id: UUID
    name: str
    bid_id: UUID
    criterion_id: UUID
    score: Decimal
    comment: str
    scored_at: datetime
    is_outlier: bool = False


@dataclass(frozen=True, slots=True)
class Mean:
    """The score of a criterion that several people gave, with its spread."""

    score: Fraction
    lowest: Decimal
    highest: Decimal
    standard_deviation: Decimal
    given: tuple[GivenBy, ...]
    comment: str = ""

    @property
    def shown(self) -> Decimal:
        return shown(self.score)


@dataclass(frozen=True, slots=True)
class Progress:
    """How far one grader has come."""

    grader: Grader
    given: int
    wanted: int

    @property
    def is_done(self) -> bool:
        return self.grader.interest is Interest.NONE and self.given == self.wanted


def are_changeable(state: RfqState, locked_at: datetime | None) -> bool:
    """Whether people may be named, taken back, and declare."""
    return locked_at is None and state in (
        RfqState.DRAFT,
        RfqState.PUBLISHED,
        RfqState.SUSPENDED,
        RfqState.OPENED,
    )


def check_changeable(state: RfqState, locked_at: datetime | None) -> None:
    """Raise GradersFixed once the scores are locked or the RFQ is decided."""
    if not are_changeable(state, locked_at):
        raise GradersFixed(_("Graders change only before the scores are locked."))


def find(graders: Iterable[Grader], person_id: UUID) -> Grader:
    """The grader that this person is. Raises NotAGrader."""
    for each in graders:
        if each.person_id == person_id:
            return each
    raise NotAGrader(_("Only the graders who were named for this event score its bids."))


def check_may_score(grader: Grader) -> None:
    """Raise until the person has declared that nothing ties them to a bidder."""
    if grader.interest is Interest.CONFLICT:
        raise HasConflict(_("You have declared a conflict of interest, so you cannot score."))
    if grader.interest is None:
        raise DeclarationRequired(_("Declare your interests first."))


def missing(
    graders: Sequence[Grader],
    criteria: Collection[UUID],
    bids: Collection[UUID],
    given: Collection[GivenBy],
) -> int:
    """How many scores are wanted. A criterion that nobody may score lacks one for each bid."""
    wanted = sum(
        max(1, sum(each.counts and each.judges(criterion) for each in graders))
        for criterion in criteria
    )
    return wanted * len(bids) - len(_counting(graders, criteria, bids, given))


def progress(
    graders: Sequence[Grader],
    criteria: Collection[UUID],
    bids: Collection[UUID],
    given: Collection[GivenBy],
) -> list[Progress]:
    """How far each of them has come; a conflict leaves nothing to do."""
    counting = _counting(graders, criteria, bids, given)
    return [
        Progress(
            each,
            given=sum(score.person_id == each.person_id for score in counting),
            wanted=len(bids) * sum(each.judges(one) for one in criteria) if each.counts else 0,
        )
        for each in graders
    ]


def means(
    graders: Sequence[Grader],
    best: Mapping[UUID, int],
    bids: Collection[UUID],
    given: Collection[GivenBy],
) -> dict[Place, Mean]:
    """The mean for each bid and criterion that was scored. best: best scores by criterion."""
    places: dict[Place, list[GivenBy]] = {}
    for score in _counting(graders, best, bids, given):
        places.setdefault((score.bid_id, score.criterion_id), []).append(score)
    return {place: mean_of(scores, best[place[1]]) for place, scores in places.items()}


def mean_of(given: Sequence[GivenBy], best: int) -> Mean:
    """The exact mean of these scores of one bid for one criterion."""
    scores = [Fraction(each.score) for each in given]
    mean = sum(scores, Fraction(0)) / len(scores)
    variance = sum(((score - mean) ** 2 for score in scores), Fraction(0)) / len(scores)
    centre = median(scores)
    far = FAR * best if len(scores) >= FAR_FROM else None
    return Mean(
        score=mean,
        lowest=min(each.score for each in given),
        highest=max(each.score for each in given),
        standard_deviation=root(variance),
        given=tuple(
            replace(each, is_outlier=far is not None and abs(score - centre) > far)
            for each, score in zip(given, scores, strict=True)
        ),
    )


def root(value: Fraction) -> Decimal:
    """The square root to two places, half up, without a float between."""
    # sqrt(v) * 100 + 1/2, rounded down, is (sqrt(40000 v) + 1) // 2 of whole numbers
    doubled = isqrt((value * 40_000).__floor__())
    return Decimal((doubled + 1) // 2).scaleb(-2)


def _counting(
    graders: Sequence[Grader],
    criteria: Collection[UUID],
    bids: Collection[UUID],
    given: Iterable[GivenBy],
) -> list[GivenBy]:
    """The scores that count: of bids in the race, by people without a conflict."""
    by_id = {each.person_id: each for each in graders if each.counts}
    return [
        each
        for each in given
        if each.bid_id in bids
        and each.criterion_id in criteria
        and each.person_id in by_id
        and by_id[each.person_id].judges(each.criterion_id)
    ]
