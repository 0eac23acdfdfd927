"""A letter on paper, in the language of the supplier's organisation. Typst sets it."""

from collections.abc import Iterator
from datetime import datetime
from functools import cache
from pathlib import Path
from typing import Any

import orjson
import typst

from marketplace.core.money import Money
from marketplace.core.text import Text, _, label, language, ngettext_, reading_in
from marketplace.identity.models import Organisation
from marketplace.remedies.letter_views import whole
from marketplace.remedies.models import AwardLetter
from marketplace.remedies.states import LetterKind
from marketplace.rfq.asking.models import Rfq
from marketplace.rfq.evaluation import unranked
from marketplace.web import formats

SOURCE = Path(__file__).parent / "data" / "letter.typ"
_INTRO: dict[LetterKind, Text] = {
    LetterKind.WON: _("We thank you for your bid and have decided to award the contract to you."),
    LetterKind.PARTLY_WON: _(
        "We thank you for your bid and have decided to award a part of the contract to you."
    ),
    LetterKind.LOST: _(
        "We thank you for your bid. We regret that it was not chosen this time; below we tell you"
        " how it was judged and who was chosen."
    ),
}


def render(letter: AwardLetter, rfq: Rfq, buyer: Organisation, supplier: Organisation) -> bytes:
    """The PDF of one letter."""
    with reading_in(supplier.locale):
        content = orjson.dumps(_content(letter, rfq, buyer, supplier)).decode()
    made: bytes = typst.compile(
        _source(),
        sys_inputs={"data": content},
        ignore_system_fonts=True,
        pdf_standards=["a-3b"],
        timestamp=int(letter.decided_at.timestamp()),
    )
    return made


def filename(rfq: Rfq, supplier: Organisation) -> str:
    """What the file is called when it is saved."""
    with reading_in(supplier.locale):
        return f"{_('letter')}-{rfq.number}-{supplier.name}.pdf"


@cache
def _source() -> bytes:
    return SOURCE.read_bytes()


def _content(
    letter: AwardLetter, rfq: Rfq, buyer: Organisation, supplier: Organisation
) -> dict[str, Any]:
    read = whole(letter)
    return {
        "language": language(),
        "title": f"{label(letter.kind)} {rfq.number}",
        "heading": label(letter.kind),
        "number": rfq.number,
        "buyer": _party(buyer),
        "supplier": _party(supplier),
        "facts": _facts(letter, rfq),
        "intro": str(_INTRO[letter.kind]),
        "lots": [_lot(lot) for lot in read.lots],
        "paragraphs": [
            {"title": str(title), "text": str(text)} for title, text in _paragraphs(read, rfq)
        ],
        "words": {
            "buyer": str(_("Buyer")),
            "supplier": str(_("Bidder")),
            "criterion": str(_("Criterion")),
            "weight": str(_("Weight")),
            "judged": str(_("Judged on")),
            "points": str(_("Points")),
            "total": str(_("Total points")),
            "won": str(_("Awarded to you")),
            "winners": str(_("Awarded to")),
        },
    }


def _party(who: Organisation) -> dict[str, Any]:
    town = " ".join(part for part in (who.postal_code, who.city) if part)
    rows = (who.street, f"{town} ({who.country})" if town else who.country)
    return {"name": who.name, "lines": [row for row in rows if row]}


def _facts(letter: AwardLetter, rfq: Rfq) -> list[tuple[str, str]]:
    return [
        (str(_("Subject")), rfq.title),
        (str(_("Decided on")), formats.moment(letter.decided_at, rfq.time_zone)),
    ]


def _lot(lot: dict[str, Any]) -> dict[str, Any]:
    return {
        "title": str(_("Lot %(number)s: %(title)s", number=lot["number"], title=lot["title"])),
        "bids": [_bid(bid) for bid in lot["bids"]],
        "won": [
            f"{line['number']}. {line['description']}, {formats.quantity(line['quantity'])},"
            f" {formats.money(line['total'])}"
            for line in lot["won"]
        ],
        "winners": [str(_winner(winner)) for winner in lot["winners"]]
        or ([] if lot["won"] else [str(_("This lot is awarded to nobody."))]),
    }


def _winner(winner: dict[str, Any]) -> Text:
    return ngettext_(
        "%(supplier)s: %(total)s, %(points)s points (line %(lines)s)",
        "%(supplier)s: %(total)s, %(points)s points (lines %(lines)s)",
        len(winner["lines"]),
        supplier=winner["bidder"],
        total=formats.money(winner["total"]),
        points=formats.number(winner["points"], 2),
        lines=", ".join(str(number) for number in winner["lines"]),
    )


def _bid(bid: dict[str, Any]) -> dict[str, Any]:
    return {
        "head": str(
            _(
                "Your bid: %(place)s. Its total: %(total)s.",
                place=place_of(bid),
                total=formats.money(bid["total"]),
            )
        )
        + "".join(f" {words}" for words in _costs(bid)),
        "points": formats.number(bid["points"], 2),
        "criteria": [
            [
                " – ".join(filter(None, (part.get("section"), part["name"]))),
                formats.number(part["weight"]) + "\N{NO-BREAK SPACE}%",
                str(judged(part, bid["judged_price"] or bid["total"])),
                formats.number(part["points"], 2),
            ]
            for part in bid["criteria"]
        ],
    }


def _costs(bid: dict[str, Any]) -> Iterator[str]:
    """What the bid costs beside its price, in sentences."""
    for cost in bid["costs"]:
        if cost["amount"] is not None:
            amount = formats.money(cost["amount"])
            yield str(_("%(cost)s: %(amount)s.", cost=cost["name"], amount=amount))
    if bid["whole_cost"] is not None:
        amount = formats.money(bid["whole_cost"])
        yield str(_("Total cost of ownership: %(amount)s.", amount=amount))


def place_of(bid: dict[str, Any]) -> Text:
    """The rank, or why there is none. The oldest letters know fewer reasons."""
    if bid["place"] is not None:
        return _("rank %(place)s", place=bid["place"])
    why = unranked.reasons(
        bid["missing_lines"],
        bid["partial_lines"],
        bid.get("unconfirmed_lines", ()),
        bid.get("unknown_costs", ()),
    )
    return _("not ranked: %(reasons)s", reasons=why)


def judged(part: dict[str, Any], total: Money) -> Text:
    """What the points were given for."""
    if part["score"] is None:
        return _("price %(total)s", total=formats.money(total))
    return _(
        "%(score)s of %(best)s",
        score=formats.number(part["score"]),
        best=formats.number(part["max_score"]),
    )


def _paragraphs(read: Any, rfq: Rfq) -> list[tuple[Text, Text | str]]:
    found: list[tuple[Text, Text | str]] = []
    for ruling in read.excluded:
        found.append((_("Your bid was excluded"), f"{label(ruling['ground'])}. {ruling['reason']}"))
    if read.reasons:
        found.append((_("Reasons"), read.reasons))
    found.append((_("When the decision is final"), finality(read.challenge_until, rfq.time_zone)))
    found.append(
        (
            _("Explanations"),
            _(
                "You can ask for a debrief in the portal until %(until)s, under “Outcome” of this"
                " procedure.",
                until=formats.moment(read.debrief_until, rfq.time_zone),
            ),
        )
    )
    if read.dispute_clause:
        found.append((_("Mediation and arbitration"), read.dispute_clause))
    return found


def finality(until: datetime | None, zone: str) -> Text:
    """From when the decision binds, and how it can be challenged before."""
    if until is None:
        return _("The decision is final.")
    return _(
        "The decision is not final before %(until)s. Until then you can challenge it in the portal,"
        " under “Outcome” of this procedure, with your grounds and documents; an open challenge"
        " holds the award back.",
        until=formats.moment(until, zone),
    )
