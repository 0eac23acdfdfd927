"""The command line. A command reads its arguments, opens one transaction and calls a service."""

import json
import os
import sys
from collections.abc import Callable
from datetime import datetime
from pathlib import Path
from typing import TypeVar
from uuid import UUID

import click
from sqlalchemy.exc import OperationalError
from sqlalchemy.orm import Session

from marketplace.app import API_PREFIX, APP_ROLE, create_app
from marketplace.core import audit, jobs, logs
from marketplace.core.db import Database
from marketplace.core.errors import DomainError, NotAuthenticated
from marketplace.demo import seed as demo
from marketplace.identity import authentication, registration
from marketplace.identity.permissions import SYSTEM, Actor, OrgKind, Role
from marketplace.integrations import ocds
from marketplace.local.processes import StartError
from marketplace.local.stack import QUEUES, ROOT, Stack
from marketplace.rfq.proofs import commands
from marketplace.settings import Settings, SettingsError
from marketplace.start import OFFLINE
from marketplace.suppliers.services import sanctions
from migrations.runner import upgrade

WORKER_ROLE = "marketplace_worker"
SCALES = click.Choice(["demo", "large"])
T = TypeVar("T")


@click.group(context_settings={"help_option_names": ["-h", "--help"]})
@click.pass_context
def main(context: click.Context) -> None:
    """Run and look after the marketplace. The settings come from the environment."""
    if context.invoked_subcommand in OFFLINE:
        return
    try:
        context.obj = Settings.from_env()
    except SettingsError as error:
        raise click.ClickException(str(error)) from error
    if context.invoked_subcommand != "run":
        logs.configure("warning")


@main.command()
@click.option("--demo/--no-demo", "with_demo", default=True, help="Load the demo companies first.")
@click.option("--scale", type=SCALES, default="demo", show_default=True)
@click.pass_obj
def run(settings: Settings, with_demo: bool, scale: str) -> None:  # noqa: FBT001 - click's
    """Start everything on this machine; Ctrl-C stops it."""
    stack = Stack(settings, lambda line: click.echo(line))
    try:
        stack.run(demo=with_demo, scale=scale)
    except StartError as error:
        raise click.ClickException(str(error)) from error


@main.command()
@click.pass_obj
def migrate(settings: Settings) -> None:
    """Bring the database to the newest schema."""
    applied = upgrade(settings.migration_url, progress=click.echo)
    click.echo("The schema is up to date." if not applied else f"{len(applied)} migrations done.")


@main.command()
@click.option("--scale", type=SCALES, default="demo", show_default=True)
@click.pass_obj
def seed(settings: Settings, scale: str) -> None:
    """Load the demo companies; what is there already stays as it is.

    Large adds 20,000 RFQs and 100,000 orders: 442,000 rows in one to three minutes.
    """
    database = Database(settings.database_url, WORKER_ROLE)
    demo.load(database, settings, scale=scale, progress=click.echo)
    demo.write_people(settings.local_dir / "demo.json", settings.public_url)


@main.command()
@click.option("--queue", type=click.Choice(QUEUES), default=QUEUES[0], show_default=True)
def worker(queue: str) -> None:
    """Work off one queue of jobs."""
    _become("workers.main", "worker", "--queue", queue)


@main.command()
def scheduler() -> None:
    """Relay events, start what is due by the clock, and hand jobs to the workers."""
    _become("workers.main", "scheduler")


@main.command("create-operator")
@click.option("--email", prompt=True)
@click.option("--name", prompt=True)
@click.option("--organisation", prompt=True, help="Name of the operating organisation.")
@click.option("--country", default="FR", show_default=True)
@click.option("--currency", default="EUR", show_default=True)
@click.option("--locale", type=click.Choice(["en", "fr"]), default="fr", show_default=True)
@click.option("--time-zone", default="Europe/Paris", show_default=True)
@click.password_option()
@click.pass_obj
def create_operator(
    settings: Settings,
    /,
    email: str,
    name: str,
    password: str,
    organisation: str,
    **particulars: str,
) -> None:
    """Register the organisation that operates this marketplace, with its first person."""

    def register(session: Session) -> UUID | None:
        return registration.register(
            session,
            kind=OrgKind.OPERATOR,
            organisation={"name": organisation, **particulars},
            email=email,
            name=name,
            password=password,
            roles=[Role.OPERATOR, Role.ADMIN],
        ).org_id

    click.echo(f"Organisation {_transaction(settings, register)} and {email} are registered.")


@main.command("verify-audit")
@click.pass_obj
def verify_audit(settings: Settings) -> None:
    """Check that no entry of the audit trail was changed, removed or reordered."""
    broken = _transaction(settings, audit.verify)
    for link in broken:
        click.echo(f"{link.subject_kind} {link.subject_id}: entry {link.seq} is {link.fault}")
    if broken:
        raise click.ClickException(f"The audit trail is broken in {len(broken)} places.")
    click.echo("The audit trail is complete and unchanged.")


@main.command("import-ocds")
@click.argument("file", type=click.Path(exists=True, dir_okay=False, path_type=Path))
@click.option("--api-key", envvar="MARKETPLACE_API_KEY", help="Whose drafts the tenders become.")
@click.option("--encoding", default="utf-8", show_default=True)
@click.pass_obj
def import_ocds(settings: Settings, file: Path, api_key: str | None, encoding: str) -> None:
    """Import the tenders of an OCDS file (JSON or flattened XLSX) as drafts of RFQs, all or none.

    In a local environment the demo's buyer is the default.
    """
    key = api_key or _demo_key(settings, Role.BUYER)

    def work(session: Session) -> list[str]:
        actor = _actor(session, key)
        return list(ocds.summary(ocds.import_file(session, actor, file, encoding=encoding)))

    click.echo("\n".join(_transaction(settings, work, role=APP_ROLE)))


@main.command("load-sanctions")
@click.argument("file", type=click.Path(exists=True, dir_okay=False, path_type=Path))
@click.option("--list", "source", help="Name of the list; by default that of the file.")
@click.option("--version", help="By default the day of publication and a part of the checksum.")
@click.option(
    "--published-on",
    type=click.DateTime(["%Y-%m-%d"]),
    help="By default the day that the file gives for itself, else today.",
)
@click.pass_obj
def load_sanctions(
    settings: Settings,
    file: Path,
    source: str | None,
    version: str | None,
    published_on: datetime | None,
) -> None:
    """Put a sanctions list in force in place of its last version, all names or none.

    FILE is CSV with the columns reference, name, aliases, country, programme, identifiers (aliases
    and identifiers parted by |), the same as JSON, or the French register of asset freezes. The
    workers then screen every supplier again.
    """

    def work(session: Session) -> str:
        loaded = sanctions.load_file(
            session,
            SYSTEM,
            file.read_bytes(),
            source=source or file.stem,
            version=version,
            published_on=published_on.date() if published_on else None,
        )
        head = loaded.head
        return (
            f"{head.source}: {head.names} names of {loaded.entries} entries are in force,"
            f" version {head.version}, published on {head.published_on}.\n"
            + (f"Version {loaded.replaced} is replaced.\n" if loaded.replaced else "")
            + f"Suppliers to screen again: {loaded.suppliers}."
        )

    click.echo(_transaction(settings, work))


@main.group("jobs")
def job_commands() -> None:
    """Look at background jobs and try failed ones again."""


@job_commands.command("list")
@click.option("--state", type=click.Choice([str(state) for state in jobs.JobState]), default="dead")
@click.option("--limit", default=50, show_default=True)
@click.pass_obj
def list_jobs(settings: Settings, state: str, limit: int) -> None:
    """Jobs of one state, newest first."""

    def lines(session: Session) -> list[str]:
        found = jobs.in_state(session, jobs.JobState(state), limit=limit)
        return [
            f"{job.id}  {job.created_at:%Y-%m-%d %H:%M}  {job.name}  "
            f"attempts {job.attempts}  {job.error or ''}".rstrip()
            for job in found
        ]

    click.echo("\n".join(_transaction(settings, lines)) or f"No job is {state}.")


@job_commands.command("retry")
@click.argument("job_id", type=click.UUID)
@click.pass_obj
def retry_job(settings: Settings, job_id: UUID) -> None:
    """Try a failed job again."""
    _transaction(settings, lambda session: jobs.retry(session, job_id))
    click.echo("The job waits for its turn.")


@main.command()
@click.option("--write", type=click.Path(path_type=Path), help="Write it to this file.")
@click.pass_obj
def openapi(settings: Settings, write: Path | None) -> None:
    """Print the OpenAPI document of this version."""
    served = create_app(settings).test_client().get(f"{API_PREFIX}/openapi.json").get_json()
    document = json.dumps(served, indent=1, sort_keys=True, ensure_ascii=False)
    if write is None:
        click.echo(document)
    else:
        write.write_text(document + "\n", encoding="utf-8")


for offline in (commands.verify_opening, commands.verify_receipt):
    main.add_command(offline)


def _become(module: str, *arguments: str) -> None:
    """Turn this process into another program of ours."""
    os.chdir(ROOT)
    os.execv(sys.executable, [sys.executable, "-m", module, *arguments])  # noqa: S606 - no shell wanted


def _demo_key(settings: Settings, role: Role) -> str:
    """The key of the demo's person in this role, where the demo is loaded."""
    demo_file = settings.local_dir / "demo.json"
    people = json.loads(demo_file.read_text())["people"] if demo_file.exists() else []
    keys = [person["api_key"] for person in people if person["role"] == role]
    if not keys:
        raise click.UsageError("Say with --api-key (or MARKETPLACE_API_KEY) whose drafts they are.")
    return str(keys[0])


def _actor(session: Session, key: str) -> Actor:
    actor = authentication.by_api_key(session, key)
    if actor is None:
        raise NotAuthenticated("This API key is not valid.")
    return actor


def _transaction(settings: Settings, work: Callable[[Session], T], *, role: str = WORKER_ROLE) -> T:
    """The result of this work in one transaction, or a message that says why not."""
    database = Database(settings.database_url, role)
    try:
        with database.transaction() as session:
            return work(session)
    except DomainError as error:
        reasons = [str(error), *(f"{each.pointer}: {each.detail}" for each in error.errors)]
        raise click.ClickException("\n".join(reasons)) from error
    except OperationalError as error:
        raise click.ClickException(
            f"The database does not answer ({error.orig}). Is `make run` or PostgreSQL running?"
        ) from error
    finally:
        database.dispose()


if __name__ == "__main__":
    main()
