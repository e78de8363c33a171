"""The converters, the table reader and `mapping`, on plain values."""

import enum
import math
import types
from typing import Any, Final

import pytest
from opentelemetry.instrumentation.openrouter._wire.fields import (
    Attributes,
    Table,
    amount,
    base64_size,
    count,
    double,
    flag,
    integer,
    mapping,
    read,
    text,
    texts,
)

HUGE: Final = 10**400


class Tier(str, enum.Enum):
    """A string enum, as callers use for model names."""

    FLEX = "flex"


@pytest.mark.parametrize(
    ("convert", "value", "expected"),
    [
        (text, "a", "a"),
        (text, "é", "é"),
        (text, Tier.FLEX, "flex"),
        (text, "half \ud83d", "half ?"),
        (text, "", None),
        (text, 1, None),
        (texts, ["a", 1, "", "b"], ("a", "b")),
        (texts, ("a",), ("a",)),
        (texts, "a", ("a",)),
        (texts, ["a"] * 99, ("a",) * 64),
        (texts, [], None),
        (texts, {"a": 1}, None),
        (integer, 3, 3),
        (integer, -3, -3),
        (integer, True, None),
        (integer, 3.0, None),
        (integer, 2**63, None),
        (integer, 2**63 - 1, 2**63 - 1),
        (count, 0, 0),
        (count, -1, None),
        (count, True, None),
        (count, 2**63, None),
        (double, 1, 1.0),
        (double, 0.5, 0.5),
        (double, -1.5, -1.5),
        (double, "1", None),
        (double, True, None),
        (double, math.nan, None),
        (double, math.inf, None),
        (double, HUGE, None),
        (amount, 0, 0.0),
        (amount, 0.0, 0.0),
        (amount, 2, 2.0),
        (amount, 1e-06, 1e-06),
        (amount, -0.1, None),
        (amount, math.inf, None),
        (amount, math.nan, None),
        (amount, "0.1", None),
        (amount, False, None),
        (flag, False, False),
        (flag, 1, None),
    ],
)
def test_converters(convert: Any, value: object, expected: object) -> None:
    """A converter returns a value of exactly its type, or None."""
    converted = convert(value)
    assert converted == expected
    assert type(converted) is type(expected)


@pytest.mark.parametrize(
    ("node", "expected"),
    [
        ({"a": 1}, {"a": 1}),
        (types.MappingProxyType({"a": 1}), {"a": 1}),
        (None, {}),
        ("text", {}),
        (3, {}),
        ([1], {}),
    ],
)
def test_mapping(node: object, expected: dict[str, object]) -> None:
    """A mapping is returned as it is; any other value gives an empty mapping."""
    assert mapping(node) == expected


def test_read() -> None:
    """A table maps the fields it lists to attributes, at any depth; other fields and wrong types are skipped."""
    table: Table = {
        "a": ("x.a", count),
        "b": {"c": ("x.c", text), "d": {"e": ("x.e", flag)}},
        "f": lambda value: {"x.f": str(value)},
    }
    found: Attributes = {}
    body = {"a": 1, "b": {"c": None, "d": {"e": True}, "z": 1}, "f": 2, "y": {"a": 3}}
    read(body, table, found)
    assert found == {"x.a": 1, "x.e": True, "x.f": "2"}
    found.clear()
    read({"a": "1", "b": "no object", "f": None}, table, found)
    assert found == {}


@pytest.mark.parametrize(("data", "size"), [("", 0), ("AAAA", 3), ("AAA=", 2), ("AA==", 1), ("=", 0)])
def test_base64_size(data: str, size: int) -> None:
    """The size is the number of bytes that the base64 text decodes to."""
    assert base64_size(data) == size
