"""A least number of bids: published, counted by suppliers, and ruled on before the award."""

from decimal import Decimal

import pytest
from sqlalchemy import select

from marketplace.core.audit import AuditEvent
from marketplace.core.errors import NotAllowed, NotFound
from marketplace.core.money import Money
from marketplace.identity.permissions import OrgKind, Role
from marketplace.notifications.models import Notice
from marketplace.rfq.asking import queries
from marketplace.rfq.asking.models import Rfq
from marketplace.rfq.awards.choices import Choice
from marketplace.rfq.awards.lot_rules import LotEnded, ReasonRequired
from marketplace.rfq.awards.models import Award
from marketplace.rfq.awards.turnout_models import LotRuling
from marketplace.rfq.awards.turnout_rules import EnoughBids, TooFewBids
from marketplace.rfq.awards.turnout_states import TooFewRuling
from marketplace.rfq.bids import queries as bid_queries
from marketplace.rfq.evaluation.quality_rules import PricesHidden
from marketplace.rfq.scoring.formulas import FormulaKind, PriceFormula
from marketplace.rfq.services import awarding, drafting, evaluation, excluding, publishing, turnout
from marketplace.rfq.services import templates as keeping
from marketplace.rfq.terms.drafts import CriterionDraft, LotDraft
from marketplace.rfq.terms.states import CriterionKind, EnvelopeRule, RfqState
from tests.factories.awards import PRICE_ALONE, bids_of
from tests.factories.bids import make_opened
from tests.factories.identity import make_actor
from tests.factories.rfq import a_line, make_rfq, make_supplier

PROCEED, FAIL, AGAIN = TooFewRuling.PROCEED, TooFewRuling.UNSUCCESSFUL, TooFewRuling.REPUBLISH
LINES = [a_line(), a_line(lot=2, description="Nut M8")]


def opened_with(session, *bids, bolts=None, **over):
    """Two lots; the RFQ wants two bids for each, the first lot perhaps another number."""
    lots = [LotDraft("Bolts", minimum_bids=bolts), LotDraft("Nuts")]
    asked = {"lots": lots, "lines": LINES, "criteria": PRICE_ALONE, "minimum_bids": 2}
    return make_opened(session, *bids, **(asked | over))


@pytest.fixture
def short(session):
    """Two bids for the first lot, one for the second."""
    return opened_with(session, ["10", "20"], ["11", None])


def give(sourcing, lot, winner=0):
    choice = Choice(bids_of(sourcing)[winner], lot_id=sourcing.lots[lot].id)
    return awarding.award(sourcing.session, sourcing.buyer, sourcing.rfq.id, [choice], "As said")


def rule(sourcing, lot, outcome, reason="Nobody else makes it", actor=None):
    return turnout.rule(
        sourcing.session,
        actor or sourcing.buyer,
        sourcing.rfq.id,
        sourcing.lots[lot].id,
        outcome,
        reason,
    )


def counted(sourcing):
    found = evaluation.read(sourcing.session, sourcing.buyer, sourcing.rfq.id).turnouts
    return [(each.wanted, each.bidders, each.waits) for each in found.values()]


def states(sourcing):
    return [str(lot.state) for lot in queries.lots(sourcing.session, sourcing.rfq.id)]


class TestCounting:
    def test_each_lot_by_its_own_number_or_that_of_the_rfq(self, session):
        opened = opened_with(session, ["10", "20"], ["11", None], bolts=3)
        assert counted(opened) == [(3, 2, True), (2, 1, True)]

    def test_without_a_number_nothing_is_counted(self, session):
        assert counted(opened_with(session, ["10", "20"], minimum_bids=None)) == []

    def test_an_excluded_bid_does_not_count(self, session, short):
        assert counted(short) == [(2, 2, False), (2, 1, True)]
        excluding.exclude(session, short.buyer, short.rfq.id, bids_of(short)[1], "Not eligible")
        assert counted(short) == [(2, 1, True), (2, 1, True)]

    def test_it_stands_in_the_published_terms(self, session):
        opened = opened_with(session, ["10", "20"], bolts=3)
        said = bid_queries.terms(session, opened.rfq.id).to_json()
        assert said["minimum_bids"] == 2
        assert [lot.get("minimum_bids") for lot in said["lots"]] == [3, None]


class TestAwarding:
    def test_waits_for_a_ruling_on_this_lot_alone(self, session, short):
        give(short, 0)
        with pytest.raises(TooFewBids) as error:
            give(short, 1)
        assert error.value.data["lots"] == [
            {"lot_id": str(short.lots[1].id), "wanted": 2, "bidders": 1}
        ]
        assert len(session.scalars(select(Award)).all()) == 1
        ruling = rule(short, 1, PROCEED)
        assert (ruling.wanted, ruling.bidders, ruling.copy_id) == (2, 1, None)
        decided = give(short, 1)
        assert decided.evidence["lots"][0]["too_few_bids"] == {
            "wanted": 2,
            "bidders": 1,
            "reason": "Nobody else makes it",
            "ruled_by": str(short.buyer.person_id),
            "ruled_at": ruling.created_at.isoformat().replace("+00:00", "Z"),
        }

    def test_a_ruling_about_more_bids_does_not_hold(self, session):
        opened = opened_with(session, ["10", "20"], ["11", "21"], minimum_bids=3)
        rule(opened, 0, PROCEED)
        excluding.exclude(session, opened.buyer, opened.rfq.id, bids_of(opened)[1], "Not eligible")
        with pytest.raises(TooFewBids):
            give(opened, 0)
        rule(opened, 0, PROCEED, "Still cheap")
        give(opened, 0)
        assert states(opened) == ["awarded", "open"]

    def test_is_audited(self, session, short):
        rule(short, 1, PROCEED)
        (deed,) = session.scalars(select(AuditEvent).filter_by(action="rfq.lot_ruled"))
        assert deed.data == {
            "lot": 2,
            "outcome": "proceed",
            "wanted": 2,
            "bidders": 1,
            "reason": "Nobody else makes it",
            "copy_id": None,
        }


class TestRuling:
    def test_the_lot_fails_and_its_bidders_are_told(self, session, short, drain):
        rule(short, 1, FAIL, "Only one bid")
        assert states(short) == ["open", "unsuccessful"]
        assert queries.lots(session, short.rfq.id)[1].end_reason == "Only one bid"
        drain()
        told = {
            each.organisation_id
            for each in session.scalars(select(Notice))
            if "lot" in each.kind and each.organisation_id != short.buyer.org_id
        }
        assert told == {short.suppliers[0].org_id}

    def test_the_last_lot_ends_the_rfq(self, short):
        give(short, 0)
        rule(short, 1, FAIL)
        assert short.rfq.state is RfqState.AWARDED

    def test_asked_for_again_with_the_lines_of_the_lot_alone(self, session):
        formula = PriceFormula(FormulaKind.BELOW_CEILING, references=(Decimal(5000), Decimal(3000)))
        price = CriterionDraft("Price", CriterionKind.PRICE, Decimal(100), 100, formula)
        opened = opened_with(
            session,
            ["10", "20"],
            ["11", None],
            lots=[LotDraft("Bolts"), LotDraft("Nuts", estimate=Money(Decimal(2500), "EUR"))],
            criteria=[price],
        )
        ruling = rule(opened, 1, AGAIN)
        assert states(opened) == ["open", "unsuccessful"]
        made = queries.get_own_with_content(session, opened.buyer, ruling.copy_id)
        assert (made.title, made.state) == ("Fasteners for spring – Nuts", RfqState.DRAFT)
        assert [(lot.title, lot.estimated_value) for lot in made.lots] == [("Nuts", Decimal(2500))]
        assert [(line.number, line.description) for line in made.lines] == [(1, "Nut M8")]
        assert [each.formula.references for each in made.criteria] == [(Decimal(3000),)]
        assert (made.minimum_bids, made.estimated_value) == (2, Decimal(2500))
        invited = {each.supplier_id for each in queries.invitations(session, made.id)}
        assert invited == {each.org_id for each in opened.suppliers}

    def test_refusals_leave_everything_as_it_is(self, session, short):
        with pytest.raises(EnoughBids):
            rule(short, 0, FAIL)
        with pytest.raises(ReasonRequired):
            rule(short, 1, AGAIN, "  ")
        with pytest.raises(NotFound):
            rule(short, 1, PROCEED, actor=make_actor(session))
        with pytest.raises(NotAllowed):
            rule(short, 1, PROCEED, actor=make_actor(session, OrgKind.BUYER, Role.AUDITOR))
        assert session.scalars(select(LotRuling)).all() == []
        assert states(short) == ["open", "open"]
        assert session.scalars(select(Rfq)).all() == [short.rfq]
        rule(short, 1, FAIL)
        with pytest.raises(LotEnded):
            rule(short, 1, PROCEED)

    def test_waits_until_it_is_open_who_bids_for_a_lot(self, session):
        opened = opened_with(
            session,
            ["10", "20"],
            ["11", None],
            envelopes=EnvelopeRule.TWO,
            criteria=[
                CriterionDraft("Price", CriterionKind.PRICE, Decimal(60)),
                CriterionDraft("Quality", CriterionKind.QUALITY, Decimal(40)),
            ],
        )
        assert counted(opened) == []
        with pytest.raises(PricesHidden):
            rule(opened, 1, PROCEED)


class TestDraft:
    def test_copies_and_templates_keep_the_numbers(self, session):
        buyer = make_actor(session)
        lots = [LotDraft("Bolts", minimum_bids=4), LotDraft("Nuts")]
        rfq = make_rfq(session, buyer, lots=lots, lines=LINES, minimum_bids=3)
        template = keeping.save(session, buyer, rfq.id, "Fasteners")
        for made in (
            drafting.copy(session, buyer, rfq.id),
            keeping.use(session, buyer, template.id),
        ):
            lots = queries.lots(session, made.id)
            assert (made.minimum_bids, [lot.minimum_bids for lot in lots]) == (3, [4, None])

    def test_warns_where_too_few_are_invited(self, session):
        buyer = make_actor(session)
        asked = [make_supplier(session).id for _number in range(2)]
        rfq = make_rfq(session, buyer, supplier_ids=asked, minimum_bids=3)
        session.expire_all()
        checked = publishing.check(session, buyer, rfq.id)
        assert [each.code for each in checked.readiness.warnings] == ["fewer_invited_than_wanted"]


class TestApi:
    def test_from_draft_to_ruling(self, api, session, short):
        client, url = api(short.buyer), f"/rfqs/{short.rfq.id}"
        two = str(short.lots[1].id)
        assert client.get(url).json["minimum_bids"] == 2
        lots = client.get(f"{url}/evaluation").json["lots"]
        assert lots[1]["turnout"] == {"wanted": 2, "bidders": 1, "is_short": True, "waits": True}
        listed = client.get(f"{url}/lots").json["items"]
        assert [each["actions"][0] for each in listed] == ["cancel", "rule_on_bids"]
        refused = client.post(
            f"{url}/award",
            json={"choices": [{"bid_id": str(bids_of(short)[0]), "lot_id": two}]},
        )
        assert (refused.status_code, refused.json["code"]) == (409, "too_few_bids")
        wrong = client.post(f"{url}/lots/{two}/bid-ruling", json={"outcome": "wait", "reason": ""})
        assert wrong.status_code == 422
        assert {each["pointer"] for each in wrong.json["errors"]} == {"/outcome", "/reason"}
        done = client.post(
            f"{url}/lots/{two}/bid-ruling", json={"outcome": "republish", "reason": "One bid"}
        )
        (ruling,) = done.json["items"][1]["rulings"]
        assert (ruling["outcome"], ruling["wanted"], ruling["bidders"]) == ("republish", 2, 1)
        assert client.get(f"/rfqs/{ruling['copy_id']}").json["state"] == "draft"
        again = client.post(
            f"{url}/lots/{two}/bid-ruling", json={"outcome": "proceed", "reason": "One bid"}
        )
        assert (again.status_code, again.json["code"]) == (409, "lot_ended")
        theirs = api(short.suppliers[0]).get(f"{url}/lots").json["items"]
        assert [(each["turnout"], each["rulings"]) for each in theirs] == [(None, []), (None, [])]
        foreign = api(make_actor(session, OrgKind.SUPPLIER)).post(
            f"{url}/lots/{two}/bid-ruling", json={"outcome": "proceed", "reason": "x"}
        )
        assert foreign.status_code in (403, 404)

    def test_numbers_out_of_range_are_refused(self, api, session):
        client = api(make_actor(session))
        refused = client.post(
            "/rfqs",
            json={"title": "x", "minimum_bids": 0, "lots": [{"title": "A", "minimum_bids": 51}]},
        )
        assert refused.status_code == 422
        pointers = {each["pointer"] for each in refused.json["errors"]}
        assert pointers == {"/minimum_bids", "/lots/0/minimum_bids"}


class TestPages:
    def test_ruled_on_in_the_portal(self, portal, short):
        browser, url = portal(short.buyer), f"/rfqs/{short.rfq.id}"
        link = f"{url}/lots/{short.lots[1].id}/bid-ruling"
        for page in ("evaluation", "award", "lots"):
            assert f'href="{link}"' in browser.get(f"{url}/{page}").text
        bid = str(bids_of(short)[0])
        refused = browser.post(f"{url}/award/check", {f"lot.{short.lots[1].id}": bid})
        assert refused.status_code == 422
        assert browser.get(link).status_code == 200
        kept = browser.post(link, {"outcome": "", "reason": "Only one makes them"})
        assert kept.status_code == 422
        assert "Only one makes them" in kept.text
        assert browser.post(link, {"outcome": "proceed", "reason": "Urgent"}).status_code == 303
        assert "Urgent" in browser.get(f"{url}/award").text
        checked = browser.post(f"{url}/award/check", {f"lot.{short.lots[1].id}": bid})
        assert checked.status_code == 200

    def test_written_in_the_draft(self, portal, session):
        buyer = make_actor(session)
        rfq = make_rfq(session, buyer, lots=[LotDraft("Bolts", minimum_bids=4)], minimum_bids=3)
        browser = portal(buyer)
        assert 'name="minimum_bids"' in browser.get(f"/rfqs/{rfq.id}/header").text
        assert 'name="lots.0.minimum_bids"' in browser.get(f"/rfqs/{rfq.id}/lines").text
