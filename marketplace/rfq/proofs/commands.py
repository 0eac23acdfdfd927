"""Commands that verify files offline: no database, no network, no settings."""

import os
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import NoReturn

import click

from marketplace.core.text import Text, _, ngettext_, reading_in
from marketplace.rfq.proofs import reading
from marketplace.rfq.proofs.findings import Fault, Finding
from marketplace.rfq.proofs.held import check_paper
from marketplace.rfq.proofs.reading import Paper, Unreadable
from marketplace.rfq.proofs.verifying import verify
from marketplace.rfq.sealing.envelopes import KEY_BYTES

FOUND_FAULTS = 1
UNREADABLE = 2
FILE = click.Path(exists=True, dir_okay=False, path_type=Path)
EXIT_CODES = "Ends with 0 when all is verified, 1 with faults, 2 when a file cannot be read."


class PublicKey(click.ParamType[bytes]):
    """A raw Ed25519 key in hexadecimal."""

    name = "hex"

    def convert(
        self, value: str | bytes, param: click.Parameter | None, ctx: click.Context | None
    ) -> bytes:
        if isinstance(value, bytes):
            return value
        try:
            key = bytes.fromhex(value)
        except ValueError:
            key = b""
        if len(key) != KEY_BYTES:
            self.fail("a public key has 64 hexadecimal digits.", param, ctx)
        return key


@click.group(context_settings={"help_option_names": ["-h", "--help"]})
def main() -> None:
    """Verify what the marketplace has signed, without the marketplace."""


@main.command("verify-opening", epilog=EXIT_CODES)
@click.argument("file", type=FILE)
@click.option(
    "--receipt", "papers", type=FILE, multiple=True, help="A receipt or digest list kept."
)
@click.option("--public-key", type=PublicKey(), help="The marketplace's key, from elsewhere.")
def verify_opening(file: Path, papers: Sequence[Path], public_key: bytes | None) -> None:
    """Verify an opening file: receipts, digest list, minutes and bids, line by line."""
    with reading_in(_terminal_language()):
        with _told(file):
            opening = reading.opening_file(file.read_bytes())
        held = [_paper(path) for path in papers]
        with _told(file):
            findings = verify(opening, public_key, held)
        _report(findings)


@main.command("verify-receipt", epilog=EXIT_CODES)
@click.argument("file", type=FILE)
@click.option("--public-key", type=PublicKey(), help="The marketplace's key, from elsewhere.")
def verify_receipt(file: Path, public_key: bytes | None) -> None:
    """Verify a receipt, a digest list or the minutes of an opening."""
    with reading_in(_terminal_language()):
        paper = _paper(file)
        with _told(file):
            findings = check_paper(paper, public_key)
        _report(findings)


def _paper(path: Path) -> Paper:
    with _told(path):
        return reading.paper(path.read_bytes())


def _report(findings: Sequence[Finding]) -> None:
    for finding in findings:
        mark = _fault(finding.fault) if finding.fault else _("verified")
        click.echo(f"{_('%(words)s:', words=mark)} {finding.text}")
    faults = sum(finding.fault is not None for finding in findings)
    if faults:
        click.echo(str(ngettext_("%(n)s fault found.", "%(n)s faults found.", faults)))
        raise SystemExit(FOUND_FAULTS)
    click.echo(str(_("Everything is verified.")))


def _fault(fault: Fault) -> Text:
    words = {
        Fault.WRONG_KEY: _("WRONG KEY"),
        Fault.WRONG_SIGNATURE: _("WRONG SIGNATURE"),
        Fault.CHANGED: _("CHANGED"),
        Fault.SWAPPED: _("SWAPPED"),
        Fault.OLD_VERSION: _("OLD VERSION"),
        Fault.DELETED: _("DELETED"),
        Fault.ADDED: _("ADDED"),
    }
    return words[fault]


@contextmanager
def _told(path: Path) -> Iterator[None]:
    """Say of which file it is that it cannot be read."""
    try:
        yield
    except Unreadable as error:
        _give_up(path, error.reason)


def _give_up(path: Path, reason: Text) -> NoReturn:
    click.echo(f"{_('UNREADABLE')}: {path.name}: {reason}", err=True)
    raise SystemExit(UNREADABLE)


def _terminal_language() -> str:
    """The most specific variable decides, as everywhere in POSIX."""
    chosen = (os.environ.get(name) for name in ("LC_ALL", "LC_MESSAGES", "LANG"))
    return next((each for each in chosen if each), "en")
