"""Which lines of a bid stand under the present terms: answered, untouched or confirmed."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

from marketplace.rfq.addenda import comparing
from marketplace.rfq.bids.content import BidContent, PricedLine
from marketplace.rfq.terms.asked import AskedLine, Terms
from marketplace.rfq.terms.kinds import RfqKind

Versions = Mapping[int, Mapping[str, Any]]


@dataclass(frozen=True, slots=True)
class Confirmed:
    """What a supplier has confirmed once: these lines, under this version of the terms."""

    terms_number: int
    lines: frozenset[str]


@dataclass(frozen=True, slots=True)
class Counted:
    """A bid as it counts: without lines that are not asked for any more or not confirmed.

    unconfirmed: the numbers of the latter.
    """

    content: BidContent
    unconfirmed: tuple[int, ...] = ()


def to_confirm(versions: Versions, answered: int, said: Iterable[Confirmed]) -> frozenset[str]:
    """The lines, by id, that a bid on this version of the terms leaves open under the last one."""
    last, said = max(versions), tuple(said)
    if versions[last].get("kind") == RfqKind.RFI:
        # answers without prices stand as they are; whoever wants to replaces them
        return frozenset()
    bases = {line["id"]: _base(line["id"], answered, said) for line in versions[answered]["lines"]}
    touched = {
        base: comparing.touched(versions[base], versions[last])
        for base in set(bases.values())
        if base < last
    }
    return frozenset(
        line_id for line_id, base in bases.items() if line_id in touched.get(base, frozenset())
    )


def _base(line_id: str, answered: int, said: Iterable[Confirmed]) -> int:
    """The last version of the terms under which the supplier has stood by this line."""
    return max((each.terms_number for each in said if line_id in each.lines), default=answered)


def confirmed_in(statements: Iterable[Mapping[str, Any]], number: int) -> list[Confirmed]:
    """What these attempts' statements confirm of this version of a bid."""
    return [
        Confirmed(said["terms_number"], frozenset(said["lines"]))
        for said in statements
        if said["outcome"] == "confirmed" and said["number"] == number
    ]


def counted(
    versions: Versions, answered: int, said: Sequence[Confirmed], content: BidContent
) -> Counted:
    """What of a bid counts under the last version of the terms."""
    last = max(versions)
    if answered == last:
        return Counted(content)
    terms = Terms.from_json(versions[last])
    fitting = fitted(terms, content)
    open_lines = to_confirm(versions, answered, said)
    kept = tuple(line for line in fitting.lines if str(line.line_id) not in open_lines)
    unconfirmed = sorted(
        terms.line_by_id[line.line_id].number
        for line in fitting.lines
        if str(line.line_id) in open_lines
    )
    return Counted(replace(fitting, lines=kept), tuple(unconfirmed))


@dataclass(frozen=True)
class Stand:
    """What a sealed version answers, and what its supplier has confirmed of it since."""

    versions: Versions
    answered: int
    said: Sequence[Confirmed]

    def counted(self, content: BidContent) -> Counted:
        """What of this content counts under the last version of the terms."""
        return counted(self.versions, self.answered, self.said, content)


def fitted(terms: Terms, content: BidContent) -> BidContent:
    """The content without what these terms do not ask for."""
    lots = {lot.id for lot in terms.lots}
    criteria = {criterion.id for criterion in terms.asked}
    return replace(
        content,
        lines=tuple(
            _fitted_line(terms.line_by_id[line.line_id], line)
            for line in content.lines
            if line.line_id in terms.line_by_id
        ),
        lot_ids=tuple(lot_id for lot_id in content.lot_ids if lot_id in lots),
        answers=tuple(each for each in content.answers if each.criterion_id in criteria),
    )


def _fitted_line(asked: AskedLine, line: PricedLine) -> PricedLine:
    """A part that is no part any more, since less is asked for, is the whole line."""
    part = line.quantity
    if part is None or (part.unit == asked.unit and part.value < asked.quantity):
        return line
    return replace(line, quantity=None)
