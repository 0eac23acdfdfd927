"""What bidders and buyers are told after an award."""

from collections.abc import Mapping

from sqlalchemy.orm import Session

from marketplace.core.text import _
from marketplace.identity.models import Organisation
from marketplace.identity.permissions import Role
from marketplace.notifications.kinds import register_kind
from marketplace.notifications.posting import notify
from marketplace.remedies.models import AwardLetter
from marketplace.remedies.states import LetterKind
from marketplace.rfq.models import Rfq

register_kind(
    "bid_chosen",
    title=_("Chosen for the award: %(title)s"),
    body=_(
        "%(buyer)s means to award lines of %(number)s to you. The decision becomes final after the"
        " standstill, not before %(until)s; please do not deliver yet."
    ),
    button=_("Read the letter"),
)
register_kind(
    "bid_not_chosen",
    title=_("Not chosen: %(title)s"),
    body=_(
        "%(buyer)s has decided on %(number)s and chosen another bid. You can challenge the decision"
        " until %(until)s."
    ),
    button=_("Read the letter"),
)
register_kind(
    "bid_lost",
    title=_("Not awarded to you: %(title)s"),
    body=_(
        "%(buyer)s has decided on %(number)s and chosen another bid. The letter tells you how yours"
        " was judged, and until when you can ask for a debrief."
    ),
    button=_("Read the letter"),
)

_IN_STANDSTILL: Mapping[LetterKind, str] = {
    LetterKind.WON: "bid_chosen",
    LetterKind.PARTLY_WON: "bid_chosen",
    LetterKind.LOST: "bid_not_chosen",
}


def tell_letter(session: Session, letter: AwardLetter, rfq: Rfq, buyer: Organisation) -> None:
    """The bidder has a letter. Who won for good is told with the award itself."""
    is_final = letter.challenge_until is None
    if is_final and letter.kind is not LetterKind.LOST:
        return
    excluded = [ruling["reason"] for ruling in letter.content["excluded"]]
    lost = "bid_lost" if is_final else _IN_STANDSTILL[letter.kind]
    notify(
        session,
        org_id=letter.supplier_id,
        roles=[Role.SUPPLIER],
        kind="bid_excluded" if excluded and letter.kind is LetterKind.LOST else lost,
        url=f"/rfqs/{rfq.id}/outcome",
        params={
            "title": rfq.title,
            "number": rfq.number,
            "buyer": buyer.name,
            "until": letter.challenge_until,
            "reason": " ".join(excluded),
        },
        occurred_at=letter.decided_at,
        dedupe_key=f"award_letter:{letter.award_id}:{letter.supplier_id}",
    )
