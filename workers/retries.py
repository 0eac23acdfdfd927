"""When a job that failed is tried again, and what is kept of its failure."""

import random
from datetime import timedelta

from sqlalchemy.exc import DBAPIError

from marketplace.core.errors import DomainError

MAX_ATTEMPTS = 8
FIRST_PAUSE = timedelta(seconds=5)
LONGEST_PAUSE = timedelta(minutes=15)
LONGEST_ERROR = 2_000


def pause_after(attempts: int) -> timedelta:
    """A random wait below a doubling bound: what failed together does not return together."""
    doubled = FIRST_PAUSE * float(2 ** (attempts - 1))
    bound = min(doubled, LONGEST_PAUSE)
    return bound * random.random()  # noqa: S311 - spreads load, protects nothing


def describe(error: BaseException) -> str:
    """The failure in words, without the values that a statement carried."""
    if isinstance(error, DomainError):
        said = f"{error.code}: {error}"
    elif isinstance(error, DBAPIError):
        said = f"{type(error).__name__}: {error.orig}"
    else:
        said = f"{type(error).__name__}: {error}"
    return said[:LONGEST_ERROR]
