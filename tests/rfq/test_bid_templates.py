"""A bid by spreadsheet: what the template holds, and that it comes back as the same bid."""

import io
import time
from dataclasses import replace
from datetime import date, timedelta
from decimal import Decimal

import openpyxl
import pytest
from sqlalchemy import func, select

from marketplace.core import clock
from marketplace.core.audit import AuditEvent
from marketplace.core.errors import NotAllowed, NotFound, Stale
from marketplace.core.money import Quantity
from marketplace.core.outbox import OutboxMessage
from marketplace.core.text import reading_in
from marketplace.identity.permissions import OrgKind, Permission
from marketplace.rfq.asking.participants import Bid
from marketplace.rfq.bids.content import Answer
from marketplace.rfq.bids.models import BidDraft
from marketplace.rfq.bids.rules import DeadlinePassed
from marketplace.rfq.services import bid_drafts, bid_templates
from marketplace.rfq.terms.bid_states import BidState
from marketplace.rfq.terms.drafts import LotDraft
from tests.factories.bids import KEYS, make_sourcing
from tests.factories.identity import make_actor
from tests.factories.rfq import a_line
from tests.rfq import sheet_files as files
from tests.rfq.sheet_files import COLUMN, FIRST_ROW, NAME

D = Decimal
TEMPLATE_STATEMENTS = 2
KEEPING_STATEMENTS = 5


@pytest.fixture
def sourcing(session):
    return make_sourcing(session)


@pytest.fixture
def supplier(sourcing):
    return sourcing.suppliers[0]


@pytest.fixture
def template(session, sourcing, supplier):
    return lambda: bid_templates.template(session, supplier, KEYS, sourcing.rfq.id).content


@pytest.fixture
def keep(session, sourcing, supplier):
    def run(data, name=NAME, **options):
        return bid_templates.keep(session, supplier, KEYS, sourcing.rfq.id, data, name, **options)

    return run


@pytest.fixture
def draft(session, sourcing, supplier):
    return lambda: bid_drafts.read(session, supplier, KEYS, sourcing.rfq.id).draft


def opened(content):
    return openpyxl.load_workbook(io.BytesIO(content))


def a_rich_draft(sourcing):
    """Everything that a bid can say, with what would be a formula among it."""
    judged = next(c for c in sourcing.criteria if c.kind != "price")
    content = sourcing.content(
        "12.5",
        "12345678901.123456",
        note="=HYPERLINK(0)",
        delivery_days=14,
        answers=(Answer(judged.id, "ISO 9001\nby Bureau"),),
    )
    lines = (replace(content.lines[0], note="+33 call us"), content.lines[1])
    return replace(content, lines=lines)


class TestTemplate:
    def test_holds_what_is_asked_for_and_the_draft(self, session, sourcing, supplier, template):
        bid_drafts.save(session, supplier, KEYS, sourcing.rfq.id, sourcing.content("12.5"))
        page = opened(template()).worksheets[0]
        row = [cell.value for cell in page[FIRST_ROW]]
        assert row[0] == str(sourcing.lines[0].id)
        assert row[1].startswith(f"{sourcing.rfq.id} ")
        assert row[2:11] == [
            "1. " + sourcing.lots[0].title, 1, "Steel bolt M8 x 40", 100, "pieces", None, None,
            12.5, "EUR",
        ]  # fmt: skip
        assert row[11] == '=IF(ISNUMBER(J6),ROUND(F6*J6,2),"")'
        values = openpyxl.load_workbook(io.BytesIO(template()), data_only=True).worksheets[0]
        assert values.cell(FIRST_ROW, COLUMN["total"]).value == 1250
        assert values.cell(3, COLUMN["total"]).value == 1250
        assert page.cell(FIRST_ROW + 1, COLUMN["unit_price"]).value is None

    def test_shows_the_delivery_of_each_line(self, session):
        line = a_line(delivery_on=date(2027, 3, 15), delivery_place="Lyon")
        sourcing = make_sourcing(session, lines=[line])
        content = bid_templates.template(
            session, sourcing.suppliers[0], KEYS, sourcing.rfq.id
        ).content
        row = opened(content).worksheets[0][FIRST_ROW]
        assert row[COLUMN["delivery_on"] - 1].value.date() == date(2027, 3, 15)
        assert row[COLUMN["delivery_place"] - 1].value == "Lyon"

    def test_only_what_the_form_asks_can_be_written(self, template):
        prices, whole, helping = opened(template()).worksheets
        assert all(page.protection.sheet for page in (prices, whole, helping))
        open_cells = {c.coordinate for row in prices for c in row if not c.protection.locked}
        assert open_cells == {"J6", "M6", "J7", "M7"}
        assert {c.column_letter for row in whole for c in row if not c.protection.locked} == {"C"}
        hidden = prices.column_dimensions["A"]
        assert (hidden.hidden, hidden.min, hidden.max) == (True, 1, 2)
        assert whole.column_dimensions["A"].hidden
        assert (prices.freeze_panes, whole.freeze_panes) == ("E6", "A2")
        assert prices.auto_filter.ref == "A5:M7"
        assert prices.print_title_rows == "$5:$5"
        rules = {str(rule.sqref): rule for rule in prices.data_validations.dataValidation}
        assert rules["J6:J7"].formula1 == "AND(ISNUMBER(J6),J6>0,J6<1E13,ROUND(J6,6)=J6)"
        assert rules["M6:M7"].formula1 == "500"

    def test_speaks_the_language_of_its_reader(self, template):
        with reading_in("fr"):
            book = opened(template())
        assert book.sheetnames == ["Prix", "Offre entière", "Mode d’emploi"]
        assert book.worksheets[0].cell(5, COLUMN["unit_price"]).value == "Prix unitaire"
        assert book.worksheets[0].cell(FIRST_ROW, COLUMN["unit"]).value == "pièces"

    def test_no_text_of_anybody_becomes_a_formula(self, session):
        sourcing = make_sourcing(session, lines=[a_line(description="=1+1")])
        supplier = sourcing.suppliers[0]
        content = replace(sourcing.content("1"), note="@SUM(A1)")
        bid_drafts.save(session, supplier, KEYS, sourcing.rfq.id, content)
        book = opened(bid_templates.template(session, supplier, KEYS, sourcing.rfq.id).content)
        described = book.worksheets[0].cell(FIRST_ROW, COLUMN["description"])
        note = next(row[2] for row in book.worksheets[1].iter_rows() if row[0].value == "note")
        for cell, text in ((described, "=1+1"), (note, "@SUM(A1)")):
            assert (cell.data_type, cell.value, cell.quotePrefix) == ("s", text, 1)

    def test_is_for_those_who_see_the_rfq(self, session, sourcing):
        for stranger in (make_actor(session, OrgKind.SUPPLIER), sourcing.buyer):
            with pytest.raises(NotFound):
                bid_templates.template(session, stranger, KEYS, sourcing.rfq.id)


class TestRoundTrip:
    @pytest.mark.parametrize("language", ["en", "fr"])
    def test_a_template_sent_back_changes_nothing(
        self, session, sourcing, supplier, template, keep, draft, language
    ):
        bid_drafts.save(session, supplier, KEYS, sourcing.rfq.id, a_rich_draft(sourcing))
        with reading_in(language):
            content = template()
        plan, _bid = keep(content)
        assert (plan.changes, plan.others, plan.notices) == ([], [], ())
        assert draft() == a_rich_draft(sourcing)

    def test_new_prices_are_kept_and_the_old_ones_told(
        self, session, sourcing, supplier, template, keep, draft
    ):
        bid_drafts.save(session, supplier, KEYS, sourcing.rfq.id, sourcing.content("12.5", "3"))
        plan, bid = keep(files.priced(template(), 11, None))
        assert [(c.line.number, c.old and c.old.unit_price, c.new and c.new.unit_price)
                for c in plan.changes] == [
            (1, D("12.5"), D(11)), (2, D(3), None),
        ]  # fmt: skip
        assert [(line.line_id, line.unit_price) for line in draft().lines] == [
            (sourcing.lines[0].id, D(11))
        ]
        assert (bid.state, bid.number) == (BidState.DRAFT, 0)
        actions = session.scalars(
            select(AuditEvent.action).where(AuditEvent.subject_id == bid.id)
        ).all()
        assert actions == ["bid.saved", "bid.saved"]

    def test_the_whole_bid_is_read_too(self, session, template, keep, draft):
        said = {"delivery_days": 21, "criterion": "Samples", "note": "Ex works"}
        plan, _bid = keep(files.whole(files.priced(template(), 1, 2), **said))
        assert [(str(o.field), o.old, o.new) for o in plan.others] == [
            ("Delivery time in days", "", "21"), ("Quality", "", "Samples"),
            ("Note to the buyer", "", "Ex works"),
        ]  # fmt: skip
        kept = draft()
        assert (kept.delivery_days, kept.note, kept.answers[0].text) == (21, "Ex works", "Samples")

    def test_lots_are_chosen_by_yes(self, session):
        lots = [LotDraft("North"), LotDraft("South")]
        lines = [a_line(lot=1), a_line(lot=2)]
        sourcing = make_sourcing(session, lots=lots, lines=lines)
        supplier, rfq_id = sourcing.suppliers[0], sourcing.rfq.id
        content = bid_templates.template(session, supplier, KEYS, rfq_id).content
        lot = sourcing.lots[1].id
        sent = files.whole(files.priced(content, None, 5), **{f"lot:{lot}": "Oui"})
        plan, _bid = bid_templates.keep(session, supplier, KEYS, rfq_id, sent, NAME)
        assert plan.content.lot_ids == (lot,)

    def test_documents_of_the_draft_stay(self, session, sourcing, supplier, template, keep, draft):
        bid_drafts.attach(
            session, supplier, KEYS, sourcing.rfq.id,
            filename="terms.txt", content_type="text/plain", content=b"Terms",
        )  # fmt: skip
        keep(files.priced(template(), 1, 2))
        assert [document.name for document in draft().documents] == ["terms.txt"]
        assert len(draft().lines) == 2


class TestKeeping:
    def test_a_preview_writes_nothing(self, session, sourcing, supplier, template):
        sent = files.priced(template(), 1, 2)
        plan = bid_templates.preview(session, supplier, KEYS, sourcing.rfq.id, sent, NAME)
        assert (len(plan.changes), plan.seen) == (2, 0)
        assert session.scalar(select(func.count()).select_from(Bid)) == 0
        assert session.scalar(select(func.count()).select_from(BidDraft)) == 0

    def test_an_upload_over_somebody_elses_change_is_refused(
        self, session, sourcing, supplier, template, keep, draft
    ):
        bid = bid_drafts.save(session, supplier, KEYS, sourcing.rfq.id, sourcing.content("7"))
        sent = files.priced(template(), 1, 2)
        bid_drafts.save(session, supplier, KEYS, sourcing.rfq.id, sourcing.content("8"))
        with pytest.raises(Stale):
            keep(sent, expected=bid.version - 1)
        assert [line.unit_price for line in draft().lines] == [D(8)]

    def test_not_after_the_deadline(self, session, sourcing, template, keep):
        sent = files.priced(template(), 1, 2)
        late = sourcing.due_at + timedelta(seconds=1)
        with clock.frozen(late), pytest.raises(DeadlinePassed):
            keep(sent)
        assert session.scalar(select(func.count()).select_from(Bid)) == 0

    def test_is_for_those_who_may_bid(self, session, sourcing, supplier, template):
        sent = files.priced(template(), 1, 2)
        reader = replace(supplier, permissions=frozenset({Permission.BID_READ}))
        for use in (bid_templates.preview, bid_templates.keep):
            with pytest.raises(NotAllowed):
                use(session, reader, KEYS, sourcing.rfq.id, sent, NAME)
        assert session.scalar(select(func.count()).select_from(Bid)) == 0

    def test_others_are_told_nothing(self, session, template, keep):
        before = session.scalar(select(func.count()).select_from(OutboxMessage))
        keep(files.priced(template(), 1, 2))
        assert session.scalar(select(func.count()).select_from(OutboxMessage)) == before


class TestTwoThousandLines:
    def test_few_statements_whatever_the_size(self, session, statements):
        lines = [
            a_line(description=f"Part {number}", quantity=Quantity(D(number), "C62"))
            for number in range(1, 2001)
        ]
        sourcing = make_sourcing(session, lines=lines)
        supplier, rfq_id = sourcing.suppliers[0], sourcing.rfq.id
        statements.clear()
        began = time.perf_counter()
        content = bid_templates.template(session, supplier, KEYS, rfq_id).content
        written = time.perf_counter()
        assert len(statements) == TEMPLATE_STATEMENTS, statements
        sent = files.priced(content, *(D(number) / 100 for number in range(1, 2001)))
        statements.clear()
        filled = time.perf_counter()
        plan, _bid = bid_templates.keep(session, supplier, KEYS, rfq_id, sent, NAME)
        print(  # noqa: T201 - the machine decides, so that it is told and not asserted
            f"2,000 lines: template {written - began:.2f} s ({len(content)} bytes),"
            f" upload {time.perf_counter() - filled:.2f} s"
        )
        assert len(statements) == KEEPING_STATEMENTS, statements
        assert len(plan.content.lines) == 2000
        assert plan.content.lines[1999].unit_price == D(20)
