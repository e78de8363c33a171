"""Reads attributes from a JSON body: a table that mirrors the wire, converters for its values, and one reader.

Only the mechanism is here; the tables of `request`, `usage` and `response` map fields to attributes. A node is a dict
or an SDK's model; a value of the wrong type is absent, never an error.
"""

import json
import math
from collections.abc import Callable, Mapping, Sequence
from typing import Any, Final, TypeAlias, cast

AttributeValue: TypeAlias = str | bool | int | float | tuple[str, ...] | tuple[int, ...]
Attributes: TypeAlias = dict[str, AttributeValue]
Converter: TypeAlias = Callable[[object], AttributeValue | None]
"""Converts one wire value to the exact type of its attribute; returns None for a value of another type."""
Row: TypeAlias = "tuple[str, Converter] | Table | Callable[[object], Attributes]"
"""One wire field: (attribute, converter), or a table for the fields below it, or a function that returns attributes."""
Table: TypeAlias = "dict[str, Row]"

EMPTY: Final[Mapping[str, Any]] = {}
_INT64: Final = 2**63  # OTLP integers have 64 bits; a larger one would fail the export of its whole batch
_MAX_ITEMS: Final = 64
_MAX_CHARACTERS: Final = 4096
_MAX_KEYS: Final = 16


def parse_json(content: str | bytes | bytearray) -> object:
    """Parse JSON.

    Raises:
        ValueError: *content* is not JSON, or is nested deeper than the interpreter can parse.
    """
    try:
        return json.loads(content)
    except RecursionError:
        raise ValueError("nested too deeply") from None


def declared_and_extra(node: Any) -> tuple[Mapping[str, Any], Mapping[str, Any]]:
    """Return the fields that a node's model declares (all of them if it is a mapping), and the extra ones."""
    if type(node) is dict:
        return node, EMPTY  # pyright: ignore[reportUnknownVariableType] - JSON: converters check its values
    # Where pydantic 2 keeps what a model does not declare (pydantic 1 keeps it in __dict__).
    # https://docs.pydantic.dev/latest/api/base_model/#pydantic.BaseModel.__pydantic_extra__
    extra = getattr(node, "__pydantic_extra__", EMPTY)
    if extra is EMPTY and isinstance(node, Mapping):
        return node, EMPTY  # pyright: ignore[reportUnknownVariableType] - as above
    return getattr(node, "__dict__", EMPTY), extra or EMPTY


def mapping(node: object) -> Mapping[str, Any]:
    """Return all fields of a node; empty if it has none."""
    if type(node) is dict:
        return node  # pyright: ignore[reportUnknownVariableType] - as above
    declared, extra = declared_and_extra(node)
    return {**declared, **extra} if extra else declared


def sequence(value: object) -> Sequence[Any]:
    """Return the items of a list; empty for any other value. An iterator is never consumed."""
    return cast("Sequence[Any]", value) if isinstance(value, (list, tuple)) else ()


def flat_text(value: object) -> str:
    """Return a text, or the joined texts of a list of blocks, as `thinking` blocks have them."""
    if isinstance(value, str):
        return value
    return "".join(piece for block in sequence(value) if isinstance(piece := mapping(block).get("text"), str))


def read(node: object, table: Table, into: Attributes) -> None:
    """Add the attributes that *table* finds in *node* to *into*."""
    for fields in declared_and_extra(node):
        for key, value in fields.items():
            if value is None or (row := table.get(key)) is None:
                continue
            if isinstance(row, tuple):  # the most common case
                name, convert = row  # pyright: ignore[reportUnknownVariableType] - no row is callable and a tuple
                converted = convert(value)  # pyright: ignore[reportUnknownVariableType] - as above
                if converted is not None:
                    into[name] = converted
            elif callable(row):
                into.update(row(value))
            else:
                read(value, row, into)


def prefixed(node: object, prefix: str, convert: Converter) -> Attributes:
    """Return `<prefix>.<key>` for each field of a mapping with arbitrary keys, at most 16."""
    return {
        f"{prefix}.{name}": converted
        for key, value in list(mapping(node).items())[:_MAX_KEYS]
        if (name := printable(key)) is not None and (converted := convert(value)) is not None
    }


def text(value: object) -> str | None:
    """A string that any exporter can encode (JSON may hold half a surrogate pair); an empty one is absent."""
    if type(value) is str and value.isascii():  # the common case
        return value or None
    if not isinstance(value, str):
        return None
    return str.__str__(value).encode("utf-8", "replace").decode() or None  # the value of a string enum


def printable(value: object) -> str | None:
    """A string from a server: truncated to 4,096 characters, control characters replaced by spaces."""
    if type(value) is str and value.isprintable() and len(value) <= _MAX_CHARACTERS:
        return value or None  # the common case; half a surrogate pair is not printable
    string = text(value)
    if string is None:
        return None
    return "".join(each if each.isprintable() or each in "\n\t" else " " for each in string[:_MAX_CHARACTERS])


def texts(value: object) -> tuple[str, ...] | None:
    """The strings of a list, at most 64; a single string counts as a list of one."""
    if isinstance(value, str):
        value = (value,)
    if not isinstance(value, (list, tuple)):
        return None
    items = cast("list[object] | tuple[object, ...]", value)[:_MAX_ITEMS]
    return tuple(string for item in items if (string := text(item)) is not None) or None


def integer(value: object) -> int | None:
    """An integer of 64 bits; not a bool."""
    if isinstance(value, int) and not isinstance(value, bool) and -_INT64 <= value < _INT64:
        return int(value)
    return None


def count(value: object) -> int | None:
    """An integer that is not negative."""
    if type(value) is int and 0 <= value < _INT64:  # the common case; called a dozen times a call
        return value
    number = integer(value)
    return number if number is not None and number >= 0 else None


def double(value: object) -> float | None:
    """A finite number, integers included; not a bool, not a string."""
    if not isinstance(value, (float, int)) or isinstance(value, bool):
        return None
    try:
        number = float(value)
    except OverflowError:
        return None
    return number if math.isfinite(number) else None


def amount(value: object) -> float | None:
    """A finite number that is not negative, such as money in USD. Zero is a value."""
    if type(value) is float and 0 <= value < math.inf:  # as above
        return value
    number = double(value)
    return number if number is not None and number >= 0 else None


def flag(value: object) -> bool | None:
    """A bool; no other value counts as true or false."""
    return value if isinstance(value, bool) else None


def base64_size(data: str, start: int = 0) -> int:
    """The number of bytes that *data* decodes to, from the character *start* on."""
    return max(0, (len(data) - start) * 3 // 4 - data.endswith("=") - data.endswith("=="))
