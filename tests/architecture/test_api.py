"""The API as a document: what is served is what is committed."""

import json
from pathlib import Path
from typing import Any

import pytest

from marketplace.app import create_app
from marketplace.settings import Settings

COMMITTED = Path(__file__).parents[2] / "docs" / "openapi.json"
METHODS = {"get", "post", "put", "patch", "delete"}


@pytest.fixture(scope="module")
def served(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Any]:
    environment = {"LOCAL_DIR": str(tmp_path_factory.mktemp("local")), "SECRET_KEY": "s" * 40}
    app = create_app(Settings.from_env(environment))
    answer = app.test_client().get("/api/v1/openapi.json")
    assert answer.status_code == 200
    document: dict[str, Any] = answer.get_json()
    return document


def operations(document: dict[str, Any]) -> list[tuple[str, dict[str, Any]]]:
    return [
        (f"{method.upper()} {path}", operation)
        for path, item in document["paths"].items()
        for method, operation in item.items()
        if method in METHODS
    ]


def test_the_committed_document_is_the_served_one(served):
    """`marketplace openapi > docs/openapi.json` after a change of the API."""
    assert json.loads(COMMITTED.read_text()) == served


def test_every_operation_says_what_it_does_and_how_it_refuses(served):
    silent = [name for name, operation in operations(served) if not operation.get("summary")]
    assert silent == []
    without_problems = [
        name for name, operation in operations(served) if "default" not in operation["responses"]
    ]
    assert without_problems == []


def test_paths_are_resources_in_snake_and_kebab_case(served):
    assert served["openapi"].startswith("3.1")
    odd = [path for path in served["paths"] if path != path.lower() or path.endswith("/")]
    assert odd == []
