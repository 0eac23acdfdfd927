"""A browser is found wherever there is one; none is told with the way to get one."""

from pathlib import Path

import pytest

from marketplace.local.browser import NoBrowser, find_chromium


def program(path: Path) -> Path:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text("#!/bin/sh\n")
    path.chmod(0o755)
    return path


def test_the_named_one_is_taken_first(tmp_path: Path) -> None:
    named = program(tmp_path / "mine")
    program(tmp_path / "bin" / "chromium")
    environ = {"CHROMIUM": str(named), "PATH": str(tmp_path / "bin")}
    assert find_chromium(environ) == named


def test_a_named_one_that_is_no_program_is_refused(tmp_path: Path) -> None:
    with pytest.raises(NoBrowser, match="is not a program"):
        find_chromium({"CHROMIUM": str(tmp_path / "gone"), "PATH": ""})


def test_one_on_the_path_is_found(tmp_path: Path) -> None:
    found = program(tmp_path / "google-chrome")
    assert find_chromium({"PATH": str(tmp_path)}) == found


def test_one_that_was_downloaded_is_found(tmp_path: Path) -> None:
    found = program(tmp_path / "chromium-1200" / "chrome-linux" / "chrome")
    environ = {"PATH": "/nonexistent", "PLAYWRIGHT_BROWSERS_PATH": str(tmp_path)}
    assert find_chromium(environ) == found


def test_none_is_told_with_the_command_that_brings_one(tmp_path: Path) -> None:
    environ = {"PATH": "/nonexistent", "PLAYWRIGHT_BROWSERS_PATH": str(tmp_path)}
    with pytest.raises(NoBrowser, match="apt-get install chromium"):
        find_chromium(environ)
