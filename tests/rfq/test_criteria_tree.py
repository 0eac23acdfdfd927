"""Criteria in sections: exact shares, from the draft to the letters, and what is refused."""

from decimal import Decimal
from fractions import Fraction

import pytest
from sqlalchemy import select
from sqlalchemy.exc import IntegrityError

from marketplace.core import shares
from marketplace.core.errors import Invalid
from marketplace.identity.permissions import OrgKind
from marketplace.remedies.models import AwardLetter
from marketplace.rfq.addenda.wanted import Wanted, WantedCriterion
from marketplace.rfq.asking import queries
from marketplace.rfq.asking.models import Rfq
from marketplace.rfq.evaluation import sensitivity
from marketplace.rfq.sealing.models import RfqTerms
from marketplace.rfq.services import addenda, evaluation, publishing
from marketplace.rfq.services.evaluation import GivenScore
from marketplace.rfq.terms import criteria_tree
from marketplace.rfq.terms.asked import Terms
from marketplace.rfq.terms.criteria_tree import Place, Section
from marketplace.rfq.terms.drafts import CriterionDraft
from marketplace.rfq.terms.states import CriterionKind
from tests.clients import words
from tests.factories.awards import bids_of, decide
from tests.factories.bids import make_opened, make_sourcing
from tests.factories.identity import make_actor
from tests.factories.rfq import make_rfq, make_supplier

QUALITY = [Section("Quality", Decimal(40))]


def leaf(name, importance, section="Quality"):
    return CriterionDraft(name, CriterionKind.QUALITY, None, section=section, importance=importance)


def the_price(weight="60"):
    return CriterionDraft("Price", CriterionKind.PRICE, Decimal(weight))


def tree(*importances):
    names = ("Warranty", "Reporting", "Training")
    return {
        "sections": QUALITY,
        "criteria": [the_price(), *map(leaf, names, importances)],
    }


def as_json(*importances):
    return {
        "sections": [{"name": "Quality", "weight": "40"}],
        "criteria": [
            {"name": "Price", "kind": "price", "weight": "60"},
            *(
                {"name": f"Leaf {n}", "kind": "quality", "section": "Quality", "importance": each}
                for n, each in enumerate(importances)
            ),
        ],
    }


def codes(refusal):
    return [(each.pointer, each.code) for each in refusal.value.errors]


def published(session, rfq):
    return Terms.from_json(stored(session, rfq))


def stored(session, rfq):
    query = select(RfqTerms.terms).where(RfqTerms.rfq_id == rfq.id)
    return session.scalars(query.order_by(RfqTerms.number.desc())).first()


class TestShares:
    def test_follow_from_weight_and_importance_and_add_up(self):
        places = [Place(Decimal(60)), *(Place(None, "Quality", each) for each in (3, 4, 0))]
        found = criteria_tree.shares(QUALITY, places)
        assert found == [Decimal(60), Fraction(120, 7), Fraction(160, 7), Fraction(0)]
        assert sum(map(Fraction, found)) == 100
        assert criteria_tree.total(QUALITY, places) == 100

    @pytest.mark.parametrize(
        ("exact", "text", "for_people"),
        [
            (Fraction(120, 7), "120/7", "17.14"),
            (Fraction(25, 2), "25/2", "12.5"),
            (Fraction(20), "20", "20"),
            (Decimal("60.00"), "60.00", "60.00"),
            (Fraction(1, 3), "1/3", "0.33"),
            (Fraction(3205, 600), "641/120", "5.34"),
        ],
    )
    def test_are_written_exactly_and_rounded_for_people_alone(self, exact, text, for_people):
        assert str(exact) == text
        assert shares.read(text) == exact
        assert str(shares.written(exact)) == for_people


class TestDraft:
    def test_through_the_api_with_the_exact_share_beside(self, session, api):
        buyer = make_actor(session)
        rfq = make_rfq(session, buyer)
        answer = api(buyer).put(f"/rfqs/{rfq.id}/criteria", version=1, json=as_json(3, 4))
        assert answer.status_code == 200, answer.json
        assert answer.json["sections"] == [{"name": "Quality", "weight": "40"}]
        assert [
            (c["weight"], c["section"], c["importance"], c["share"], c["exact_share"])
            for c in answer.json["criteria"]
        ] == [
            ("60", None, None, "60", "60.000000"),
            (None, "Quality", 3, "17.14", "120/7"),
            (None, "Quality", 4, "22.86", "160/7"),
        ]

    def test_is_created_whole_and_copied(self, session, api):
        buyer = make_actor(session)
        made = api(buyer).post("/rfqs", json={"title": "Cleaning", **as_json(1, 3)}).json
        copied = api(buyer).post(f"/rfqs/{made['id']}/copy").json
        assert copied["sections"] == made["sections"] == [{"name": "Quality", "weight": "40"}]
        assert [c["exact_share"] for c in copied["criteria"]] == ["60.000000", "10", "30"]

    def test_what_contradicts_itself_is_refused_and_nothing_changes(self, session, api):
        buyer = make_actor(session)
        rfq = make_rfq(session, buyer)
        body = {
            "sections": [
                {"name": "Quality", "weight": "40"},
                {"name": "quality", "weight": "101"},
            ],
            "criteria": [
                {"name": "Price", "kind": "price"},
                {"name": "A", "section": "Quality", "weight": "4", "importance": 1},
                {"name": "B", "section": "Quality"},
                {"name": "C", "section": "Delivery", "importance": 2},
                {"name": "D", "weight": "5", "importance": 2},
            ],
        }
        answer = api(buyer).put(f"/rfqs/{rfq.id}/criteria", version=1, json=body)
        assert answer.status_code == 422
        assert [(e["pointer"], e["code"]) for e in answer.json["errors"]] == [
            ("/sections/1/weight", "weight_out_of_range"),
            ("/sections/1/name", "duplicate"),
            ("/criteria/0/weight", "weight_out_of_range"),
            ("/criteria/1/weight", "weight_in_section"),
            ("/criteria/2/importance", "importance_out_of_range"),
            ("/criteria/3/section", "unknown_section"),
            ("/criteria/4/importance", "importance_without_section"),
        ]
        left = api(buyer).get(f"/rfqs/{rfq.id}").json
        assert (left["sections"], len(left["criteria"]), left["version"]) == ([], 2, 1)

    @pytest.mark.parametrize("importance", [11, -1, "much", 2.5, True])
    def test_an_importance_is_a_whole_number_to_10(self, session, api, importance):
        buyer = make_actor(session)
        rfq = make_rfq(session, buyer)
        answer = api(buyer).put(f"/rfqs/{rfq.id}/criteria", version=1, json=as_json(importance))
        assert answer.status_code == 422
        assert [e["pointer"] for e in answer.json["errors"]] == ["/criteria/1/importance"]

    def test_the_database_holds_a_weight_or_an_importance(self, session):
        rfq = make_rfq(session, **tree(3, 4))
        queries.criteria(session, rfq.id)[1].weight = Decimal(10)
        with pytest.raises(IntegrityError, match="weight_or_importance"):
            session.flush()

    def test_a_section_that_nothing_earns_is_not_published(self, session):
        buyer, supplier = make_actor(session), make_supplier(session)
        rfq = make_rfq(session, buyer, supplier_ids=[supplier.id], **tree(0, 0))
        with pytest.raises(Invalid) as refusal:
            publishing.publish(session, buyer, rfq.id)
        assert codes(refusal) == [("/sections/0", "nothing_counts")]
        assert session.get(Rfq, rfq.id).published_at is None

    def test_nor_an_empty_one_nor_weights_of_more_than_100(self, session):
        buyer, supplier = make_actor(session), make_supplier(session)
        rfq = make_rfq(
            session,
            buyer,
            supplier_ids=[supplier.id],
            sections=[*QUALITY, Section("Green", Decimal("0.5"))],
            criteria=[the_price(), leaf("Warranty", 1)],
        )
        with pytest.raises(Invalid) as refusal:
            publishing.publish(session, buyer, rfq.id)
        assert codes(refusal) == [
            ("/criteria", "weights_not_100"),
            ("/sections/1", "empty_section"),
        ]

    def test_the_price_may_stand_in_a_section(self, session):
        buyer, supplier = make_actor(session), make_supplier(session)
        money = CriterionDraft("Price", CriterionKind.PRICE, None, section="Money", importance=1)
        rfq = make_rfq(
            session,
            buyer,
            supplier_ids=[supplier.id],
            sections=[Section("Money", Decimal(70)), Section("Quality", Decimal(30))],
            criteria=[money, leaf("Warranty", 2)],
        )
        publishing.publish(session, buyer, rfq.id)
        terms = published(session, rfq)
        assert [(c.name, c.weight) for c in terms.criteria] == [("Price", 70), ("Warranty", 30)]


class TestTerms:
    def test_say_sections_importances_and_exact_shares(self, session):
        sourcing = make_sourcing(session, **tree(3, 4))
        terms = stored(session, sourcing.rfq)
        assert terms["sections"] == [{"name": "Quality", "weight": "40"}]
        assert [
            (c["weight"], c.get("section"), c.get("importance")) for c in terms["criteria"]
        ] == [("60.000000", None, None), ("120/7", "Quality", 3), ("160/7", "Quality", 4)]
        assert Terms.from_json(terms).to_json() == terms

    def test_without_sections_not_a_key_is_new(self, session):
        terms = stored(session, make_sourcing(session).rfq)
        assert set(terms) == {"currency", "lots", "lines", "criteria", "allows", "conditions"}
        assert set(terms["criteria"][1]) == {
            "id",
            "number",
            "name",
            "is_price",
            "weight",
            "max_score",
            "price_formula",
            "answer",
        }
        assert Terms.from_json(terms).to_json() == terms

    def test_an_addendum_changes_an_importance_and_shows_every_share_that_moves(self, session):
        sourcing = make_sourcing(session, **tree(3, 4))
        warranty = sourcing.criteria[1]
        wanted = Wanted(criteria=(WantedCriterion(warranty.id, "Warranty", importance=4),))
        assert Wanted.from_json(wanted.to_json()) == wanted
        written = addenda.write(session, sourcing.buyer, sourcing.rfq.id, wanted, "As asked")
        addenda.publish(session, sourcing.buyer, sourcing.rfq.id, written.id)
        assert [c.weight for c in published(session, sourcing.rfq).criteria] == [60, 20, 20]
        session.refresh(written)
        assert [(c["name"], c["field"], c["old"], c["new"]) for c in written.changes] == [
            ("Warranty", "weight", "17.14", "20"),
            ("Warranty", "importance", 3, 4),
            ("Reporting", "weight", "22.86", "20"),
        ]

    def test_an_addendum_gives_no_weight_to_a_criterion_in_a_section(self, session):
        sourcing = make_sourcing(session, **tree(3, 4))
        wanted = Wanted(
            criteria=(
                WantedCriterion(sourcing.criteria[0].id, "Price", importance=1),
                WantedCriterion(sourcing.criteria[1].id, "Warranty", Decimal(10)),
            )
        )
        with pytest.raises(Invalid) as refusal:
            addenda.write(session, sourcing.buyer, sourcing.rfq.id, wanted, "As asked")
        assert codes(refusal) == [
            ("/criteria/0/weight", "weight_out_of_range"),
            ("/criteria/0/importance", "importance_without_section"),
            ("/criteria/1/weight", "weight_in_section"),
            ("/criteria/1/importance", "importance_out_of_range"),
        ]


@pytest.fixture
def scored(session):
    """The second bid is cheaper and reports better, the first has the better warranty."""
    sourcing = make_opened(session, ["10", "1"], ["8", "1"], **tree(3, 4))
    first, second = bids_of(sourcing)
    _price, warranty, reporting = sourcing.criteria
    given = [
        (first, warranty, "100"),
        (first, reporting, "70"),
        (second, warranty, "30"),
        (second, reporting, "100"),
    ]
    evaluation.score(
        session,
        sourcing.buyer,
        sourcing.rfq.id,
        [GivenScore(bid, leaf.id, Decimal(score), "seen") for bid, leaf, score in given],
    )
    return sourcing


class TestEvaluation:
    def test_points_are_exact(self, session, scored):
        (lot,) = evaluation.read(session, scored.buyer, scored.rfq.id).lots
        assert [rank.exact for rank in lot.ranks] == [
            Fraction(88),
            Fraction(540, 11) + Fraction(120, 7) + 16,
        ]
        assert [part.exact for part in lot.ranks[0].points] == [
            Fraction(60),
            Fraction(36, 7),
            Fraction(160, 7),
        ]

    def test_the_weight_of_a_section_may_move_so_far(self, session, scored):
        (lot,) = evaluation.read(session, scored.buyer, scored.rfq.id).lots
        (found,) = sensitivity.of_sections(lot)
        assert (found.name, found.weight, found.below) == ("Quality", Decimal(40), None)
        assert found.above.exact == Fraction(14000, 239)
        assert found.above.rank.bid_id == bids_of(scored)[0]

    def test_partners_read_it_all(self, session, api, scored):
        shown = api(scored.buyer).get(f"/rfqs/{scored.rfq.id}/evaluation").json
        (lot,) = shown["lots"]
        assert lot["sections"] == [
            {
                "name": "Quality",
                "weight": "40",
                "below": None,
                "above": {
                    "weight": "58.58",
                    "bid_id": str(bids_of(scored)[0]),
                    "supplier_id": str(scored.suppliers[0].organisation_id),
                },
            }
        ]
        warranty = lot["ranks"][0]["explanation"][1]
        assert (warranty["section"], warranty["importance"]) == ("Quality", 3)
        assert (warranty["weight"], warranty["exact_weight"]) == ("17.14", "120/7")
        assert (warranty["points"], warranty["exact"]) == ("5.14", "36/7")
        assert lot["ranks"][0]["explanation"][0]["section"] is None

    def test_pages_group_and_explain(self, session, portal, scored):
        client, url = portal(scored.buyer), f"/rfqs/{scored.rfq.id}/evaluation"
        page = words(client.get(url))
        assert "Quality Warranty 17.14 %" in page
        assert "Quality 40 % — 58.58%" in page
        explained = words(client.get(f"{url}/bids/{bids_of(scored)[1]}"))
        assert "17.14 % exactly 120/7 importance 3" in explained

    def test_the_letter_names_the_section(self, session, scored, drain):
        decide(scored, 1)
        drain()
        letters = {each.supplier_id: each for each in session.scalars(select(AwardLetter))}
        loser = letters[scored.suppliers[0].organisation_id]
        (bid,) = loser.content["lots"][0]["bids"]
        assert [(c.get("section"), c["name"], c["weight"]) for c in bid["criteria"]] == [
            (None, "Price", "60"),
            ("Quality", "Warranty", "17.14"),
            ("Quality", "Reporting", "22.86"),
        ]


class TestPortal:
    def form(self, **more):
        return {
            "version": "1",
            "sections.0.name": "Quality",
            "sections.0.weight": "40",
            "sections.1.name": "",
            "sections.1.weight": "",
            "criteria.0.name": "Price",
            "criteria.0.kind": "price",
            "criteria.0.weight": "60",
            "criteria.0.section": "",
            "criteria.0.importance": "",
            "criteria.1.name": "Warranty",
            "criteria.1.kind": "quality",
            "criteria.1.weight": "",
            "criteria.1.section": "Quality",
            "criteria.1.importance": "3",
            "criteria.2.name": "Reporting",
            "criteria.2.kind": "quality",
            "criteria.2.weight": "",
            "criteria.2.section": "Quality",
            "criteria.2.importance": "4",
            "price_formula.kind": "lowest_over_price",
            **more,
        }

    def test_sections_are_saved_shown_and_published(self, session, portal):
        buyer = make_actor(session)
        bidder = make_actor(session, OrgKind.SUPPLIER)
        rfq = make_rfq(session, buyer, supplier_ids=[bidder.organisation_id])
        client, url = portal(buyer), f"/rfqs/{rfq.id}/criteria"
        saved = client.post(url, self.form())
        assert saved.status_code == 303, words(saved)
        again = client.get(url)
        assert 'value="Quality"' in again.text
        assert "17.14 %" in words(again)
        assert "Warranty 17.14 %" in words(client.get(f"/rfqs/{rfq.id}/publish"))
        publishing.publish(session, buyer, rfq.id)
        shown = words(client.get(f"/rfqs/{rfq.id}"))
        assert "Section Quality weighs 40 %." in shown
        asked = words(portal(bidder).get(f"/rfqs/{rfq.id}/bids/edit"))
        assert asked.index("Quality") < asked.index("Warranty") < asked.index("Reporting")
        assert "Counts 17.14 % in the evaluation." in asked

    def test_what_was_typed_stays(self, session, portal):
        buyer = make_actor(session)
        rfq = make_rfq(session, buyer)
        bad = self.form(**{"criteria.1.section": "Qualty", "criteria.2.importance": "12"})
        answer = portal(buyer).post(f"/rfqs/{rfq.id}/criteria", bad)
        assert answer.status_code == 422
        assert 'value="Qualty"' in answer.text
        assert 'value="12"' in answer.text
        assert session.get(Rfq, rfq.id).sections == []
