"""The web application for a WSGI server: `granian --interface wsgi wsgi:app`."""

from marketplace.app import create_app
from marketplace.core import logs
from marketplace.settings import Settings

settings = Settings.from_env()
logs.configure(settings.log_level)
app = create_app(settings)
