"""The reader of the API at /api/docs: Swagger UI, served from here."""

from flask import Blueprint, Response, current_app, render_template

reader = Blueprint("reader", __name__)
# Swagger UI sets style attributes; scripts stay our own.
POLICY = (
    "default-src 'self'; style-src 'self' 'unsafe-inline'; img-src 'self' data:;"
    " object-src 'none'; base-uri 'none'; frame-ancestors 'none'"
)


@reader.get("/api/docs")
def api_docs() -> Response:
    """Every operation, to read and to try."""
    response = current_app.make_response(render_template("api_docs.html"))
    response.headers["Content-Security-Policy"] = POLICY
    return response
