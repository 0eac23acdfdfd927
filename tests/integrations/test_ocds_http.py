import io
from pathlib import Path

from marketplace.identity.permissions import OrgKind, Role
from tests.clients import words
from tests.factories.identity import make_actor

DATA = Path(__file__).parents[1] / "data" / "ocds"
TENDER = "fictional-02-tender.json"
LATIN = "release-package_encoding-iso-8859-1.json"


def form(name: str, **fields: str) -> dict[str, object]:
    return {"file": (io.BytesIO((DATA / name).read_bytes()), name), **fields}


class TestApi:
    def post(self, client, name: str, **fields: str):
        return client.post(
            "/imports/ocds", data=form(name, **fields), content_type="multipart/form-data"
        )

    def test_answers_one_draft_per_process_with_what_to_look_at(self, session, api):
        client = api(make_actor(session))
        answer = self.post(client, TENDER)
        assert answer.status_code == 200
        [item] = answer.json["items"]
        assert (item["title"], item["outcome"]) == ("Planned cycle lane improvements", "created")
        assert item["notices"] == ["The published deadline was 2010-04-01. Set a new one."]
        documents = client.get(f"/rfqs/{item['rfq_id']}/documents").json["items"]
        assert [(d["filename"], d["url"], d["sha256"]) for d in documents] == [
            (
                "Tender Notice",
                "http://example.com/tender-notices/ocds-213czf-000-00001-01.html",
                None,
            )
        ]
        content = client.get(f"/documents/{documents[0]['id']}/content")
        assert (content.status_code, content.json["code"]) == (409, "document_elsewhere")

    def test_a_wrong_encoding_is_refused_until_it_is_declared(self, session, api):
        client = api(make_actor(session))
        refused = self.post(client, LATIN)
        assert refused.status_code == 422
        assert refused.json["errors"][0]["code"] == "not_utf8"
        assert client.get("/rfqs").json["items"] == []
        assert self.post(client, LATIN, encoding="iso-8859-1").status_code == 200

    def test_only_who_may_draft(self, session, api):
        for actor in (
            make_actor(session, OrgKind.SUPPLIER),
            make_actor(session, OrgKind.BUYER, Role.APPROVER),
        ):
            assert self.post(api(actor), TENDER).status_code == 403


class TestPages:
    def test_a_file_becomes_a_draft(self, session, portal):
        browser = portal(make_actor(session))
        assert "Import a published tender" in words(browser.get("/rfqs/import-ocds"))
        done = browser.post("/rfqs/import-ocds", form(TENDER), content_type="multipart/form-data")
        assert done.status_code == 200
        assert "Planned cycle lane improvements" in words(done)
        assert "New draft" in words(done)

    def test_a_refusal_says_why_and_keeps_the_choice(self, session, portal):
        browser = portal(make_actor(session))
        refused = browser.post("/rfqs/import-ocds", form(LATIN), content_type="multipart/form-data")
        assert refused.status_code == 422
        assert "byte 592" in words(refused)
        missing = browser.post("/rfqs/import-ocds", {"encoding": "windows-1252"})
        assert "Choose a file." in words(missing)
        assert 'value="windows-1252" selected' in missing.text

    def test_a_document_elsewhere_is_shown_not_fetched(self, session, portal, api):
        buyer = make_actor(session)
        portal(buyer).post("/rfqs/import-ocds", form(TENDER), content_type="multipart/form-data")
        [document] = api(buyer).get("/documents").json["items"]
        page = portal(buyer).get(f"/documents/{document['id']}")
        assert page.status_code == 200
        assert "http://example.com/tender-notices" in words(page)
