"""The environment is read once, completely, and says all that is wrong with it."""

import stat
from pathlib import Path

import pytest

from marketplace.settings import (
    Settings,
    SettingsError,
    Smtp,
    current,
    socket_directory,
    using,
)

PRODUCTION = {
    "MARKETPLACE_ENV": "production",
    "DATABASE_URL": "postgresql://app@db/marketplace",
    "MIGRATION_DATABASE_URL": "postgresql://owner@db/marketplace",
    "REDIS_URL": "redis://redis:6379/0",
    "SECRET_KEY": "k" * 40,
    "PUBLIC_URL": "https://market.example/",
    "MAIL_FROM": "market@example.com",
    "STRIPE_SECRET_KEY": "sk_live_1",
    "STRIPE_PUBLISHABLE_KEY": "pk_live_1",
    "STRIPE_WEBHOOK_SECRET": "whsec_1",
}


def test_nothing_set_is_a_complete_local_set(tmp_path: Path) -> None:
    settings = Settings.from_env({"LOCAL_DIR": str(tmp_path)})
    assert settings.is_local
    assert settings.embedded_database
    assert settings.embedded_valkey
    assert settings.stripe.is_local
    assert settings.smtp is None
    assert settings.public_url == "http://127.0.0.1:8000"
    assert settings.mail_dir == tmp_path / "mail"


def test_the_local_secret_is_made_once_and_is_nobody_elses(tmp_path: Path) -> None:
    first = Settings.from_env({"LOCAL_DIR": str(tmp_path)}).secret_key
    assert Settings.from_env({"LOCAL_DIR": str(tmp_path)}).secret_key == first
    assert len(first) >= 32
    assert stat.S_IMODE((tmp_path / "secret-key").stat().st_mode) == 0o600


def test_production_takes_everything_from_the_environment() -> None:
    settings = Settings.from_env(PRODUCTION | {"SMTP_HOST": "mail", "SMTP_PORT": "465"})
    assert not settings.is_local
    assert not settings.embedded_database
    assert settings.secure_cookies
    assert settings.public_url == "https://market.example"
    assert settings.migration_url == "postgresql://owner@db/marketplace"
    assert settings.smtp == Smtp("mail", 465, None, None, "starttls")


def test_everything_that_is_missing_is_told_at_once() -> None:
    with pytest.raises(SettingsError) as refusal:
        Settings.from_env({"MARKETPLACE_ENV": "production", "PORT": "http", "LOG_LEVEL": "loud"})
    said = str(refusal.value)
    for name in ("DATABASE_URL", "REDIS_URL", "SECRET_KEY", "PUBLIC_URL", "STRIPE_SECRET_KEY"):
        assert f"{name} is not set" in said
    assert "PORT is 'http'" in said
    assert "LOG_LEVEL is 'loud'" in said


def test_a_short_secret_is_refused() -> None:
    with pytest.raises(SettingsError, match="shorter than 32"):
        Settings.from_env(PRODUCTION | {"SECRET_KEY": "short"})


def test_secrets_are_not_shown() -> None:
    shown = repr(Settings.from_env(PRODUCTION | {"SMTP_HOST": "m", "SMTP_PASSWORD": "pw-secret"}))
    for secret in ("k" * 40, "sk_live_1", "whsec_1", "owner@db", "pw-secret"):
        assert secret not in shown


def test_sockets_of_a_deep_folder_get_a_short_one(tmp_path: Path) -> None:
    shallow, deep = Path("/srv/m/.local"), tmp_path.joinpath(*["deep"] * 30)
    assert socket_directory(shallow) == shallow / "sockets"
    short = socket_directory(deep)
    assert len(str(short)) < 60
    assert short == socket_directory(deep)
    assert short != socket_directory(deep / "other")


def test_settings_can_be_put_in_use_for_a_while() -> None:
    settings = Settings.from_env(PRODUCTION)
    with using(settings):
        assert current() is settings
    assert current() is not settings
