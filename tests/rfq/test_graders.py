"""Several graders: alone until the lock, then the exact mean with its spread."""

import json
from decimal import Decimal
from fractions import Fraction
from types import SimpleNamespace
from uuid import UUID, uuid4

import pytest
from sqlalchemy import func, select

from marketplace.core.audit import AuditEvent
from marketplace.core.errors import NotFound
from marketplace.core.outbox import OutboxMessage
from marketplace.core.states import IllegalTransition
from marketplace.events.rfq import GraderConflicted, GraderNamed, RfqOpened
from marketplace.identity.models import Organisation
from marketplace.identity.permissions import OrgKind, Role
from marketplace.notifications.models import Notice
from marketplace.portal.waiting import rfqs_to_move
from marketplace.rfq.awards.choices import Choice
from marketplace.rfq.awards.models import Award
from marketplace.rfq.awards.rules import ScoresMissing
from marketplace.rfq.bids import queries as bid_queries
from marketplace.rfq.bids.rules import Sealed
from marketplace.rfq.evaluation.graders import notices, rules
from marketplace.rfq.evaluation.graders.models import GraderScore, RfqGrader
from marketplace.rfq.evaluation.graders.rules import GivenBy
from marketplace.rfq.evaluation.graders.states import Interest
from marketplace.rfq.evaluation.quality_rules import LockReasonRequired, QualityLocked
from marketplace.rfq.evaluation.score_rules import GivenScore, ScoresInvalid
from marketplace.rfq.services import awarding, evaluation, excluding, grading, quality
from marketplace.rfq.terms.drafts import CriterionDraft
from marketplace.rfq.terms.states import CriterionKind
from tests.clients import words
from tests.factories.bids import make_opened, make_sourcing
from tests.factories.identity import actor_of, make_actor, make_person
from tests.factories.rfq import make_rfq

SERVICE = CriterionDraft("Service", CriterionKind.SERVICE, Decimal(20))
CRITERIA = [
    CriterionDraft("Price", CriterionKind.PRICE, Decimal(60)),
    CriterionDraft("Quality", CriterionKind.QUALITY, Decimal(20)),
    SERVICE,
]
CANARY = "77131.55"


def colleague(session, actor, role=Role.RECEIVER, **more):
    organisation = session.get_one(Organisation, actor.org_id)
    return actor_of(session, make_person(session, organisation, role, **more))


def ids(sourcing):
    bids = {
        b.supplier_id: b.id for b in bid_queries.readable_bids(sourcing.session, sourcing.rfq.id)
    }
    return [bids[supplier.org_id] for supplier in sourcing.suppliers]


def name(sourcing, person, *criteria):
    return grading.name(
        sourcing.session, sourcing.buyer, sourcing.rfq.id, person.person_id,
        [criterion.id for criterion in criteria],
    )  # fmt: skip


def declare(sourcing, person, interest=Interest.NONE, reason=""):
    return grading.declare(sourcing.session, person, sourcing.rfq.id, interest, reason)


def give(sourcing, person, scores, comment=""):
    """scores: {(bid, criterion): score}."""
    given = [GivenScore(bid, c.id, Decimal(s), comment) for (bid, c), s in scores.items()]
    return grading.give(sourcing.session, person, sourcing.rfq.id, given)


def lock(sourcing, reason=""):
    return quality.lock_quality(sourcing.session, sourcing.buyer, sourcing.rfq.id, reason)


def read(sourcing):
    return evaluation.read(sourcing.session, sourcing.buyer, sourcing.rfq.id)


def events(session, kind):
    query = select(func.count()).where(OutboxMessage.name == kind.name)
    return session.scalar(query)


@pytest.fixture
def graded(session):
    """Two blind bids, one judged criterion of weight 40, and three graders without a conflict."""
    sourcing = make_opened(session, [CANARY, "1"], ["20", "2"], blind_scoring=True)
    people = [colleague(session, sourcing.buyer, name=f"Grader {n}") for n in "ABC"]
    for person in people:
        name(sourcing, person)
        declare(sourcing, person)
    return SimpleNamespace(
        sourcing=sourcing, people=people, bids=ids(sourcing), quality=sourcing.criteria[1]
    )


def score_all(graded, first=("50", "60", "90"), second=("70", "70", "60")):
    for person, one, other in zip(graded.people, first, second, strict=True):
        scores = {(graded.bids[0], graded.quality): one, (graded.bids[1], graded.quality): other}
        give(graded.sourcing, person, scores, f"because {person.name}")


def given_by(*scores):
    return [
        GivenBy(UUID(int=n), f"P{n}", UUID(int=9), UUID(int=8), Decimal(score), "", None)
        for n, score in enumerate(scores)
    ]


class TestMeans:
    def test_are_exact_with_their_spread(self):
        mean = rules.mean_of(given_by("70", "70", "60"), 100)
        assert (mean.score, mean.shown) == (Fraction(200, 3), Decimal("66.67"))
        assert (mean.lowest, mean.highest) == (60, 70)
        # the root of 200/9 is 4.714...
        assert mean.standard_deviation == Decimal("4.71")

    @pytest.mark.parametrize(
        ("value", "root"),
        [
            (Fraction(0), "0.00"),
            (Fraction(2), "1.41"),
            (Fraction(1, 4), "0.50"),
            (Fraction(25, 10**6), "0.01"),  # 0.005 is rounded up
            (Fraction(24, 10**6), "0.00"),
            (Fraction(2500), "50.00"),
        ],
    )
    def test_roots_are_rounded_half_up(self, value, root):
        assert rules.root(value) == Decimal(root)

    def test_marks_what_lies_more_than_a_fifth_from_the_median(self):
        marked = [
            each.is_outlier for each in rules.mean_of(given_by("50", "70", "90.01"), 100).given
        ]
        assert marked == [False, False, True]
        two = rules.mean_of(given_by("0", "100"), 100)
        assert [each.is_outlier for each in two.given] == [False, False]


class TestNaming:
    def test_is_done_in_a_draft_by_those_who_evaluate(self, session):
        buyer = make_actor(session)
        rfq = make_rfq(session, buyer)
        person = colleague(session, buyer)
        found = grading.name(session, buyer, rfq.id, person.person_id)
        assert [(each.grader.person_id, each.wanted) for each in found.progress] == [
            (person.person_id, 0)
        ]
        assert events(session, GraderNamed) == 1
        with pytest.raises(rules.AlreadyNamed):
            grading.name(session, buyer, rfq.id, person.person_id)
        with pytest.raises(rules.NotAllowed):
            grading.name(session, person, rfq.id, buyer.person_id)

    def test_takes_people_of_the_organisation_who_belong_to_no_bidder(self, session):
        sourcing = make_opened(session, ["10", "1"])
        stranger = make_actor(session)
        with pytest.raises(rules.GraderInvalid) as refusal:
            grading.name(
                session, sourcing.buyer, sourcing.rfq.id, stranger.person_id,
                [uuid4(), sourcing.criteria[0].id],
            )  # fmt: skip
        assert [(error.pointer, error.code) for error in refusal.value.errors] == [
            ("/person_id", "unknown_person"),
            ("/criterion_ids/0", "unknown_criterion"),
            ("/criterion_ids/1", "unknown_criterion"),
        ]
        bidder = session.get_one(Organisation, sourcing.suppliers[0].org_id)
        make_person(session, bidder, Role.SUPPLIER, email="double+bids@example.com")
        double = colleague(session, sourcing.buyer, email="double@example.com")
        with pytest.raises(rules.GraderInvalid) as refusal:
            name(sourcing, double)
        assert [error.code for error in refusal.value.errors] == ["bidders_person"]
        with pytest.raises(NotFound):
            grading.name(session, stranger, sourcing.rfq.id, stranger.person_id)
        assert session.scalars(select(RfqGrader)).all() == []

    def test_is_taken_back_only_without_scores_and_conflict(self, graded):
        sourcing, (first, second, third) = graded.sourcing, graded.people
        give(sourcing, first, {(graded.bids[0], graded.quality): "5"})
        declare(sourcing, second, Interest.CONFLICT, "My brother works there")
        for person in (first, second):
            with pytest.raises(rules.GraderStays):
                grading.remove(sourcing.session, sourcing.buyer, sourcing.rfq.id, person.person_id)
        left = grading.remove(sourcing.session, sourcing.buyer, sourcing.rfq.id, third.person_id)
        assert [each.grader.person_id for each in left.progress] == [
            first.person_id, second.person_id,
        ]  # fmt: skip
        with pytest.raises(NotFound):
            grading.remove(sourcing.session, sourcing.buyer, sourcing.rfq.id, uuid4())

    def test_ends_with_the_lock(self, graded):
        score_all(graded)
        lock(graded.sourcing)
        with pytest.raises(rules.GradersFixed):
            name(graded.sourcing, colleague(graded.sourcing.session, graded.sourcing.buyer))


class TestDeclarations:
    def test_come_before_the_scores(self, session):
        sourcing = make_opened(session, ["10", "1"])
        person = colleague(session, sourcing.buyer)
        name(sourcing, person)
        with pytest.raises(rules.DeclarationRequired):
            grading.sheet(session, person, sourcing.rfq.id)
        with pytest.raises(rules.DeclarationRequired):
            give(sourcing, person, {(ids(sourcing)[0], sourcing.criteria[1]): "5"})
        assert session.scalars(select(GraderScore)).all() == []

    def test_a_conflict_ends_the_scoring_for_good(self, graded):
        sourcing, person = graded.sourcing, graded.people[0]
        score_all(graded)
        with pytest.raises(rules.DeclarationInvalid):
            declare(sourcing, person, Interest.CONFLICT, " ")
        declare(sourcing, person, Interest.CONFLICT, "My brother works there")
        assert events(sourcing.session, GraderConflicted) == 1
        with pytest.raises(rules.HasConflict):
            grading.sheet(sourcing.session, person, sourcing.rfq.id)
        with pytest.raises(rules.HasConflict):
            give(sourcing, person, {(graded.bids[0], graded.quality): "5"})
        with pytest.raises(rules.ConflictDeclared):
            declare(sourcing, person)
        lock(sourcing)
        # 60 and 90 are left
        assert read(sourcing).scores[graded.bids[0], graded.quality.id].score == 75
        told = sourcing.session.scalars(
            select(AuditEvent.data).where(AuditEvent.action == "rfq.interest_declared")
        ).all()
        assert told[-1] == {"interest": "conflict", "reason": "My brother works there"}

    def test_are_made_by_graders_alone(self, graded):
        with pytest.raises(rules.NotAGrader):
            declare(graded.sourcing, graded.sourcing.buyer)

    def test_do_not_change_what_is_locked(self, graded):
        score_all(graded)
        lock(graded.sourcing)
        with pytest.raises(QualityLocked):
            declare(graded.sourcing, graded.people[0], Interest.CONFLICT, "Late")


class TestScoring:
    def test_counts_with_the_exact_mean_once_locked(self, graded):
        sourcing, (first, second) = graded.sourcing, graded.bids
        score_all(graded)
        before = read(sourcing)
        assert (before.scores, before.missing_scores) == ({}, 0)
        assert [(each.given, each.wanted, each.is_done) for each in before.grading] == [
            (2, 2, True)
        ] * 3
        with pytest.raises(rules.ScoresHidden):
            grading.scores(sourcing.session, sourcing.buyer, sourcing.rfq.id)
        lock(sourcing)
        compared = read(sourcing)
        mean = compared.scores[second, graded.quality.id]
        assert mean.score == Fraction(200, 3)
        assert [(each.score, each.is_outlier) for each in
                compared.scores[first, graded.quality.id].given] == [
            (50, False), (60, False), (90, True),
        ]  # fmt: skip
        (lot,) = compared.lots
        quality_points = {rank.bid_id: rank.points[1].exact for rank in lot.ranks}
        assert quality_points == {first: Fraction(80, 3), second: Fraction(80, 3)}
        assert len(grading.scores(sourcing.session, sourcing.buyer, sourcing.rfq.id)) == 6

    def test_nobody_else_may(self, graded):
        sourcing = graded.sourcing
        given = {(graded.bids[0], graded.quality): "5"}
        with pytest.raises(rules.NotAGrader):
            give(sourcing, colleague(sourcing.session, sourcing.buyer), given)
        with pytest.raises(rules.NotAGrader):
            sourcing.score({graded.bids[0]: "50"})
        with pytest.raises(rules.NotAGrader):
            grading.sheet(sourcing.session, sourcing.buyer, sourcing.rfq.id)
        with pytest.raises(NotFound):
            grading.sheet(sourcing.session, make_actor(sourcing.session), sourcing.rfq.id)
        assert sourcing.session.scalars(select(GraderScore)).all() == []

    def test_not_before_the_opening_and_not_after_the_lock(self, session, graded):
        sealed = make_sourcing(session, suppliers=1)
        person = colleague(session, sealed.buyer)
        name(sealed, person)
        declare(sealed, person)
        with pytest.raises(Sealed):
            grading.sheet(session, person, sealed.rfq.id)
        score_all(graded)
        lock(graded.sourcing)
        with pytest.raises(QualityLocked):
            give(graded.sourcing, graded.people[0], {(graded.bids[0], graded.quality): "1"})

    def test_only_own_criteria_with_every_reason(self, session):
        sourcing = make_opened(session, ["10", "1"], criteria=CRITERIA)
        (bid,) = ids(sourcing)
        _price, quality_, service = sourcing.criteria
        person = colleague(session, sourcing.buyer)
        name(sourcing, person, service)
        declare(sourcing, person)
        assert [each.id for each in grading.sheet(session, person, sourcing.rfq.id).criteria] == [
            service.id
        ]
        with pytest.raises(ScoresInvalid) as refusal:
            give(
                sourcing,
                person,
                {(bid, quality_): "5", (bid, service): "101", (uuid4(), service): "1"},
            )
        assert [(error.pointer, error.code) for error in refusal.value.errors] == [
            ("/scores/0/criterion_id", "unknown_criterion"),
            ("/scores/1/score", "out_of_range"),
            ("/scores/2/bid_id", "unknown_bid"),
        ]
        sheet = give(sourcing, person, {(bid, service): "80"})
        assert sheet.missing == 0
        # nobody may score the quality: that is missing too
        with pytest.raises(LockReasonRequired) as refusal:
            lock(sourcing)
        assert refusal.value.data["missing_scores"] == 1

    def test_the_lock_needs_all_or_a_reason(self, graded):
        sourcing, person = graded.sourcing, graded.people[0]
        give(sourcing, person, {(graded.bids[0], graded.quality): "50"})
        with pytest.raises(LockReasonRequired) as refusal:
            lock(sourcing)
        assert refusal.value.data["missing_scores"] == 5
        lock(sourcing, "Two are ill")
        assert read(sourcing).scores.keys() == {(graded.bids[0], graded.quality.id)}

    def test_excluded_bids_need_none(self, graded):
        sourcing = graded.sourcing
        score_all(graded)
        excluding.exclude(
            sourcing.session, sourcing.buyer, sourcing.rfq.id, graded.bids[0], reason="Late"
        )
        sheet = grading.sheet(sourcing.session, graded.people[0], sourcing.rfq.id)
        assert [offer.bid_id for offer in sheet.offers] == [graded.bids[1]]
        assert read(sourcing).missing_scores == 0

    def test_the_history_tells_no_score_before_the_lock(self, graded):
        score_all(graded, first=("51.25", "60", "90"))
        session = graded.sourcing.session
        told = select(AuditEvent.data).where(AuditEvent.subject_id == graded.sourcing.rfq.id)
        assert "51.25" not in json.dumps(session.scalars(told).all())
        lock(graded.sourcing)
        assert "51.25" in json.dumps(session.scalars(told).all())

    def test_the_award_waits_and_its_evidence_names_no_grader(self, session):
        sourcing = make_opened(session, ["10", "1"])
        (bid,) = ids(sourcing)
        people = [colleague(session, sourcing.buyer, name=f"Judge {n}") for n in "XYZ"]
        for person, given in zip(people, ("70", "70", "60"), strict=True):
            name(sourcing, person)
            declare(sourcing, person)
            give(sourcing, person, {(bid, sourcing.criteria[1]): given}, "Judge said so")
        choices = [Choice(bid, lot_id=sourcing.lots[0].id)]
        with pytest.raises(ScoresMissing):
            awarding.award(session, sourcing.buyer, sourcing.rfq.id, choices)
        lock(sourcing)
        awarding.award(session, sourcing.buyer, sourcing.rfq.id, choices)
        evidence = session.scalars(select(Award.evidence)).one()
        (rank,) = evidence["lots"][0]["ranks"]
        assert (rank["points"][1]["mean"], rank["points"][1]["value"]) == ("200/3", "66.67")
        assert "Judge" not in json.dumps(evidence)
        with pytest.raises(IllegalTransition):
            give(sourcing, people[0], {(bid, sourcing.criteria[1]): "1"})


class TestTelling:
    def notices(self, session, kind):
        return set(session.scalars(select(Notice.person_id).where(Notice.kind == kind)))

    def test_graders_and_buyers_are_told(self, graded):
        sourcing, session = graded.sourcing, graded.sourcing.session
        first, second, third = (person.person_id for person in graded.people)
        at = sourcing.rfq.opened_at
        of = {"rfq_id": sourcing.rfq.id, "buyer_id": sourcing.rfq.buyer_id}
        notices.tell_grader(session, GraderNamed(**of, person_id=first, named_at=at))
        declare(sourcing, graded.people[0], Interest.CONFLICT, "Shares")
        notices.tell_of_conflict(session, GraderConflicted(**of, person_id=first, declared_at=at))
        notices.tell_opened(session, RfqOpened(**of, opened_at=at))
        assert self.notices(session, "rfq_grader_named") == {first}
        assert self.notices(session, "rfq_bids_to_score") == {second, third}
        assert self.notices(session, "rfq_grader_conflicted") == {sourcing.buyer.person_id}

    def test_the_home_page_names_missing_scores(self, graded):
        sourcing, person = graded.sourcing, graded.people[0]
        (task,) = rfqs_to_move(sourcing.session, person)
        assert (task.count, task.url) == (2, f"/rfqs/{sourcing.rfq.id}/graders/scores")
        give(sourcing, person, {(graded.bids[0], graded.quality): "5"})
        assert [task.count for task in rfqs_to_move(sourcing.session, person)] == [1]
        give(sourcing, person, {(graded.bids[1], graded.quality): "5"})
        assert rfqs_to_move(sourcing.session, person) == []
        new = colleague(sourcing.session, sourcing.buyer)
        name(sourcing, new)
        assert [task.url for task in rfqs_to_move(sourcing.session, new)] == [
            f"/rfqs/{sourcing.rfq.id}/graders"
        ]


class TestHttp:
    def test_the_whole_round_over_the_api(self, api, session):
        sourcing = make_opened(session, [CANARY, "1"], ["20", "2"], blind_scoring=True)
        first, second = ids(sourcing)
        quality_ = str(sourcing.criteria[1].id)
        person = colleague(session, sourcing.buyer, name="Ada")
        path = f"/rfqs/{sourcing.rfq.id}"
        buyer, grader = api(sourcing.buyer), api(person)
        named = buyer.post(f"{path}/graders", json={"person_id": str(person.person_id)})
        assert (named.status_code, named.json["items"][0]["interest"]) == (201, None)
        again = buyer.post(f"{path}/graders", json={"person_id": str(person.person_id)})
        assert (again.status_code, again.json["code"]) == (409, "already_named")
        early = grader.get(f"{path}/graders/me/scores")
        assert (early.status_code, early.json["code"]) == (409, "declaration_required")
        bare = grader.post(f"{path}/graders/me/declaration", json={"interest": "conflict"})
        assert (bare.status_code, bare.json["errors"][0]["pointer"]) == (422, "/reason")
        said = grader.post(f"{path}/graders/me/declaration", json={"interest": "none"})
        assert (said.status_code, said.json["items"][0]["interest"]) == (200, "none")
        shown = grader.get(f"{path}/graders/me/scores")
        assert shown.json["missing_scores"] == 2
        assert CANARY not in shown.text
        given = {
            "scores": [
                {"bid_id": str(bid), "criterion_id": quality_, "score": score, "comment": "so"}
                for bid, score in ((first, "40"), (second, "80.5"))
            ]
        }
        refused = buyer.post(f"{path}/graders/me/scores", json=given)
        assert (refused.status_code, refused.json["code"]) == (403, "not_a_grader")
        refused = buyer.post(f"{path}/evaluation/scores", json=given)
        assert (refused.status_code, refused.json["code"]) == (403, "not_a_grader")
        done = grader.post(f"{path}/graders/me/scores", json=given)
        assert (done.status_code, done.json["missing_scores"]) == (200, 0)
        hidden = buyer.get(f"{path}/evaluation")
        assert "80.5" not in hidden.text
        assert hidden.json["graders"][0]["is_done"]
        closed = buyer.get(f"{path}/graders/scores")
        assert (closed.status_code, closed.json["code"]) == (409, "scores_hidden")
        stays = buyer.delete(f"{path}/graders/{person.person_id}")
        assert (stays.status_code, stays.json["code"]) == (409, "grader_stays")
        assert buyer.post(f"{path}/evaluation/lock-quality", json={}).status_code == 200
        everybody = buyer.get(f"{path}/graders/scores").json["items"]
        assert {(each["name"], each["score"]) for each in everybody} == {
            ("Ada", "40"), ("Ada", "80.5"),
        }  # fmt: skip
        ranks = buyer.get(f"{path}/evaluation").json["lots"][0]["ranks"]
        spreads = {rank["bid_id"]: rank["explanation"][1]["spread"] for rank in ranks}
        assert (spreads[str(second)]["mean"], spreads[str(second)]["standard_deviation"]) == (
            "161/2", "0",
        )  # fmt: skip
        assert spreads[str(first)]["scores"][0]["comment"] == "so"
        other = api(make_actor(session)).get(f"{path}/graders")
        assert other.status_code == 404
        supplier = api(sourcing.suppliers[0]).get(f"{path}/graders")
        assert supplier.status_code == 404

    def test_the_whole_round_in_the_portal(self, portal, session):
        sourcing = make_opened(session, [CANARY, "1"], ["20", "2"], blind_scoring=True)
        first, second = ids(sourcing)
        person = colleague(session, sourcing.buyer, name="Ada")
        path = f"/rfqs/{sourcing.rfq.id}"
        buyer, grader = portal(sourcing.buyer), portal(person)
        assert buyer.post(f"{path}/graders", data={}).status_code == 422
        named = buyer.post(f"{path}/graders", data={"person_id": str(person.person_id)})
        assert named.status_code == 303
        assert grader.get(f"{path}/graders/scores").status_code == 303
        said = grader.post(f"{path}/graders/declaration", data={"interest": "none"})
        assert said.status_code == 303
        sheet = grader.get(f"{path}/graders/scores")
        assert CANARY not in sheet.text
        assert "2 scores are missing." in words(sheet)
        assert "Quality 40 %" in words(sheet)
        rows = {
            f"scores.{n}.{field}": value
            for n, bid in enumerate((first, second))
            for field, value in (
                ("bid_id", str(bid)),
                ("criterion_id", str(sourcing.criteria[1].id)),
                ("score", "101" if n else ""),
                ("comment", "kept words"),
            )
        }
        refused = grader.post(f"{path}/graders/scores", data=rows)
        assert refused.status_code == 422
        assert "kept words" in refused.text
        done = grader.post(
            f"{path}/graders/scores", data=rows | {"scores.0.score": "40", "scores.1.score": "61.5"}
        )
        assert done.status_code == 303
        before = words(buyer.get(f"{path}/evaluation"))
        assert "Ada: 2 of 2 done" in before
        assert "61.5" not in before
        assert buyer.post(f"{path}/quality/lock", data={}).status_code == 303
        assert "Ada: 61.50" in words(buyer.get(f"{path}/evaluation"))
        explained = words(buyer.get(f"{path}/evaluation/bids/{second}"))
        assert "40 × mean score 123/2 (61.5) ÷ 100 = 24.6" in explained
        assert "Ada: 61.50 (kept words)" in explained
        assert portal(make_actor(session, OrgKind.BUYER)).get(f"{path}/graders").status_code == 404


def test_who_may_not_read_bids_is_led_to_none_of_their_pages(session, portal):
    sourcing = make_opened(session, ["1", "2"])
    ours = session.get_one(Organisation, sourcing.buyer.org_id)
    receiver = make_actor(session, OrgKind.BUYER, Role.RECEIVER, organisation=ours)
    url = f"/rfqs/{sourcing.rfq.id}"
    for actor, leads in ((receiver, False), (sourcing.buyer, True)):
        page = portal(actor).get(f"{url}/graders").text
        assert (f'href="{url}/bids"' in page) is leads
        assert (f'href="{url}/outcome"' in page) is leads
        assert f'href="{url}/questions"' in page
