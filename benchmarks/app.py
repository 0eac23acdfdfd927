"""The product's application with one more endpoint: the least that a request can do."""

from flask import Response
from sqlalchemy import text

from marketplace.app import create_app
from marketplace.core import logs
from marketplace.settings import Settings
from marketplace.web.context import current_session, json_response

settings = Settings.from_env()
logs.configure(settings.log_level)
app = create_app(settings)


@app.get("/bench/select-one")
def select_one() -> Response:
    """One round trip to the database, no tenant, no JSON worth the name."""
    return json_response({"one": current_session().execute(text("SELECT 1")).scalar_one()})
