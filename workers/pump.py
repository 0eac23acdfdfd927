"""The loop beside the workers: relay, schedule, reap, offer.

Several may run; each step is safe beside itself. Without Valkey everything but the offering goes
on, so that nothing is lost and nobody who publishes notices.
"""

import threading
from datetime import datetime

import redis
import structlog
from sqlalchemy.exc import SQLAlchemyError

from marketplace.core import clock
from marketplace.core.db import Database
from marketplace.core.errors import Unavailable
from workers import carrier
from workers.reaper import reap
from workers.relay import EVENTS_AT_ONCE, offer, relay, take_back_offers
from workers.schedule import SCHEDULE, enqueue_slot
from workers.work import QUEUES

TURN_SECONDS = 0.25
PAUSE_AFTER_FAILURE_SECONDS = 2.0

log = structlog.get_logger("workers")


class Pump:
    def __init__(self, database: Database, connection: "redis.Redis") -> None:
        self.database = database
        self.connection = connection
        self.slots: dict[str, datetime] = {}
        self.carrier_is_down = False

    def run(self, stop: threading.Event) -> None:
        """Turn after turn until told to stop; a database that is away is waited for."""
        while not stop.is_set():
            try:
                pause = 0.0 if self.turn() else TURN_SECONDS
            except (SQLAlchemyError, Unavailable) as error:
                log.warning("pump.database_away", reason=type(error).__name__)
                pause = PAUSE_AFTER_FAILURE_SECONDS
            stop.wait(pause)

    def turn(self) -> bool:
        """One round; True when more events wait than one round takes."""
        more = relay(self.database) == EVENTS_AT_ONCE
        self.enqueue_slots()
        reap(self.database)
        self.offer_all()
        return more

    def enqueue_slots(self) -> None:
        """Queue what the clock asks for. Only a slot that is new here costs a statement."""
        now = clock.now()
        current = {name: scheduled.slot(now) for name, scheduled in SCHEDULE.items()}
        new = {name: slot for name, slot in current.items() if self.slots.get(name) != slot}
        if new:
            with self.database.transaction() as session:
                for name, slot in new.items():
                    enqueue_slot(session, name, slot)
            self.slots |= new

    def offer_all(self) -> None:
        try:
            if carrier.was_emptied(self.connection):
                take_back_offers(self.database)
            for queue in QUEUES:
                self.offer_queue(queue)
        except redis.RedisError as error:
            if not self.carrier_is_down:
                log.warning("pump.carrier_away", reason=type(error).__name__)
            self.carrier_is_down = True
        else:
            self.carrier_is_down = False

    def offer_queue(self, queue: str) -> None:
        limit = carrier.room(self.connection, queue)
        ids = offer(self.database, queue, limit) if limit else []
        if not ids:
            return
        try:
            carrier.carry(self.connection, queue, ids)
        except redis.RedisError:
            take_back_offers(self.database, ids)
            raise
