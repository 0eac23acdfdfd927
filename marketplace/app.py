"""The web application: configuration, and what is mounted."""

from datetime import timedelta
from decimal import Decimal
from threading import BoundedSemaphore
from typing import Any
from uuid import UUID

import orjson
from flask import Response
from flask.json.provider import DefaultJSONProvider
from flask_smorest import Api
from marshmallow import fields
from werkzeug.middleware.proxy_fix import ProxyFix

from marketplace import blueprints
from marketplace.core.db import Database
from marketplace.core.text import Text
from marketplace.rfq.http import ingress_http
from marketplace.settings import Settings
from marketplace.web import filters, problems, telemetry
from marketplace.web.context import WebApp, json_response
from marketplace.web.health import health
from marketplace.web.reader import reader
from marketplace.web.schemas import Schema

APP_ROLE = "marketplace_app"
MAX_BODY = 32 * 1024 * 1024
API_PREFIX = "/api/v1"


class OrjsonProvider(DefaultJSONProvider):
    """JSON by orjson; decimals are strings, never numbers."""

    def dumps(self, obj: Any, **_kwargs: Any) -> str:
        return orjson.dumps(obj, default=_plain).decode()

    def loads(self, s: str | bytes, **_kwargs: Any) -> Any:
        return orjson.loads(s)

    def response(self, *args: Any, **kwargs: Any) -> Response:
        return json_response(self._prepare_response_obj(args, kwargs))


class ProblemSchema(Schema):
    """Problem details (RFC 9457)."""

    type = fields.String()
    title = fields.String()
    status = fields.Integer()
    detail = fields.String()
    code = fields.String()
    instance = fields.String()
    request_id = fields.String()
    errors = fields.List(fields.Dict())


class PartnerApi(Api):  # type: ignore[misc]
    """flask-smorest whose errors are ours."""

    ERROR_SCHEMA = ProblemSchema

    def handle_http_exception(self, error: Exception) -> Response:
        return problems.answer(error)


def create_app(settings: Settings, *, database: Database | None = None) -> WebApp:
    """The application; ``database`` replaces the one that the settings describe."""
    app = WebApp("marketplace", static_folder="web/static", template_folder="web/templates")
    app.settings = settings
    app.database = database or Database(
        settings.database_url, APP_ROLE, pool_size=settings.pool_size
    )
    # what arrives while the service cannot take it, but must not be forgotten
    app.extensions["unavailable"] = [ingress_http.note]
    app.turns = BoundedSemaphore(settings.pool_size)
    app.json = OrjsonProvider(app)
    app.config.update(
        SECRET_KEY=settings.secret_key,
        SESSION_COOKIE_NAME="marketplace_flashes",
        SESSION_COOKIE_HTTPONLY=True,
        SESSION_COOKIE_SAMESITE="Lax",
        SESSION_COOKIE_SECURE=settings.secure_cookies,
        SEND_FILE_MAX_AGE_DEFAULT=timedelta(hours=1),
        MAX_CONTENT_LENGTH=MAX_BODY,
        MAX_FORM_PARTS=20_000,
        MAX_FORM_MEMORY_SIZE=MAX_BODY,
        API_TITLE="Marketplace",
        API_VERSION="v1",
        OPENAPI_VERSION="3.1.0",
        OPENAPI_URL_PREFIX=API_PREFIX,
        OPENAPI_JSON_PATH="openapi.json",
    )
    if settings.trusted_proxies:
        hops = settings.trusted_proxies
        app.wsgi_app = ProxyFix(app.wsgi_app, x_for=hops, x_proto=hops, x_host=hops)  # type: ignore[method-assign]
    telemetry.install(app)
    problems.register(app)
    filters.install(app)
    app.register_blueprint(health)
    app.register_blueprint(reader)
    _mount_api(app)
    _mount_pages(app)
    return app


def _mount_api(app: WebApp) -> None:
    api = PartnerApi(app, spec_kwargs=_SPEC)
    for blueprint in blueprints.API:
        # pages and resources of one package may bear the same name
        api.register_blueprint(
            blueprint,
            name=f"api-{blueprint.name}",
            url_prefix=API_PREFIX + (blueprint.url_prefix or ""),
        )


def _mount_pages(app: WebApp) -> None:
    for blueprint in blueprints.PAGES:
        app.register_blueprint(blueprint)


_SPEC = {
    "components": {
        "securitySchemes": {"api_key": {"type": "http", "scheme": "bearer"}},
    },
    "security": [{"api_key": []}],
    "servers": [{"url": "/"}],
}


def _plain(value: Any) -> Any:
    if isinstance(value, Text | Decimal | UUID):
        return str(value)
    raise TypeError(f"{type(value).__name__} is not JSON.")
