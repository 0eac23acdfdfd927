"""What crosses the API, field by field, and the strict gate before it."""

from datetime import UTC, date, datetime
from decimal import Decimal
from types import SimpleNamespace
from uuid import UUID

import pytest
from flask import Flask, request
from marshmallow import ValidationError
from marshmallow import fields as mf
from werkzeug.datastructures import MultiDict
from werkzeug.exceptions import BadRequest, UnsupportedMediaType

from marketplace.core.money import Money, Quantity
from marketplace.core.text import reading_in
from marketplace.web import gate
from marketplace.web.fields import (
    Day,
    DecimalField,
    IdField,
    InstantField,
    MoneyField,
    QuantityField,
    TextField,
)
from marketplace.web.forms import Form, nested, plain_decimal
from marketplace.web.schemas import Schema


class LineSchema(Schema):
    description = TextField(required=True, max=10)
    quantity = QuantityField()
    unit_price = MoneyField(unit_price=True)
    share = DecimalField(places=2)
    due_on = Day()
    at = InstantField()
    id = IdField()


class OrderSchema(Schema):
    title = TextField(required=True)
    express = mf.Boolean()
    lines = mf.List(mf.Nested(LineSchema))


def code_of(field: str, value: object) -> str:
    with pytest.raises(ValidationError) as refusal:
        LineSchema(partial=True).load({field: value})
    errors = gate.field_errors(refusal.value.messages)
    assert [error.pointer for error in errors] == [f"/{field}"]
    return errors[0].code


@pytest.mark.parametrize(
    ("field", "value", "code"),
    [
        ("unit_price", {"amount": 12.5, "currency": "EUR"}, "not_a_decimal_string"),
        ("unit_price", {"amount": "1,5", "currency": "EUR"}, "not_a_decimal"),
        ("unit_price", {"amount": "NaN", "currency": "EUR"}, "not_a_decimal"),
        ("unit_price", {"amount": "1e3", "currency": "EUR"}, "not_a_decimal"),
        ("unit_price", {"amount": "٣", "currency": "EUR"}, "not_a_decimal"),
        ("unit_price", {"amount": "-1", "currency": "EUR"}, "too_small"),
        ("unit_price", {"amount": "1", "currency": "EURO"}, "unknown_currency"),
        ("unit_price", {"amount": "1"}, "wrong_shape"),
        ("unit_price", {"amount": "99999999999999", "currency": "EUR"}, "not_a_decimal"),
        ("quantity", {"value": "0", "unit": "C62"}, "too_small"),
        ("quantity", {"value": "1.1234567", "unit": "C62"}, "too_many_decimals"),
        ("quantity", {"value": "1", "unit": "furlong"}, "unknown_unit"),
        ("share", "1.234", "too_many_decimals"),
        ("due_on", "2026-02-30", "not_a_date"),
        ("due_on", "20260228", "not_a_date"),
        ("at", "2026-02-28T10:00:00", "not_an_instant"),
        ("at", "2026-02-30T10:00:00Z", "not_an_instant"),
        ("at", "0001-01-01T00:00:00+10:00", "not_an_instant"),
        ("id", "42", "not_an_id"),
        ("description", "a" * 11, "too_long"),
        ("description", "  ", "required"),
        ("description", "a\x07b", "control_character"),
        ("description", "\ud800", "control_character"),
        ("colour", "red", "unknown_field"),
    ],
)
def test_what_is_refused(field, value, code):
    assert code_of(field, value) == code


def test_what_is_read_is_written_alike():
    sent = {
        "description": "Bolts",
        "quantity": {"value": "12.5", "unit": "KGM"},
        "unit_price": {"amount": "0.0125", "currency": "EUR"},
        "share": "0.25",
        "due_on": "2026-03-01",
        "at": "2026-03-01T10:00:00Z",
        "id": "0199c0de-0000-7000-8000-000000000001",
    }
    read = LineSchema().load(sent)
    assert read == {
        "description": "Bolts",
        "quantity": Quantity(Decimal("12.5"), "KGM"),
        "unit_price": Money(Decimal("0.0125"), "EUR"),
        "share": Decimal("0.25"),
        "due_on": date(2026, 3, 1),
        "at": datetime(2026, 3, 1, 10, tzinfo=UTC),
        "id": UUID("0199c0de-0000-7000-8000-000000000001"),
    }
    assert LineSchema().dump(SimpleNamespace(**read)) == sent
    assert OrderSchema().dump({"title": "x", "lines": [read]}) == {"title": "x", "lines": [sent]}


def test_amounts_are_written_with_the_places_of_their_currency():
    assert MoneyField.write(Money(Decimal("125.0000"), "EUR"))["amount"] == "125.00"
    assert MoneyField.write(Money(Decimal("125.0000"), "JPY"))["amount"] == "125"
    assert QuantityField.write(Quantity(Decimal("1E+2"), "C62"))["value"] == "100"


def read(body: bytes, content_type: str = "application/json") -> object:
    with Flask("gate").test_request_context(method="POST", data=body, content_type=content_type):
        return gate.read_json(request)


@pytest.mark.parametrize(
    "body",
    [
        b'{"a": 1, "a": 2}',
        b'{"a": NaN}',
        b'{"a": Infinity}',
        b"\xff\xfe",
        b'{"a": "\\u0000"}',
        b"[" * 40 + b"]" * 40,
        b"[" * 100_000,
        b"{",
        b'{"a": 1} trailing',
    ],
)
def test_the_gate_refuses_what_has_no_one_meaning(body):
    with pytest.raises(BadRequest):
        read(body)


def test_the_gate_reads_json_only():
    with pytest.raises(UnsupportedMediaType):
        read(b"a=1", "application/x-www-form-urlencoded")
    assert read(b'{"a": 1.10}') == {"a": Decimal("1.10")}
    assert read(b"") == {}


@pytest.mark.parametrize(
    ("language", "typed", "expected"),
    [
        ("fr", "1 250,50", "1250.50"),
        ("fr", "1\u202f250,5", "1250.5"),
        ("fr", "1.250,50", "1250.50"),
        ("fr", "12.5", "12.5"),
        ("en", "1,250.50", "1250.50"),
        ("en", "1,25", "1,25"),
        ("en", "abc", "abc"),
    ],
)
def test_decimals_are_read_in_the_readers_notation(language, typed, expected):
    with reading_in(language):
        assert plain_decimal(typed) == expected


class TestForm:
    posted = MultiDict(
        [
            ("title", " Screws "),
            ("lines.0.description", "A4"),
            ("lines.0.quantity.value", "1 000,5"),
            ("lines.0.quantity.unit", "KGM"),
            ("lines.1.description", ""),
            ("csrf_token", "x"),
            ("version", "3"),
        ]
    )

    def test_dotted_names_become_a_tree(self):
        assert nested(MultiDict([("a.1.b", "y"), ("a.0.b", "x"), ("c", "1"), ("c", "2")])) == {
            "a": [{"b": "x"}, {"b": "y"}],
            "c": ["1", "2"],
        }

    def test_errors_stand_at_their_fields_and_what_was_typed_is_kept(self):
        with reading_in("fr"):
            form = Form(OrderSchema, self.posted)
        assert not form.valid
        assert form.version == 3
        assert set(form.errors) == {"lines.1.description"}
        assert form.value("lines.0.quantity.value") == "1 000,5"

    def test_a_good_form_gives_data(self):
        with reading_in("fr"):
            form = Form(
                OrderSchema,
                MultiDict(
                    item
                    for item in self.posted.items(multi=True)
                    if not item[0].startswith("lines.1")
                ),
            )
        assert form.valid
        assert form.data == {
            "title": "Screws",
            "express": False,
            "lines": [{"description": "A4", "quantity": Quantity(Decimal("1000.5"), "KGM")}],
        }
