"""Whether this process lives, and whether it can serve."""

from datetime import timedelta
from pathlib import Path
from typing import Any

import redis
import structlog
from flask import Blueprint, Response, current_app
from sqlalchemy import text
from sqlalchemy.exc import SQLAlchemyError

from marketplace.core import clock, clock_guard
from marketplace.core.db import Database
from marketplace.web.context import json_response

log = structlog.get_logger()
health = Blueprint("health", __name__)
HEAD_FILE = Path(__file__).parents[2] / "migrations" / "versions" / "CURRENT_HEAD"


@health.get("/healthz")
def alive() -> Response:
    """The process answers."""
    return json_response({"status": "ok"}, 200)


@health.get("/readyz")
def ready() -> Response:
    """Database reachable, schema at head, clocks agree; Valkey down is told but not fatal."""
    app: Any = current_app
    checks = {**_database(app.database), "redis": _redis(app.settings.redis_url)}
    serving = all(state == "ok" for name, state in checks.items() if name != "redis")
    return json_response(
        {"status": "ok" if serving else "unavailable", "checks": checks}, 200 if serving else 503
    )


def _database(database: Database) -> dict[str, str]:
    try:
        with database.engine.connect() as connection:
            revision, offset = connection.execute(
                text(
                    "SELECT (SELECT version_num FROM alembic_version),"
                    " extract(epoch FROM clock_timestamp() - CAST(:now AS timestamptz)) * 1000"
                ),
                {"now": clock.now()},
            ).one()
    except SQLAlchemyError as error:
        log.warning("not ready", exc_info=error)
        return {"database": "unreachable"}
    head = HEAD_FILE.read_text().strip()
    within = abs(offset) <= clock_guard.MAX_OFFSET / timedelta(milliseconds=1)
    return {
        "database": "ok",
        "migrations": "ok" if revision == head else f"at {revision}, expected {head}",
        "clock": "ok" if within else f"off by {offset:.0f} ms",
    }


def _redis(url: str) -> str:
    try:
        client = redis.Redis.from_url(url, socket_timeout=1, socket_connect_timeout=1)
        client.ping()
        client.close()
    except (redis.RedisError, OSError):
        return "unreachable"
    return "ok"
