"""Rules of the house that a reader could otherwise only hope for."""

import ast
import inspect
import pkgutil
import re
from collections.abc import Iterator
from importlib import import_module
from pathlib import Path

import pytest

import marketplace
from marketplace.core.outbox import EVENTS
from marketplace.identity.permissions import Permission
from workers.subscriptions import SUBSCRIPTIONS

ROOT = Path(__file__).parents[2]
SOURCES = sorted(
    path
    for folder in ("marketplace", "workers", "migrations", "examples", "benchmarks")
    for path in (ROOT / folder).rglob("*.py")
)
TESTS = sorted((ROOT / "tests").rglob("*.py"))
MAX_LINES = 400
MAX_TEST_LINES = 600


def modules() -> Iterator[str]:
    for module in pkgutil.walk_packages(marketplace.__path__, "marketplace."):
        yield module.name


def use_cases() -> list[tuple[str, object]]:
    """Every public function of every service module."""
    found = []
    for name in modules():
        parts = name.split(".")
        if parts[-1] != "service" and "services" not in parts[:-1]:
            continue
        for function_name, function in inspect.getmembers(import_module(name), inspect.isfunction):
            own = inspect.unwrap(function).__module__ == name
            if own and not function_name.startswith("_"):
                found.append((f"{name}.{function_name}", function))
    return found


@pytest.mark.parametrize("path", SOURCES, ids=lambda path: str(path.relative_to(ROOT)))
def test_source_files_are_short(path: Path) -> None:
    assert len(path.read_text().splitlines()) <= MAX_LINES


@pytest.mark.parametrize("path", TESTS, ids=lambda path: str(path.relative_to(ROOT)))
def test_test_files_are_short(path: Path) -> None:
    assert len(path.read_text().splitlines()) <= MAX_TEST_LINES


def test_every_use_case_declares_a_permission() -> None:
    found = use_cases()
    assert len(found) > 50
    without = [
        name for name, f in found if not isinstance(getattr(f, "permission", None), Permission)
    ]
    assert without == []


def test_only_the_transaction_commits() -> None:
    allowed = {"marketplace/core/db.py"}
    offenders = [
        f"{path.relative_to(ROOT)}:{node.lineno}"
        for path in SOURCES
        if path.parts[len(ROOT.parts)] in ("marketplace", "workers")
        and str(path.relative_to(ROOT)) not in allowed
        for node in ast.walk(ast.parse(path.read_text()))
        if isinstance(node, ast.Attribute) and node.attr in ("commit", "rollback")
    ]
    assert offenders == []


def test_every_subscription_is_to_an_event_that_exists() -> None:
    for name in modules():
        if name.startswith("marketplace.events"):
            import_module(name)
    assert set(SUBSCRIPTIONS) <= set(EVENTS)


def test_every_icon_that_is_named_exists() -> None:
    drawn = (ROOT / "marketplace/web/static/vendor/tabler/icons.svg").read_text()
    known = set(re.findall(r'id="([^"]+)"', drawn))
    named = {
        name: str(path.relative_to(ROOT))
        for path in (ROOT / "marketplace").rglob("*.html")
        for name in re.findall(r'icon(?:="|\(")([a-z0-9-]+)"', path.read_text())
    }
    assert len(named) > 20
    assert {name: path for name, path in named.items() if name not in known} == {}
