"""Yields the differences of two descriptions, as paths into them."""

from collections.abc import Iterator
from typing import Any, Final

_MAX_LENGTH: Final = 160
_CONTEXT: Final = 40


def differences(before: Any, after: Any, path: str = "") -> Iterator[tuple[str, str]]:
    """Yield the path of each difference, and the two values."""
    if before == after:
        return
    if isinstance(before, dict) and isinstance(after, dict):
        left: dict[str, Any] = before
        right: dict[str, Any] = after
        for key in [*left, *(key for key in right if key not in left)]:
            yield from differences(left.get(key, "-"), right.get(key, "-"), f"{path} > {key}" if path else str(key))
    elif isinstance(before, (list, tuple)) and isinstance(after, (list, tuple)) and len(before) == len(after):  # pyright: ignore[reportUnknownArgumentType]
        for index, (one, other) in enumerate(zip(before, after, strict=True)):  # pyright: ignore[reportUnknownArgumentType, reportUnknownVariableType]
            yield from differences(one, other, f"{path} {_title(one, index)}")
    else:
        yield path, _difference(repr(before), repr(after))


def _title(entry: Any, index: int) -> str:
    """Return the name of a note, or the index of any other entry."""
    return f"[{entry[0]}]" if isinstance(entry, list) and entry and isinstance(entry[0], str) else f"[{index}]"


def _difference(before: str, after: str) -> str:
    """Return both texts, starting shortly before they differ."""
    if max(len(before), len(after)) <= _MAX_LENGTH:
        return f"{before} without instrumentation, {after} with it"
    first = next((at for at, (one, other) in enumerate(zip(before, after, strict=False)) if one != other), 0)
    begin = max(first - _CONTEXT, 0)
    one, other = (f"…{text[begin : begin + _MAX_LENGTH]}" for text in (before, after))
    return f"{one} without instrumentation, {other} with it"
