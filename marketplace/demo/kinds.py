"""Events that are no requests for quotation."""

from datetime import datetime, timedelta
from decimal import Decimal

from marketplace.core import clock
from marketplace.core.money import Quantity
from marketplace.demo.sourcing import PASSPHRASE, Sourcing
from marketplace.rfq.asking import queries
from marketplace.rfq.bids.content import Answer, BidContent
from marketplace.rfq.services import bidding, drafting, opening, publishing
from marketplace.rfq.terms.drafts import CriterionDraft, LineDraft, LotDraft, RfqDraft
from marketplace.rfq.terms.kinds import RfqKind
from marketplace.rfq.terms.states import CriterionKind, EnvelopeRule


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


def open_information(sourcing: Sourcing, today: datetime) -> None:
    """A request for information whose answers lie open, to be read and graded."""
    session, cast, buyer = sourcing.session, sourcing.cast, sourcing.buyer
    said = {
        "alborada": ("Oui, en France et en Belgique", "Six semaines, formation comprise"),
        "kessler": ("Oui, en Allemagne seulement", "Trois mois"),
    }
    due_at = today - timedelta(days=3)
    draft = RfqDraft(
        header={
            "kind": RfqKind.RFI,
            "title": "Traçabilité des dispositifs médicaux : que propose le marché ?",
            "description": "Nous préparons un appel pour 2027 et voulons d’abord comprendre.",
            "currency": "EUR",
            "bids_due_at": due_at,
        },
        criteria=[
            CriterionDraft("Références dans la santé", CriterionKind.QUALITY, Decimal(60)),
            CriterionDraft("Délai de mise en service", CriterionKind.DELIVERY, Decimal(40)),
        ],
        supplier_ids=[cast.of(key).organisation_id for key in said],
    )
    with clock.frozen(due_at - timedelta(days=15)):
        rfq = drafting.create(session, buyer, draft)
        publishing.publish(session, buyer, rfq.id, PASSPHRASE)
    questions = queries.criteria(session, rfq.id)
    for number, (key, texts) in enumerate(said.items()):
        answers = tuple(
            Answer(question.id, text) for question, text in zip(questions, texts, strict=True)
        )
        at = due_at - timedelta(days=2, hours=number)
        with clock.frozen(at):
            content = BidContent(answers=answers)
            bidding.submit(session, cast.of(key), sourcing.keys, rfq.id, at, content)
    with clock.frozen(due_at + timedelta(hours=1)):
        opening.open_bids(session, buyer, sourcing.keys, rfq.id, PASSPHRASE)
