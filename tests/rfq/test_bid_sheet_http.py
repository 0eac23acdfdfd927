"""A bid by spreadsheet over HTTP: partners and people, and the form that saves itself."""

import io
import json
import re
from datetime import timedelta
from uuid import uuid4

import pytest
from sqlalchemy import func, select

from marketplace.core import clock
from marketplace.documents.downloads import XLSX
from marketplace.identity.permissions import OrgKind
from marketplace.rfq.asking.participants import Bid
from marketplace.web.idempotency import IdempotencyKey
from tests.clients import words
from tests.factories.bids import make_sourcing
from tests.factories.identity import make_actor
from tests.rfq import sheet_files as files
from tests.rfq.sheet_files import NAME
from tests.rfq.test_bid_pages import filled


@pytest.fixture
def sourcing(session):
    return make_sourcing(session)


@pytest.fixture
def path(sourcing):
    return f"/rfqs/{sourcing.rfq.id}/bid-template"


@pytest.fixture
def partner(api, sourcing):
    return api(sourcing.suppliers[0])


@pytest.fixture
def root(sourcing):
    return f"/rfqs/{sourcing.rfq.id}/bids"


@pytest.fixture
def supplier(portal, sourcing):
    return portal(sourcing.suppliers[0])


def multipart(content, name=NAME, **fields):
    return {
        "data": {"file": (io.BytesIO(content), name), **fields},
        "content_type": "multipart/form-data",
    }


class TestApi:
    def test_down_filled_in_and_up_again(self, partner, sourcing, path, root):
        got = partner.get(path)
        assert (got.status_code, got.mimetype) == (200, XLSX)
        assert f'filename="{sourcing.rfq.number}.xlsx"' in got.headers["Content-Disposition"]
        answer = partner.post(path, **multipart(files.priced(got.data, 12.5, 3)))
        assert answer.status_code == 200
        (bid,) = partner.get(root).json["items"]
        assert answer.json == {
            "bid_id": bid["id"],
            "version": bid["version"],
            "saved": True,
            "lines": [
                {
                    "line_id": str(line.id),
                    "number": number,
                    "old_price": None,
                    "new_price": {"amount": price, "currency": "EUR"},
                    "old_note": "",
                    "new_note": "",
                    "old_quantity": None,
                    "new_quantity": None,
                    "old_breaks": [],
                    "new_breaks": [],
                }
                for number, (line, price) in enumerate(
                    zip(sourcing.lines, ("12.50", "3.00"), strict=True), start=1
                )
            ],
            "fields": [],
            "notices": [],
        }
        assert (bid["state"], bid["draft"]["total"]["amount"]) == ("draft", "1550.00")

    def test_a_preview_saves_nothing(self, partner, path, session):
        sent = files.priced(partner.get(path).data, 1, 2)
        answer = partner.post(path, **multipart(sent, preview="true"))
        assert (answer.status_code, answer.json["saved"], answer.json["version"]) == (200, False, 0)
        assert len(answer.json["lines"]) == 2
        assert session.scalar(select(func.count()).select_from(Bid)) == 0

    def test_bad_cells_are_problem_details(self, partner, path, session):
        sent = files.priced(partner.get(path).data, "x", -1)
        answer = partner.post(path, **multipart(sent), headers={"Accept-Language": "fr"})
        assert (answer.status_code, answer.json["code"]) == (422, "bid_sheet_invalid")
        assert answer.json["cells"][0] == {
            "sheet": "Prices",
            "cell": "J6",
            "value": "x",
            "code": "not_a_number",
            "detail": "Ce n’est pas un nombre.",
        }
        assert [error["pointer"] for error in answer.json["errors"]] == [
            "/sheets/Prices/J6",
            "/sheets/Prices/J7",
        ]
        assert session.scalar(select(func.count()).select_from(Bid)) == 0

    def test_a_template_older_than_the_draft_is_refused(self, partner, path):
        old = partner.get(path)
        assert old.headers["ETag"] == '"0"'
        first = partner.post(path, version=0, **multipart(files.priced(old.data, 1, 2)))
        assert first.status_code == 200
        assert partner.get(path).headers["ETag"] == f'"{first.json["version"]}"'
        stale = partner.post(path, version=0, **multipart(files.priced(old.data, 5, 6)))
        assert (stale.status_code, stale.json["code"]) == (412, "stale")

    def test_a_repeat_is_done_once_and_keeps_no_price(self, partner, path, session):
        sent = files.priced(partner.get(path).data, 4711.25, 2)
        key = str(uuid4())
        first = partner.post(path, idempotency_key=key, **multipart_fixed(sent))
        again = partner.post(path, idempotency_key=key, **multipart_fixed(sent))
        assert again.headers["Idempotent-Replayed"] == "true"
        assert again.json == {"saved": True, **{n: first.json[n] for n in ("bid_id", "version")}}
        stored = session.scalars(select(IdempotencyKey).where(IdempotencyKey.key == key)).one()
        assert "4711.25" not in json.dumps(stored.response)

    def test_nobody_else_gets_one(self, api, session, sourcing, path):
        for stranger in (make_actor(session, OrgKind.SUPPLIER), sourcing.buyer):
            assert api(stranger).get(path).status_code == 404
            assert api(stranger).post(path, **multipart(b"x")).status_code in (403, 404)

    def test_too_much_is_refused_before_it_is_read(self, partner, path):
        answer = partner.post(path, **multipart(bytes(33 * 1024 * 1024)))
        assert answer.status_code == 413


def multipart_fixed(content):
    """The same bytes each time, as a repeated request has them."""
    head = (
        f'--edge\r\nContent-Disposition: form-data; name="file"; filename="{NAME}"\r\n'
        f"Content-Type: {XLSX}\r\n\r\n"
    )
    return {
        "data": head.encode() + content + b"\r\n--edge--\r\n",
        "content_type": "multipart/form-data; boundary=edge",
    }


class TestPortal:
    def test_errors_preview_and_save(self, supplier, root, session):
        assert f"{root}/sheet" in supplier.get(root).text
        template = supplier.get(f"{root}/sheet/template").data
        bad = files.priced(template, "x", 3)
        page = supplier.post(f"{root}/sheet", {"file": (io.BytesIO(bad), NAME)})
        assert page.status_code == 422
        assert "Prices J6 x This is not a number." in words(page)
        good = files.priced(template, 12.5, None)
        shown = supplier.post(f"{root}/sheet", {"file": (io.BytesIO(good), NAME)})
        assert shown.status_code == 200
        assert "Nothing has been saved yet." in words(shown)
        assert "1 Steel bolt M8 x 40 no price €12.50" in words(shown)
        assert session.scalar(select(func.count()).select_from(Bid)) == 0
        proposal = re.search('name="proposal" value="([^"]+)"', shown.text)[1]
        saved = supplier.post(f"{root}/sheet/save", {"proposal": proposal})
        assert (saved.status_code, saved.location) == (303, f"{root}/check")
        assert "1,250.00" in words(supplier.get(saved.location))
        late = supplier.post(f"{root}/sheet/save", {"proposal": proposal})
        assert late.status_code == 412
        assert "Somebody of your company has changed the bid since." in words(late)

    def test_a_proposal_that_is_not_ours_is_refused(self, portal, supplier, sourcing, root):
        template = supplier.get(f"{root}/sheet/template").data
        sent = {"file": (io.BytesIO(files.priced(template, 1, 2)), NAME)}
        shown = supplier.post(f"{root}/sheet", sent)
        proposal = re.search('name="proposal" value="([^"]+)"', shown.text)[1]
        other = portal(sourcing.suppliers[1])
        for client, token in (
            (other, proposal),
            (supplier, "AAAA"),
            (supplier, "é"),
            (supplier, ""),
        ):
            assert client.post(f"{root}/sheet/save", {"proposal": token}).status_code == 422

    def test_a_file_is_needed(self, supplier, root):
        page = supplier.post(f"{root}/sheet", {})
        assert page.status_code == 422
        assert "Choose a file." in words(page)


class TestAutosave:
    def version(self, answer):
        return re.search('name="version" value="([0-9]+)"', answer.text)[1]

    def test_says_when_it_was_saved_and_as_which_version(self, supplier, sourcing, root, session):
        assert self.version(supplier.get(f"{root}/edit")) == "0"
        answer = supplier.post(f"{root}/autosave", filled(sourcing, "5", version="0"))
        assert answer.status_code == 200
        assert re.search(r"Saved at [0-9:]+", words(answer))
        assert "hx-swap-oob" in answer.text
        assert answer.headers["X-Fragment"] == "autosave"
        version = session.scalars(select(Bid.version)).one()
        assert self.version(answer) == str(version)
        again = supplier.post(f"{root}/autosave", filled(sourcing, "6", version=str(version)))
        assert self.version(again) == str(version + 1)

    def test_what_cannot_be_read_is_told_and_not_saved(self, supplier, sourcing, root, session):
        answer = supplier.post(f"{root}/autosave", filled(sourcing, "twelve", version="0"))
        assert answer.status_code == 422
        assert "Not saved yet." in words(answer)
        assert 'href="#f-lines-0-unit_price' in answer.text
        assert session.scalar(select(func.count()).select_from(Bid)) == 0

    def test_nobody_elses_words_are_overwritten(self, portal, supplier, sourcing, root):
        colleague = portal(sourcing.suppliers[0])
        supplier.post(f"{root}/autosave", filled(sourcing, "5", version="0"))
        mine = filled(sourcing, "7", "9", version="0", note="mine")
        answer = colleague.post(f"{root}/autosave", mine)
        assert answer.status_code == 412
        said = words(answer)
        assert "Somebody of your company has saved this bid meanwhile" in said
        assert "1 Steel bolt M8 x 40 €5.00 €7.00" in said
        assert "2 Washer M8 no price €9.00" in said
        assert "Note to the buyer mine" in said
        assert 'value="5"' in supplier.get(f"{root}/edit").text
        page = colleague.post(f"{root}/edit", mine)
        assert page.status_code == 412
        assert 'value="7"' in page.text
        over = re.search('name="over" value="([0-9]+)"', page.text)[1]
        assert colleague.post(f"{root}/edit", {**mine, "over": over}).status_code == 303
        assert 'value="7"' in supplier.get(f"{root}/edit").text

    def test_a_lost_answer_is_no_conflict(self, supplier, sourcing, root):
        form = filled(sourcing, "5", version="0")
        first = supplier.post(f"{root}/autosave", form)
        again = supplier.post(f"{root}/autosave", form)
        assert again.status_code == 200
        assert self.version(again) == self.version(first)

    def test_not_after_the_deadline(self, supplier, sourcing, root, session):
        with clock.frozen(sourcing.due_at + timedelta(milliseconds=1)):
            answer = supplier.post(f"{root}/autosave", filled(sourcing, "5", version="0"))
        assert answer.status_code == 422
        assert "arrived after the deadline" in words(answer)
        assert session.scalar(select(func.count()).select_from(Bid)) == 0
