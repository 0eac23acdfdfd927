"""Whole numbers from JSON and from forms."""

from typing import Any

from marshmallow import fields


class CountField(fields.Integer):
    """A whole number: as JSON writes it, or as digits from a form."""

    def _deserialize(self, value: Any, attr: Any, data: Any, **kwargs: Any) -> int:
        if isinstance(value, str) and value.strip().isdecimal():
            value = int(value)
        return super()._deserialize(value, attr, data, **kwargs)
