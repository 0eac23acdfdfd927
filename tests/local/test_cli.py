"""Commands read their arguments and say what happened."""

import hashlib
import json
from pathlib import Path
from uuid import UUID

import pytest
from click.testing import CliRunner, Result
from sqlalchemy import select, text, update

from marketplace import cli
from marketplace.core import jobs
from marketplace.core.db import Database
from marketplace.core.jobs import Job, JobState
from marketplace.identity.models import Organisation, Person
from marketplace.identity.permissions import OrgKind, Role
from marketplace.settings import Settings
from tests.conftest import make_key
from tests.factories.identity import make_actor
from tests.factories.suppliers import make_supplier
from workers.inline import drain

OCDS = {
    "ocid": "ocds-213czf-1",
    "id": "1",
    "tag": ["tender"],
    "date": "2026-03-01T00:00:00Z",
    "initiationType": "tender",
    "tender": {"id": "1", "title": "Road salt", "items": [{"id": "1", "description": "Salt"}]},
}


@pytest.fixture
def environment(committed: Settings) -> dict[str, str]:
    return {
        "DATABASE_URL": committed.database_url,
        "LOCAL_DIR": str(committed.local_dir),
        "SECRET_KEY": committed.secret_key,
    }


@pytest.fixture
def database(committed: Settings) -> Database:
    return Database(committed.database_url, "marketplace_worker")


def call(environment: dict[str, str], *arguments: str, given: str | None = None) -> Result:
    return CliRunner(env=environment).invoke(cli.main, arguments, input=given)


def test_settings_that_are_wrong_are_told_before_anything_happens() -> None:
    result = call({"LOG_LEVEL": "loud"}, "migrate")
    assert result.exit_code == 1
    assert "LOG_LEVEL is 'loud'" in result.output


def test_a_database_that_is_away_is_told_without_a_traceback(tmp_path: Path) -> None:
    result = call({"LOCAL_DIR": str(tmp_path)}, "jobs", "list")
    assert result.exit_code == 1
    assert "The database does not answer" in result.output
    assert "make run" in result.output


def test_migrating_twice_does_nothing_the_second_time(environment: dict[str, str]) -> None:
    assert call(environment, "migrate").output == "The schema is up to date.\n"


class TestCreateOperator:
    ARGUMENTS = (
        *("create-operator", "--email", "op@example.com", "--name", "Olga Opérateur"),
        *("--organisation", "Place de marché", "--password"),
    )

    def test_the_operator_can_be_made(
        self, environment: dict[str, str], database: Database
    ) -> None:
        result = call(environment, *self.ARGUMENTS, "correct horse battery")
        assert result.exit_code == 0, result.output
        with database.transaction() as session:
            organisation = session.scalars(select(Organisation)).one()
            person = session.scalars(select(Person)).one()
        assert (organisation.name, organisation.kind) == ("Place de marché", OrgKind.OPERATOR)
        assert person.email == "op@example.com"

    def test_reasons_against_it_are_told_in_words(self, environment: dict[str, str]) -> None:
        call(environment, *self.ARGUMENTS, "correct horse battery")
        result = call(environment, *self.ARGUMENTS, "correct horse battery")
        assert result.exit_code == 1
        assert "This e-mail address already has an account." in result.output
        assert "Traceback" not in result.output


class TestVerifyAudit:
    def test_a_sound_trail_is_confirmed(self, environment: dict[str, str]) -> None:
        call(environment, *TestCreateOperator.ARGUMENTS, "correct horse battery")
        result = call(environment, "verify-audit")
        assert (result.exit_code, result.output) == (
            0,
            "The audit trail is complete and unchanged.\n",
        )

    def test_a_changed_entry_is_named(self, environment: dict[str, str]) -> None:
        call(environment, *TestCreateOperator.ARGUMENTS, "correct horse battery")
        owner = Database(environment["DATABASE_URL"], None)
        with owner.transaction() as session:
            session.execute(text("UPDATE audit_event SET action = 'organisation.praised'"))
        result = call(environment, "verify-audit")
        assert result.exit_code == 1
        assert "is changed" in result.output


class TestJobs:
    def test_a_failed_job_is_shown_and_tried_again(
        self, environment: dict[str, str], database: Database
    ) -> None:
        with database.transaction() as session:
            jobs.enqueue(session, "test.broken", {})
            session.execute(update(Job).values(state=JobState.DEAD, error="ValueError: no oil"))
            job_id = session.scalars(select(Job.id)).one()
        shown = call(environment, "jobs", "list").output
        assert str(job_id) in shown
        assert "test.broken" in shown
        assert "no oil" in shown
        assert call(environment, "jobs", "retry", str(job_id)).exit_code == 0
        assert call(environment, "jobs", "list").output == "No job is dead.\n"

    def test_a_job_that_has_not_failed_is_left_alone(
        self, environment: dict[str, str], database: Database
    ) -> None:
        with database.transaction() as session:
            jobs.enqueue(session, "test.waiting", {})
            job_id = session.scalars(select(Job.id)).one()
        result = call(environment, "jobs", "retry", str(job_id))
        assert result.exit_code == 1
        assert "Only a failed job can be tried again." in result.output


class TestImportOcds:
    @pytest.fixture
    def file(self, tmp_path: Path) -> Path:
        path = tmp_path / "tender.json"
        path.write_text(json.dumps(OCDS))
        return path

    def test_a_tender_becomes_a_draft_of_the_key_s_organisation(
        self, environment: dict[str, str], database: Database, file: Path
    ) -> None:
        with database.transaction() as session:
            key = make_key(session, make_actor(session, OrgKind.BUYER, Role.BUYER))
        result = call(environment, "import-ocds", str(file), "--api-key", key)
        assert result.exit_code == 0, result.output
        assert "Road salt" in result.output
        assert result.output.startswith("RFQ-")

    def test_a_workbook_becomes_the_draft_too(
        self, environment: dict[str, str], database: Database
    ) -> None:
        with database.transaction() as session:
            key = make_key(session, make_actor(session, OrgKind.BUYER, Role.BUYER))
        file = Path(__file__).parents[1] / "data" / "ocds" / "fictional-02-tender.xlsx"
        result = call(environment, "import-ocds", str(file), "--api-key", key)
        assert result.exit_code == 0, result.output
        assert result.output.endswith(
            "Planned cycle lane improvements  (ocds-213czf-000-00001-02-tender: created)\n"
        )

    def test_a_wrong_key_imports_nothing(
        self, environment: dict[str, str], database: Database, file: Path
    ) -> None:
        result = call(environment, "import-ocds", str(file), "--api-key", "mkt_wrong")
        assert result.exit_code == 1
        assert "This API key is not valid." in result.output
        with database.transaction() as session:
            assert session.scalar(text("SELECT count(*) FROM rfq")) == 0

    def test_without_a_key_and_without_the_demo_it_says_what_is_missing(
        self, environment: dict[str, str], file: Path
    ) -> None:
        result = call(environment, "import-ocds", str(file))
        assert result.exit_code == 2
        assert "--api-key" in result.output


class TestLoadSanctions:
    FIRST = "reference,name,aliases\nEU.1,Alpha Trading,Alfa|Alpha T\nEU.2,Beta Works,\n"

    @pytest.fixture
    def file(self, tmp_path: Path) -> Path:
        path = tmp_path / "eu.csv"
        path.write_text(self.FIRST)
        return path

    def test_counts_names_and_entries_and_replaces_the_version_in_force(
        self, environment: dict[str, str], committed: Settings, database: Database, file: Path
    ) -> None:
        with database.transaction() as session:
            supplier_id = make_supplier(session).id
        told = call(environment, "load-sanctions", str(file), "--published-on", "2026-11-20")
        version = f"2026-11-20-{hashlib.sha256(self.FIRST.encode()).hexdigest()[:8]}"
        assert told.exit_code == 0, told.output
        assert told.output.splitlines() == [
            f"eu: 4 names of 2 entries are in force, version {version}, published on 2026-11-20.",
            "Suppliers to screen again: 1.",
        ]
        file.write_text(self.FIRST.replace("EU.2,Beta Works,", "EU.3,Gamma SA,"))
        options = ("--published-on", "2026-11-21", "--version", "2")
        told = call(environment, "load-sanctions", str(file), *options)
        assert told.output.splitlines()[1] == f"Version {version} is replaced."
        assert self.lists(database) == [(version, False, 4), ("2", True, 4)]
        assert self.screened_for(database, supplier_id) == []
        drain(database, committed)
        assert self.screened_for(database, supplier_id) == ["list_update"]

    def test_a_malformed_file_loads_nothing_and_names_the_row(
        self, environment: dict[str, str], database: Database, file: Path
    ) -> None:
        call(environment, "load-sanctions", str(file), "--version", "1")
        file.write_text(self.FIRST + "EU.3,Gamma SA\n")
        told = call(environment, "load-sanctions", str(file), "--version", "2")
        assert told.exit_code == 1
        assert told.output == (
            "Error: The list cannot be read: nothing was loaded.\n"
            "/entries/3: Row 4: This row has more or fewer cells than the first.\n"
        )
        assert self.lists(database) == [("1", True, 4)]

    def test_the_same_file_again_is_known(
        self, environment: dict[str, str], database: Database, file: Path
    ) -> None:
        arguments = ("load-sanctions", str(file), "--list", "EU")
        assert call(environment, *arguments).exit_code == 0
        again = call(environment, *arguments)
        assert again.exit_code == 1
        assert "of EU has been loaded before." in again.output
        assert len(self.lists(database)) == 1
        with database.transaction() as session:
            events = "SELECT count(*) FROM outbox WHERE name = 'suppliers.sanctions_list_loaded'"
            assert session.scalar(text(events)) == 1

    def lists(self, database: Database) -> list[tuple[str, bool, int]]:
        with database.transaction() as session:
            rows = session.execute(
                text(
                    "SELECT version, in_force, (SELECT count(*) FROM sanctions_name n"
                    " WHERE n.list_id = l.id) FROM sanctions_list l ORDER BY created_at"
                )
            )
            return [tuple(row) for row in rows]

    def screened_for(self, database: Database, supplier_id: UUID) -> list[str]:
        with database.transaction() as session:
            runs = "SELECT trigger FROM due_diligence_run WHERE supplier_id = :id"
            return list(session.scalars(text(runs), {"id": supplier_id}))


def test_the_openapi_document_can_be_written_to_a_file(
    environment: dict[str, str], tmp_path: Path
) -> None:
    path = tmp_path / "openapi.json"
    assert call(environment, "openapi", "--write", str(path)).exit_code == 0
    assert json.loads(path.read_text())["openapi"].startswith("3.1")
