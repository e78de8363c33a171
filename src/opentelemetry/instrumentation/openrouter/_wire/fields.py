"""How a JSON body becomes attributes: a table that mirrors the wire, the typed takers its rows use, and one reader.

Only the mechanism lives here; which field means what is said by the tables of `_request` and `_usage`.
Nodes are dicts, or the SDK's models of them; a value of the wrong shape is absent, never an error.
"""

import math
from collections.abc import Callable, Mapping, Sequence
from typing import Any, Final, TypeAlias, cast

AttributeValue: TypeAlias = str | bool | int | float | tuple[str, ...] | tuple[int, ...]
Attributes: TypeAlias = dict[str, AttributeValue]
Taker: TypeAlias = Callable[[object], AttributeValue | None]
"""Takes one wire value; returns it in the attribute's exact type, or None where it is not of that kind."""
Row: TypeAlias = "tuple[str, Taker] | Table | Callable[[object], Attributes]"
"""One wire field: (attribute, taker); or a table for the fields below it; or a function for what needs one."""
Table: TypeAlias = "dict[str, Row]"

NOTHING: Final[Mapping[str, Any]] = {}
_INT64: Final = 2**63  # OTLP integers are 64 bits wide; a wider one would fail the export of its whole batch
_MOST_ITEMS: Final = 64
_MOST_CHARACTERS: Final = 4096
_MOST_KEYS: Final = 16


def layers(node: Any) -> tuple[Mapping[str, Any], Mapping[str, Any]]:
    """The members of one wire node: those that its model declares (all, where it is a mapping), and the others."""
    if type(node) is dict:
        return node, NOTHING  # pyright: ignore[reportUnknownVariableType] - JSON: its values are looked at later
    # Where pydantic 2 keeps what a model does not declare (pydantic 1 keeps it in __dict__).
    # https://docs.pydantic.dev/latest/api/base_model/#pydantic.BaseModel.__pydantic_extra__
    others = getattr(node, "__pydantic_extra__", NOTHING)
    if others is NOTHING and isinstance(node, Mapping):
        return node, NOTHING  # pyright: ignore[reportUnknownVariableType] - as above
    return getattr(node, "__dict__", NOTHING), others or NOTHING


def members(node: object) -> Mapping[str, Any]:
    """The same, merged."""
    if type(node) is dict:
        return node  # pyright: ignore[reportUnknownVariableType] - as above
    declared, others = layers(node)
    return {**declared, **others} if others else declared


def items(value: object) -> Sequence[Any]:
    """The items of a wire list; none where it is anything else. An iterator is never drained."""
    return cast("Sequence[Any]", value) if isinstance(value, (list, tuple)) else ()


def read(node: object, table: Table, into: Attributes) -> None:
    """Add to *into* what *table* finds in *node*."""
    for fields in layers(node):
        for key, value in fields.items():
            if value is None or (row := table.get(key)) is None:
                continue
            if isinstance(row, tuple):  # most are
                name, take = row  # pyright: ignore[reportUnknownVariableType] - no row is callable and a tuple
                taken = take(value)  # pyright: ignore[reportUnknownVariableType] - as above
                if taken is not None:
                    into[name] = taken
            elif callable(row):
                into.update(row(value))
            else:
                read(value, row, into)


def spread(node: object, prefix: str, take: Taker) -> Attributes:
    """The members of a map with keys of the sender's choice, at most 16 of them: `<prefix>.<key>` each."""
    return {
        f"{prefix}.{name}": taken
        for key, value in list(members(node).items())[:_MOST_KEYS]
        if (name := printable(key)) is not None and (taken := take(value)) is not None
    }


def text(value: object) -> str | None:
    """A string that any exporter can encode (JSON may carry half a surrogate pair); empty is absent."""
    if type(value) is str and value.isascii():  # nearly always
        return value or None
    if not isinstance(value, str):
        return None
    return str.__str__(value).encode("utf-8", "replace").decode() or None  # a string enum's value is what was sent


def printable(value: object) -> str | None:
    """What a server says of itself: of 4,096 characters at most, and without those that steer a terminal."""
    if type(value) is str and value.isprintable() and len(value) <= _MOST_CHARACTERS:
        return value or None  # nearly always; half a surrogate pair is not printable
    taken = text(value)
    if taken is None:
        return None
    return "".join(each if each.isprintable() or each in "\n\t" else " " for each in taken[:_MOST_CHARACTERS])


def texts(value: object) -> tuple[str, ...] | None:
    """The strings of a list, at most 64 of them; one string is a list of one."""
    if isinstance(value, str):
        value = (value,)
    if not isinstance(value, (list, tuple)):
        return None
    items = cast("list[object] | tuple[object, ...]", value)[:_MOST_ITEMS]
    return tuple(taken for item in items if (taken := text(item)) is not None) or None


def integer(value: object) -> int | None:
    """An integer of 64 bits; a bool is none."""
    if isinstance(value, int) and not isinstance(value, bool) and -_INT64 <= value < _INT64:
        return int(value)
    return None


def count(value: object) -> int | None:
    """An integer that is not negative."""
    if type(value) is int and 0 <= value < _INT64:  # nearly always; it is asked a dozen times a call
        return value
    taken = integer(value)
    return taken if taken is not None and taken >= 0 else None


def double(value: object) -> float | None:
    """A finite number, integers included; a bool or a string is none."""
    if not isinstance(value, (float, int)) or isinstance(value, bool):
        return None
    try:
        taken = float(value)
    except OverflowError:
        return None
    return taken if math.isfinite(taken) else None


def amount(value: object) -> float | None:
    """A finite number that is not negative: money, in USD. Zero is a value."""
    if type(value) is float and 0 <= value < math.inf:  # as above
        return value
    taken = double(value)
    return taken if taken is not None and taken >= 0 else None


def flag(value: object) -> bool | None:
    """A bool and nothing that merely looks like one."""
    return value if isinstance(value, bool) else None
