"""The typed takers and the reader of tables, on plain values."""

import enum
import math
import types
from typing import Any, Final

import openai
import pytest
from opentelemetry.instrumentation.openrouter._wire.fields import (
    Attributes,
    Table,
    amount,
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
    ("take", "value", "taken"),
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
def test_takers(take: Any, value: object, taken: object) -> None:
    """A taker gives its exact type, or nothing."""
    got = take(value)
    assert got == taken
    assert type(got) is type(taken)


class Model(openai.BaseModel):
    """A model of the SDK: what it does not declare is kept as well."""

    declared: int | None = None


@pytest.mark.parametrize(
    ("node", "found"),
    [
        ({"a": 1}, {"a": 1}),
        (types.MappingProxyType({"a": 1}), {"a": 1}),
        (Model.construct(declared=1, other="x"), {"declared": 1, "other": "x"}),
        (Model.construct(declared=1), {"declared": 1}),
        (None, {}),
        ("text", {}),
        (3, {}),
        ([1], {}),
    ],
)
def test_members(node: object, found: dict[str, object]) -> None:
    """A dict and the SDK's model of it have the same mapping; what is neither has none."""
    assert mapping(node) == found


def test_read() -> None:
    """A table gives names to the fields it knows, at any depth, and skips all else."""
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
