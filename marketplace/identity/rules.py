"""Decisions about people and passwords."""

from marketplace.core.errors import FieldError, Invalid
from marketplace.core.text import _

MIN_PASSWORD_LENGTH = 12


def check_password(password: str, pointer: str) -> None:
    """Raise Invalid for a password that is too short (NIST SP 800-63B: length, no composition)."""
    if len(password) < MIN_PASSWORD_LENGTH:
        raise Invalid(
            _("Choose a longer password."),
            errors=[
                FieldError(
                    pointer,
                    "password_too_short",
                    _("Use at least %(count)s characters.", count=MIN_PASSWORD_LENGTH),
                )
            ],
        )
