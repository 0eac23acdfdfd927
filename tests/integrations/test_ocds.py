from datetime import date
from decimal import Decimal
from pathlib import Path

import pytest
from sqlalchemy import func, select

from marketplace.core import audit
from marketplace.core.money import Money, Quantity
from marketplace.documents import queries as documents
from marketplace.integrations import ocds, ocds_files, ocds_reading
from marketplace.integrations.ocds import Outcome
from marketplace.integrations.ocds_files import Unreadable
from marketplace.integrations.ocds_reading import NothingToImport
from marketplace.rfq.asking import queries
from marketplace.rfq.asking.models import Rfq
from marketplace.rfq.services import drafting
from marketplace.rfq.terms.states import RfqSource, RfqState
from tests.factories.identity import make_actor

DATA = Path(__file__).parents[1] / "data" / "ocds"


@pytest.fixture
def buyer(session):
    return make_actor(session)


def count(session) -> int:
    return session.scalar(select(func.count()).select_from(Rfq)) or 0


class TestTheFictionalTender:
    def test_becomes_a_draft_with_item_unit_value_and_document(self, session, buyer):
        [imported] = ocds.import_file(session, buyer, DATA / "fictional-02-tender.json")
        assert imported.outcome is Outcome.CREATED
        rfq = queries.get_with_content(session, buyer, imported.rfq.id)
        assert (rfq.state, rfq.source) == (RfqState.DRAFT, RfqSource.OCDS)
        assert rfq.external_ref == "ocds-213czf-000-00001"
        assert rfq.title == "Planned cycle lane improvements"
        assert rfq.currency == "GBP"
        assert rfq.estimate == Money(Decimal(1100000), "GBP")
        assert rfq.bids_due_at is None
        assert rfq.open_to_all
        [line] = rfq.lines
        assert line.description == "Cycle lane improvements"
        assert line.quantity == Quantity(Decimal(8), "SMI")
        assert line.reference_price == Decimal(120000)
        assert line.category_code == "45233130"
        [document] = documents.attached(session, buyer, "rfq", rfq.id)
        assert document.filename == "Tender Notice"
        assert document.url == ("http://example.com/tender-notices/ocds-213czf-000-00001-01.html")
        assert [str(notice) for notice in imported.notices] == [
            "The published deadline was 2010-04-01. Set a new one."
        ]

    def test_its_amendment_brings_the_same_draft_up_to_date(self, session, buyer):
        [first] = ocds.import_file(session, buyer, DATA / "fictional-02-tender.json")
        [second] = ocds.import_file(session, buyer, DATA / "fictional-03-tenderAmendment.json")
        assert second.rfq.id == first.rfq.id
        assert second.outcome is Outcome.UPDATED
        assert count(session) == 1
        notes = [
            entry.data["release_id"]
            for entry in audit.history(session, buyer.organisation_id, "rfq", first.rfq.id)
            if entry.action == ocds.IMPORTED
        ]
        assert notes == [
            "ocds-213czf-000-00001-02-tender",
            "ocds-213czf-000-00001-03-tenderAmendment",
        ]
        attached = documents.attached(session, buyer, "rfq", first.rfq.id)
        assert [document.filename for document in attached] == [
            "Tender Notice",
            "Enquiry Responses",
        ]

    def test_the_older_release_does_not_overwrite_the_newer(self, session, buyer):
        ocds.import_file(session, buyer, DATA / "fictional-03-tenderAmendment.json")
        [late] = ocds.import_file(session, buyer, DATA / "fictional-02-tender.json")
        assert late.outcome is Outcome.OLDER
        assert count(session) == 1

    def test_a_repeat_does_nothing(self, session, buyer):
        [first] = ocds.import_file(session, buyer, DATA / "fictional-02-tender.json")
        session.flush()
        version = first.rfq.version
        [again] = ocds.import_file(session, buyer, DATA / "fictional-02-tender.json")
        session.flush()
        assert (again.outcome, again.rfq.version) == (Outcome.KNOWN, version)

    def test_a_draft_that_was_cancelled_is_left_and_a_new_one_made(self, session, buyer):
        [first] = ocds.import_file(session, buyer, DATA / "fictional-02-tender.json")
        first.rfq.state = RfqState.CANCELLED
        session.flush()
        [second] = ocds.import_file(session, buyer, DATA / "fictional-02-tender.json")
        assert second.outcome is Outcome.CREATED
        assert second.rfq.id != first.rfq.id

    def test_each_buyer_has_an_own_draft(self, session, buyer):
        ocds.import_file(session, buyer, DATA / "fictional-02-tender.json")
        ocds.import_file(session, make_actor(session), DATA / "fictional-02-tender.json")
        assert count(session) == 2


class TestRealTenders:
    def test_two_releases_of_one_process_make_one_rfq(self, session, buyer):
        first, second = ocds.import_file(session, buyer, DATA / "release-package-1.json")
        assert first.rfq.id == second.rfq.id
        assert (first.outcome, second.outcome) == (Outcome.CREATED, Outcome.UPDATED)
        rfq = queries.get_with_content(session, buyer, first.rfq.id)
        assert rfq.title == "ARRENDAMIENTO DE BIENES INFORMÁTICOS"
        assert rfq.estimate == Money(Decimal("1311264.00"), "MXN")
        [line] = rfq.lines
        assert line.quantity == Quantity(Decimal(471), "E48")
        assert not rfq.open_to_all

    def test_latin_1_is_refused_with_the_place_of_the_first_wrong_byte(self, session, buyer):
        path = DATA / "release-package_encoding-iso-8859-1.json"
        with pytest.raises(Unreadable) as refusal:
            ocds.import_file(session, buyer, path)
        assert [error.code for error in refusal.value.errors] == ["not_utf8"]
        assert "byte 592" in str(refusal.value.detail)
        assert count(session) == 0

    def test_latin_1_is_read_right_when_declared(self, session, buyer):
        path = DATA / "release-package_encoding-iso-8859-1.json"
        imported = ocds.import_file(session, buyer, path, encoding="iso-8859-1")
        assert {each.rfq.id for each in imported} == {imported[0].rfq.id}
        assert imported[0].rfq.title == "MANTENIMIENTO A MÁQUINA CORTADORA"
        assert imported[0].rfq.estimate == Money(Decimal("193817.39"), "MXN")

    def test_a_package_without_a_tender_says_so(self, session, buyer):
        with pytest.raises(NothingToImport) as refusal:
            ocds.import_file(session, buyer, DATA / "release-package_1.1-2.json")
        assert str(refusal.value.detail) == (
            "There is no tender in this file, only: contract. Nothing was imported."
        )
        assert count(session) == 0

    def test_an_award_release_brings_no_second_draft(self, session, buyer):
        ocds.import_file(session, buyer, DATA / "fictional-02-tender.json")
        with pytest.raises(NothingToImport):
            ocds.import_file(session, buyer, DATA / "fictional-04-award.json")
        assert count(session) == 1


class TestReading:
    @pytest.mark.parametrize(
        ("data", "code"),
        [
            (b"", "not_json"),
            (b"[]", "not_ocds"),
            (b"{}", "not_ocds"),
            (b'{"a": NaN}', "not_json"),
            (b'{"releases": [{"no": "ocid"}]}', "not_ocds"),
            (b"[" * 100_000, "not_json"),
        ],
    )
    def test_refuses_what_is_not_ocds(self, data, code):
        with pytest.raises(Unreadable) as refusal:
            ocds_reading.tender_releases(ocds_files.parse(data))
        assert [error.code for error in refusal.value.errors] == [code]

    def test_numbers_keep_every_digit(self):
        release = self.release(
            {"items": [{"id": "1", "description": "Screw", "quantity": 0.1,
                        "unit": {"name": "kg", "value": {"amount": 0.012345, "currency": "EUR"}}}]}
        )  # fmt: skip
        [line] = ocds_reading.read(release, "EUR").lines
        assert line.quantity == Quantity(Decimal("0.1"), "KGM")
        assert line.reference_price == Money(Decimal("0.012345"), "EUR")

    def test_items_stand_in_their_lots(self):
        tender = ocds_reading.read(
            self.release(
                {
                    "lots": [
                        {"id": "A", "title": "Paper", "value": {"amount": 10, "currency": "EUR"}},
                        {"id": "B", "title": "Toner"},
                    ],
                    "items": [
                        {"id": "1", "description": "x", "quantity": 1, "relatedLot": "B"},
                        {"id": "2", "description": "y", "quantity": 1, "relatedLot": "A"},
                    ],
                }
            ),
            "EUR",
        )
        assert [lot.title for lot in tender.lots] == ["Paper", "Toner"]
        assert tender.lots[0].estimate == Money(Decimal(10), "EUR")
        assert [line.lot for line in tender.lines] == [2, 1]

    def test_unknown_units_and_other_currencies_are_told(self):
        tender = ocds_reading.read(
            self.release(
                {
                    "value": {"amount": 5, "currency": "EUR"},
                    "items": [
                        {"id": "1", "description": "x", "quantity": -1,
                         "unit": {"name": "furlong", "value": {"amount": 1, "currency": "USD"}}},
                    ],
                }
            ),
            "EUR",
        )  # fmt: skip
        assert tender.lines[0].quantity == Quantity(Decimal(1), "C62")
        assert tender.lines[0].reference_price is None
        assert [str(notice) for notice in tender.notices] == [
            "Item 1 has no usable quantity; 1 was set.",
            "The unit “furlong” of item 1 is not known; pieces were set.",
            "The amount at items/1/unit/value is in USD and was left out.",
        ]

    def release(self, tender):
        return ocds_files.parse(
            ocds.orjson.dumps({"ocid": "ocds-1", "id": "r1", "date": "2026-01-02T00:00:00Z",
                               "tender": {"title": "T", **tender}})
        )  # fmt: skip


class TestDraftAfterImport:
    def test_can_be_completed_and_is_no_longer_overwritten_once_published(self, session, buyer):
        [first] = ocds.import_file(session, buyer, DATA / "fictional-02-tender.json")
        drafting.update(
            session, buyer, first.rfq.id, {"title": f"Cycle lanes {date(2027, 1, 1).year}"}
        )
        first.rfq.state = RfqState.UNSUCCESSFUL
        first.rfq.published_at = first.rfq.bids_due_at = first.rfq.created_at
        session.flush()
        [late] = ocds.import_file(session, buyer, DATA / "fictional-03-tenderAmendment.json")
        assert late.outcome is Outcome.NOT_A_DRAFT
        assert late.rfq.title == "Cycle lanes 2027"
