"""Writing an RFQ: through the API, which calls the same use cases as the portal."""

from collections.abc import Callable
from decimal import Decimal
from typing import Any
from uuid import uuid4

import pytest
from sqlalchemy import select
from sqlalchemy.orm import Session

from marketplace.core.audit import AuditEvent
from marketplace.core.errors import Invalid, NotAllowed, NotFound
from marketplace.core.money import Money, Quantity
from marketplace.core.outbox import OutboxMessage
from marketplace.core.states import IllegalTransition
from marketplace.identity.models import Organisation
from marketplace.identity.permissions import OrgKind, Role
from marketplace.rfq.asking import queries
from marketplace.rfq.asking.models import Rfq
from marketplace.rfq.services import content, drafting, inviting
from marketplace.rfq.terms.drafts import CriterionDraft, LotDraft
from marketplace.rfq.terms.states import CriterionKind, RfqState
from marketplace.suppliers.states import SupplierState
from tests.factories import suppliers
from tests.factories.identity import make_actor
from tests.factories.rfq import (
    a_line,
    make_published,
    make_rfq,
    make_supplier,
)

Api = Callable[..., Any]

WHOLE = {
    "title": "Cleaning of offices",
    "description": "Two sites",
    "currency": "EUR",
    "time_zone": "Europe/Paris",
    "bids_due_at": "2026-12-10T12:00",
    "questions_days_before": 3,
    "delivery": {"street": "1 rue de la Paix", "postal_code": "75002", "city": "Paris",
                 "country": "FR"},
    "estimate": {"amount": "12000.00", "currency": "EUR"},
    "payment_terms_days": 30,
    "lots": [{"title": "Paris"}, {"title": "Lyon", "description": "Second site"}],
    "lines": [
        {"lot": 1, "description": "Daily cleaning", "quantity": {"value": "12", "unit": "MON"}},
        {"lot": 2, "description": "Windows", "quantity": {"value": "4.5", "unit": "heure"},
         "delivery_on": "2027-01-31", "delivery_place": "Lyon",
         "reference_price": {"amount": "38.125", "currency": "EUR"}},
    ],
    "criteria": [
        {"name": "Price", "kind": "price", "weight": "70"},
        {"name": "Method", "kind": "quality", "weight": "30", "max_score": 20},
    ],
}  # fmt: skip


class TestCreate:
    def test_a_title_is_enough_and_gives_one_lot_and_the_price_as_criterion(
        self, session: Session, api: Api
    ) -> None:
        answer = api(make_actor(session)).post("/rfqs", json={"title": "Paper"})
        assert answer.status_code == 201, answer.json
        made = answer.json
        assert made["state"] == "draft"
        assert made["number"].startswith("RFQ-")
        assert made["currency"] == "EUR"
        assert [lot["title"] for lot in made["lots"]] == ["Paper"]
        assert [(c["kind"], c["weight"]) for c in made["criteria"]] == [("price", "100")]
        assert made["actions"] == ["edit", "publish", "cancel"]
        assert answer.headers["ETag"] == '"1"'

    def test_everything_may_be_sent_at_once(self, session: Session, api: Api) -> None:
        supplier = make_supplier(session)
        body = WHOLE | {"supplier_ids": [str(supplier.id)]}
        answer = api(make_actor(session)).post("/rfqs", json=body)
        assert answer.status_code == 201, answer.json
        made = answer.json
        assert made["bids_due_at"] == "2026-12-10T11:00:00Z"
        assert made["questions_due_at"] == "2026-12-07T11:00:00Z"
        assert made["delivery"]["city"] == "Paris"
        assert made["estimate"] == {"amount": "12000.00", "currency": "EUR"}
        assert made["lines"][1]["quantity"] == {"value": "4.5", "unit": "HUR"}
        assert made["lines"][1]["reference_price"] == {"amount": "38.125", "currency": "EUR"}
        assert made["lines"][1]["lot_id"] == made["lots"][1]["id"]
        assert made["criteria"][1]["max_score"] == 20

    def test_every_fault_of_the_content_is_named_at_once(self, session: Session, api: Api) -> None:
        body = WHOLE | {
            "estimate": None,
            "lines": [
                {"lot": 9, "description": "x", "quantity": {"value": "1", "unit": "C62"}},
                {"description": "y", "quantity": {"value": "1", "unit": "C62"},
                 "reference_price": {"amount": "1", "currency": "USD"}},
            ],
            "criteria": [{"name": "A", "weight": "101"}, {"name": "a", "weight": "1"}],
        }  # fmt: skip
        answer = api(make_actor(session)).post("/rfqs", json=body)
        assert answer.status_code == 422
        assert [(e["pointer"], e["code"]) for e in answer.json["errors"]] == [
            ("/lines/0/lot", "unknown_lot"),
            ("/lines/1/reference_price/currency", "currency_mismatch"),
            ("/criteria/0/weight", "weight_out_of_range"),
            ("/criteria/1/name", "duplicate"),
        ]
        assert session.scalars(select(Rfq)).all() == []

    def test_quantity_zero_unknown_units_and_numbers_as_floats_are_refused(
        self, session: Session, api: Api
    ) -> None:
        for quantity, code in (
            ({"value": "0", "unit": "C62"}, "too_small"),
            ({"value": "1", "unit": "bananas"}, "unknown_unit"),
            ({"value": 1.5, "unit": "C62"}, "not_a_decimal_string"),
        ):
            body = {"title": "x", "lines": [{"description": "y", "quantity": quantity}]}
            answer = api(make_actor(session)).post("/rfqs", json=body)
            assert answer.status_code == 422
            assert answer.json["errors"][0]["code"] == code

    def test_an_item_must_be_the_buyers_own(self, session: Session, api: Api) -> None:
        line = {"item_id": str(uuid4()), "quantity": {"value": "1", "unit": "C62"}}
        answer = api(make_actor(session)).post("/rfqs", json={"title": "x", "lines": [line]})
        assert answer.status_code == 422
        assert answer.json["errors"][0]["code"] == "unknown_item"

    def test_suppliers_and_receivers_may_not(self, session: Session, api: Api) -> None:
        for actor in (
            make_actor(session, OrgKind.SUPPLIER),
            make_actor(session, OrgKind.BUYER, Role.RECEIVER),
        ):
            answer = api(actor).post("/rfqs", json={"title": "x"})
            assert answer.status_code == 403
            assert answer.json["code"] == "not_allowed"

    def test_the_history_says_who_did_it(self, session: Session) -> None:
        buyer = make_actor(session)
        rfq = make_rfq(session, buyer)
        session.flush()
        event = session.scalars(select(AuditEvent).where(AuditEvent.subject_id == rfq.id)).one()
        assert (event.action, event.person_id) == ("rfq.created", buyer.person_id)
        assert event.data == {"source": "portal", "lines": 2}
        assert session.scalars(select(OutboxMessage)).all() == []


class TestUpdate:
    def test_changes_only_what_is_named_and_raises_the_version(
        self, session: Session, api: Api
    ) -> None:
        buyer = make_actor(session)
        rfq = make_rfq(session, buyer, description="as it was")
        answer = api(buyer).patch(
            f"/rfqs/{rfq.id}", version=rfq.version, json={"title": "New title"}
        )
        assert answer.status_code == 200, answer.json
        assert answer.json["title"] == "New title"
        assert answer.json["description"] == "as it was"
        assert answer.json["version"] == 2

    def test_needs_the_present_version(self, session: Session, api: Api) -> None:
        buyer = make_actor(session)
        rfq = make_rfq(session, buyer)
        caller = api(buyer)
        assert caller.patch(f"/rfqs/{rfq.id}", json={"title": "x"}).status_code == 428
        stale = caller.patch(f"/rfqs/{rfq.id}", version=7, json={"title": "x"})
        assert (stale.status_code, stale.json["code"]) == (412, "stale")

    def test_the_currency_stays_while_amounts_are_written_in_it(self, session: Session) -> None:
        buyer = make_actor(session)
        priced = a_line(reference_price=Money(Decimal("2.5"), "EUR"))
        rfq = make_rfq(session, buyer, lines=[priced])
        with pytest.raises(Invalid) as refusal:
            drafting.update(session, buyer, rfq.id, {"currency": "USD"})
        assert refusal.value.errors[0].code == "currency_in_use"
        content.set_lines(session, buyer, rfq.id, [a_line()])
        assert drafting.update(session, buyer, rfq.id, {"currency": "USD"}).currency == "USD"

    def test_a_published_rfq_is_not_edited(self, session: Session) -> None:
        buyer = make_actor(session)
        rfq = make_published(session, buyer).rfq
        with pytest.raises(IllegalTransition):
            drafting.update(session, buyer, rfq.id, {"title": "x"})
        with pytest.raises(IllegalTransition):
            content.set_lines(session, buyer, rfq.id, [a_line()])

    def test_others_do_not_find_it(self, session: Session) -> None:
        rfq = make_rfq(session)
        with pytest.raises(NotFound):
            drafting.update(session, make_actor(session), rfq.id, {"title": "x"})


class TestContent:
    def test_lots_in_the_same_place_keep_their_lines(self, session: Session) -> None:
        buyer = make_actor(session)
        rfq = make_rfq(session, buyer, lots=[LotDraft("One"), LotDraft("Two")])
        content.set_lots(session, buyer, rfq.id, [LotDraft("First")])
        found = queries.get_with_content(session, buyer, rfq.id)
        assert [lot.title for lot in found.lots] == ["First"]
        assert {line.lot_id for line in found.lines} == {found.lots[0].id}

    def test_a_lot_with_lines_is_not_removed(self, session: Session) -> None:
        buyer = make_actor(session)
        lots = [LotDraft("One"), LotDraft("Two")]
        rfq = make_rfq(session, buyer, lots=lots, lines=[a_line(lot=1), a_line(lot=2)])
        with pytest.raises(content.LotInUse):
            content.set_lots(session, buyer, rfq.id, lots[:1])

    def test_lots_and_lines_change_places_in_one_step(self, session: Session) -> None:
        buyer = make_actor(session)
        lots = [LotDraft("One"), LotDraft("Two")]
        rfq = make_rfq(session, buyer, lots=lots, lines=[a_line(lot=1), a_line(lot=2)])
        content.set_lots_and_lines(
            session, buyer, rfq.id, lots[:1], [a_line(description="Only one")]
        )
        found = queries.get_with_content(session, buyer, rfq.id)
        assert ([lot.title for lot in found.lots], len(found.lines)) == (["One"], 1)

    def test_the_last_lot_stays(self, session: Session) -> None:
        buyer = make_actor(session)
        rfq = make_rfq(session, buyer, lines=[])
        [lot] = queries.lots(session, rfq.id)
        with pytest.raises(content.LastLot):
            content.remove_lot(session, buyer, rfq.id, lot.id)

    def test_lines_behind_a_removed_one_move_up(self, session: Session, api: Api) -> None:
        buyer = make_actor(session)
        names = ["a", "b", "c"]
        rfq = make_rfq(session, buyer, lines=[a_line(description=name) for name in names])
        first = queries.get_with_content(session, buyer, rfq.id).lines[0]
        answer = api(buyer).delete(f"/rfqs/{rfq.id}/lines/{first.id}", version=rfq.version)
        assert answer.status_code == 200, answer.json
        assert [(line["number"], line["description"]) for line in answer.json["lines"]] == [
            (1, "b"),
            (2, "c"),
        ]

    def test_lines_are_added_changed_and_replaced_by_partners(
        self, session: Session, api: Api
    ) -> None:
        buyer = make_actor(session)
        rfq = make_rfq(session, buyer, lines=[])
        caller, url = api(buyer), f"/rfqs/{rfq.id}/lines"
        line = {"description": "Bolt", "quantity": {"value": "5", "unit": "C62"}}
        added = caller.post(url, json={"lines": [line, line]})
        assert (added.status_code, added.json["version"]) == (201, 2)
        one = added.json["lines"][1]
        changed = caller.put(
            f"{url}/{one['id']}", version=2, json=line | {"description": "Longer bolt"}
        )
        assert changed.json["lines"][1]["description"] == "Longer bolt"
        assert changed.json["lines"][1]["number"] == 2
        replaced = caller.put(url, version=3, json={"lines": [line]})
        assert len(replaced.json["lines"]) == 1
        stale = caller.put(url, version=3, json={"lines": []})
        assert stale.status_code == 412

    def test_lots_and_criteria_are_changed_one_by_one(self, session: Session, api: Api) -> None:
        buyer = make_actor(session)
        rfq = make_rfq(session, buyer)
        caller, url = api(buyer), f"/rfqs/{rfq.id}"
        lots = caller.post(f"{url}/lots", json={"lots": [{"title": "Two"}]}).json["lots"]
        assert [lot["number"] for lot in lots] == [1, 2]
        renamed = caller.put(f"{url}/lots/{lots[1]['id']}", version=2, json={"title": "Zwei"})
        assert renamed.json["lots"][1]["title"] == "Zwei"
        left = caller.delete(f"{url}/lots/{lots[1]['id']}", version=3)
        assert len(left.json["lots"]) == 1
        criteria = caller.post(
            f"{url}/criteria", json={"criteria": [{"name": "Warranty", "weight": "5"}]}
        ).json["criteria"]
        assert [criterion["number"] for criterion in criteria] == [1, 2, 3]
        body = {"name": "Warranty in years", "weight": "6"}
        changed = caller.put(f"{url}/criteria/{criteria[2]['id']}", version=5, json=body)
        assert changed.json["criteria"][2]["weight"] == "6"
        less = caller.delete(f"{url}/criteria/{criteria[0]['id']}", version=6)
        assert [c["number"] for c in less.json["criteria"]] == [1, 2]
        whole = caller.put(
            f"{url}/criteria",
            version=7,
            json={"criteria": [{"name": "Price", "kind": "price", "weight": "100"}]},
        )
        assert len(whole.json["criteria"]) == 1

    def test_a_thousand_lines_take_no_more_statements_than_ten(
        self, session: Session, statements: list[str]
    ) -> None:
        buyer = make_actor(session)
        counts = []
        for size in (10, 1000):
            rfq = make_rfq(session, buyer, lines=[])
            statements.clear()
            content.set_lines(session, buyer, rfq.id, [a_line()] * size)
            counts.append(len([each for each in statements if "INSERT INTO rfq_line" in each]))
        assert counts[0] == 1
        assert counts[1] <= 2


class TestCopy:
    def test_takes_content_and_suppliers_but_no_dates(self, session: Session) -> None:
        buyer = make_actor(session)
        supplier = make_supplier(session)
        published = make_published(
            session,
            buyer,
            supplier_ids=[supplier.id],
            lots=[LotDraft("One"), LotDraft("Two", estimate=Money(Decimal(5), "EUR"))],
            lines=[a_line(lot=2, quantity=Quantity(Decimal("1.5"), "KGM")), a_line(lot=1)],
            criteria=[CriterionDraft("Price", CriterionKind.PRICE, Decimal(100), 50)],
        )
        made = drafting.copy(session, buyer, published.rfq.id)
        found = queries.get_with_content(session, buyer, made.id)
        assert (found.state, found.bids_due_at, found.published_at) == (
            RfqState.DRAFT, None, None,
        )  # fmt: skip
        assert found.number != published.rfq.number
        assert [lot.estimated_value for lot in found.lots] == [None, Decimal(5)]
        assert [line.quantity.value for line in found.lines] == [Decimal("1.5"), Decimal(100)]
        assert found.lines[0].lot_id == found.lots[1].id
        [invitation] = queries.invitations(session, made.id)
        assert (invitation.supplier_id, invitation.invited_at) == (supplier.id, None)


class TestInvite:
    def test_only_suppliers_that_exist(self, session: Session) -> None:
        buyer = make_actor(session)
        rfq = make_rfq(session, buyer)
        with pytest.raises(Invalid) as refusal:
            inviting.invite(session, buyer, rfq.id, [uuid4(), buyer.organisation_id])
        assert refusal.value.code == "supplier_not_invitable"
        assert [error.code for error in refusal.value.errors] == ["unknown_supplier"] * 2
        assert queries.invitations(session, rfq.id) == []

    def test_a_draft_tells_nobody(self, session: Session, api: Api) -> None:
        buyer = make_actor(session)
        bidder = make_actor(session, OrgKind.SUPPLIER)
        rfq = make_rfq(session, buyer)
        answer = api(buyer).post(
            f"/rfqs/{rfq.id}/invitations", json={"supplier_ids": [str(bidder.org_id)]}
        )
        assert answer.status_code == 201, answer.json
        assert answer.json["items"][0]["invited_at"] is None
        assert api(bidder).get(f"/rfqs/{rfq.id}").status_code == 404
        assert api(bidder).get("/rfqs").json["items"] == []
        assert session.scalars(select(OutboxMessage)).all() == []

    def test_inviting_twice_changes_nothing_and_uninviting_takes_back(
        self, session: Session
    ) -> None:
        buyer = make_actor(session)
        supplier = make_supplier(session)
        rfq = make_rfq(session, buyer, supplier_ids=[supplier.id])
        inviting.invite(session, buyer, rfq.id, [supplier.id])
        assert len(queries.invitations(session, rfq.id)) == 1
        inviting.uninvite(session, buyer, rfq.id, supplier.id)
        assert queries.invitations(session, rfq.id) == []

    def test_after_publication_they_are_told_at_once(self, session: Session) -> None:
        buyer = make_actor(session)
        rfq = make_published(session, buyer).rfq
        later = make_supplier(session)
        inviting.invite(session, buyer, rfq.id, [later.id])
        session.flush()
        assert later.id in queries.invited_ids(session, rfq.id)
        names = session.scalars(select(OutboxMessage.name)).all()
        assert names == ["rfq.published", "rfq.suppliers_invited"]

    def test_after_publication_it_needs_the_right_to_publish(self, session: Session) -> None:
        rfq = make_published(session).rfq
        organisation = session.get_one(Organisation, rfq.buyer_id)
        requester = make_actor(session, OrgKind.BUYER, Role.REQUESTER, organisation=organisation)
        with pytest.raises(NotAllowed):
            inviting.invite(session, requester, rfq.id, [make_supplier(session).id])

    def test_a_blocked_supplier_is_refused_by_name_of_the_reason(self, session: Session) -> None:
        buyer = make_actor(session)
        blocked = suppliers.make_supplier(session, state=SupplierState.BLOCKED)
        rfq = make_rfq(session, buyer)
        with pytest.raises(Invalid) as refusal:
            inviting.invite(session, buyer, rfq.id, [blocked.id])
        assert refusal.value.errors[0].code == "supplier_blocked"
