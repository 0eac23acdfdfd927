"""A Chromium for the browser tests, wherever this machine keeps one."""

import os
import shutil
from collections.abc import Mapping
from pathlib import Path

NAMES = ("chromium", "chromium-browser", "google-chrome", "google-chrome-stable", "chrome")
MISSING = (
    "No Chromium was found, and the browser tests need one. Install it with "
    "`apt-get install chromium` (as root) or `.venv/bin/playwright install chromium`, "
    "or set CHROMIUM to the path of one."
)


class NoBrowser(Exception):
    """There is no Chromium here; the message says how to get one."""


def find_chromium(environ: Mapping[str, str] = os.environ) -> Path:
    """The program to drive: CHROMIUM, one on the PATH, or one that Playwright has downloaded."""
    named = environ.get("CHROMIUM")
    if named:
        if not os.access(named, os.X_OK):
            raise NoBrowser(f"CHROMIUM is {named}, which is not a program.")
        return Path(named)
    for name in NAMES:
        found = shutil.which(name, path=environ.get("PATH"))
        if found:
            return Path(found)
    downloaded = sorted(_downloads(environ).glob("chromium-*/chrome-*/*chrom*"))
    programs = [path for path in downloaded if path.is_file() and os.access(path, os.X_OK)]
    if not programs:
        raise NoBrowser(MISSING)
    return programs[-1]


def _downloads(environ: Mapping[str, str]) -> Path:
    """Where Playwright puts its browsers."""
    chosen = environ.get("PLAYWRIGHT_BROWSERS_PATH")
    return Path(chosen) if chosen else Path.home() / ".cache" / "ms-playwright"
