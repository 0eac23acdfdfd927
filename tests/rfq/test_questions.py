"""Questions: asked before their deadline, answered to all, and nobody learns who asked."""

from collections.abc import Callable
from datetime import timedelta
from typing import Any

import pytest
from sqlalchemy import select, text
from sqlalchemy.orm import Session

from marketplace.core import audit, clock, tenancy
from marketplace.core.errors import NotAllowed
from marketplace.core.outbox import OutboxMessage
from marketplace.core.states import IllegalTransition
from marketplace.identity.permissions import Actor, OrgKind
from marketplace.notifications.models import Notice
from marketplace.rfq.asking import rules
from marketplace.rfq.asking.models import Rfq, RfqLine
from marketplace.rfq.asking.participants import RfqInvitation, RfqQuestion, RfqQuestionAsker
from marketplace.rfq.services import questions
from tests.factories.identity import make_actor
from tests.factories.rfq import make_published, make_rfq

Api = Callable[..., Any]


@pytest.fixture
def buyer(session: Session) -> Actor:
    return make_actor(session)


@pytest.fixture
def bidders(session: Session) -> list[Actor]:
    return [make_actor(session, OrgKind.SUPPLIER) for _number in range(2)]


@pytest.fixture
def rfq(session: Session, buyer: Actor, bidders: list[Actor]) -> Rfq:
    asked = [bidder.organisation_id for bidder in bidders]
    return make_published(session, buyer, supplier_ids=asked).rfq


class TestAsk:
    def test_the_question_waits_for_its_answer_before_others_read_it(
        self, rfq: Rfq, buyer: Actor, bidders: list[Actor], api: Api
    ) -> None:
        url = f"/rfqs/{rfq.id}/questions"
        asker, other = api(bidders[0]), api(bidders[1])
        made = asker.post(url, json={"body": "Which steel?"})
        assert (made.status_code, made.json["is_own"]) == (201, True)
        assert [q["body"] for q in asker.get(url).json["items"]] == ["Which steel?"]
        assert other.get(url).json["items"] == []
        [seen] = api(buyer).get(url).json["items"]
        assert (seen["body"], seen["is_own"], seen["answer"]) == ("Which steel?", False, None)
        answered = api(buyer).post(f"{url}/{seen['id']}/answer", json={"answer": "A2"})
        assert answered.status_code == 200, answer_text(answered)
        [read] = other.get(url).json["items"]
        assert (read["answer"], read["is_own"]) == ("A2", False)

    def test_no_event_answer_history_or_notice_names_the_asker(
        self,
        rfq: Rfq,
        buyer: Actor,
        bidders: list[Actor],
        session: Session,
        api: Api,
        drain: Callable[[], int],
    ) -> None:
        asker = bidders[0]
        questions.ask(session, asker, rfq.id, "Which steel?")
        drain()
        message = session.scalars(
            select(OutboxMessage).where(OutboxMessage.name == "rfq.question_asked")
        ).one()
        history = audit.history(session, buyer.organisation_id, "rfq", rfq.id)
        notice = session.scalars(select(Notice).where(Notice.kind == "rfq_question_asked")).one()
        said = [
            message.payload,
            message.audience,
            [(entry.org_id, entry.person_id, entry.data) for entry in history],
            notice.params,
            api(buyer).get(f"/rfqs/{rfq.id}/questions").json,
        ]
        assert notice.person_id == buyer.person_id
        assert str(asker.org_id) not in str(said)
        assert str(asker.person_id) not in str(said)
        assert asker.org_name not in str(said)

    def test_not_after_the_closing_of_questions(
        self, session: Session, buyer: Actor, bidders: list[Actor], api: Api
    ) -> None:
        bidder = bidders[0]
        until = clock.now() + timedelta(days=2)
        rfq = make_published(
            session, buyer, supplier_ids=[bidder.organisation_id], questions_due_at=until
        ).rfq
        with clock.frozen(until):
            questions.ask(session, bidder, rfq.id, "In time?")
        with clock.frozen(until + timedelta(microseconds=1)):
            caller = api(bidder)
            answer = caller.post(f"/rfqs/{rfq.id}/questions", json={"body": "Too late?"})
            assert (answer.status_code, answer.json["code"]) == (409, "questions_closed")
            assert caller.get(f"/rfqs/{rfq.id}").json["actions"] == ["bid"]
        assert session.scalars(select(RfqQuestion.body)).all() == ["In time?"]

    def test_buyers_do_not_ask(self, session: Session, rfq: Rfq, buyer: Actor) -> None:
        with pytest.raises(NotAllowed):
            questions.ask(session, buyer, rfq.id, "Me too?")


class TestAnswer:
    def test_is_given_once_and_reaches_all_bidders(
        self,
        session: Session,
        rfq: Rfq,
        buyer: Actor,
        bidders: list[Actor],
        drain: Callable[[], int],
    ) -> None:
        asked = questions.ask(session, bidders[0], rfq.id, "Which steel?")
        questions.answer(session, buyer, rfq.id, asked.id, "A2")
        with pytest.raises(rules.AlreadyAnswered):
            questions.answer(session, buyer, rfq.id, asked.id, "A4")
        drain()
        told = session.scalars(
            select(Notice.person_id).where(Notice.kind == "rfq_question_answered")
        )
        assert set(told) == {bidder.person_id for bidder in bidders}

    def test_not_after_the_deadline(
        self, session: Session, rfq: Rfq, buyer: Actor, bidders: list[Actor]
    ) -> None:
        asked = questions.ask(session, bidders[0], rfq.id, "Which steel?")
        assert rfq.bids_due_at
        with (
            clock.frozen(rfq.bids_due_at + timedelta(seconds=1)),
            pytest.raises(IllegalTransition),
        ):
            questions.answer(session, buyer, rfq.id, asked.id, "A2")

    def test_is_for_the_buyer_alone(
        self, session: Session, rfq: Rfq, bidders: list[Actor], api: Api
    ) -> None:
        asked = questions.ask(session, bidders[0], rfq.id, "Which steel?")
        url = f"/rfqs/{rfq.id}/questions/{asked.id}/answer"
        assert api(bidders[1]).post(url, json={"answer": "x"}).status_code == 403
        assert api(make_actor(session)).post(url, json={"answer": "x"}).status_code == 404


class TestRowLevelSecurity:
    """What PostgreSQL itself shows to the application role, whatever the query asks for."""

    def seen(self, session: Session, actor: Actor, what: Any) -> list[Any]:
        session.flush()
        session.execute(text("SET LOCAL ROLE marketplace_app"))
        tenancy.enter(session, actor.org_id, actor.org_kind)
        rows = list(session.scalars(select(what)))
        session.execute(text("SET LOCAL ROLE marketplace_worker"))
        return rows

    def test_drafts_and_what_they_hold(self, session: Session, bidders: list[Actor]) -> None:
        owner = make_actor(session)
        make_rfq(session, owner, supplier_ids=[bidders[0].organisation_id])
        for actor, count in ((owner, 1), (make_actor(session), 0), (bidders[0], 0)):
            assert len(self.seen(session, actor, Rfq.id)) == count
            assert len(self.seen(session, actor, RfqLine.id)) == 2 * count
            assert len(self.seen(session, actor, RfqInvitation.supplier_id)) == count

    def test_only_the_own_invitation(
        self, session: Session, rfq: Rfq, buyer: Actor, bidders: list[Actor]
    ) -> None:
        assert len(self.seen(session, buyer, RfqInvitation.supplier_id)) == 2
        for bidder in bidders:
            assert self.seen(session, bidder, RfqInvitation.supplier_id) == [bidder.org_id]
            assert self.seen(session, bidder, Rfq.id) == [rfq.id]

    def test_who_asked_is_the_askers_own(
        self, session: Session, rfq: Rfq, buyer: Actor, bidders: list[Actor]
    ) -> None:
        questions.ask(session, bidders[0], rfq.id, "Which steel?")
        column = RfqQuestionAsker.supplier_id
        assert self.seen(session, bidders[0], column) == [bidders[0].org_id]
        assert self.seen(session, buyer, column) == []
        assert self.seen(session, bidders[1], column) == []
        assert len(self.seen(session, buyer, RfqQuestion.id)) == 1
        assert self.seen(session, bidders[1], RfqQuestion.id) == []


def answer_text(answer: Any) -> str:
    return str(answer.get_data(as_text=True))
