"""The base of every schema: strict when reading, compiled when writing."""

from collections.abc import Callable, Mapping, Sequence
from operator import attrgetter
from typing import Any

import marshmallow as ma
from marshmallow import fields as mf

from marketplace.core.text import Text, _


class Reason(Text):
    """A message with the stable code of its rule."""

    __slots__ = ("code",)

    def __init__(self, code: str, text: Text) -> None:
        super().__init__(text.message, text.values, text.plural, text.count)
        self.code = code


# Every field of marshmallow takes its messages from here unless it has its own.
_MESSAGES: Any = {
    "required": Reason("required", _("This is missing.")),
    "null": Reason("required", _("This must not be empty.")),
    "validator_failed": Reason("invalid", _("This value is not possible.")),
}
mf.Field.default_error_messages.update(_MESSAGES)


class Schema(ma.Schema):
    """Unknown names are refused, and dumping goes through a function made once per schema."""

    class Meta:
        unknown = ma.RAISE

    error_messages: Any = {  # noqa: RUF012 - marshmallow reads a plain class attribute
        "unknown": Reason("unknown_field", _("There is no such field.")),
        "type": Reason("wrong_type", _("An object is expected here.")),
    }

    def dump(self, obj: Any, *, many: bool | None = None) -> Any:
        dump = self.__dict__.get("_compiled")
        if dump is None:
            dump = self.__dict__["_compiled"] = compile_dump(self)
        if self.many if many is None else many:
            return [dump(item) for item in obj]
        return dump(obj)


class ListQuerySchema(Schema):
    """Where in a list, and how much of it."""

    limit = mf.Integer(
        load_default=50,
        validate=ma.validate.Range(1, 200),
        metadata={"description": "How many items at most, 1 to 200."},
    )
    cursor = mf.String(load_default=None, metadata={"description": "next_cursor of the last page."})


class PageSchema(Schema):
    """A page of a list. Use `PageSchema.of(ItemSchema)`."""

    next_cursor = mf.String(allow_none=True, dump_only=True)

    @classmethod
    def of(cls, item: type[Schema]) -> type[Schema]:
        """The schema of a page whose items have the given schema."""
        name = item.__name__.removesuffix("Schema") + "PageSchema"
        made: type[Schema] = cls.from_dict({"items": mf.List(mf.Nested(item))}, name=name)  # type: ignore[assignment]
        return made


Getter = Callable[[Any], Any]


Step = tuple[str, str, Getter | None, mf.Field[Any]]  # key, attribute, writer, field


def compile_dump(schema: ma.Schema) -> Getter:
    """A function that does what ``schema.dump`` does for one object, without its overhead."""
    steps = [
        (field.data_key or name, field.attribute or name, _writer(field), field)
        for name, field in schema.dump_fields.items()
    ]
    one_by_one = _one_by_one(schema, steps)
    if any(write is None for _key, _attribute, write, _field in steps):
        return one_by_one
    all_at_once = _all_at_once(steps)
    return lambda obj: one_by_one(obj) if isinstance(obj, Mapping) else all_at_once(obj)


def _one_by_one(schema: ma.Schema, steps: Sequence[Step]) -> Getter:
    """For mappings, which may lack a key, and for fields that only marshmallow can write."""

    def dump(obj: Any) -> dict[str, Any]:
        is_mapping = isinstance(obj, Mapping)
        written = {}
        for key, attribute, write, field in steps:
            if write is None:
                value = field.serialize(attribute, obj, accessor=schema.get_attribute)
                if value is ma.missing:
                    continue
                written[key] = value
                continue
            if is_mapping:
                if attribute not in obj:
                    continue
                value = obj[attribute]
            else:
                value = getattr(obj, attribute)
            written[key] = None if value is None else write(value)
        return written

    return dump


def _all_at_once(steps: Sequence[Step]) -> Getter:
    """For objects: all attributes are read in one call."""
    fetch = _fetcher([attribute for _key, attribute, _write, _field in steps])
    writers = [(key, write or _identity) for key, _attribute, write, _field in steps]
    return lambda obj: {
        key: None if value is None else write(value)
        for (key, write), value in zip(writers, fetch(obj), strict=True)
    }


def _fetcher(attributes: list[str]) -> Callable[[Any], Sequence[Any]]:
    """A function that reads these attributes of an object, all in one call."""
    if len(attributes) > 1:
        return attrgetter(*attributes)
    return lambda obj: [getattr(obj, attribute) for attribute in attributes]


def _writer(field: mf.Field[Any]) -> Getter | None:
    """What turns the attribute's value into JSON; None where only marshmallow knows."""
    if isinstance(field, mf.Nested):
        return _nested_writer(field)
    if isinstance(field, mf.List):
        inner = _writer(field.inner)
        return None if inner is None else lambda values: [inner(value) for value in values]
    if isinstance(field, mf.Method | mf.Function | mf.Constant) or "." in (field.attribute or ""):
        return None
    plain = getattr(field, "write", None)
    if plain is not None:
        return plain  # type: ignore[no-any-return]
    if type(field) in (mf.String, mf.Boolean, mf.Integer, mf.Raw):
        return _identity
    return lambda value: field._serialize(value, "", None)


def _nested_writer(field: mf.Nested) -> Getter:
    nested = field.schema
    dump = compile_dump(nested)
    return (lambda values: [dump(value) for value in values]) if nested.many else dump


def _identity(value: Any) -> Any:
    return value
