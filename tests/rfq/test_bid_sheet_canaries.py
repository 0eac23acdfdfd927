"""What a supplier uploads is nowhere to be read: not in the database, in files, or in logs."""

import io
import tempfile
from pathlib import Path

import psycopg
import pytest

from marketplace.rfq.receiving import vault as bid_vault
from tests.clients import PortalClient
from tests.conftest import sign_in_token
from tests.rfq import sheet_files as files
from tests.rfq import test_canaries as canary

usual_logs = canary.usual_logs
valkey = canary.valkey


@pytest.fixture
def stage(committed, postgres, valkey, tmp_path, monkeypatch):
    monkeypatch.setattr(canary, "BIDS", 1)
    scratch = tmp_path / "scratch"
    scratch.mkdir()
    monkeypatch.setattr(tempfile, "tempdir", str(scratch))
    made = canary.Stage(committed, postgres, valkey, tmp_path)
    yield made
    made.close()


def filled_in(template: bytes, secrets: canary.Secrets, *, spoilt: bool = False) -> bytes:
    def fill(book):
        page = book.worksheets[0]
        for place in range(2):
            row = files.FIRST_ROW + place
            page.cell(row, files.COLUMN["unit_price"]).value = secrets.price(1, place)
            page.cell(row, files.COLUMN["note"]).value = secrets.text(1, f"line{place}")
        if spoilt:
            price = f"{secrets.words} {secrets.digits}"
            page.cell(files.FIRST_ROW, files.COLUMN["unit_price"]).value = price

    said = {"note": secrets.text(1, "note"), "criterion": secrets.text(1, "answer")}
    return files.whole(files.edited(template, fill), **said)


@pytest.mark.usefixtures("usual_logs")
def test_an_upload_leaves_nothing_readable(stage, monkeypatch, capfd):
    secrets = canary.Secrets()
    partner, path = stage.client(1), f"/rfqs/{stage.sourcing.rfq.id}/bid-template"
    template = partner.get(path).data
    good = filled_in(template, secrets)
    name = f"{secrets.text(1, 'name')}.xlsx"

    def send(content):
        form = {"file": (io.BytesIO(content), name)}
        return partner.post(path, data=form, content_type="multipart/form-data")

    assert send(filled_in(template, secrets, spoilt=True)).json["code"] == "bid_sheet_invalid"
    show_in_the_portal(stage, good, name)
    break_one(monkeypatch, lambda: send(good))
    sent = send(good)
    assert sent.status_code == 200, sent.json
    # the draft in a template again, through the same doors
    assert partner.get(path).status_code == 200

    with psycopg.connect(stage.settings.database_url, autocommit=True) as connection:
        connection.execute("CHECKPOINT")
    needles = secrets.forms()
    dump = canary.dump_of(stage.settings.database_url)
    assert b"VISIBLE title" in dump
    assert canary.found_in(dump, needles) == []
    assert [place for place in stage.places() if canary.holds(place, needles)] == []
    assert list(Path(tempfile.gettempdir()).iterdir()) == []
    written = capfd.readouterr()
    log = (written.out + written.err).encode()
    assert b"RuntimeError" in log
    assert canary.found_in(log, needles) == []


def show_in_the_portal(stage, content, name):
    """The preview of a person; its proposal waits in their page alone."""
    with stage.database.transaction() as session:
        token = sign_in_token(session, stage.sourcing.suppliers[0])
    person = PortalClient(stage.app, stage.idle, token)
    form = {"file": (io.BytesIO(content), name)}
    shown = person.post(f"/rfqs/{stage.sourcing.rfq.id}/bids/sheet", form)
    assert shown.status_code == 200


def break_one(monkeypatch, send):
    """The program fails with the upload in its hands."""

    def fail(*_args, **_kwargs):
        raise RuntimeError("failpoint")

    with monkeypatch.context() as broken:
        broken.setattr(bid_vault, "write_draft", fail)
        assert send().status_code == 500
