"""Whether the process lives, and whether it can serve."""

from dataclasses import replace

from marketplace.app import create_app
from migrations.runner import head_revision


def test_it_lives_without_asking_anybody(app):
    answer = app.test_client().get("/healthz")
    assert (answer.status_code, answer.json) == (200, {"status": "ok"})


def test_it_is_ready_with_a_database_at_head_even_without_redis(committed):
    answer = create_app(committed).test_client().get("/readyz")
    assert answer.status_code == 200
    assert answer.json == {
        "status": "ok",
        "checks": {
            "database": "ok",
            "migrations": "ok",
            "clock": "ok",
            "redis": "unreachable",
        },
    }


def test_it_is_not_ready_without_a_database(committed, tmp_path):
    nowhere = replace(committed, database_url=f"postgresql://postgres@/x?host={tmp_path}")
    answer = create_app(nowhere).test_client().get("/readyz")
    assert answer.status_code == 503
    assert answer.json["checks"]["database"] == "unreachable"


def test_the_schema_has_a_head():
    assert head_revision() is not None
