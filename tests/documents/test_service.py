from uuid import uuid4

import pytest
from sqlalchemy import func, select

from marketplace.core.audit import AuditEvent
from marketplace.core.errors import NotAllowed, NotFound
from marketplace.documents import queries, rules, service
from marketplace.documents.models import Document, DocumentContent
from marketplace.documents.rules import FileRefused, QuotaExceeded
from marketplace.identity.permissions import SYSTEM, Actor, OrgKind
from tests.factories.documents import make_document
from tests.factories.identity import make_actor


@pytest.fixture
def buyer(session) -> Actor:
    return make_actor(session)


class TestStore:
    def test_keeps_content_under_its_digest(self, session, buyer):
        document = service.store(session, buyer, "../a.txt", "text/plain", b"abc")
        assert (document.filename, document.content_type, document.size) == (
            "a.txt",
            "text/plain",
            3,
        )
        assert document.digest == (
            "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad"
        )
        assert queries.content_of(session, document) == b"abc"

    def test_the_same_content_is_kept_once_per_organisation(self, session, buyer):
        other = make_actor(session, OrgKind.SUPPLIER)
        for actor in (buyer, buyer, other):
            make_document(session, actor, content=b"the same")
        assert session.scalar(select(func.count()).select_from(DocumentContent)) == 2
        assert session.scalar(select(func.count()).select_from(Document)) == 3

    def test_a_refused_file_leaves_nothing(self, session, buyer):
        with pytest.raises(FileRefused):
            service.store(session, buyer, "a.pdf", "application/pdf", b"<html>")
        assert session.scalar(select(func.count()).select_from(DocumentContent)) == 0
        assert session.scalar(select(func.count()).select_from(AuditEvent)) == 0

    def test_the_quota_counts_all_documents_of_the_organisation(self, session, buyer, monkeypatch):
        monkeypatch.setattr(rules, "QUOTA_BYTES", 10)
        make_document(session, buyer, content=b"123456")
        with pytest.raises(QuotaExceeded) as refusal:
            make_document(session, buyer, content=b"12345")
        assert refusal.value.data["remaining"] == 4

    def test_needs_the_permission(self, session):
        nobody = Actor(None, uuid4(), OrgKind.BUYER)
        with pytest.raises(NotAllowed):
            service.store(session, nobody, "a.txt", None, b"abc")


class TestReading:
    def test_others_find_nothing_until_granted(self, session, buyer):
        supplier = make_actor(session, OrgKind.SUPPLIER)
        document = make_document(session, buyer, content=b"terms")
        with pytest.raises(NotFound):
            service.fetch(session, supplier, document.id)
        service.grant(session, buyer, [document.id], [supplier.org_id])
        service.grant(session, buyer, [document.id], [supplier.org_id])
        assert service.fetch(session, supplier, document.id)[1] == b"terms"
        third = make_actor(session, OrgKind.SUPPLIER)
        with pytest.raises(NotFound):
            service.fetch(session, third, document.id)

    def test_everybody_reads_what_is_granted_to_all(self, session, buyer):
        document = make_document(session, buyer)
        service.grant_to_all(session, buyer, [document.id])
        anybody = make_actor(session, OrgKind.SUPPLIER)
        assert service.fetch(session, anybody, document.id)[0].id == document.id

    def test_nobody_grants_a_document_of_others(self, session, buyer):
        document = make_document(session, buyer)
        supplier = make_actor(session, OrgKind.SUPPLIER)
        with pytest.raises(NotFound):
            service.grant(session, supplier, [document.id], [supplier.org_id])

    def test_the_system_reads_all(self, session, buyer):
        document = make_document(session, buyer)
        assert queries.get(session, SYSTEM, document.id).id == document.id


class TestAttach:
    def test_documents_stand_at_their_subject_in_order(self, session, buyer):
        subject = ("order", uuid4())
        first, second = (make_document(session, buyer, subject=subject) for _ in range(2))
        service.attach(session, buyer, first.id, *subject)
        found = queries.attached(session, buyer, *subject)
        assert [document.id for document in found] == [first.id, second.id]
        service.detach(session, buyer, first.id, *subject)
        assert [d.id for d in queries.attached(session, buyer, *subject)] == [second.id]

    def test_an_unknown_document_is_not_found(self, session, buyer):
        with pytest.raises(NotFound):
            service.attach(session, buyer, uuid4(), "order", uuid4())

    def test_others_do_not_see_what_stands_there(self, session, buyer):
        subject = ("order", uuid4())
        make_document(session, buyer, subject=subject)
        assert queries.attached(session, make_actor(session), *subject) == []
