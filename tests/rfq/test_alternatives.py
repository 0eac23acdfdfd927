"""Alternative bids: written, sealed, opened, compared and awarded each on its own."""

import json
from datetime import date, timedelta
from decimal import Decimal

import pytest
from sqlalchemy import func, select

from marketplace.core import clock
from marketplace.core.errors import NotFound
from marketplace.core.money import Money, Quantity
from marketplace.core.outbox import OutboxMessage
from marketplace.notifications.models import Notice
from marketplace.remedies import letter_views
from marketplace.remedies.models import AwardLetter
from marketplace.rfq.asking.participants import Bid
from marketplace.rfq.awards.choices import AwardInvalid, Choice
from marketplace.rfq.awards.models import Award
from marketplace.rfq.bids import queries as bid_queries
from marketplace.rfq.bids import rules as bid_rules
from marketplace.rfq.bids.alternatives import NoSuchAlternative
from marketplace.rfq.bids.content import BidContent, PricedLine
from marketplace.rfq.bids.offer_models import BidOffer
from marketplace.rfq.proofs import papers, reading
from marketplace.rfq.proofs.findings import Fault
from marketplace.rfq.proofs.verifying import verify
from marketplace.rfq.sealing import envelopes
from marketplace.rfq.services import awarding, bid_drafts, bidding, evaluation, excluding, proving
from marketplace.rfq.terms.bid_states import BidState
from marketplace.rfq.terms.drafts import CriterionDraft
from marketplace.rfq.terms.offering import OfferKind
from marketplace.rfq.terms.rates import ExchangeRate
from marketplace.rfq.terms.states import CriterionKind, EnvelopeRule
from marketplace.scenarios import problems
from marketplace.scenarios.engine import Status
from marketplace.scenarios.model import Objective
from marketplace.scenarios.reading import basis
from marketplace.scenarios.solver import solve
from tests.factories.auctions import make_auction
from tests.factories.bids import KEYS, make_sourcing
from tests.rfq.alternative_bids import ALLOWED, PRICE_ALONE, kept, make_allowing, submit

D = Decimal


@pytest.fixture
def sourcing(session):
    return make_allowing(session)


def codes(refusal):
    return [(error.pointer, error.code) for error in refusal.value.errors]


def read(sourcing):
    return evaluation.read(sourcing.session, sourcing.buyer, sourcing.rfq.id)


def award(sourcing, *choices, justification="as planned"):
    return awarding.award(sourcing.session, sourcing.buyer, sourcing.rfq.id, choices, justification)


class TestWriting:
    def test_each_is_a_bid_of_its_own(self, sourcing, session):
        main = submit(sourcing, 0, 0, "10", "1")
        first = submit(sourcing, 0, 1, "9", "1", name="Recycled steel")
        again = submit(sourcing, 0, 1, "8", "1", name="Recycled steel")
        assert (first.bid_id, main.bid_id) == (again.bid_id, main.bid_id)
        assert first.bid_id != main.bid_id
        assert kept(session) == {0: (BidState.SUBMITTED, 1), 1: (BidState.SUBMITTED, 2)}
        said = [json.loads(each.receipt.statement) for each in (main, again)]
        assert "alternative" not in said[0]
        assert (said[1]["alternative"], said[1]["number"]) == (1, 2)

    def test_it_needs_no_main_bid_and_is_withdrawn_alone(self, sourcing, session):
        submit(sourcing, 0, 1, "9", "1")
        submit(sourcing, 0, 2, "7", "1")
        receipt = bidding.withdraw(
            session,
            sourcing.suppliers[0],
            KEYS,
            sourcing.rfq.id,
            sourcing.due_at,
            alternative=2,
        )
        session.expire_all()
        assert receipt.alternative == 2
        (told,) = session.scalars(
            select(OutboxMessage.payload).where(OutboxMessage.name == "rfq.bid_withdrawn")
        )
        assert told["others_stand"] is True
        assert kept(session) == {1: (BidState.SUBMITTED, 1), 2: (BidState.WITHDRAWN, 1)}
        with pytest.raises(NotFound):
            bidding.withdraw(session, sourcing.suppliers[0], KEYS, sourcing.rfq.id, sourcing.due_at)

    def test_its_draft_and_name_are_its_own(self, sourcing, session):
        actor, rfq_id = sourcing.suppliers[0], sourcing.rfq.id
        for number, price in ((0, "5"), (1, "4")):
            name = "Other steel" if number else ""
            content = sourcing.content(price, name=name)
            bid_drafts.save(session, actor, KEYS, rfq_id, content, alternative=number)
        own = [
            bid_drafts.read(session, actor, KEYS, rfq_id, alternative=number).draft
            for number in (0, 1, 2)
        ]
        assert [(each.name, each.lines[0].unit_price) for each in own if each] == [
            ("", D(5)), ("Other steel", D(4)),
        ]  # fmt: skip
        assert own[2] is None

    def test_more_than_allowed_is_refused_and_signed(self, sourcing, session):
        with pytest.raises(NoSuchAlternative) as refusal:
            submit(sourcing, 0, 3, "9", "1")
        assert codes(refusal) == [("/alternative", "too_many_alternatives")]
        assert json.loads(refusal.value.data["statement"])["alternative"] == 3
        with pytest.raises(NoSuchAlternative):
            bid_drafts.save(
                session,
                sourcing.suppliers[0],
                KEYS,
                sourcing.rfq.id,
                sourcing.content("1"),
                alternative=3,
            )
        assert kept(session) == {}

    def test_an_rfq_takes_one_bid_unless_it_says_otherwise(self, session):
        sourcing = make_sourcing(session, criteria=PRICE_ALONE)
        with pytest.raises(NoSuchAlternative) as refusal:
            submit(sourcing, 0, 1, "9", "1")
        assert codes(refusal) == [("/alternative", "alternatives_not_allowed")]
        assert kept(session) == {}

    def test_the_buyer_says_how_many(self, session):
        sourcing = make_sourcing(session, allows=ALLOWED, max_alternatives=3, criteria=PRICE_ALONE)
        assert bid_queries.terms(session, sourcing.rfq.id).alternatives == 3
        submit(sourcing, 0, 3, "9", "1")
        assert kept(session) == {3: (BidState.SUBMITTED, 1)}

    def test_alternatives_have_a_name_and_main_bids_none(self, sourcing, session):
        with pytest.raises(bid_rules.BidInvalid) as refusal:
            submit(sourcing, 0, 1, "9", "1", name="")
        assert codes(refusal) == [("/name", "required")]
        with pytest.raises(bid_rules.BidInvalid) as refusal:
            submit(sourcing, 0, 0, "9", "1", name="Main")
        assert codes(refusal) == [("/name", "not_an_alternative")]
        assert kept(session) == {}


class TestSealing:
    @pytest.mark.parametrize("rule", list(EnvelopeRule))
    def test_a_swap_between_two_bids_of_one_supplier_opens_nothing(self, session, rule):
        quality = CriterionDraft("Quality", CriterionKind.QUALITY, D(40))
        price = CriterionDraft("Price", CriterionKind.PRICE, D(60))
        sourcing = make_sourcing(session, allows=ALLOWED, criteria=[price, quality], envelopes=rule)
        bids = [submit(sourcing, 0, number, str(9 - number), "1") for number in (0, 1)]
        meddle(
            session,
            "CREATE TEMP TABLE swapped AS SELECT * FROM bid_version",
            f"""UPDATE bid_version v SET {", ".join(f"{each} = s.{each}" for each in SEALED)}
            FROM swapped s WHERE s.bid_id <> v.bid_id""",
        )
        with pytest.raises(bid_rules.SealMismatch) as refusal:
            sourcing.open()
        assert refusal.value.data["reason"] == "digest_differs"
        assert refusal.value.data["bid_id"] in {str(each.bid_id) for each in bids}
        assert session.scalar(select(func.count()).select_from(BidOffer)) == 0

    def test_numbers_of_two_bids_cannot_be_exchanged(self, sourcing, session):
        for number in (0, 1):
            submit(sourcing, 0, number, "9", "1")
        steps = ((0, 2), (1, 0), (2, 1))
        meddle(
            session,
            *(f"UPDATE bid SET alternative = {new} WHERE alternative = {old}"
              for old, new in steps),
        )  # fmt: skip
        with pytest.raises(bid_rules.SealMismatch) as refusal:
            sourcing.open()
        assert refusal.value.data["reason"] == "digest_differs"

    def test_bindings_differ_by_the_alternative_alone(self, sourcing):
        ids = (sourcing.rfq.id, sourcing.suppliers[0].organisation_id)
        main, first = (
            envelopes.Binding(*ids, 1, "f" * 64, alternative=number) for number in (0, 1)
        )
        place = f"bid:body|{ids[0]}|{ids[1]}|1|{'f' * 64}"
        assert main.bytes_for("body") == place.encode()
        assert first.bytes_for("body") == f"{place}|alternative-1".encode()
        assert first.of("price").bytes_for("body") == f"{place}|alternative-1|price".encode()

    def test_the_opening_file_tells_them_apart(self, sourcing, session):
        submit(sourcing, 0, 0, "9", "1")
        submit(sourcing, 0, 1, "8", "1")
        sourcing.open()
        with clock.frozen(sourcing.due_at + timedelta(minutes=1)):
            made = proving.opening_file(session, sourcing.buyer, KEYS, sourcing.rfq.id)
        data = json.loads(made.content)
        assert findings(data) == [
            (None, "Bid of A, version 1: digest, seal and content agree."),
            (None, "Bid of A – alternative 1, version 1: digest, seal and content agree."),
        ]
        one, other = data["bids"]
        moved = {name for name in one if name not in ("bid_id", "supplier_id", "number")}
        for name in moved:
            one[name], other[name] = other[name], one[name]
        assert findings(data) == [
            (Fault.SWAPPED, "Bid of A, version 1: swapped with the bid of A – alternative 1."),
            (Fault.SWAPPED, "Bid of A – alternative 1, version 1: swapped with the bid of A."),
        ]


SEALED = (
    "ciphertext", "key_for_opening", "key_for_reading_back", "technical_ciphertext",
    "technical_key_for_opening", "technical_key_for_reading_back",
)  # fmt: skip


def meddle(session, *statements):
    """What somebody could do who holds the database."""
    session.flush()
    connection = session.connection()
    connection.exec_driver_sql("SET LOCAL ROLE NONE")
    connection.exec_driver_sql("SET LOCAL session_replication_role = replica")
    for statement in statements:
        connection.exec_driver_sql(statement)
    connection.exec_driver_sql("SET LOCAL session_replication_role = origin")
    connection.exec_driver_sql("RESET ROLE")
    session.expire_all()


def findings(data):
    content = {name: value for name, value in data.items() if name != "signature"}
    file = reading.opening_file(papers.whole_file(KEYS, content))
    found = verify(file, KEYS.public_key(), [])
    return [(each.fault, str(each.text)) for each in found if str(each.text).startswith("Bid of")]


class TestOpened:
    @pytest.fixture
    def opened(self, sourcing):
        """A's main bid is dearest, A's alternative the cheapest of all, B's between."""
        sourcing.bids = [
            submit(sourcing, 0, 0, "12", "1", minutes=1),
            submit(sourcing, 0, 1, "8", "1", name="Recycled steel", minutes=2),
            submit(sourcing, 1, 0, "10", "1", minutes=3),
        ]
        sourcing.open()
        return sourcing

    def test_each_is_ranked_by_its_own_name(self, opened):
        found = read(opened)
        ranks = [
            (each.place, found.bidder_name(each.bid_id), each.total) for each in found.lots[0].ranks
        ]
        assert ranks == [
            (1, "A – alternative 1: Recycled steel", D("900.00")),
            (2, "B", D("1100.00")),
            (3, "A", D("1300.00")),
        ]
        assert list(found.bidders.values()) == ["A", "B"]

    def test_an_alternative_wins_and_the_others_do_not(self, opened, session):
        main, alternative, other = opened.bids
        award(opened, Choice(alternative.bid_id, lot_id=opened.lots[0].id))
        session.expire_all()
        states = {each.bid_id: session.get_one(Bid, each.bid_id).state for each in opened.bids}
        assert states == {
            main.bid_id: BidState.NOT_AWARDED,
            alternative.bid_id: BidState.AWARDED,
            other.bid_id: BidState.NOT_AWARDED,
        }

    def test_the_evidence_says_which(self, opened):
        alternative = opened.bids[1]
        decided = award(opened, Choice(alternative.bid_id, lot_id=opened.lots[0].id))
        ranks = decided.evidence["lots"][0]["ranks"]
        assert [(each.get("alternative"), each.get("name")) for each in ranks] == [
            (1, "Recycled steel"), (None, None), (None, None),
        ]  # fmt: skip

    def test_lines_may_go_to_different_bids_of_one_supplier(self, opened):
        main, alternative, _other = opened.bids
        bolts, washers = opened.lines
        decided = award(
            opened,
            Choice(alternative.bid_id, line_id=bolts.id),
            Choice(main.bid_id, line_id=washers.id),
        )
        assert [(line.number, line.bid_id) for line in decided.lines] == [
            (1, alternative.bid_id), (2, main.bid_id),
        ]  # fmt: skip

    def test_scenarios_take_each_line_from_one_bid(self, opened, session):
        compared = basis(session, opened.buyer, opened.rfq.id)
        question = problems.question_of(compared, Objective.COST, [])
        suppliers = [str(each.organisation_id) for each in opened.suppliers]
        costs = sorted((option.supplier, option.cost) for option in question.problem.options)
        assert costs == sorted(
            [
                *((suppliers[0], D(each)) for each in ("1200.00", "100.00", "800.00", "100.00")),
                *((suppliers[1], D(each)) for each in ("1000.00", "100.00")),
            ]
        )

    def test_an_auction_begins_with_the_cheapest_of_a_supplier(self, opened):
        hammer = make_auction(opened.session, sourcing=opened)
        assert hammer.standing() == [(0, "900.00"), (1, "1100.00")]
        entries = hammer.board().entries_of[hammer.board().lots[0].id]
        assert {each.bid_id for each in entries} == {each.bid_id for each in opened.bids[1:]}

    def test_letters_say_which_bid_won(self, opened, session, drain):
        alternative = opened.bids[1]
        award(opened, Choice(alternative.bid_id, lot_id=opened.lots[0].id))
        drain()
        letters = {each.supplier_id: each for each in session.scalars(select(AwardLetter))}
        winner, loser = (letters[each.org_id] for each in opened.suppliers)
        own = letter_views.whole(winner).lots[0]["bids"]
        assert [(each["which"], each["place"]) for each in own] == [
            ("Your bid – alternative 1: Recycled steel", 1), ("", 3),
        ]  # fmt: skip
        told = letter_views.whole(loser).lots[0]["winners"]
        assert [each["bidder"] for each in told] == ["A – alternative 1: Recycled steel"]


class TestOneBidALine:
    def test_parts_of_a_line_do_not_go_to_two_bids_of_one_supplier(self, session):
        allows = (*ALLOWED, OfferKind.PARTIAL_QUANTITIES)
        sourcing = make_sourcing(session, allows=allows, criteria=PRICE_ALONE)
        bids = [submit(sourcing, 0, number, "9", "1") for number in (0, 1)]
        sourcing.open()
        bolts = sourcing.lines[0]
        half = Quantity(bolts.quantity.value / 2, bolts.quantity.unit)
        with pytest.raises(AwardInvalid) as refusal:
            award(
                sourcing,
                *(Choice(each.bid_id, line_id=bolts.id, quantity=half) for each in bids),
            )
        assert codes(refusal) == [("/choices", "supplier_twice")]
        assert session.scalar(select(func.count()).select_from(Award)) == 0


class TestMinimums:
    def test_the_minimum_order_of_one_bid_binds_that_bid_alone(self, sourcing, session):
        # 100 pieces of each: bolts 1,200 and 800, washers 100 and 110
        main = submit(sourcing, 0, 0, "12", "1")
        alternative = submit(
            sourcing, 0, 1, "8", "1.10", minimum_order=Money(D("850.00"), "EUR"), minutes=1
        )
        sourcing.open()
        compared = basis(session, sourcing.buyer, sourcing.rfq.id)
        question = problems.question_of(compared, Objective.COST, [])
        assert {each.bid_id for each in question.offered} == {main.bid_id, alternative.bid_id}
        assert question.given == ()
        found = solve(question.problem, (), seconds=10, given=question.given)
        # bolts of the alternative alone would be below its minimum order
        assert (found.status, found.objective) == (Status.OPTIMAL, 910)
        assert {question.offered[i].bid_id for i in found.chosen} == {alternative.bid_id}


class TestCurrencies:
    @pytest.fixture
    def opened(self, session):
        """The main bid of A is in euro, the alternative cheaper and in dollars."""
        rates = [ExchangeRate("USD", D("1.25"), date(2026, 1, 5), "ECB")]
        sourcing = make_sourcing(session, allows=ALLOWED, criteria=PRICE_ALONE, rates=rates)
        submit(sourcing, 0, 0, "12", "1", minutes=1)
        dollars = tuple(
            PricedLine(line.id, D(price), "USD")
            for line, price in zip(sourcing.lines, ("10", "1"), strict=True)
        )
        bidding.submit(
            session,
            sourcing.suppliers[0],
            KEYS,
            sourcing.rfq.id,
            sourcing.due_at - timedelta(hours=1),
            BidContent(lines=dollars, currency="USD", name="Imported"),
            alternative=1,
        )
        sourcing.open()
        return sourcing

    def test_a_decision_takes_one_currency_of_a_supplier(self, opened, session):
        bids = bid_queries.readable_bids(session, opened.rfq.id)
        with pytest.raises(AwardInvalid) as refusal:
            award(
                opened,
                *(
                    Choice(bid.id, line_id=line.id)
                    for bid, line in zip(bids, opened.lines, strict=True)
                ),
            )
        assert codes(refusal) == [("/choices", "two_currencies")]
        assert session.scalar(select(func.count()).select_from(Award)) == 0

    def test_a_scenario_takes_one_currency_of_a_supplier(self, opened, session):
        compared = basis(session, opened.buyer, opened.rfq.id)
        question = problems.question_of(compared, Objective.COST, [])
        main, alternative = sorted(compared.offers, key=lambda each: each.alternative)
        assert {each.bid_id for each in question.offered} == {main.bid_id, alternative.bid_id}
        found = solve(question.problem, (), seconds=10)
        # (1,000 + 100) / 1.25; bolts in dollars and washers in euro would come to 900 as well
        assert found.objective == 880
        assert {question.offered[i].bid_id for i in found.chosen} == {alternative.bid_id}

    def test_the_other_currency_wins_where_that_is_cheaper(self, session):
        rates = [ExchangeRate("USD", D("1.25"), date(2026, 1, 5), "ECB")]
        sourcing = make_sourcing(session, allows=ALLOWED, criteria=PRICE_ALONE, rates=rates)
        submit(sourcing, 0, 0, "10", "5")
        dollars = tuple(
            PricedLine(line.id, D(price), "USD")
            for line, price in zip(sourcing.lines, ("10", "15"), strict=True)
        )
        over = {"lines": dollars, "currency": "USD"}
        submit(sourcing, 0, 1, minutes=1, **over)
        submit(sourcing, 1, 0, "12", "9", minutes=2)
        sourcing.open()
        compared = basis(session, sourcing.buyer, sourcing.rfq.id)
        question = problems.question_of(compared, Objective.COST, [])
        found = solve(question.problem, (), seconds=10)
        # 800 for bolts in dollars and 500 for washers in euro are not to be had together
        assert found.objective == 1000 + 500
        (main,) = {question.offered[i].bid_id for i in found.chosen}
        assert compared.offer_by_id[main].alternative == 0


class TestNotices:
    def test_each_is_told_at_its_own_page(self, sourcing, session, drain):
        submit(sourcing, 0, 0, "12", "1", minutes=1)
        alternative = submit(sourcing, 0, 1, "8", "1", minutes=2)
        drain()
        assert told(session, "bid_received") == ["bids", "bids/alternatives/1"]
        sourcing.open()
        excluding.exclude(
            session, sourcing.buyer, sourcing.rfq.id, alternative.bid_id, "Not recycled"
        )
        awarding.close_unsuccessful(session, sourcing.buyer, sourcing.rfq.id, "Too dear")
        drain()
        assert told(session, "bid_excluded") == ["bids/alternatives/1"]
        assert told(session, "rfq_without_award") == ["bids"]


def told(session, kind):
    """The pages that notices of this kind lead to, below that of the RFQ."""
    urls = session.scalars(select(Notice.url).where(Notice.kind == kind).distinct())
    return sorted(url.split("/", 3)[3] for url in urls)
