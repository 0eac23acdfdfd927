import io

from marketplace.documents import service
from marketplace.identity.permissions import OrgKind
from tests.factories.documents import make_document
from tests.factories.identity import make_actor


def upload(client, name="offer é.txt", content=b"hello", **kwargs):
    data = {"file": (io.BytesIO(content), name)}
    return client.post("/documents", data=data, content_type="multipart/form-data", **kwargs)


class TestUpload:
    def test_answers_the_digest_and_serves_the_bytes_as_an_attachment(self, session, api):
        client = api(make_actor(session))
        made = upload(client)
        assert made.status_code == 201
        assert made.json["filename"] == "offer é.txt"
        assert made.json["size"] == 5
        content = client.get(f"/documents/{made.json['id']}/content")
        assert content.data == b"hello"
        assert content.headers["Content-Disposition"] == (
            "attachment; filename=\"offer _.txt\"; filename*=UTF-8''offer%20%C3%A9.txt"
        )
        assert content.headers["X-Content-Type-Options"] == "nosniff"
        assert content.headers["Content-Security-Policy"] == "sandbox; default-src 'none'"
        assert content.headers["Cache-Control"] == "private, no-cache"

    def test_a_repeat_with_the_same_key_makes_one_document(self, session, api):
        client = api(make_actor(session))
        data = (
            b"--x\r\nContent-Disposition: form-data; name=file; filename=a.txt\r\n\r\nhi\r\n--x--"
        )
        first, second = (
            client.post(
                "/documents",
                data=data,
                content_type="multipart/form-data; boundary=x",
                idempotency_key="k1",
            )
            for _ in range(2)
        )
        assert first.json["id"] == second.json["id"]
        assert len(client.get("/documents").json["items"]) == 1

    def test_a_disguised_file_is_refused(self, session, api):
        answer = upload(api(make_actor(session)), "a.pdf", b"<html>")
        assert answer.status_code == 422
        assert answer.json["code"] == "file_refused"
        assert [e["code"] for e in answer.json["errors"]] == ["type_mismatch"]

    def test_a_file_is_needed(self, session, api):
        answer = api(make_actor(session)).post(
            "/documents", data={}, content_type="multipart/form-data"
        )
        assert answer.status_code == 422
        assert answer.json["errors"][0]["pointer"] == "/file"


class TestReading:
    def test_strangers_get_the_same_answer_as_for_nothing(self, session, api):
        document = make_document(session, make_actor(session))
        client = api(make_actor(session, OrgKind.SUPPLIER))
        assert client.get(f"/documents/{document.id}").status_code == 404
        assert client.get(f"/documents/{document.id}/content").status_code == 404
        assert client.get("/documents").json["items"] == []

    def test_a_granted_document_passes_the_database_policies(self, session, api):
        buyer = make_actor(session)
        supplier = make_actor(session, OrgKind.SUPPLIER)
        document = make_document(session, buyer, content=b"for you")
        service.grant(session, buyer, [document.id], [supplier.org_id])
        assert api(supplier).get(f"/documents/{document.id}/content").data == b"for you"

    def test_without_a_key_there_is_nothing(self, client):
        assert client.get("/documents").status_code == 401


class TestPage:
    def test_people_download_what_they_may_see(self, session, portal):
        buyer = make_actor(session)
        document = make_document(session, buyer, content=b"terms")
        answer = portal(buyer).get(f"/documents/{document.id}")
        assert answer.data == b"terms"
        assert answer.headers["Content-Disposition"].startswith("attachment")
        other = make_actor(session)
        assert portal(other).get(f"/documents/{document.id}").status_code == 404
