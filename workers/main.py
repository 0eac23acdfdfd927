"""The programs of the background side: `python -m workers.main worker|scheduler|drain`."""

import argparse
import signal
import sys
import threading
from types import FrameType

from marketplace.core import logs
from marketplace.core.db import Database
from marketplace.settings import Settings, SettingsError
from workers import carrier, inline
from workers.pump import Pump
from workers.watch import Watch
from workers.work import QUEUES


def worker(settings: Settings, queue: str) -> None:
    """Work off one queue until told to stop; a job at work is finished first."""
    carrier.work(settings, queue)


def scheduler(settings: Settings) -> None:
    """Relay events, queue what the clock asks for, offer jobs and watch, until told to stop."""
    stop = threading.Event()

    def end(_signal: int, _frame: FrameType | None) -> None:
        stop.set()

    signal.signal(signal.SIGTERM, end)
    signal.signal(signal.SIGINT, end)
    database = _database(settings)
    watch = Watch(database, settings.public_url)
    threading.Thread(target=watch.run, args=(stop,), name="watch", daemon=True).start()
    Pump(database, carrier.connect(settings.redis_url)).run(stop)


def drain(settings: Settings) -> None:
    """Do everything that is due in this process, without a carrier."""
    done = inline.drain(_database(settings), settings)
    sys.stdout.write(f"{done} jobs done\n")


def _database(settings: Settings) -> Database:
    return Database(settings.database_url, carrier.WORKER_ROLE, pool_size=2)


def main() -> None:
    parser = argparse.ArgumentParser(prog="workers.main", description=__doc__)
    programs = parser.add_subparsers(dest="program", required=True)
    programs.add_parser("worker").add_argument("--queue", choices=QUEUES, default=QUEUES[0])
    programs.add_parser("scheduler")
    programs.add_parser("drain")
    arguments = parser.parse_args()
    try:
        settings = Settings.from_env()
    except SettingsError as error:
        parser.exit(2, f"{error}\n")
    logs.configure(settings.log_level)
    if arguments.program == "worker":
        worker(settings, arguments.queue)
    elif arguments.program == "scheduler":
        scheduler(settings)
    else:
        drain(settings)


if __name__ == "__main__":
    main()
