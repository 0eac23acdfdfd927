"""Events that are no requests for quotation."""

from datetime import datetime, timedelta
from decimal import Decimal

from marketplace.core import clock
from marketplace.core.money import Quantity
from marketplace.demo.sourcing import PASSPHRASE, Sourcing
from marketplace.rfq.drafts import CriterionDraft, LineDraft, LotDraft, RfqDraft
from marketplace.rfq.kinds import RfqKind
from marketplace.rfq.services import drafting, publishing
from marketplace.rfq.states import CriterionKind, EnvelopeRule


def publish_proposal(sourcing: Sourcing, today: datetime) -> None:
    """A request for proposal that is open for bids, with two envelopes."""
    clinics = ("Part-Dieu", "Croix-Rousse", "Gerland")
    draft = RfqDraft(
        header={
            "kind": RfqKind.RFP,
            "title": "Nettoyage des trois cliniques, trois ans",
            "description": "Proposez votre organisation ; nous n’imposons ni horaires ni méthode.",
            "currency": "EUR",
            "envelopes": EnvelopeRule.TWO,
            "bids_due_at": today + timedelta(days=20),
            "payment_terms_days": 30,
        },
        lots=[LotDraft("Nettoyage")],
        lines=[
            LineDraft(
                description=f"Nettoyage de la clinique de {clinic}, par mois",
                quantity=Quantity(Decimal(36), "MON"),
            )
            for clinic in clinics
        ],
        criteria=[
            CriterionDraft("Prix", CriterionKind.PRICE, Decimal(40)),
            CriterionDraft("Organisation et méthode", CriterionKind.QUALITY, Decimal(35)),
            CriterionDraft("Produits et déchets", CriterionKind.SUSTAINABILITY, Decimal(25)),
        ],
        supplier_ids=[sourcing.cast.of(key).organisation_id for key in ("wallonnes", "lumiere")],
    )
    with clock.frozen(today - timedelta(days=2)):
        rfq = drafting.create(sourcing.session, sourcing.buyer, draft)
    with clock.frozen(today - timedelta(days=1)):
        publishing.publish(sourcing.session, sourcing.buyer, rfq.id, PASSPHRASE)
